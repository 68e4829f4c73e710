/* SPDX-License-Identifier: GPL-2.0 */
/*
 * neigh - watch the neighbour entries of the backends
 *
 * A backend that does not answer address resolution gets no packets. The kernel
 * notifies of a failed resolution. This file counts the failures for each
 * address and notifies the listeners for each backend of that address. Costs
 * nothing per packet.
 *
 * Locking: the notifier runs in any context except hard interrupts, and reads
 * under RCU. A work item of the namespace, which takes struct dsr_net.lock,
 * sends the notifications.
 */
#ifndef _DSR_NEIGH_H
#define _DSR_NEIGH_H

#include "core/net.h"

void dsr_neigh_net_init(struct dsr_net *dn);
int dsr_neigh_init(void);
void dsr_neigh_exit(void);

#endif /* _DSR_NEIGH_H */
