/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ABSENT_H
#define DSRCTL_ABSENT_H

#include "item.h"

const char *absent_take(char **words);
void absent_put(struct item *item, const char *device);

#endif /* DSRCTL_ABSENT_H */
