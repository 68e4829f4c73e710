/* SPDX-License-Identifier: GPL-2.0 */
/*
 * neigh - what the neighbour table comes to know of the backends
 *
 * A backend that does not answer when its link-layer address is asked for gets
 * no packet, whatever is sent to it. The kernel says so when it finds out;
 * that is counted for each backend of the address, and told to whoever listens
 * for events. Costs nothing per packet.
 *
 * Locking: the kernel's notification comes in any context but hard interrupts,
 * and reads under RCU; events are sent from a work item of the namespace, which
 * takes struct dsr_net.lock.
 */
#ifndef _DSR_NEIGH_H
#define _DSR_NEIGH_H

#include "core/net.h"

void dsr_neigh_net_init(struct dsr_net *dn);
int dsr_neigh_init(void);
void dsr_neigh_exit(void);

#endif /* _DSR_NEIGH_H */
