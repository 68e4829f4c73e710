// SPDX-License-Identifier: GPL-2.0
/*
 * A file that takes the place of an older one at once: a reader finds all of the
 * one or all of the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsrctl.h"
#include "newfile.h"
#include "report.h"

/* In the same directory, since rename() does not leave a file system. The number is
 * last: node_exporter reads all files whose name ends in ".prom".
 */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *temporary;

	if (asprintf(&temporary, "%.*s.%s.%d", (int)(name - path), path, name,
		     (int)getpid()) < 0)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	return temporary;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory;

	if (asprintf(&directory, "%.*s.", slash ? (int)(slash - path) + 1 : 0,
		     path) < 0)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	return directory;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);
	ssize_t written;

	while (left) {
		written = write(fd, text, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		text += written;
		left -= written;
	}
	return 0;
}

/* A file without a name: where dsrctl is killed, nothing of it is left.
 *
 * Return: its descriptor, or -1.
 */
static int open_nameless(const char *path)
{
	char *directory = directory_of(path);
	int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	free(directory);
	return fd;
}

static int name_nameless(int fd, const char *name)
{
	char from[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* Put a text in a new file.
 *
 * Return: 0, or -1 with errno set and no new file.
 */
static int write_file(const char *temporary, int fd, bool nameless,
		      const char *text)
{
	if (!write_all(fd, text) && !fchmod(fd, 0644) &&
	    (!nameless || !name_nameless(fd, temporary)))
		return 0;
	if (!nameless)
		unlink(temporary);
	return -1;
}

/**
 * newfile_write() - put a text in the place of a file, with the mode 0644
 * @path: the file, which need not exist
 * @text: the text
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported; then the file is as it was.
 */
int newfile_write(const char *path, const char *text)
{
	int fd, status = DSRCTL_OK;
	struct stat before;
	char *temporary;
	bool nameless;

	/* A device or a link would be gone. */
	if (!lstat(path, &before) && !S_ISREG(before.st_mode) &&
	    !S_ISDIR(before.st_mode))
		return report_error(DSRCTL_USAGE,
				    "cannot write '%s': it is not a regular file; without a file dsrctl prints to the standard output",
				    path);
	temporary = temporary_name(path);
	/* of a process that had the same number, and was killed */
	unlink(temporary);
	fd = open_nameless(path);
	nameless = fd >= 0;
	/* not each file system has such files */
	if (!nameless)
		fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
			  0600);
	if (fd < 0 || write_file(temporary, fd, nameless, text)) {
		status = report_error(DSRCTL_USAGE, "cannot write '%s': %s",
				      path, strerror(errno));
	} else if (rename(temporary, path)) {
		status = report_error(DSRCTL_USAGE, "cannot write '%s': %s",
				      path, strerror(errno));
		unlink(temporary);
	}
	if (fd >= 0)
		close(fd);
	free(temporary);
	return status;
}
