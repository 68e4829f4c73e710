// SPDX-License-Identifier: GPL-2.0
/* event - see event.h */

#include "control/event.h"
#include "control/netlink.h"
#include "multicast.h"

static struct sk_buff *event_new(struct dsr_net *dn, u8 cmd, void **header)
{
	return dsr_multicast_begin(&dsr_netlink_family, dn->net, cmd, header);
}

static void event_send(struct dsr_net *dn, struct sk_buff *skb, void *header,
		       int err)
{
	dsr_multicast_end(&dsr_netlink_family, dn->net, skb, header, err);
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
 * dsr_event_service() - tell of a change of a service
 * @dn: balancer
 * @cmd: what was done, enum dsr_cmd
 * @service: service, as it is now; of DSR_CMD_SERVICE_DELETE, as it was
 *
 * Context: process context, holds dn->lock.
 */
void dsr_event_service(struct dsr_net *dn, u8 cmd, struct dsr_service *service)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&dn->lock);
	skb = event_new(dn, cmd, &header);
	if (skb)
		event_send(dn, skb, header, cmd == DSR_CMD_SERVICE_DELETE ?
			   dsr_netlink_put_key_nest(skb, &service->key) :
			   dsr_netlink_put_service(skb, dn, service));
}

/**
 * dsr_event_backend() - tell of a change of a backend
 * @dn: balancer
 * @cmd: what was done, enum dsr_cmd
 * @backend: backend, as it is now; of DSR_CMD_BACKEND_DELETE, as it was
 *
 * Context: process context, holds dn->lock.
 */
void dsr_event_backend(struct dsr_net *dn, u8 cmd, struct dsr_backend *backend)
{
	struct sk_buff *skb;
	void *header;
	int err;

	lockdep_assert_held(&dn->lock);
	skb = event_new(dn, cmd, &header);
	if (!skb)
		return;
	err = dsr_netlink_put_key_nest(skb, &backend->service->key);
	if (!err)
		err = cmd == DSR_CMD_BACKEND_DELETE ?
		      put_backend_key(skb, backend) :
		      dsr_netlink_put_backend(skb, dn, backend);
	event_send(dn, skb, header, err);
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
 * dsr_event_path() - tell of a change of a path
 * @dn: balancer
 * @cmd: what was done, enum dsr_cmd
 * @path: path, as it is now; of DSR_CMD_PATH_DELETE, as it was
 *
 * Context: process context, holds dn->paths_lock.
 */
void dsr_event_path(struct dsr_net *dn, u8 cmd, const struct dsr_path_dev *path)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&dn->paths_lock);
	skb = event_new(dn, cmd, &header);
	if (skb)
		event_send(dn, skb, header, cmd == DSR_CMD_PATH_DELETE ?
			   put_path_key(skb, path) :
			   dsr_netlink_put_path(skb, path));
}

/**
 * dsr_event_table() - tell of a change of the connection table's bounds
 * @dn: balancer
 *
 * Context: process context, holds dn->lock.
 */
void dsr_event_table(struct dsr_net *dn)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&dn->lock);
	skb = event_new(dn, DSR_CMD_CONNECTION_SET, &header);
	if (skb)
		event_send(dn, skb, header, dsr_netlink_put_table(skb, dn));
}

/**
 * dsr_event_flush() - tell that all objects of a kind have gone
 * @dn: balancer
 * @cmd: what was done, enum dsr_cmd
 * @some: only those that IPVS shows have gone, and others are left
 *
 * Context: process context, holds the lock of the objects.
 */
void dsr_event_flush(struct dsr_net *dn, u8 cmd, bool some)
{
	struct sk_buff *skb;
	void *header;

	skb = event_new(dn, cmd, &header);
	if (skb)
		event_send(dn, skb, header,
			   some ? nla_put_flag(skb, DSR_A_IPVS_ONLY) : 0);
}
