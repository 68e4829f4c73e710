/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drain - deadlines of draining backends
 *
 * A draining backend takes no new connections. At its deadline the backend goes
 * down. dsr_service.on_down then decides about its remaining connections. Each
 * namespace has one work item, scheduled for the nearest deadline.
 *
 * Locking: struct dsr_net.lock.
 */
#ifndef _DSR_DRAIN_H
#define _DSR_DRAIN_H

#include "core/backend.h"

void dsr_drain_init(struct dsr_net *dn);
void dsr_drain_plan(struct dsr_net *dn);

#endif /* _DSR_DRAIN_H */
