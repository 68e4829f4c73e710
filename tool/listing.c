// SPDX-License-Identifier: GPL-2.0
/*
 * The output of a "show": a table, or a JSON array.
 */
#include <stdio.h>

#include "attr.h"
#include "listing.h"

/**
 * listing_init() - prepare a listing; its columns come next
 * @listing: the listing
 * @ctl: the run, with the options
 */
void listing_init(struct listing *listing, const struct dsrctl *ctl)
{
	listing->json = ctl->json;
	listing->brief = ctl->brief;
	listing->begun = false;
	listing->list.pretty = ctl->pretty;
	table_init(&listing->table, stdout, ctl->color, 0);
	attr_keep_device(true);
}

/**
 * listing_begin() - print the beginning before the first entry, once
 * @listing: the listing, with all its columns
 */
void listing_begin(struct listing *listing)
{
	if (listing->begun)
		return;
	listing->begun = true;
	if (listing->json)
		json_list_begin(&listing->list, listing->list.pretty);
	else if (!listing->brief)
		table_header(&listing->table);
}

/**
 * listing_end() - print the rest
 * @listing: the listing
 * @status: enum dsrctl_status of the request
 *
 * A request that was refused at once prints nothing. A request that failed
 * later still ends its JSON document.
 */
void listing_end(struct listing *listing, int status)
{
	attr_keep_device(false);
	if (!status)
		listing_begin(listing);
	if (!listing->begun)
		return;
	if (listing->json)
		json_list_end(&listing->list);
	else
		table_finish(&listing->table);
}
