/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach - handle packets of a namespace while it has rules or flows
 *
 * A namespace is live while its flow table, its pending flows and its recent
 * clients are set up, fragments are reassembled, and its hooks are registered.
 *
 * Locking: dsr_rs_net.lock.
 */
#ifndef _DSR_RS_ATTACH_H
#define _DSR_RS_ATTACH_H

#include "core/net.h"

void dsr_rs_attach_init(struct dsr_rs_net *rs);
void dsr_rs_attach_stop(struct dsr_rs_net *rs);
void dsr_rs_attach_exit(struct dsr_rs_net *rs);
int dsr_rs_attach_start(struct dsr_rs_net *rs);
void dsr_rs_attach_shutdown_idle(struct dsr_rs_net *rs);

#endif /* _DSR_RS_ATTACH_H */
