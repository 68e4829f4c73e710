/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lro - disable large receive offload (LRO)
 *
 * Packets merged by LRO cannot be forwarded. The kernel disables LRO where
 * ip_forward is set, but dsr_lb also forwards without ip_forward. So dsr_lb
 * disables LRO on all devices of a namespace with services. Like the kernel, it
 * never enables LRO again.
 *
 * Locking: a work item takes the RTNL, so that no other lock is held while it
 * waits for the RTNL.
 */
#ifndef _DSR_LRO_H
#define _DSR_LRO_H

#include "core/net.h"

void dsr_lro_disable(struct dsr_net *dn);
void dsr_lro_net_init(struct dsr_net *dn);
int dsr_lro_init(void);
void dsr_lro_exit(void);

#endif /* _DSR_LRO_H */
