/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_MODULE_H
#define DSRCTL_MODULE_H

#include <stdbool.h>

bool module_is_loaded(const char *name);
int module_unload(const char *name);
char *module_file(const char *name);
char *module_name(const char *path);
char *module_parameters(const char *name);
int module_check(const char *path);
int module_load(const char *path, const char *parameters);
bool module_probe(const char *name, const char *parameters);

#endif /* DSRCTL_MODULE_H */
