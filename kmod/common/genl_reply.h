/* SPDX-License-Identifier: GPL-2.0 */
/* genl_reply - send the single reply to a generic netlink request */
#ifndef _DSR_GENL_REPLY_H
#define _DSR_GENL_REPLY_H

#include <net/genetlink.h>

/**
 * dsr_reply_new() - begin the reply to a request
 * @info: request
 * @family: its family
 * @cmd: command of the reply
 * @header: set for dsr_reply_send()
 *
 * Return: the message, or %NULL if memory is short.
 */
static inline struct sk_buff *dsr_reply_new(struct genl_info *info,
					    const struct genl_family *family,
					    u8 cmd, void **header)
{
	struct sk_buff *reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!reply)
		return NULL;
	*header = genlmsg_put_reply(reply, info, family, 0, cmd);
	if (*header)
		return reply;
	nlmsg_free(reply);
	return NULL;
}

/**
 * dsr_reply_send() - send a reply, or free it if it could not be filled
 * @info: request
 * @reply: message; consumed
 * @header: as set by dsr_reply_new()
 * @err: result of filling the message
 *
 * Return: 0, @err, or the error of sending.
 */
static inline int dsr_reply_send(struct genl_info *info, struct sk_buff *reply,
				 void *header, int err)
{
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

#endif /* _DSR_GENL_REPLY_H */
