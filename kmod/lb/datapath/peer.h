/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer - balancers that are each other's backends
 *
 * A balancer must not balance a packet that another balancer has sent to it:
 * the packet could loop between them until its TTL expires. So a balancer that
 * is also a backend of a service delivers packets locally that come from
 * another backend of that service.
 *
 * The sender is recognised by its Ethernet address, as in the neighbour table.
 * Has no state.
 */
#ifndef _DSR_PEER_H
#define _DSR_PEER_H

#include "core/service.h"

struct dst_entry;

bool dsr_peer_is_from(const struct sk_buff *skb, struct dst_entry *dst,
		      const struct dsr_nexthop *nexthop);
struct dsr_backend *dsr_peer_find_here(struct dsr_net *dn,
				       const struct dsr_service *service,
				       const struct sk_buff *skb);

#endif /* _DSR_PEER_H */
