/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_GUARD_H
#define DSRCTL_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "backend.h"
#include "dsrctl.h"
#include "key.h"

int guard_changes(const struct args *args, int first, int end);
int guard_vip(const struct args *args, const struct key *key);
int guard_persists(struct dsrctl *ctl, const struct args *args,
		   const struct key *key);
int guard_no_persistence(void);
int guard_own_backend(const struct args *args, const struct backend *backend);
int guard_last_backend(struct dsrctl *ctl, const struct args *args,
		       const struct backend *backend);

#endif /* DSRCTL_GUARD_H */
