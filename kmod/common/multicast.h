/* SPDX-License-Identifier: GPL-2.0 */
/*
 * multicast - notify listeners of changes
 *
 * A family sends its notifications to its multicast group
 * DSR_GENL_MCGRP_EVENTS of the namespace, with the lock of the change still
 * held, so that they arrive in the order of the changes. Without listeners they
 * cost nothing. A listener that is too slow loses some, and the kernel reports
 * that to this listener as ENOBUFS.
 */
#ifndef _DSR_MULTICAST_H
#define _DSR_MULTICAST_H

#include <linux/module.h>
#include <net/genetlink.h>

/** enum dsr_multicast_group - multicast groups, as offsets in a family */
enum dsr_multicast_group {
	DSR_MULTICAST_EVENTS,
};

/* Report to the listeners that they miss a notification. */
static inline void dsr_multicast_lost(const struct genl_family *family,
				      struct net *net)
{
	genl_set_err(family, net, 0, DSR_MULTICAST_EVENTS, -ENOBUFS);
}

/**
 * dsr_multicast_begin() - begin a notification
 * @family: family
 * @net: namespace
 * @cmd: command that was carried out, of @family
 * @header: set for dsr_multicast_end()
 *
 * Context: process context.
 * Return: the message without attributes; %NULL without listeners, or without
 * memory, which is reported to the listeners as an overrun.
 */
static inline struct sk_buff *
dsr_multicast_begin(const struct genl_family *family, struct net *net, u8 cmd,
		    void **header)
{
	struct sk_buff *skb;

	/* During unloading the group may already belong to another family. */
	if (!module_is_live(family->module) ||
	    !genl_has_listeners(family, net, DSR_MULTICAST_EVENTS))
		return NULL;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	*header = skb ? genlmsg_put(skb, 0, 0, family, 0, cmd) : NULL;
	if (*header)
		return skb;
	nlmsg_free(skb);
	dsr_multicast_lost(family, net);
	return NULL;
}

/**
 * dsr_multicast_end() - send a notification, or free it if filling failed
 * @family: family
 * @net: namespace
 * @skb: message; consumed
 * @header: as set by dsr_multicast_begin()
 * @err: result of filling the message
 *
 * Context: process context.
 */
static inline void dsr_multicast_end(const struct genl_family *family,
				     struct net *net, struct sk_buff *skb,
				     void *header, int err)
{
	if (err) {
		nlmsg_free(skb);
		dsr_multicast_lost(family, net);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(family, net, skb, 0, DSR_MULTICAST_EVENTS,
				GFP_KERNEL);
}

#endif /* _DSR_MULTICAST_H */
