/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer - balancers that are each other's backends
 *
 * What one of them has sent to another one is not for that one to balance
 * again: it would come back, and so on until its time to live is over. So a
 * balancer that is a backend of a service itself delivers here what comes from
 * another backend of that service.
 *
 * The sender is known by its Ethernet address, which is that of the neighbour.
 * Owns nothing.
 */
#ifndef _DSR_PEER_H
#define _DSR_PEER_H

#include "core/service.h"

struct dsr_backend *dsr_peer_find_here(struct dsr_net *dn,
				       const struct dsr_service *service,
				       const struct sk_buff *skb);

#endif /* _DSR_PEER_H */
