/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach - a namespace sees packets while it has rules or flows
 *
 * "Live": the flow table and the two memories beside it are set up, fragments
 * are put together, and the hooks are registered.
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
