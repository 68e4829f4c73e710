/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dump - a table is dumped in parts of bounded work
 *
 * The first call of a dump runs under genetlink's own lock, where it keeps all other
 * families from coming and going. A part of a table may have nothing to show, and to
 * netlink a call that shows nothing is the last one. So there is a message without
 * attributes then. NLMSG_NOOP, which is for that, would be the end of the answer to
 * libnl's check of sequence numbers.
 */
#ifndef _DSR_DUMP_H
#define _DSR_DUMP_H

#include <net/genetlink.h>

/* So many buckets are looked at before others get the locks. */
#define DSR_DUMP_BUCKETS	64

/* So often in one call. */
#define DSR_DUMP_TURNS		8

/**
 * dsr_dump_result() - what a call of a dump returns
 * @skb: reply
 * @cb: dump
 * @family: its family
 * @cmd: its command
 * @more: there is more of the table to look at
 * @err: 0, or -%EMSGSIZE where @skb is full. What does not fit into an empty
 *	message never will
 *
 * Return: for netlink: >0: call again; 0: that was all; or a negative errno.
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
