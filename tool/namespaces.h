/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_NAMESPACES_H
#define DSRCTL_NAMESPACES_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct namespace - a network namespace
 * @name: its name in messages
 * @path: a file of the namespace
 * @dev: device of that file
 * @ino: inode of that file
 * @kept: its descriptor from namespaces_keep(), or -1
 */
struct namespace {
	char *name;
	char *path;
	dev_t dev;
	ino_t ino;
	int kept;
};

/**
 * struct namespaces - all network namespaces that can be found
 * @one: the original one, and then the others
 * @count: their number
 * @room: capacity of @one
 * @home: descriptor of the original one
 */
struct namespaces {
	struct namespace *one;
	size_t count;
	size_t room;
	int home;
};

int namespaces_find(struct namespaces *all);
void namespaces_keep(struct namespaces *all, size_t i);
int namespaces_enter(const struct namespaces *all, size_t i);
void namespaces_free(struct namespaces *all);

#endif /* DSRCTL_NAMESPACES_H */
