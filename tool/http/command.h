/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSR_METRICS_COMMAND_H
#define DSR_METRICS_COMMAND_H

#include <stddef.h>

int command_run(const char *const *words, char **output, size_t *size);

#endif /* DSR_METRICS_COMMAND_H */
