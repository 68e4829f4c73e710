/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output - probes that this machine sends itself
 *
 * A health checker on the balancer asks a VIP from a socket with a mark. Its
 * packets do not come in by PRE_ROUTING, and the route that they have leads to
 * where nobody has the VIP. So here they get the route to their backend, and then
 * leave as any packet of this machine does, by the rules of OUTPUT and
 * POSTROUTING: fragments, offloads and errors are the kernel's business.
 *
 * Owns the hook, which is there while a service of the family has marks for
 * probes. Locking: struct dsr_net.lock.
 */
#ifndef _DSR_OUTPUT_H
#define _DSR_OUTPUT_H

#include "net.h"

void dsr_output_init(struct dsr_net *dn);
int dsr_output_start(struct dsr_net *dn, u8 family);
void dsr_output_stop(struct dsr_net *dn, u8 family);

#endif /* _DSR_OUTPUT_H */
