/* SPDX-License-Identifier: GPL-2.0 */
/*
 * denied - handle packets that real servers give back
 *
 * Such packets come in frames of their own type, see common/denial.h. A packet
 * handler takes the frames of this type in all namespaces, so other packets cost
 * nothing more. The handler is registered while a namespace has chances. In any
 * other namespace, a frame is counted and dropped unread. chance.c decides about a
 * packet.
 *
 * The packet has passed the rules of netfilter before, so it bypasses netfilter
 * now. Each forward decrements the TTL, as at any router, so no packet can loop
 * for ever.
 *
 * Nothing gives back an ICMP error. So an error about an unknown connection goes to
 * all backends: one of them has the connection. Netfilter sees each copy in FORWARD,
 * unless the path is direct.
 *
 * Owns only the handler, and the number of its users.
 */
#ifndef _DSR_DENIED_H
#define _DSR_DENIED_H

#include "core/backend.h"
#include "core/packet.h"

void dsr_denied_spread(struct dsr_net *dn, const struct sk_buff *skb,
		       const struct dsr_packet *pkt,
		       struct dsr_backend *backend);
int dsr_denied_init(void);
void dsr_denied_start(void);
void dsr_denied_stop(void);

#endif /* _DSR_DENIED_H */
