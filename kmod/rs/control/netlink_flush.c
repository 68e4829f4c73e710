// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_flush - handle requests to forget all flows; see netlink.h
 *
 * A plain request forgets all flows in one call. Netlink makes that call under
 * a lock that keeps other families from being registered. A dump forgets them
 * in parts, one with each call, and only its first call is under that lock. In
 * both forms the locks of the real server are released between two parts.
 *
 * If the reader of a dump goes away, the rest is forgotten all the same.
 */

#include <linux/sched.h>

#include "control/attach.h"
#include "control/netlink.h"
#include "core/flow.h"
#include "core/net.h"
#include "dump.h"

/* Forget a part of the flows, and notify after the last.
 *
 * Return: true if all are forgotten.
 */
static bool flush_part(struct dsr_rs_net *rs, u64 *cursor)
{
	int i;

	for (i = 0; i < DSR_DUMP_TURNS && *cursor < DSR_TABLE_END; i++) {
		*cursor = dsr_rs_flow_flush_some(rs, *cursor);
		cond_resched();
	}
	if (*cursor < DSR_TABLE_END)
		return false;
	mutex_lock(&rs->lock);
	/* Such work is queued, but the next request is not to meet it. */
	dsr_rs_attach_shutdown_idle(rs);
	dsr_rs_netlink_tell_flush(rs, DSR_RS_CMD_FLOW_FLUSH);
	mutex_unlock(&rs->lock);
	return true;
}

/** dsr_rs_netlink_flow_flush_doit() - forget all flows */
int dsr_rs_netlink_flow_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	u64 cursor = 0;

	while (!flush_part(rs, &cursor))
		;
	return 0;
}

/* The state of a dump, in the room that netlink keeps for that. */
struct flush {
	u64 cursor;
	struct dsr_rs_net *rs;
	bool done;
};

static struct flush *flush_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct flush) > sizeof(cb->ctx));
	return (struct flush *)cb->ctx;
}

/** dsr_rs_netlink_flow_flush_start() - prepare a dump that forgets all flows */
int dsr_rs_netlink_flow_flush_start(struct netlink_callback *cb)
{
	flush_of(cb)->rs = dsr_rs_net(sock_net(cb->skb->sk));
	return 0;
}

/** dsr_rs_netlink_flow_flush_dumpit() - forget the next part of the flows */
int dsr_rs_netlink_flow_flush_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb)
{
	struct flush *flush = flush_of(cb);

	if (!flush->done)
		flush->done = flush_part(flush->rs, &flush->cursor);
	return dsr_dump_result(skb, cb, &dsr_rs_netlink_family,
			       DSR_RS_CMD_FLOW_FLUSH, !flush->done, 0);
}

/** dsr_rs_netlink_flow_flush_done() - forget the rest, after the last call */
int dsr_rs_netlink_flow_flush_done(struct netlink_callback *cb)
{
	struct flush *flush = flush_of(cb);

	while (flush->rs && !flush->done)
		flush->done = flush_part(flush->rs, &flush->cursor);
	return 0;
}
