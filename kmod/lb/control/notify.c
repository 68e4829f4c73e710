// SPDX-License-Identifier: GPL-2.0
/* notify - see notify.h */

#include "control/notify.h"
#include "control/put.h"
#include "multicast.h"

/* A pointer, so that this file does not depend on netlink.c: the family refers
 * to all operations, and the operations call functions of this file.
 */
static const struct genl_family *family __ro_after_init;

static struct sk_buff *message_new(struct dsr_net *dn, u8 cmd, void **header)
{
	return dsr_multicast_begin(family, dn->net, cmd, header);
}

static void message_send(struct dsr_net *dn, struct sk_buff *skb, void *header,
			 int err)
{
	dsr_multicast_end(family, dn->net, skb, header, err);
}

/** dsr_notify_init() - set the family; call before the first request */
void __init dsr_notify_init(const struct genl_family *of)
{
	family = of;
}

static int put_backend_key(struct sk_buff *skb,
			   const struct dsr_backend *backend)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_BACKEND);

	if (!nest || dsr_addr_put(skb, DSR_BACKEND_A_ADDR,
				  backend->nexthop.family,
				  &backend->nexthop.addr))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dsr_notify_service() - notify of a change of a service
 * @dn: balancer
 * @cmd: command of the change, enum dsr_cmd
 * @service: service; for DSR_CMD_SERVICE_DELETE only its key is used
 *
 * Context: process context, holds dn->lock.
 */
void dsr_notify_service(struct dsr_net *dn, u8 cmd, struct dsr_service *service)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&dn->lock);
	skb = message_new(dn, cmd, &header);
	if (skb)
		message_send(dn, skb, header, cmd == DSR_CMD_SERVICE_DELETE ?
			   dsr_put_key_nest(skb, &service->key) :
			   dsr_put_service(skb, dn, service));
}

/**
 * dsr_notify_backend() - notify of a change of a backend
 * @dn: balancer
 * @cmd: command of the change, enum dsr_cmd
 * @backend: backend; for DSR_CMD_BACKEND_DELETE only its address and the key of
 *	its service are used
 *
 * Context: process context, holds dn->lock.
 */
void dsr_notify_backend(struct dsr_net *dn, u8 cmd, struct dsr_backend *backend)
{
	struct sk_buff *skb;
	void *header;
	int err;

	lockdep_assert_held(&dn->lock);
	skb = message_new(dn, cmd, &header);
	if (!skb)
		return;
	err = dsr_put_key_nest(skb, &backend->service->key);
	if (!err)
		err = cmd == DSR_CMD_BACKEND_DELETE ?
		      put_backend_key(skb, backend) :
		      dsr_put_backend(skb, dn, backend);
	message_send(dn, skb, header, err);
}

static int put_path_key(struct sk_buff *skb, const struct dsr_path_dev *path)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_PATH);

	if (!nest || nla_put_u32(skb, DSR_PATH_A_IFINDEX,
				 path->hook.dev->ifindex))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dsr_notify_path() - notify of a change of a path
 * @dn: balancer
 * @cmd: command of the change, enum dsr_cmd
 * @path: path; for DSR_CMD_PATH_DELETE only its device is used
 *
 * Context: process context, holds dn->paths_lock.
 */
void dsr_notify_path(struct dsr_net *dn, u8 cmd, const struct dsr_path_dev *path)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&dn->paths_lock);
	skb = message_new(dn, cmd, &header);
	if (skb)
		message_send(dn, skb, header, cmd == DSR_CMD_PATH_DELETE ?
			   put_path_key(skb, path) :
			   dsr_put_path(skb, path));
}

/**
 * dsr_notify_table() - notify of a change of the table's cap or timeouts
 * @dn: balancer
 *
 * Context: process context, holds dn->lock.
 */
void dsr_notify_table(struct dsr_net *dn)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&dn->lock);
	skb = message_new(dn, DSR_CMD_CONNECTION_SET, &header);
	if (skb)
		message_send(dn, skb, header, dsr_put_table(skb, dn));
}

/**
 * dsr_notify_flush() - notify that all objects of a kind were removed
 * @dn: balancer
 * @cmd: command of the change, enum dsr_cmd
 * @some: only services that IPVS shows were removed, and others are left
 *
 * Context: process context, holds the lock of the objects.
 */
void dsr_notify_flush(struct dsr_net *dn, u8 cmd, bool some)
{
	struct sk_buff *skb;
	void *header;

	skb = message_new(dn, cmd, &header);
	if (skb)
		message_send(dn, skb, header,
			     some ? nla_put_flag(skb, DSR_A_IPVS_ONLY) : 0);
}
