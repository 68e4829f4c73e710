/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_NAMESPACES_H
#define DSRCTL_NAMESPACES_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct namespace - a network namespace
 * @name: what it is called in messages
 * @path: a file that leads to it
 * @dev: of that file
 * @ino: of that file
 */
struct namespace {
	char *name;
	char *path;
	dev_t dev;
	ino_t ino;
};

/**
 * struct namespaces - all network namespaces that can be found
 * @one: this one, and then the others
 * @count: how many
 * @room: for how many @one has room
 * @home: leads back to this one
 */
struct namespaces {
	struct namespace *one;
	size_t count;
	size_t room;
	int home;
};

int namespaces_find(struct namespaces *all);
int namespaces_enter(const struct namespaces *all, size_t i);
void namespaces_free(struct namespaces *all);

#endif /* DSRCTL_NAMESPACES_H */
