/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_LISTING_H
#define DSRCTL_LISTING_H

#include "dsrctl.h"
#include "json.h"
#include "table.h"

/**
 * struct listing - the output of a "show": a table, or a JSON array
 * @json: it is JSON
 * @brief: without titles
 * @begun: the beginning is printed
 * @table: the table, if it is text
 * @list: the array, if it is JSON
 */
struct listing {
	bool json;
	bool brief;
	bool begun;
	struct table table;
	struct json_list list;
};

void listing_init(struct listing *listing, const struct dsrctl *ctl);
void listing_begin(struct listing *listing);
void listing_end(struct listing *listing, int status);

#endif /* DSRCTL_LISTING_H */
