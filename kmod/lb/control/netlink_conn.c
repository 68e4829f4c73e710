// SPDX-License-Identifier: GPL-2.0
/* netlink_conn - requests about the connection table and the counters */

#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "control/control.h"
#include "control/netlink.h"
#include "control/put.h"
#include "core/conn.h"
#include "core/reason.h"
#include "core/service.h"
#include "datapath/schedule.h"
#include "dump.h"
#include "genl_dump.h"
#include "limit.h"

const struct nla_policy dsr_netlink_table_policy[DSR_TABLE_A_LAST + 1] = {
	[DSR_TABLE_A_MAX] = { .type = NLA_U32 },
	[DSR_TABLE_A_TIMEOUTS] = NLA_POLICY_NESTED(dsr_netlink_timeout_policy),
};

const struct nla_policy
dsr_netlink_connection_policy[DSR_CONNECTION_A_MAX + 1] = {
	[DSR_CONNECTION_A_PROTO] = { .type = NLA_U8 },
	[DSR_CONNECTION_A_SRC] = DSR_ADDR_POLICY,
	[DSR_CONNECTION_A_SPORT] = { .type = NLA_BE16 },
	[DSR_CONNECTION_A_DST] = DSR_ADDR_POLICY,
	[DSR_CONNECTION_A_DPORT] = { .type = NLA_BE16 },
	[DSR_CONNECTION_A_STATE] = { .type = NLA_U8 },
	[DSR_CONNECTION_A_FWMARK] = { .type = NLA_U32 },
	[DSR_CONNECTION_A_BACKEND] = DSR_ADDR_POLICY,
	[DSR_CONNECTION_A_EXCEPTION] = { .type = NLA_FLAG },
};

static int put_entry(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct dsr_net *dn, const struct dsr_conn *conn)
{
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &dsr_netlink_family,
			     NLM_F_MULTI, DSR_CMD_CONNECTION_GET);
	if (!header || dsr_put_connection(skb, dn, conn))
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return 0;
}

static bool is_addr(const struct nlattr *attr, u8 family,
		    const union nf_inet_addr *addr)
{
	return !attr || (nla_len(attr) == dsr_addr_len(family) &&
			 !memcmp(nla_data(attr), addr, nla_len(attr)));
}

/* Check if a connection matches all attributes in @tb. */
static bool is_wanted(struct dsr_net *dn, const struct dsr_conn *conn,
		      struct nlattr **tb)
{
	const struct dsr_tuple *tuple = &conn->tuple;
	union nf_inet_addr src = dsr_tuple_source(tuple);
	union nf_inet_addr dst = dsr_tuple_dest(tuple);
	struct dsr_backend *backend = rcu_dereference(conn->backend);
	struct nlattr *attr;

	if (!is_addr(tb[DSR_CONNECTION_A_SRC], tuple->family, &src) ||
	    !is_addr(tb[DSR_CONNECTION_A_DST], tuple->family, &dst) ||
	    !is_addr(tb[DSR_CONNECTION_A_BACKEND], tuple->family,
		     &backend->nexthop.addr))
		return false;
	attr = tb[DSR_CONNECTION_A_PROTO];
	if (attr && nla_get_u8(attr) != tuple->proto)
		return false;
	attr = tb[DSR_CONNECTION_A_SPORT];
	if (attr && nla_get_be16(attr) != tuple->sport)
		return false;
	attr = tb[DSR_CONNECTION_A_DPORT];
	if (attr && nla_get_be16(attr) != tuple->dport)
		return false;
	attr = tb[DSR_CONNECTION_A_STATE];
	if (attr && nla_get_u8(attr) != READ_ONCE(conn->state))
		return false;
	attr = tb[DSR_CONNECTION_A_FWMARK];
	if (attr && (READ_ONCE(backend->removed) ||
		     nla_get_u32(attr) != backend->service->key.fwmark))
		return false;
	return !tb[DSR_CONNECTION_A_EXCEPTION] ||
	       dsr_schedule_is_exception(dn, conn);
}

/* Dump a whole bucket, or nothing of it. */
static int dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
		       struct dsr_net *dn, u64 cursor, struct nlattr **filter)
{
	unsigned char *start = skb_tail_pointer(skb);
	const struct dsr_conn *conn;
	struct dsr_node *node;
	int err = 0;

	rcu_read_lock();
	dsr_table_for_each_in(node, &dn->table, cursor) {
		conn = container_of(node, struct dsr_conn, node);
		if (filter && !is_wanted(dn, conn, filter))
			continue;
		err = put_entry(skb, cb, dn, conn);
		if (err) {
			nlmsg_trim(skb, start);
			break;
		}
	}
	rcu_read_unlock();
	return err;
}

/** dsr_netlink_connection_get_start() - prepare a dump of DSR_CMD_CONNECTION_GET */
int dsr_netlink_connection_get_start(struct netlink_callback *cb)
{
	/* a message must have room for the fullest bucket */
	cb->min_dump_alloc = SZ_16K;
	return 0;
}

/* Dump some buckets from @cursor on, and advance @cursor.
 *
 * Return: 0, or -%EMSGSIZE if @skb is full.
 */
static int dump_some(struct sk_buff *skb, struct netlink_callback *cb,
		     struct dsr_net *dn, u64 *cursor, struct nlattr **filter)
{
	int err = 0, i;

	for (i = 0; i < DSR_DUMP_BUCKETS && *cursor < DSR_TABLE_END; i++) {
		err = dump_bucket(skb, cb, dn, *cursor, filter);
		if (err)
			break;
		*cursor = dsr_table_next(&dn->table, *cursor);
	}
	return err;
}

/**
 * dsr_netlink_connection_get_dumpit() - DSR_CMD_CONNECTION_GET
 * @skb: reply
 * @cb: args[0] and args[1] are the low and the high half of the cursor
 */
int dsr_netlink_connection_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb)
{
	u64 cursor = (u64)cb->args[1] << 32 | (u32)cb->args[0];
	struct nlattr *nest = dsr_genl_dump_attrs(cb)[DSR_A_CONNECTION];
	struct nlattr *filter[DSR_CONNECTION_A_MAX + 1];
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	int err = 0, turn;

	if (nest) {
		err = nla_parse_nested(filter, DSR_CONNECTION_A_MAX, nest,
				       dsr_netlink_connection_policy,
				       cb->extack);
		if (err)
			return err;
	}
	for (turn = 0; turn < DSR_DUMP_TURNS && cursor < DSR_TABLE_END && !err;
	     turn++) {
		if (dsr_conn_walk_lock(dn))
			err = dump_some(skb, cb, dn, &cursor,
					nest ? filter : NULL);
		else
			cursor = DSR_TABLE_END;
		dsr_conn_walk_unlock(dn);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	cb->args[0] = (u32)cursor;
	cb->args[1] = cursor >> 32;
	return dsr_dump_result(skb, cb, &dsr_netlink_family,
			       DSR_CMD_CONNECTION_GET, cursor < DSR_TABLE_END,
			       err);
}

static int parse_max(struct sk_buff *skb, struct dsr_net *dn,
		     const struct nlattr *attr, u32 *max,
		     struct netlink_ext_ack *extack)
{
	*max = nla_get_u32(attr);
	if (*max < DSR_TABLE_MAX_MIN || *max > DSR_TABLE_MAX_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "max out of range: 16 to 67108864");
		return -ERANGE;
	}
	if (dsr_limit_exceeds(skb, *max, dsr_net_default_max(dn->net))) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a limit above dsr_lb's conn_max needs CAP_NET_ADMIN on the host");
		return -EPERM;
	}
	return 0;
}

/** dsr_netlink_connection_set_doit() - DSR_CMD_CONNECTION_SET */
int dsr_netlink_connection_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const char missing[] =
		"the request sets nothing: give max or timeouts";
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[DSR_TABLE_A_LAST + 1];
	struct dsr_timeouts timeouts;
	u32 max;
	int err;

	err = dsr_netlink_nest(tb, DSR_TABLE_A_LAST, info, DSR_A_TABLE,
			       dsr_netlink_table_policy, missing);
	if (err)
		return err;
	if (!tb[DSR_TABLE_A_MAX] && !tb[DSR_TABLE_A_TIMEOUTS]) {
		info->extack->_msg = missing;
		return -EINVAL;
	}

	mutex_lock(&dn->lock);
	max = dn->conn_max;
	timeouts = dn->timeouts;
	if (tb[DSR_TABLE_A_MAX])
		err = parse_max(skb, dn, tb[DSR_TABLE_A_MAX], &max,
				info->extack);
	if (!err)
		err = dsr_netlink_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS],
						 &timeouts, info->extack);
	if (!err)
		dsr_control_table_set(dn, max, &timeouts);
	mutex_unlock(&dn->lock);
	return err;
}

static int put_reason(struct sk_buff *skb, struct dsr_net *dn,
		      enum dsr_reason reason)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_REASON);

	if (!nest ||
	    nla_put_string(skb, DSR_REASON_A_NAME, dsr_reason_names[reason]) ||
	    nla_put_u64_64bit(skb, DSR_REASON_A_PACKETS,
			      dsr_reason_sum(dn, reason), DSR_REASON_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/** dsr_netlink_stats_get_doit() - DSR_CMD_STATS_GET */
int dsr_netlink_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct sk_buff *reply;
	void *header;
	int err, i;

	reply = dsr_netlink_reply_new(info, &header);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&dn->lock);
	err = dsr_put_table(reply, dn);
	if (!err)
		err = nla_put_u32(reply, DSR_A_GENERATION, dn->generation);
	for (i = 0; i < DSR_REASON_COUNT && !err; i++)
		err = put_reason(reply, dn, i);
	mutex_unlock(&dn->lock);
	return dsr_reply_send(info, reply, header, err);
}
