/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_NETSTAT_H
#define DSRCTL_NETSTAT_H

#include <stdint.h>

uint64_t netstat_read(const char *name);

#endif /* DSRCTL_NETSTAT_H */
