// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces by name, as with "ip netns".
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsrctl.h"
#include "report.h"

static int netns_set(int fd, const char *name)
{
	if (!setns(fd, CLONE_NEWNET))
		return DSRCTL_OK;
	if (errno == EPERM)
		return report_error(DSRCTL_USAGE,
				    "permission denied: entering network namespace '%s' needs CAP_SYS_ADMIN (run dsrctl as root)",
				    name);
	if (errno == EINVAL)
		return report_error(DSRCTL_USAGE,
				    "'%s' is not a network namespace", name);
	return report_error(DSRCTL_USAGE,
			    "cannot enter network namespace '%s': %s", name,
			    strerror(errno));
}

/**
 * netns_enter() - move the process into a network namespace
 * @name: name as with "ip netns", or with a slash the path of a namespace
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int netns_enter(const char *name)
{
	char *path = NULL;
	int fd, status;

	if (!strchr(name, '/') &&
	    asprintf(&path, NETNS_DIRECTORY "/%s", name) < 0)
		return report_error(DSRCTL_USAGE, "out of memory");
	fd = open(path ? path : name, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd < 0 && errno == ENOENT)
		return report_error(DSRCTL_USAGE,
				    "there is no network namespace '%s': see 'ip netns list'",
				    name);
	if (fd < 0)
		return report_error(DSRCTL_USAGE,
				    "cannot open network namespace '%s': %s",
				    name, strerror(errno));
	status = netns_set(fd, name);
	close(fd);
	return status;
}
