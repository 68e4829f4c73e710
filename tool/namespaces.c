// SPDX-License-Identifier: GPL-2.0
/*
 * All network namespaces that have a name or a process. A namespace is not
 * found if only a socket, a mount elsewhere or an open file keeps it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsrctl.h"
#include "namespaces.h"
#include "report.h"

#define NAMED		"/run/netns"
#define THIS		"/proc/self/ns/net"

static char *text(const char *before, const char *middle, const char *after)
{
	char *all;

	if (asprintf(&all, "%s%s%s", before, middle, after) < 0)
		abort();
	return all;
}

/* Take ownership of @path and @name. */
static void add(struct namespaces *all, char *path, char *name)
{
	struct stat file;
	size_t i;

	if (stat(path, &file))
		goto free_names;	/* gone, or access is denied */
	for (i = 0; i < all->count; i++)
		if (all->one[i].ino == file.st_ino &&
		    all->one[i].dev == file.st_dev)
			goto free_names;
	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 16;
		all->one = report_alloc(all->one,
					all->room * sizeof(*all->one));
	}
	all->one[all->count++] = (struct namespace){
		.name = name,
		.path = path,
		.dev = file.st_dev,
		.ino = file.st_ino,
		.kept = -1,
	};
	return;

free_names:
	free(path);
	free(name);
}

static void add_all(struct namespaces *all, const char *directory,
		    const char *file, const char *what)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char *path;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    (*file && !isdigit((unsigned char)entry->d_name[0])))
			continue;
		path = text(directory, "/", entry->d_name);
		add(all, text(path, file, ""), text(what, entry->d_name, ""));
		free(path);
	}
	if (dir)
		closedir(dir);
}

/**
 * namespaces_find() - find all network namespaces
 * @all: set; for namespaces_free() in any case
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int namespaces_find(struct namespaces *all)
{
	memset(all, 0, sizeof(*all));
	all->home = open(THIS, O_RDONLY | O_CLOEXEC);
	if (all->home < 0)
		return report_error(DSRCTL_REFUSED, "cannot open " THIS ": %s",
				    strerror(errno));
	add(all, text(THIS, "", ""), text("this network namespace", "", ""));
	add_all(all, NAMED, "", "network namespace ");
	add_all(all, "/proc", "/ns/net", "the network namespace of process ");
	return DSRCTL_OK;
}

static int open_one(const struct namespace *one)
{
	int fd = open(one->path, O_RDONLY | O_CLOEXEC);
	struct stat file;

	if (fd >= 0 && (fstat(fd, &file) || file.st_ino != one->ino ||
			file.st_dev != one->dev)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/**
 * namespaces_keep() - let one of them be found until namespaces_free()
 * @all: from namespaces_find()
 * @i: index of the namespace
 *
 * The process by which a namespace without a name was found may end, and others may
 * use the namespace all the same. A name stays, and costs no descriptor.
 */
void namespaces_keep(struct namespaces *all, size_t i)
{
	struct namespace *one = &all->one[i];

	if (i && one->kept < 0 && strncmp(one->path, NAMED, strlen(NAMED)))
		one->kept = open_one(one);
}

/**
 * namespaces_enter() - move the process into one of them
 * @all: from namespaces_find()
 * @i: index of the namespace; 0: back to the original one
 *
 * Return: 0; negative if the namespace has gone, or for lack of permission.
 */
int namespaces_enter(const struct namespaces *all, size_t i)
{
	const struct namespace *one = &all->one[i];
	int fd, err;

	if (!i)
		return setns(all->home, CLONE_NEWNET);
	if (one->kept >= 0)
		return setns(one->kept, CLONE_NEWNET);
	fd = open_one(one);
	if (fd < 0)
		return -1;
	err = setns(fd, CLONE_NEWNET);
	close(fd);
	return err;
}

/**
 * namespaces_free() - free the list of namespaces
 * @all: from namespaces_find()
 */
void namespaces_free(struct namespaces *all)
{
	size_t i;

	for (i = 0; i < all->count; i++) {
		if (all->one[i].kept >= 0)
			close(all->one[i].kept);
		free(all->one[i].name);
		free(all->one[i].path);
	}
	free(all->one);
	if (all->home >= 0)
		close(all->home);
}
