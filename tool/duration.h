/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_DURATION_H
#define DSRCTL_DURATION_H

#include <stdint.h>

#include "args.h"

/* the longest text of a duration, with its NUL */
#define DURATION_TEXT_MAX	40

int duration_read(struct args *args, uint32_t *msecs);
int duration_parse(const struct args *args, const char *text, uint32_t *msecs);
int duration_read_or(struct args *args, const char *word, uint32_t *msecs);
int64_t duration_now(void);
const char *duration_text(uint32_t msecs, char *text);

#endif /* DSRCTL_DURATION_H */
