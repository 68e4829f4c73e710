/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SYSCTL_H
#define DSRCTL_SYSCTL_H

#define SYSCTL_NAME_MAX	64

int sysctl_read(int absent, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int sysctl_device(int family, const char *dev, const char *key);
const char *sysctl_name(int family, const char *dev, const char *key,
			char *name);

#endif /* DSRCTL_SYSCTL_H */
