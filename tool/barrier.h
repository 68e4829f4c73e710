/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_BARRIER_H
#define DSRCTL_BARRIER_H

#include <stdbool.h>

#include "addr.h"
#include "host.h"

/* "route del TYPE PREFIX metric N table N", or "rule del pref N" */
#define BARRIER_WORDS_MAX	128

bool barrier_find(const struct host *host, const struct addr *to,
		  const struct addr *from, const char *dev, char *words);

#endif /* DSRCTL_BARRIER_H */
