// SPDX-License-Identifier: GPL-2.0
/* nat - see nat.h */

#include <net/netfilter/nf_nat.h>

#include "datapath/nat.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
/**
 * dsr_nat_settle() - let no rule translate the source of a packet
 * @skb: packet for which dsr_nat_is_open()
 *
 * By way of the hook that ctnetlink uses: nf_nat need not be loaded for this
 * module. If there is no memory the rules are asked after all.
 *
 * Context: rcu_read_lock(). Takes a lock of nf_nat's.
 */
void dsr_nat_settle(struct sk_buff *skb)
{
	const struct nf_nat_hook *hook = rcu_dereference(nf_nat_hook);
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	if (hook)
		hook->parse_nat_setup(ct, NF_NAT_MANIP_SRC, NULL);
}
#endif
