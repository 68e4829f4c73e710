/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_NEWFILE_H
#define DSRCTL_NEWFILE_H

int newfile_write(const char *path, const char *text);

#endif /* DSRCTL_NEWFILE_H */
