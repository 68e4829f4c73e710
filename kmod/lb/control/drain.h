/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drain - backends that are to be down at a time
 *
 * A backend that drains takes no new connections. When its deadline has come,
 * it is down, and what is left of its connections goes as the service says.
 * One work item for each namespace, planned for the nearest deadline.
 *
 * Locking: struct dsr_net.lock.
 */
#ifndef _DSR_DRAIN_H
#define _DSR_DRAIN_H

#include "core/backend.h"

void dsr_drain_init(struct dsr_net *dn);
void dsr_drain_plan(struct dsr_net *dn);

#endif /* _DSR_DRAIN_H */
