/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_JSON_H
#define DSRCTL_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the longest key or value of a row */
#define JSON_TEXT_MAX	64

/**
 * struct json_list - an array that is printed element by element
 * @pretty: indent
 * @count: elements printed
 * @values: values printed of the present element
 * @row: its text, not yet printed
 * @used: used bytes of @row
 */
struct json_list {
	bool pretty;
	size_t count;
	size_t values;
	char row[512];
	size_t used;
};

void json_add_number(struct json_object *object, const char *key,
		     uint64_t number);
void json_print(struct json_object *object, bool pretty);
void json_list_begin(struct json_list *list, bool pretty);
void json_list_item(struct json_list *list, struct json_object *object);
void json_row_begin(struct json_list *list);
char *json_row_key(struct json_list *list, const char *key);
void json_row_take(struct json_list *list, const char *end);
void json_row_end(struct json_list *list);
void json_list_end(struct json_list *list);

#endif /* DSRCTL_JSON_H */
