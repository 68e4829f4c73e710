// SPDX-License-Identifier: GPL-2.0
/*
 * The settings of the kernel's network, in /proc/sys/net.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "proc.h"
#include "sysctl.h"

static const char *family_name(int family)
{
	return family == AF_INET6 ? "ipv6" : "ipv4";
}

/**
 * sysctl_read() - read a setting that is a number
 * @absent: what to return where there is none
 * @format: of its path below /proc/sys/net
 *
 * Return: the number.
 */
int sysctl_read(int absent, const char *format, ...)
{
	char path[128] = "/proc/sys/net/";
	size_t used = strlen(path);
	int value = absent;
	va_list args;
	FILE *file;

	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - used, format, args);
	va_end(args);
	file = proc_open(path);
	if (!file)
		return absent;
	if (fscanf(file, "%d", &value) != 1)
		value = absent;
	fclose(file);
	return value;
}

/**
 * sysctl_device() - read a setting of a device
 * @family: AF_INET or AF_INET6
 * @dev: name of the device, or "all"
 * @key: name of the setting
 *
 * Return: the number; -1 if there is none.
 */
int sysctl_device(int family, const char *dev, const char *key)
{
	return sysctl_read(-1, "%s/conf/%s/%s", family_name(family), dev, key);
}

/**
 * sysctl_name() - a setting of a device as sysctl(8) names it
 * @family: AF_INET or AF_INET6
 * @dev: name of the device, or "all"
 * @key: name of the setting
 * @name: where to put it, SYSCTL_NAME_MAX bytes
 *
 * sysctl(8) takes a dot in the name of a device for a separator, unless slashes
 * are the separators.
 *
 * Return: @name.
 */
const char *sysctl_name(int family, const char *dev, const char *key,
			char *name)
{
	char dot = strchr(dev, '.') ? '/' : '.';

	snprintf(name, SYSCTL_NAME_MAX, "net%c%s%cconf%c%s%c%s", dot,
		 family_name(family), dot, dot, dev, dot, key);
	return name;
}
