// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own counters, as /proc/net/netstat has them: a line of names, and
 * a line of numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netstat.h"
#include "proc.h"

#define LINE_SIZE	8192

static const char separators[] = { ' ', '\n', '\0' };

/**
 * netstat_read() - read a counter of TcpExt
 * @name: its name
 *
 * Return: its value; 0 if there is none.
 */
uint64_t netstat_read(const char *name)
{
	char names[LINE_SIZE], values[LINE_SIZE];
	char *one, *other, *next_name, *next_value;
	FILE *file = proc_open("/proc/net/netstat");
	uint64_t value = 0;

	if (!file)
		return 0;
	if (fgets(names, sizeof(names), file) &&
	    fgets(values, sizeof(values), file)) {
		one = strtok_r(names, separators, &next_name);
		other = strtok_r(values, separators, &next_value);
		while (one && other) {
			if (!strcmp(one, name))
				value = strtoull(other, NULL, 10);
			one = strtok_r(NULL, separators, &next_name);
			other = strtok_r(NULL, separators, &next_value);
		}
	}
	fclose(file);
	return value;
}
