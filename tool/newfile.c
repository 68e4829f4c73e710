// SPDX-License-Identifier: GPL-2.0
/*
 * A file that takes the place of an older one at once: a reader finds all of the
 * one or all of the other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsrctl.h"
#include "newfile.h"
#include "report.h"

/* In the same directory, since rename() does not leave a file system. The random
 * part is last: node_exporter reads all files whose name ends in ".prom".
 */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *temporary;

	if (asprintf(&temporary, "%.*s.%s.XXXXXX", (int)(name - path), path,
		     name) < 0)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	return temporary;
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
	bool failed;

	/* A device or a link would be gone. */
	if (!lstat(path, &before) && !S_ISREG(before.st_mode) &&
	    !S_ISDIR(before.st_mode))
		return report_error(DSRCTL_USAGE,
				    "cannot write '%s': it is not a regular file; without a file dsrctl prints to the standard output",
				    path);
	temporary = temporary_name(path);
	fd = mkstemp(temporary);
	failed = fd < 0 || write_all(fd, text) || fchmod(fd, 0644) ||
		 rename(temporary, path);
	if (failed)
		status = report_error(DSRCTL_USAGE, "cannot write '%s': %s",
				      path, strerror(errno));
	if (failed && fd >= 0)
		unlink(temporary);
	if (fd >= 0)
		close(fd);
	free(temporary);
	return status;
}
