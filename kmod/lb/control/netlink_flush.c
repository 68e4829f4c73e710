// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_flush - requests to remove all connections or all services
 *
 * A plain request removes all objects in one call. Netlink makes that call under
 * a lock that keeps other families from being registered. A dump removes them in
 * parts, one with each call, and only its first call is under that lock. In both
 * forms the locks of the balancer are released between two parts.
 *
 * If the reader of a dump goes away, the rest is removed all the same.
 */

#include <linux/sched.h>

#include "control/attach.h"
#include "control/control.h"
#include "control/netlink.h"
#include "control/notify.h"
#include "core/conn.h"
#include "dump.h"

/* Each of these removes a part of the objects, and notifies after the last.
 *
 * Return: true if all objects were removed.
 */

static bool flush_connections(struct dsr_net *dn, u64 *cursor)
{
	int turn;

	for (turn = 0; turn < DSR_DUMP_TURNS && *cursor < DSR_TABLE_END; turn++) {
		*cursor = dsr_conn_flush_some(dn, *cursor);
		cond_resched();
	}
	if (*cursor < DSR_TABLE_END)
		return false;
	mutex_lock(&dn->lock);
	/* Such work is queued, but the next service is not to meet it. */
	dsr_attach_rest(dn);
	dsr_notify_flush(dn, DSR_CMD_CONNECTION_FLUSH, false);
	mutex_unlock(&dn->lock);
	return true;
}

static bool flush_services(struct dsr_net *dn)
{
	bool done;

	dsr_net_writer_lock(dn);
	done = dsr_control_service_flush(dn, NULL);
	dsr_net_writer_unlock(dn);
	cond_resched();
	return done;
}

static bool flush_part(struct dsr_net *dn, u8 cmd, u64 *cursor)
{
	return cmd == DSR_CMD_SERVICE_FLUSH ? flush_services(dn) :
					      flush_connections(dn, cursor);
}

/** dsr_netlink_flush_doit() - DSR_CMD_SERVICE_FLUSH, DSR_CMD_CONNECTION_FLUSH */
int dsr_netlink_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	u64 cursor = 0;

	while (!flush_part(dn, info->genlhdr->cmd, &cursor))
		;
	return 0;
}

/* The state of a dump, in the room that netlink keeps for that. */
struct flush {
	u64 cursor;
	struct dsr_net *dn;
	u8 cmd;
	bool done;
};

static struct flush *flush_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct flush) > sizeof(cb->ctx));
	return (struct flush *)cb->ctx;
}

/** dsr_netlink_flush_start() - prepare a dump of one of these commands */
int dsr_netlink_flush_start(struct netlink_callback *cb)
{
	const struct genlmsghdr *header = nlmsg_data(cb->nlh);
	struct flush *flush = flush_of(cb);

	flush->dn = dsr_net(sock_net(cb->skb->sk));
	flush->cmd = header->cmd;
	return 0;
}

/** dsr_netlink_flush_dumpit() - remove the next part */
int dsr_netlink_flush_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct flush *flush = flush_of(cb);

	if (!flush->done)
		flush->done = flush_part(flush->dn, flush->cmd, &flush->cursor);
	return dsr_dump_result(skb, cb, &dsr_netlink_family, flush->cmd,
			       !flush->done, 0);
}

/** dsr_netlink_flush_done() - remove the rest, after the last call of a dump */
int dsr_netlink_flush_done(struct netlink_callback *cb)
{
	struct flush *flush = flush_of(cb);

	while (flush->dn && !flush->done)
		flush->done = flush_part(flush->dn, flush->cmd, &flush->cursor);
	return 0;
}
