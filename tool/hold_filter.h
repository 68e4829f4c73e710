/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_HOLD_FILTER_H
#define DSRCTL_HOLD_FILTER_H

#include "hold.h"

int hold_filter_add(struct hold *hold, const struct hold_wanted *wanted);
void hold_filter_remove(struct hold *hold);

#endif /* DSRCTL_HOLD_FILTER_H */
