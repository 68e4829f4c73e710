/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_JSON_H
#define DSRCTL_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct json_list - an array that is printed element by element
 * @pretty: indent
 * @count: elements printed
 */
struct json_list {
	bool pretty;
	size_t count;
};

void json_print(struct json_object *object, bool pretty);
void json_list_begin(struct json_list *list, bool pretty);
void json_list_item(struct json_list *list, struct json_object *object);
void json_list_end(struct json_list *list);

#endif /* DSRCTL_JSON_H */
