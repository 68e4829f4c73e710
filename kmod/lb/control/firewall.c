// SPDX-License-Identifier: GPL-2.0
/* firewall - see firewall.h */

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "control/firewall.h"
#include "datapath/nat.h"
#include "datapath/xmit.h"

static_assert((int)NF_IP_PRI_MANGLE == (int)NF_IP6_PRI_MANGLE);

/* dsr_hook() takes a packet right behind the chains of priority mangle. */
static const struct dsr_trial_place before_hook = {
	NF_INET_PRE_ROUTING, INT_MIN, NF_IP_PRI_MANGLE
};

static const struct dsr_trial_place forward = {
	NF_INET_FORWARD, INT_MIN, DSR_TRIAL_LAST
};

static const struct dsr_trial_place post_routing = {
	NF_INET_POST_ROUTING, INT_MIN, DSR_TRIAL_LAST
};

/**
 * dsr_firewall_begin() - make a test packet, and ask PRE_ROUTING about it
 * @trial: set; for dsr_trial_end() in any case
 * @net: namespace
 * @pkt: the packet, the first of its connection
 * @arrival: its device and its mark
 *
 * The rules may set its mark, trial->skb->mark.
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: 0 or -ENOMEM.
 */
int dsr_firewall_begin(struct dsr_trial *trial, struct net *net,
		       const struct dsr_packet *pkt,
		       const struct dsr_arrival *arrival)
{
	const struct dsr_trial_packet packet = {
		.source = dsr_tuple_source(&pkt->tuple),
		.dest = dsr_tuple_dest(&pkt->tuple),
		.sport = pkt->tuple.sport,
		.dport = pkt->tuple.dport,
		.family = pkt->tuple.family,
		.proto = pkt->tuple.proto,
		.mark = arrival->mark,
		.dev = arrival->dev,
	};
	int err = dsr_trial_begin(trial, &packet);

	if (!err)
		dsr_trial_ask(trial, net, &before_hook, arrival->dev, NULL);
	return err;
}

/**
 * dsr_firewall_forward() - ask FORWARD and POST_ROUTING about the test packet
 * @trial: from dsr_firewall_begin(); PRE_ROUTING has accepted the packet
 * @net: namespace
 * @service: service of the packet, with DSR_PATH_STACK
 * @backend: its backend
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: DSR_FORWARDED, or the reason to drop the packet.
 */
enum dsr_reason dsr_firewall_forward(struct dsr_trial *trial, struct net *net,
				     const struct dsr_service *service,
				     struct dsr_backend *backend)
{
	struct net_device *in = trial->skb->dev, *out;
	enum dsr_reason reason;

	reason = dsr_xmit_prepare(net, trial->skb, service, backend);
	if (reason != DSR_FORWARDED)
		return reason;
	if (dsr_nat_is_open(trial->skb))
		dsr_nat_settle(trial->skb);
	out = READ_ONCE(skb_dst(trial->skb)->dev);
	dsr_trial_ask(trial, net, &forward, in, out);
	if (trial->skb) {
		trial->skb->dev = out;
		dsr_trial_ask(trial, net, &post_routing, in, out);
	}
	return trial->verdict == DSR_FIREWALL_DROP ? DSR_DROP_BY_FIREWALL :
						    DSR_FORWARDED;
}
