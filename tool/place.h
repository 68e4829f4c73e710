/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PLACE_H
#define DSRCTL_PLACE_H

/**
 * struct place - a place in a file
 * @file: its name, kept by reference
 * @line: from 1 on
 * @column: from 1 on
 */
struct place {
	const char *file;
	unsigned int line;
	unsigned int column;
};

#endif /* DSRCTL_PLACE_H */
