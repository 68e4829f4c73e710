/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SETTING_H
#define DSRCTL_SETTING_H

#include <stddef.h>

/* longer than the name of any file of dsr_ipvs, and than the value of any */
#define SETTING_NAME_MAX	64
#define SETTING_VALUE_MAX	256

/**
 * struct setting - a setting net.ipv4.vs.*
 * @name: name of its file
 * @value: its text, with the end of its line
 */
struct setting {
	char name[SETTING_NAME_MAX];
	char value[SETTING_VALUE_MAX];
};

/**
 * struct settings - the settings of a network namespace
 * @one: the settings
 * @count: number of these
 */
struct settings {
	struct setting *one;
	size_t count;
};

void settings_read(struct settings *settings);
size_t settings_write(const struct settings *settings);
void settings_free(struct settings *settings);

#endif /* DSRCTL_SETTING_H */
