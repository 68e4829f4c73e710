/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_TRACEFS_H
#define DSRCTL_TRACEFS_H

int tracefs_open(int *dir);
char *tracefs_read(int dir, const char *system, const char *event,
		   const char *file);

#endif /* DSRCTL_TRACEFS_H */
