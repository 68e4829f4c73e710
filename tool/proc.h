/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PROC_H
#define DSRCTL_PROC_H

#include <stdio.h>

FILE *proc_open(const char *path);

#endif /* DSRCTL_PROC_H */
