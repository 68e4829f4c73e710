// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_explain - explain what the balancer would do with a packet
 *
 * Calls the same functions as the hook, dsr_decide(), dsr_source_check() and
 * dsr_schedule_choose(), for an imaginary packet, and changes nothing.
 */

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "control/firewall.h"
#include "control/netlink.h"
#include "control/put.h"
#include "core/nexthop.h"
#include "core/probe.h"
#include "datapath/here.h"
#include "datapath/schedule.h"
#include "datapath/source.h"
#include "host.h"
#include "sched/sched.h"

const struct nla_policy dsr_netlink_explain_policy[DSR_EXPLAIN_A_MAX + 1] = {
	[DSR_EXPLAIN_A_SRC] = DSR_ADDR_POLICY,
	[DSR_EXPLAIN_A_SPORT] = { .type = NLA_BE16 },
	[DSR_EXPLAIN_A_DST] = DSR_ADDR_POLICY,
	[DSR_EXPLAIN_A_DPORT] = { .type = NLA_BE16 },
	[DSR_EXPLAIN_A_PROTO] = { .type = NLA_U8 },
	[DSR_EXPLAIN_A_FWMARK] = { .type = NLA_U32 },
	[DSR_EXPLAIN_A_MIDDLE] = { .type = NLA_FLAG },
	[DSR_EXPLAIN_A_IFINDEX] = { .type = NLA_U32 },
	[DSR_EXPLAIN_A_FIREWALL] = { .type = NLA_FLAG },
};

static int parse_packet(struct nlattr *tb[], struct dsr_packet *pkt,
			struct netlink_ext_ack *extack)
{
	union nf_inet_addr src, dst;
	u8 family;

	if (!tb[DSR_EXPLAIN_A_SRC] || !tb[DSR_EXPLAIN_A_DST])
		return dsr_netlink_refuse(extack, NULL,
					  "give both the source and the destination of the packet");
	family = dsr_addr_get(tb[DSR_EXPLAIN_A_SRC], &src);
	if (!family)
		return dsr_netlink_refuse(extack, NULL, "an address has 4 or 16 bytes");
	if (dsr_addr_get(tb[DSR_EXPLAIN_A_DST], &dst) != family)
		return dsr_netlink_refuse(extack, NULL,
					  "source and destination are of different families");

	memset(pkt, 0, sizeof(*pkt));
	pkt->kind = DSR_PACKET_FLOW;
	pkt->event = tb[DSR_EXPLAIN_A_MIDDLE] ? DSR_EVENT_DATA :
						   DSR_EVENT_OPEN;
	pkt->tuple.family = family;
	pkt->tuple.proto = tb[DSR_EXPLAIN_A_PROTO] ?
			      nla_get_u8(tb[DSR_EXPLAIN_A_PROTO]) : IPPROTO_TCP;
	if (pkt->tuple.proto != IPPROTO_TCP &&
	    pkt->tuple.proto != IPPROTO_UDP &&
	    pkt->tuple.proto != IPPROTO_SCTP)
		return dsr_netlink_refuse(extack, NULL,
			      "no such protocol: there are tcp, udp and sctp");
	if (pkt->tuple.proto == IPPROTO_UDP)
		pkt->event = DSR_EVENT_DATA;
	if (tb[DSR_EXPLAIN_A_SPORT])
		pkt->tuple.sport = nla_get_be16(tb[DSR_EXPLAIN_A_SPORT]);
	if (tb[DSR_EXPLAIN_A_DPORT])
		pkt->tuple.dport = nla_get_be16(tb[DSR_EXPLAIN_A_DPORT]);
	if (family == AF_INET) {
		pkt->tuple.v4.saddr = src.ip;
		pkt->tuple.v4.daddr = dst.ip;
	} else {
		pkt->tuple.v6.saddr = src.in6;
		pkt->tuple.v6.daddr = dst.in6;
	}
	return 0;
}

/* Find the input device, if the request names one. */
static int find_device(struct net *net, const struct nlattr *attr,
		       struct dsr_arrival *arrival,
		       struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	arrival->dev = dev_get_by_index_rcu(net, nla_get_u32(attr));
	arrival->port = arrival->dev;
	if (arrival->dev)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "no such device: give a device that packets come in by");
	return -ENODEV;
}

/* Check if the source of the packet is an address of this machine. */
static bool is_own(struct net *net, const struct dsr_tuple *tuple)
{
	if (tuple->family == AF_INET)
		return inet_addr_type(net, tuple->v4.saddr) == RTN_LOCAL;
	return ipv6_chk_addr(net, &tuple->v6.saddr, NULL, 0);
}

/* Check if the packet is sent by this machine, as opposed to received. */
static bool leaves(struct net *net, const struct dsr_packet *pkt,
		   const struct dsr_arrival *arrival)
{
	return !arrival->dev && is_own(net, &pkt->tuple);
}

/* Return the reason for a packet to a backend that has no route. */
static enum dsr_reason without_route(struct net *net,
				     const struct dsr_packet *pkt,
				     const struct dsr_decision *decision)
{
	if (!READ_ONCE(decision->backend->nexthop.local))
		return DSR_DROP_NO_ROUTE_TO_BACKEND;
	return decision->choice == DSR_CHOICE_PROBE &&
	       is_own(net, &pkt->tuple) ? DSR_DROP_PROBE_TO_ITSELF :
					     DSR_DELIVERED_HERE;
}

/* Check the source of a packet that follows no connection, as the hook does. */
static bool may_come(struct dsr_net *dn, const struct dsr_packet *pkt,
		     const struct dsr_arrival *arrival,
		     struct dsr_decision *decision)
{
	enum dsr_reason reason;

	if (decision->choice == DSR_CHOICE_CONNECTION ||
	    dsr_reason_is_drop(decision->reason))
		return true;
	/* The source of a probe that this machine sends is not checked. */
	if (decision->choice == DSR_CHOICE_PROBE &&
	    leaves(dn->net, pkt, arrival))
		return true;
	reason = dsr_source_check(dn, pkt, arrival);
	if (reason == DSR_FORWARDED)
		return true;
	decision->backend = NULL;
	decision->choice = DSR_CHOICE_NONE;
	decision->reason = reason;
	return false;
}

/* Do the same steps as the hook, except sending. */
static void explain(struct dsr_net *dn, const struct dsr_packet *pkt,
		    const struct dsr_arrival *arrival,
		    struct dsr_decision *decision)
{
	struct dsr_frontend *frontend;

	frontend = dsr_frontend_find(dn, arrival->mark, &pkt->tuple);
	dsr_decide(dn, frontend, pkt, decision);
	if (!decision->service) {
		/* a probe mark without a backend: still name its service */
		if (frontend && frontend->probe)
			decision->service = frontend->probe->service;
		if (frontend && decision->reason == DSR_PASS_NO_SERVICE &&
		    !leaves(dn->net, pkt, arrival) &&
		    dsr_here_refuses(dn->net, pkt, arrival, frontend->fwmark &&
				     !dsr_frontend_find(dn, 0, &pkt->tuple)))
			decision->reason = DSR_DROP_NOT_SERVED;
		return;
	}
	if (!may_come(dn, pkt, arrival, decision))
		return;
	if (!decision->backend && decision->reason == DSR_FORWARDED)
		dsr_schedule_choose(dn, pkt, decision, true);
	if (!decision->backend ||
	    dsr_nexthop_get(dn->net, &decision->backend->nexthop))
		return;
	decision->reason = without_route(dn->net, pkt, decision);
}

/* Check if the rules of FORWARD see the packet after the hook. */
static bool passes_forward(const struct dsr_decision *decision)
{
	return decision->backend && !dsr_reason_is_drop(decision->reason) &&
	       !dsr_reason_is_here(decision->reason) &&
	       READ_ONCE(decision->service->path) == DSR_PATH_STACK;
}

/* Look at the test packet as dsr_hook() looks at a packet. A rule may have changed
 * more of it than the mark, or TPROXY may have found a socket for it.
 *
 * Return: DSR_FORWARDED, or the reason to pass or drop it.
 */
static enum dsr_reason look_at(const struct sk_buff *skb,
			       struct dsr_packet *pkt,
			       struct dsr_arrival *arrival)
{
	u8 family = pkt->tuple.family;
	enum dsr_reason reason;

	if (!dsr_is_to_this_host(skb) || skb->sk)
		return DSR_PASS_NOT_TO_THIS_HOST;
	dsr_source_arrival(skb, family, arrival);
	return dsr_packet_parse(skb, family, pkt, &reason) ? DSR_FORWARDED :
							     reason;
}

/* Explain, and ask the rules before and behind the hook. They set the mark, unless
 * @mark is given.
 */
static int explain_asking(struct dsr_net *dn, struct dsr_packet *pkt,
			  struct dsr_arrival *arrival, const u32 *mark,
			  struct dsr_decision *decision,
			  struct dsr_trial *trial)
{
	enum dsr_reason reason;
	int err;

	err = dsr_firewall_begin(trial, dn->net, pkt, arrival);
	if (err)
		return err;
	if (trial->verdict == DSR_FIREWALL_DROP)
		decision->reason = DSR_DROP_BY_FIREWALL;
	if (!trial->skb)
		return 0;
	if (mark)
		trial->skb->mark = *mark;
	reason = look_at(trial->skb, pkt, arrival);
	if (reason != DSR_FORWARDED) {
		decision->reason = reason;
		return 0;
	}
	explain(dn, pkt, arrival, decision);
	if (!passes_forward(decision))
		return 0;
	reason = dsr_firewall_forward(trial, dn->net, decision->service,
				      decision->backend);
	if (reason != DSR_FORWARDED)
		decision->reason = reason;
	return 0;
}

/* Check that a request to ask the rules has what a test packet needs. */
static int check_firewall(struct nlattr *tb[], struct netlink_ext_ack *extack)
{
	if (!tb[DSR_EXPLAIN_A_FIREWALL])
		return 0;
	if (tb[DSR_EXPLAIN_A_MIDDLE])
		return dsr_netlink_refuse(extack, tb[DSR_EXPLAIN_A_FIREWALL],
					  "the rules can be asked about the first packet of a connection only");
	if (!tb[DSR_EXPLAIN_A_IFINDEX])
		return dsr_netlink_refuse(extack, tb[DSR_EXPLAIN_A_FIREWALL],
					  "give the device that the packet comes in by");
	return 0;
}

/* Append the slot of the flow, if the scheduler is maglev, unless the backend of
 * the slot had more load than the other candidate.
 */
static int put_slot(struct sk_buff *skb, const struct dsr_packet *pkt,
		    const struct dsr_decision *decision)
{
	const struct dsr_pool *pool;
	u32 slot;

	if (decision->choice != DSR_CHOICE_SCHEDULER)
		return 0;
	pool = rcu_dereference(decision->service->pool);
	if (pool->scheduler != &dsr_sched_maglev)
		return 0;
	slot = dsr_schedule_slot(decision->service, &pkt->tuple);
	if (dsr_pool_has_choice(pool) &&
	    pool->member[pool->table[slot]].backend != decision->backend)
		return 0;
	return nla_put_u32(skb, DSR_EXPLAIN_A_SLOT, slot);
}

/* Append the verdict of the rules, and the mark that they have set. */
static int put_verdict(struct sk_buff *skb, u32 mark,
		       const struct dsr_trial *trial)
{
	int err = dsr_trial_put(skb, trial);

	if (err || !mark)
		return err;
	return nla_put_u32(skb, DSR_EXPLAIN_A_FWMARK, mark);
}

static int put_explanation(struct sk_buff *skb, struct dsr_net *dn,
			   const struct dsr_packet *pkt,
			   const struct dsr_decision *decision, u32 mark,
			   const struct dsr_trial *trial)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_EXPLAIN);

	if (!nest ||
	    nla_put_string(skb, DSR_EXPLAIN_A_REASON,
			   dsr_reason_names[decision->reason]) ||
	    nla_put_u8(skb, DSR_EXPLAIN_A_CHOICE, decision->choice) ||
	    put_slot(skb, pkt, decision) ||
	    (trial && put_verdict(skb, mark, trial)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	if (decision->service &&
	    dsr_put_service(skb, dn, decision->service))
		return -EMSGSIZE;
	return decision->conn ?
	       dsr_put_connection(skb, dn, decision->conn) : 0;
}

/** dsr_netlink_explain_doit() - DSR_CMD_EXPLAIN */
int dsr_netlink_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[DSR_EXPLAIN_A_MAX + 1];
	struct dsr_decision decision = { };
	struct dsr_trial trial = { };
	struct dsr_arrival arrival = { };
	struct dsr_packet pkt;
	struct sk_buff *reply;
	void *header;
	bool asks;
	int err;

	err = dsr_netlink_nest(tb, DSR_EXPLAIN_A_MAX, info, DSR_A_EXPLAIN,
			       dsr_netlink_explain_policy,
			       "the request names no packet: give its source and destination");
	if (err)
		return err;
	err = parse_packet(tb, &pkt, info->extack);
	if (!err)
		err = check_firewall(tb, info->extack);
	if (err)
		return err;
	arrival.source = dsr_tuple_source(&pkt.tuple);
	arrival.dest = dsr_tuple_dest(&pkt.tuple);
	if (tb[DSR_EXPLAIN_A_FWMARK])
		arrival.mark = nla_get_u32(tb[DSR_EXPLAIN_A_FWMARK]);
	reply = dsr_netlink_reply_new(info, &header);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&dn->lock);
	decision.reason = DSR_PASS_NO_SERVICE;
	rcu_read_lock();
	local_bh_disable();
	err = find_device(dn->net, tb[DSR_EXPLAIN_A_IFINDEX], &arrival,
			  info->extack);
	/* Without a service there may be no connection table, and dsr_rs has its
	 * hooks where the test packet would pass.
	 */
	asks = tb[DSR_EXPLAIN_A_FIREWALL] && dn->services_count;
	if (!err && asks)
		err = explain_asking(dn, &pkt, &arrival,
				     tb[DSR_EXPLAIN_A_FWMARK] ? &arrival.mark :
								NULL,
				     &decision, &trial);
	else if (!err && dn->services_count)
		explain(dn, &pkt, &arrival, &decision);
	if (!err)
		err = put_explanation(reply, dn, &pkt, &decision, arrival.mark,
				      asks ? &trial : NULL);
	if (!err && decision.backend)
		err = dsr_put_backend(reply, dn, decision.backend);
	dsr_trial_end(&trial);
	local_bh_enable();
	rcu_read_unlock();
	mutex_unlock(&dn->lock);
	return dsr_reply_send(info, reply, header, err);
}
