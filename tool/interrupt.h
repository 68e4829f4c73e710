/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_INTERRUPT_H
#define DSRCTL_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void);
bool interrupt_seen(void);

#endif /* DSRCTL_INTERRUPT_H */
