/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_EXPOSITION_H
#define DSRCTL_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

enum exposition_format {
	EXPOSITION_OPENMETRICS,
	EXPOSITION_PROMETHEUS,
};

enum exposition_type {
	EXPOSITION_GAUGE,
	EXPOSITION_COUNTER,
	EXPOSITION_INFO,
};

/**
 * struct exposition_family - samples of one name
 * @name: the name, without the suffix of its type: _total or _info
 * @type: the type
 * @unit: "bytes", "seconds" or NULL. @name ends in the unit. Values in seconds
 *	are handed over in milliseconds
 * @help: one line
 */
struct exposition_family {
	const char *name;
	enum exposition_type type;
	const char *unit;
	const char *help;
};

/**
 * struct exposition - metrics as they are written
 * @out: where to write them
 * @format: the format
 * @family: the family whose samples come next
 */
struct exposition {
	FILE *out;
	enum exposition_format format;
	const struct exposition_family *family;
};

void exposition_label(FILE *out, const char *name, const char *value);
void exposition_begin(struct exposition *exposition,
		      const struct exposition_family *family);
void exposition_sample(struct exposition *exposition, const char *labels,
		       uint64_t value);
void exposition_end(struct exposition *exposition);

#endif /* DSRCTL_EXPOSITION_H */
