/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ITEM_H
#define DSRCTL_ITEM_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "dsrctl.h"
#include "netlink.h"
#include "place.h"

/* in the order in which they are applied */
enum item_kind {
	ITEM_CONNECTIONS,
	ITEM_SERVICE,
	ITEM_BACKEND,
	ITEM_PATH,
	ITEM_RULE,
	ITEM_SILENCE,
	ITEM_FLOWS,

	ITEM_KINDS
};

/**
 * struct item_type - a kind of objects that a configuration has
 * @object: words of its object, separated by blanks
 * @change: its command that creates or resets an object
 * @module: the module that has the objects
 * @table: there is one, which always exists
 */
struct item_type {
	const char *object;
	const char *change;
	enum netlink_module module;
	bool table;
};

/**
 * struct item - an object of a configuration, as the words of its command
 * @kind: its kind
 * @name: the words that identify it, separated by single blanks
 * @words: all of its words, with default values left out; begins with @name
 *	except for the mask of a mark
 * @service: length of the name of its service, at the begin of @name of a
 *	backend
 * @draining: a backend that gets no new connections
 * @newer: may have options that this program does not know
 * @place: its place in a file
 */
struct item {
	enum item_kind kind;
	char *name;
	char *words;
	size_t service;
	bool draining;
	bool newer;
	struct place place;
};

/**
 * struct items - objects of all kinds
 * @item: the objects
 * @count: their number
 * @room: capacity of @item
 */
struct items {
	struct item *item;
	size_t count;
	size_t room;
};

extern const struct item_type item_types[ITEM_KINDS];

bool item_make(struct item *item, enum item_kind kind,
	       const struct nlmsghdr *msg);
struct item *items_add(struct items *items, const struct item *item);
void items_sort(struct items *items);
const struct item *items_find(const struct items *items, enum item_kind kind,
			      const char *name);
size_t items_find_backends(const struct items *items,
			   const struct item *service);
void items_free(struct items *items);
int items_read(struct dsrctl *ctl, const bool loaded[NETLINK_MODULES],
	       struct items *items);

/* item_words.c */
bool item_is_flag(const char *word, size_t length);
size_t item_pair_length(const char *at);
const char *item_value(const char *words, const char *keyword, size_t size,
		       size_t *length);
bool item_has_set(enum item_kind kind);
void item_print_set(FILE *out, const struct item *before,
		    const struct item *after);

#endif /* DSRCTL_ITEM_H */
