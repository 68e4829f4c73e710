/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dump - dump a table in parts of bounded work
 *
 * The first call of a dump runs under genetlink's own lock, and blocks other
 * families from registering. A part of a table may have nothing to show, but
 * netlink takes a call that shows nothing for the last one. Such a part sends a
 * message without attributes. NLMSG_NOOP, meant for this, would fail the check
 * of sequence numbers in libnl.
 */
#ifndef _DSR_DUMP_H
#define _DSR_DUMP_H

#include <net/genetlink.h>

/* Number of buckets to dump before the locks are released. */
#define DSR_DUMP_BUCKETS	64

/* Number of such parts in one call. */
#define DSR_DUMP_TURNS		8

/**
 * dsr_dump_result() - compute the result of a dump callback
 * @skb: reply
 * @cb: dump
 * @family: its family
 * @cmd: its command
 * @more: the table has more buckets to dump
 * @err: 0, or -%EMSGSIZE if @skb is full; an object that does not fit into an
 *	empty message never will
 *
 * Return: >0 to be called again; 0 at the end; or a negative errno.
 */
static inline int dsr_dump_result(struct sk_buff *skb,
				  const struct netlink_callback *cb,
				  const struct genl_family *family, u8 cmd,
				  bool more, int err)
{
	void *header;

	if (skb->len || !more || err)
		return skb->len ?: err;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, family, NLM_F_MULTI, cmd);
	if (!header)
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return skb->len;
}

#endif /* _DSR_DUMP_H */
