/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nat - keep the site's rules from translating what is balanced
 *
 * A rule that masquerades everything would hide the clients from the real servers,
 * or the VIP from the clients. Netfilter asks these rules once for each connection
 * that it tracks, unless the connection has a translation already. So the module
 * gives it a translation that changes nothing. Rules can still match its state.
 *
 * Owns nothing: the connections, and their locks, are netfilter's.
 */
#ifndef _DSR_NAT_H
#define _DSR_NAT_H

#include <linux/netfilter.h>
#include <net/netfilter/nf_conntrack.h>

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
void dsr_nat_settle(struct sk_buff *skb);

/**
 * dsr_nat_is_open() - true if rules may still translate the source of a packet
 * @skb: packet
 *
 * Costs one comparison for a packet of a connection that netfilter knows.
 *
 * Context: rcu_read_lock().
 */
static __always_inline bool dsr_nat_is_open(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return unlikely(info == IP_CT_NEW || info == IP_CT_RELATED) &&
	       !(READ_ONCE(ct->status) & (IPS_SRC_NAT_DONE | IPS_CONFIRMED |
					  IPS_TEMPLATE)) &&
	       rcu_access_pointer(nf_nat_hook);
}
#else
static inline void dsr_nat_settle(struct sk_buff *skb)
{
}

static inline bool dsr_nat_is_open(const struct sk_buff *skb)
{
	return false;
}
#endif

#endif /* _DSR_NAT_H */
