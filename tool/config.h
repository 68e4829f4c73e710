/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_CONFIG_H
#define DSRCTL_CONFIG_H

#include <stdbool.h>

#include "document.h"
#include "dsrctl.h"
#include "item.h"

/**
 * struct config_file - a file that was read
 * @path: its name
 * @root: its document
 * @next: the file that was read before it, or NULL
 */
struct config_file {
	char *path;
	struct node *root;
	struct config_file *next;
};

/**
 * struct config - the contents of a configuration file, and of those that it
 *	includes
 * @items: the objects, sorted
 * @has: the file has a key for this kind of objects
 * @keep_services: services that the file does not list stay
 * @drain: backends that the file does not list are drained
 * @deadline: words after "drain" that give the time, or NULL
 * @wait: set by the caller: a device that is missing is no mistake
 * @files: the files, which the places of @items refer to
 */
struct config {
	struct items items;
	bool has[ITEM_KINDS];
	bool keep_services;
	bool drain;
	const char *deadline;
	bool wait;
	struct config_file *files;
};

int config_read(struct dsrctl *ctl, const char *path, bool wait,
		struct config *config);
void config_free(struct config *config);

#endif /* DSRCTL_CONFIG_H */
