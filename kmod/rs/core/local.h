/* SPDX-License-Identifier: GPL-2.0 */
/*
 * local - the machine's own addresses, and the choice of one for a flow
 *
 * The stack owns the addresses: an answer holds only for the moment.
 */
#ifndef _DSR_RS_LOCAL_H
#define _DSR_RS_LOCAL_H

#include "core/flow.h"
#include "core/rule.h"

bool dsr_rs_local_has(struct net *net, const struct net_device *dev,
		      u8 family, const union nf_inet_addr *addr);
bool dsr_rs_local_is_routed(struct net *net, const struct net_device *dev,
			    u8 family, const union nf_inet_addr *addr);
bool dsr_rs_local_is_elsewhere(struct net *net, const struct net_device *dev,
			       u8 family, const union nf_inet_addr *addr);
bool dsr_rs_local_routes_loopback(struct net *net);
struct net_device *dsr_rs_local_device(struct net *net, u8 family,
				       const union nf_inet_addr *addr);
bool dsr_rs_local_target(struct net *net, const struct net_device *dev,
			 const struct dsr_rs_rule_to *to,
			 const struct dsr_rs_tuple *tuple,
			 struct dsr_rs_target *target);

#endif /* _DSR_RS_LOCAL_H */
