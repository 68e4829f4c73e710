// SPDX-License-Identifier: GPL-2.0
/* event - see event.h */

#include "event.h"
#include "netlink.h"

static bool has_listener(const struct dsr_net *dn)
{
	return genl_has_listeners(&dsr_netlink_family, dn->net,
				  DSR_NETLINK_EVENTS);
}

/* A message of @cmd without its attributes, or %NULL: then the listeners hear
 * nothing of this one, which is said by an overrun.
 */
static struct sk_buff *event_new(struct dsr_net *dn, u8 cmd, void **header)
{
	struct sk_buff *skb;

	if (!has_listener(dn))
		return NULL;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	*header = skb ? genlmsg_put(skb, 0, 0, &dsr_netlink_family, 0, cmd) :
			NULL;
	if (*header)
		return skb;
	nlmsg_free(skb);
	genl_set_err(&dsr_netlink_family, dn->net, 0, DSR_NETLINK_EVENTS,
		     -ENOBUFS);
	return NULL;
}

static void event_send(struct dsr_net *dn, struct sk_buff *skb, void *header,
		       int err)
{
	if (err) {
		nlmsg_free(skb);
		genl_set_err(&dsr_netlink_family, dn->net, 0,
			     DSR_NETLINK_EVENTS, -ENOBUFS);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&dsr_netlink_family, dn->net, skb, 0,
				DSR_NETLINK_EVENTS, GFP_KERNEL);
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
