/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lro - no device merges packets in a way that cannot be undone
 *
 * Packets that large receive offload has merged cannot be sent on. The kernel
 * switches it off where it forwards, and there only, but packets are sent on here
 * without ip_forward as well. As with the kernel, it stays off.
 *
 * Locking: takes the RTNL, from a work item: so it is waited for with no lock held.
 */
#ifndef _DSR_LRO_H
#define _DSR_LRO_H

#include "core/net.h"

void dsr_lro_disable(struct dsr_net *dn);
void dsr_lro_net_init(struct dsr_net *dn);
int dsr_lro_init(void);
void dsr_lro_exit(void);

#endif /* _DSR_LRO_H */
