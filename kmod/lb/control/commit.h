/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commit - makes a stage the configuration, at once or not at all
 *
 * All that can fail comes first, and no packet sees it: memory, hooks, tables of
 * schedulers. Then the gate is armed, and the switch is made under its lock:
 * a few words for each changed service and backend, no allocation, no table. The
 * rest follows, which only requests and packets of known connections see: lists,
 * counters, removed backends, notifications.
 *
 * Locking: struct dsr_net.writer and struct dsr_net.lock.
 */
#ifndef _DSR_COMMIT_H
#define _DSR_COMMIT_H

#include "control/stage.h"

int dsr_commit(struct dsr_stage *stage, struct netlink_ext_ack *extack);

#endif /* _DSR_COMMIT_H */
