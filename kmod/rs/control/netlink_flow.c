// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_flow - handle requests about flows; see netlink.h
 */

#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "control/netlink.h"
#include "core/flow.h"
#include "core/net.h"
#include "dump.h"
#include "limit.h"
#include "multicast.h"
#include "netlink_time.h"

static const struct nla_policy table_policy[DSR_TABLE_A_TIMEOUTS + 1] = {
	[DSR_TABLE_A_MAX]	= { .type = NLA_U32 },
	[DSR_TABLE_A_TIMEOUTS]	= NLA_POLICY_NESTED(dsr_netlink_timeout_policy),
};

const struct nla_policy dsr_rs_netlink_flow_policy[DSR_A_TABLE + 1] = {
	[DSR_A_TABLE]		= NLA_POLICY_NESTED(table_policy),
};

static int flow_attrs_put(struct sk_buff *skb, const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple wire = dsr_rs_flow_wire(flow);
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(flow);
	u8 family = flow->family;

	return nla_put_u8(skb, DSR_FLOW_A_PROTO, flow->proto) ||
	       dsr_addr_put(skb, DSR_FLOW_A_SRC, family, &wire.client) ||
	       nla_put_be16(skb, DSR_FLOW_A_SPORT, wire.cport) ||
	       dsr_addr_put(skb, DSR_FLOW_A_DST, family, &wire.server) ||
	       nla_put_be16(skb, DSR_FLOW_A_DPORT, wire.sport) ||
	       dsr_addr_put(skb, DSR_FLOW_A_TO, family, &socket.server) ||
	       nla_put_be16(skb, DSR_FLOW_A_TO_PORT, socket.sport) ||
	       nla_put_be16(skb, DSR_FLOW_A_SOCKET_SPORT, socket.cport) ||
	       nla_put_u8(skb, DSR_FLOW_A_STATE, READ_ONCE(flow->state)) ?
	       -EMSGSIZE : 0;
}

static int flow_put(struct sk_buff *skb, struct netlink_callback *cb,
		    struct dsr_table *table, struct dsr_rs_flow *flow)
{
	u32 left = dsr_rs_flow_left(table, flow, jiffies);
	struct nlattr *nest;
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &dsr_rs_netlink_family, NLM_F_MULTI,
			  DSR_RS_CMD_FLOW_GET);
	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, DSR_A_FLOW);
	if (!nest)
		goto cancel;
	if (flow_attrs_put(skb, flow) ||
	    nla_put_u32(skb, DSR_FLOW_A_EXPIRES, jiffies_to_msecs(left)))
		goto cancel;
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

/* Append all flows of a bucket, or none: a cursor cannot stop within one. */
static int bucket_put(struct sk_buff *skb, struct netlink_callback *cb,
		      struct dsr_table *table, u64 cursor)
{
	void *start = skb_tail_pointer(skb);
	struct dsr_rs_flow *flow;
	struct dsr_node *node;
	int err = 0;

	rcu_read_lock();
	dsr_table_for_each_in(node, table, cursor) {
		flow = dsr_rs_flow_from_node(node);
		if (!(READ_ONCE(flow->roles) & DSR_RS_WIRE))
			continue;
		err = flow_put(skb, cb, table, flow);
		if (err) {
			nlmsg_trim(skb, start);
			break;
		}
	}
	rcu_read_unlock();
	return err;
}

/* Return: 0, or -%EMSGSIZE if @skb is full; @cursor is set to go on. */
static int some_put(struct sk_buff *skb, struct netlink_callback *cb,
		    struct dsr_table *table, u64 *cursor)
{
	int err = 0, i;

	mutex_lock(&table->gc_lock);
	for (i = 0; i < DSR_DUMP_BUCKETS && *cursor < DSR_TABLE_END; i++) {
		err = bucket_put(skb, cb, table, *cursor);
		if (err)
			break;
		*cursor = dsr_table_next(table, *cursor);
	}
	mutex_unlock(&table->gc_lock);
	return err;
}

/** dsr_rs_netlink_flow_get_start() - prepare a dump of the flows */
int dsr_rs_netlink_flow_get_start(struct netlink_callback *cb)
{
	/* Room for the fullest bucket that the table allows. */
	cb->min_dump_alloc = SZ_16K;
	return 0;
}

/** dsr_rs_netlink_flow_get_dumpit() - list the flows */
int dsr_rs_netlink_flow_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
{
	struct dsr_rs_net *rs = dsr_rs_net(sock_net(cb->skb->sk));
	struct dsr_rs_dump *dump = (void *)cb->ctx;
	struct dsr_table *table = &rs->table;
	int err = 0, turn;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	for (turn = 0; turn < DSR_DUMP_TURNS && dump->cursor < DSR_TABLE_END &&
	     !err; turn++) {
		mutex_lock(&rs->lock);
		if (rs->live)
			err = some_put(skb, cb, table, &dump->cursor);
		else
			dump->cursor = DSR_TABLE_END;
		mutex_unlock(&rs->lock);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return dsr_dump_result(skb, cb, &dsr_rs_netlink_family,
			       DSR_RS_CMD_FLOW_GET,
			       dump->cursor < DSR_TABLE_END, err);
}

static int max_parse(struct sk_buff *skb, struct dsr_rs_net *rs,
		     const struct nlattr *attr, u32 *max,
		     struct netlink_ext_ack *extack)
{
	*max = nla_get_u32(attr);
	if (*max < DSR_TABLE_MAX_MIN || *max > DSR_TABLE_MAX_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "max out of range: "
				    __stringify(DSR_TABLE_MAX_MIN)
				    " to 67108864");
		return -ERANGE;
	}
	BUILD_BUG_ON(DSR_TABLE_MAX_MAX != 67108864);
	if (dsr_limit_exceeds(skb, *max, dsr_rs_net_default_max(rs->net))) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a limit above dsr_rs's flows_max needs CAP_NET_ADMIN on the host");
		return -EPERM;
	}
	return 0;
}

static void tell(struct dsr_rs_net *rs)
{
	struct sk_buff *msg;
	void *hdr;

	msg = dsr_multicast_begin(&dsr_rs_netlink_family, rs->net,
				  DSR_RS_CMD_FLOW_SET, &hdr);
	if (msg)
		dsr_multicast_end(&dsr_rs_netlink_family, rs->net, msg, hdr,
				  dsr_rs_netlink_table_put(msg, rs));
}

/** dsr_rs_netlink_flow_set_doit() - set the flow table's cap or timeouts */
int dsr_rs_netlink_flow_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_TABLE_A_TIMEOUTS + 1];
	struct dsr_timeouts timeouts;
	u32 max;
	int err, i;

	if (!info->attrs[DSR_A_TABLE]) {
		NL_SET_ERR_MSG(info->extack, "the request names no table");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, DSR_TABLE_A_TIMEOUTS,
			       info->attrs[DSR_A_TABLE], table_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[DSR_TABLE_A_MAX] && !tb[DSR_TABLE_A_TIMEOUTS]) {
		NL_SET_ERR_MSG(info->extack,
			       "the request sets nothing: give max or timeouts");
		return -EINVAL;
	}

	mutex_lock(&rs->lock);
	max = rs->flows_max;
	timeouts = rs->timeouts;
	if (tb[DSR_TABLE_A_MAX])
		err = max_parse(skb, rs, tb[DSR_TABLE_A_MAX], &max,
				info->extack);
	if (!err)
		err = dsr_netlink_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS],
						 &timeouts, info->extack);
	if (err)
		goto unlock;
	rs->flows_max = max;
	if (rs->live)
		WRITE_ONCE(rs->table.max, max);
	for (i = 0; i < ARRAY_SIZE(timeouts.state); i++)
		WRITE_ONCE(rs->timeouts.state[i], timeouts.state[i]);
	tell(rs);
unlock:
	mutex_unlock(&rs->lock);
	return err;
}
