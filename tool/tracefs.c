// SPDX-License-Identifier: GPL-2.0
/*
 * The file system in which the kernel describes its tracepoints.
 *
 * dsrctl only reads there, so it leaves nothing behind. Where tracefs is not mounted,
 * as behind "ip netns exec", dsrctl mounts it at no path: this mount ends with the
 * process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "dsrctl.h"
#include "report.h"
#include "tracefs.h"

/* the tests have another one */
#ifndef TRACEFS_PATH
#define TRACEFS_PATH	"/sys/kernel/tracing"
#endif

static int open_directory(int dir, const char *path)
{
	return openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Takes @dir over. Return: the directory of the events, or -1 with errno. */
static int open_events(int dir)
{
	int events, err;

	if (dir < 0)
		return -1;
	events = open_directory(dir, "events");
	err = errno;
	close(dir);
	errno = err;
	return events;
}

/* Return: the directory of the events, or -1 with errno. */
static int mount_events(void)
{
	int context, mounted = -1, err;

	context = fsopen("tracefs", FSOPEN_CLOEXEC);
	if (context < 0)
		return -1;
	if (!fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mounted = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	err = errno;
	close(context);
	errno = err;
	return open_events(mounted);
}

/**
 * tracefs_open() - open the directory of the tracepoints
 * @dir: set to its descriptor, to be closed
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int tracefs_open(int *dir)
{
	*dir = open_events(open_directory(AT_FDCWD, TRACEFS_PATH));
	if (*dir < 0 && errno == ENOENT)
		*dir = mount_events();
	if (*dir >= 0)
		return DSRCTL_OK;
	if (errno == EACCES || errno == EPERM)
		return report_error(DSRCTL_REFUSED,
				    "permission denied: to trace packets needs root on the machine, and not only in a container");
	if (errno == ENODEV || errno == ENOENT)
		return report_error(DSRCTL_REFUSED,
				    "this kernel has no tracepoints (CONFIG_EVENT_TRACING)");
	return report_error(DSRCTL_REFUSED,
			    "cannot open tracefs at %s: %s", TRACEFS_PATH,
			    strerror(errno));
}

/**
 * tracefs_read() - read a file of a tracepoint
 * @dir: from tracefs_open()
 * @system: of the tracepoint
 * @event: its name
 * @file: the name of the file
 *
 * Return: the content, to be freed; NULL if there is no such file.
 */
char *tracefs_read(int dir, const char *system, const char *event,
		   const char *file)
{
	size_t room = 0, used = 0;
	char path[128], *text = NULL;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", system, event, file);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	do {
		if (used + 1 >= room) {
			room = room ? 2 * room : 8192;
			text = report_alloc(text, room);
		}
		got = read(fd, text + used, room - used - 1);
		used += got > 0 ? got : 0;
	} while (got > 0);
	close(fd);
	text[used] = '\0';
	return text;
}
