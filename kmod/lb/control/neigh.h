/* SPDX-License-Identifier: GPL-2.0 */
/*
 * neigh - watch the neighbour entries of the backends
 *
 * A backend that does not answer address resolution gets no packets. The kernel
 * notifies of a failed resolution. This file counts the failures for each
 * address and notifies the listeners for each backend of that address. In
 * services with DSR_ON_UNREACHABLE_SKIP such a backend leaves the pool. Without
 * packets to it, nothing else would have its address resolved again: so this
 * file asks the kernel for that once a second, until the backend answers. Costs
 * nothing per packet.
 *
 * Locking: the notifier runs in any context except hard interrupts, and reads
 * under RCU. Two work items of the namespace, which take struct dsr_net.writer
 * and struct dsr_net.lock, do the rest.
 */
#ifndef _DSR_NEIGH_H
#define _DSR_NEIGH_H

#include "core/net.h"

struct dsr_service;

void dsr_neigh_net_init(struct dsr_net *dn);
void dsr_neigh_seek(struct dsr_net *dn, struct dsr_service *service);
int dsr_neigh_init(void);
void dsr_neigh_exit(void);

#endif /* _DSR_NEIGH_H */
