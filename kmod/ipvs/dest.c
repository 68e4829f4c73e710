// SPDX-License-Identifier: GPL-2.0
/*
 * dest - handle requests about destinations, which are backends of dsr
 *
 * IPVS identifies a destination by its address and a port. Packets are
 * forwarded unchanged here, so the port has no effect. It is kept and shown,
 * because a program that has named a destination with a port will use it again,
 * and a service has one destination for an address. A backend that dsrctl has
 * created has no port of its own: it is shown with the port of the service, and
 * any port identifies it.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/inet.h>
#include <linux/ipv6.h>
#include <linux/slab.h>

#include "lb/control/control.h"
#include "netlink.h"

/* IP_VS_CONN_F_*, in <linux/ip_vs.h> */
#define FORWARD_MASK	IP_VS_CONN_F_FWD_MASK
#define FORWARD_DIRECT	IP_VS_CONN_F_DROUTE

static const struct nla_policy dest_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR] = DSR_IPVS_ADDR,
	[IPVS_DEST_ATTR_PORT] = DSR_IPVS_U16,
	[IPVS_DEST_ATTR_FWD_METHOD] = DSR_IPVS_U32,
	[IPVS_DEST_ATTR_WEIGHT] = DSR_IPVS_U32,
	[IPVS_DEST_ATTR_U_THRESH] = DSR_IPVS_U32,
	[IPVS_DEST_ATTR_L_THRESH] = DSR_IPVS_U32,
	/* A dump has these; a client may send one back with a new weight. */
	[IPVS_DEST_ATTR_ACTIVE_CONNS] = DSR_IPVS_U32,
	[IPVS_DEST_ATTR_INACT_CONNS] = DSR_IPVS_U32,
	[IPVS_DEST_ATTR_PERSIST_CONNS] = DSR_IPVS_U32,
	[IPVS_DEST_ATTR_STATS] = { .type = NLA_NESTED },
	[IPVS_DEST_ATTR_ADDR_FAMILY] = DSR_IPVS_U16,
	[IPVS_DEST_ATTR_STATS64] = { .type = NLA_NESTED },
	[IPVS_DEST_ATTR_TUN_TYPE] = DSR_IPVS_U8,
	[IPVS_DEST_ATTR_TUN_PORT] = DSR_IPVS_U16,
	[IPVS_DEST_ATTR_TUN_FLAGS] = DSR_IPVS_U16,
};

/**
 * struct request - the objects that a request names
 * @service: its service
 * @backend: the service's backend with this address, or %NULL
 * @tb: its attributes
 * @addr: its address
 * @port: its port
 * @family: family of @addr
 */
struct request {
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct nlattr *tb[IPVS_DEST_ATTR_MAX + 1];
	union nf_inet_addr addr;
	__be16 port;
	u16 family;
};

static int parse_addr(struct request *request, struct netlink_ext_ack *extack)
{
	const struct nlattr *family = request->tb[IPVS_DEST_ATTR_ADDR_FAMILY];

	request->family = family ? nla_get_u16(family) : 0;
	/* Older clients do not send the family. */
	if (!request->family)
		request->family = request->service->key.family;
	if (request->family != AF_INET &&
	    !(request->family == AF_INET6 && ipv6_mod_enabled())) {
		NL_SET_ERR_MSG(extack, "no such family");
		return -EAFNOSUPPORT;
	}
	request->port = nla_get_be16(request->tb[IPVS_DEST_ATTR_PORT]);
	return dsr_ipvs_service_addr(request->tb[IPVS_DEST_ATTR_ADDR],
				     request->family, &request->addr);
}

static int parse(struct dsr_net *dn, struct genl_info *info,
		 struct request *request, bool whole)
{
	struct nlattr *nest = info->attrs[IPVS_CMD_ATTR_DEST];
	struct nlattr **tb = request->tb;
	int err;

	err = dsr_ipvs_service_find(dn, info->attrs[IPVS_CMD_ATTR_SERVICE],
				    &request->service, info->extack);
	if (err)
		return err;
	if (dsr_ipvs_netlink_nest(tb, IPVS_DEST_ATTR_MAX, nest, dest_policy,
				  info->extack) ||
	    !tb[IPVS_DEST_ATTR_ADDR] || !tb[IPVS_DEST_ATTR_PORT])
		return dsr_ipvs_netlink_missing(info->extack,
			"the request names no destination: give its address and port");
	if (whole && (!tb[IPVS_DEST_ATTR_FWD_METHOD] ||
		      !tb[IPVS_DEST_ATTR_WEIGHT] ||
		      !tb[IPVS_DEST_ATTR_U_THRESH] ||
		      !tb[IPVS_DEST_ATTR_L_THRESH])) {
		NL_SET_ERR_MSG(info->extack,
			       "a destination needs a forwarding method, a weight and two thresholds: give all of them");
		return -EINVAL;
	}
	err = parse_addr(request, info->extack);
	if (err)
		return err;
	request->backend = request->family == request->service->key.family ?
			   dsr_backend_find(dn, request->service,
					    &request->addr) : NULL;
	return 0;
}

static bool is_named(const struct dsr_backend *backend, __be16 port)
{
	const struct dsr_ipvs_dest *dest = backend->ipvs;

	return !dest || !dest->named || dest->port == port;
}

/**
 * dsr_ipvs_dest_port() - return the port to show for a backend
 * @backend: backend
 *
 * Context: holds struct dsr_net.lock.
 * Return: port; 0 if there is none, or if the backend was removed.
 */
__be16 dsr_ipvs_dest_port(const struct dsr_backend *backend)
{
	const struct dsr_ipvs_dest *dest = backend->ipvs;

	if (dest && dest->named)
		return dest->port;
	return backend->removed ? 0 : htons(backend->service->key.port);
}

/**
 * dsr_ipvs_dest_weight() - return the weight to show for a backend
 * @backend: backend
 *
 * A backend that drains or is down gets no new connections: weight 0 says that.
 *
 * Context: holds struct dsr_net.lock.
 */
u32 dsr_ipvs_dest_weight(const struct dsr_backend *backend)
{
	return backend->config.admin == DSR_BACKEND_UP ?
	       backend->config.weight : 0;
}

/**
 * dsr_ipvs_dest_counts() - count a backend's connections as IPVS does
 * @backend: backend, not removed
 * @active: set to the number of active connections
 * @inactive: set to the number of inactive connections
 *
 * IPVS counts UDP as inactive, dsr as active. In a service of a mark the two
 * are not told apart: that would take a walk over the whole table.
 *
 * Context: holds struct dsr_net.lock.
 */
void dsr_ipvs_dest_counts(const struct dsr_backend *backend, u32 *active,
			  u32 *inactive)
{
	*active = atomic_read(&backend->active);
	*inactive = dsr_backend_inactive(backend);
	if (backend->service->key.proto != IPPROTO_UDP)
		return;
	*inactive += *active;
	*active = 0;
}

static int parse_config(const struct request *request, struct genl_info *info,
			struct dsr_backend_config *config)
{
	u32 forward = nla_get_u32(request->tb[IPVS_DEST_ATTR_FWD_METHOD]);

	if ((forward & FORWARD_MASK) != FORWARD_DIRECT)
		return dsr_ipvs_netlink_refuse(info, -EPROTONOSUPPORT,
			"NAT and tunnels are not supported: use direct routing (ipvsadm -g, keepalived's lb_kind DR), with dsr_rs on the real servers");
	if (request->family != request->service->key.family) {
		NL_SET_ERR_MSG(info->extack,
			       "the destination's address is of another family than the service");
		return -EINVAL;
	}
	/* A negative number is too large as well. */
	config->weight = nla_get_u32(request->tb[IPVS_DEST_ATTR_WEIGHT]);
	config->upper = nla_get_u32(request->tb[IPVS_DEST_ATTR_U_THRESH]);
	config->lower = nla_get_u32(request->tb[IPVS_DEST_ATTR_L_THRESH]);
	return 0;
}

static void note_no_way(const struct request *request, struct genl_info *info)
{
	NL_SET_ERR_MSG(info->extack,
		       "this destination is not on-link: it gets no packets until a device reaches it without a gateway");
	if (!dsr_ipvs_netlink_may_log(info))
		return;
	if (request->family == AF_INET)
		pr_notice_ratelimited("destination %pI4 is not on-link: it gets no packets until a device reaches it without a gateway\n",
				      &request->addr.ip);
	else
		pr_notice_ratelimited("destination %pI6c is not on-link: it gets no packets until a device reaches it without a gateway\n",
				      &request->addr.in6);
}

/* keepalived regards a real server as added even if it is refused, and does not
 * try again. So accept a destination that cannot be reached yet, as when its
 * network comes up later than keepalived. The first packet after that finds the
 * next hop.
 */
static int check_way(struct dsr_net *dn, const struct request *request,
		     struct genl_info *info)
{
	int err = dsr_nexthop_check(dn, request->family, &request->addr,
				    info->extack);

	if (err != -EHOSTUNREACH)
		return err;
	note_no_way(request, info);
	return 0;
}

static int add(struct dsr_net *dn, struct genl_info *info,
	       const struct request *request)
{
	struct dsr_backend_config config = { };
	struct dsr_ipvs_dest *dest;
	int err;

	err = parse_config(request, info, &config);
	if (!err)
		err = check_way(dn, request, info);
	if (err)
		return err;
	dest = kzalloc(sizeof(*dest), GFP_KERNEL_ACCOUNT);
	if (!dest)
		return -ENOMEM;
	dest->port = request->port;
	dest->named = true;
	dsr_ipvs_net_hold(dn, request->service);
	err = dsr_control_backend_change(dn, DSR_CMD_BACKEND_ADD, request->service,
					 &request->addr, &config, info->extack);
	if (err)
		kfree(dest);
	else
		dsr_backend_find(dn, request->service,
				 &request->addr)->ipvs = dest;
	return err;
}

static int refuse_port(struct genl_info *info)
{
	return dsr_ipvs_netlink_refuse(info, -EINVAL,
		"this service already has a destination with this address: dsr_lb does not change ports, so another port is the same destination");
}

/** dsr_ipvs_dest_new() - IPVS_CMD_NEW_DEST */
int dsr_ipvs_dest_new(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct request request;
	int err;

	dsr_net_writer_lock(dn);
	err = parse(dn, info, &request, true);
	if (err)
		goto unlock;
	if (!request.backend) {
		err = add(dn, info, &request);
	} else if (is_named(request.backend, request.port)) {
		NL_SET_ERR_MSG(info->extack, "this destination exists");
		err = -EEXIST;
	} else {
		err = refuse_port(info);
	}
unlock:
	dsr_ipvs_net_watch(dn);
	dsr_net_writer_unlock(dn);
	return err;
}

static int parse_existing(struct dsr_net *dn, struct genl_info *info,
			  struct request *request, bool whole)
{
	int err = parse(dn, info, request, whole);

	if (err || (request->backend &&
		    is_named(request->backend, request->port)))
		return err;
	NL_SET_ERR_MSG(info->extack, "no such destination in this service");
	return -ENOENT;
}

/** dsr_ipvs_dest_set() - IPVS_CMD_SET_DEST */
int dsr_ipvs_dest_set(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_backend_config config;
	struct request request;
	int err;

	dsr_net_writer_lock(dn);
	err = parse_existing(dn, info, &request, true);
	if (err)
		goto unlock;
	config = dsr_backend_config(request.backend);
	err = parse_config(&request, info, &config);
	if (!err)
		err = dsr_control_backend_change(dn, DSR_CMD_BACKEND_SET,
						 request.service, &request.addr,
					 &config, info->extack);
unlock:
	dsr_ipvs_net_watch(dn);
	dsr_net_writer_unlock(dn);
	return err;
}

/** dsr_ipvs_dest_del() - IPVS_CMD_DEL_DEST */
int dsr_ipvs_dest_del(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct request request;
	int err;

	dsr_net_writer_lock(dn);
	err = parse_existing(dn, info, &request, false);
	if (!err) {
		dsr_ipvs_net_hold(dn, request.service);
		err = dsr_control_backend_delete(dn, request.backend, info->extack);
	}
	dsr_ipvs_net_watch(dn);
	dsr_net_writer_unlock(dn);
	return err;
}

static int put_dest(struct sk_buff *skb, struct dsr_backend *backend)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, IPVS_CMD_ATTR_DEST);
	const struct dsr_ipvs_dest *dest = dsr_ipvs_net_dest(backend);
	struct dsr_ipvs_reading reading;
	struct dsr_stats now = { };
	u32 active, inactive;

	dsr_stats_add(&now, backend->stats);
	dsr_ipvs_meter_read(dest ? &dest->meter : NULL, &now, &reading);
	dsr_ipvs_dest_counts(backend, &active, &inactive);
	if (!nest ||
	    nla_put(skb, IPVS_DEST_ATTR_ADDR, sizeof(backend->nexthop.addr),
		    &backend->nexthop.addr) ||
	    nla_put_be16(skb, IPVS_DEST_ATTR_PORT,
			 dsr_ipvs_dest_port(backend)) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_FWD_METHOD, FORWARD_DIRECT) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_WEIGHT,
			dsr_ipvs_dest_weight(backend)) ||
	    nla_put_u8(skb, IPVS_DEST_ATTR_TUN_TYPE, 0) ||
	    nla_put_be16(skb, IPVS_DEST_ATTR_TUN_PORT, 0) ||
	    nla_put_u16(skb, IPVS_DEST_ATTR_TUN_FLAGS, 0) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_U_THRESH, backend->config.upper) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_L_THRESH, backend->config.lower) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_ACTIVE_CONNS, active) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_INACT_CONNS, inactive) ||
	    nla_put_u32(skb, IPVS_DEST_ATTR_PERSIST_CONNS,
			atomic_read(&backend->persistent)) ||
	    nla_put_u16(skb, IPVS_DEST_ATTR_ADDR_FAMILY,
			backend->nexthop.family) ||
	    dsr_ipvs_meter_put(skb, IPVS_DEST_ATTR_STATS,
			       IPVS_DEST_ATTR_STATS64, &reading))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * struct dest_cursor - position of a dump
 * @last: address of the last destination shown
 * @begun: at least one destination was shown
 */
struct dest_cursor {
	union nf_inet_addr last;
	bool begun;
};

/**
 * dsr_ipvs_dest_dump() - IPVS_CMD_GET_DEST
 * @skb: reply
 * @cb: holds a struct dest_cursor; see dsr_ipvs_service_dump()
 *
 * The dump is empty if the service does not exist or is not named.
 */
int dsr_ipvs_dest_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dest_cursor *cursor = (void *)cb->ctx;
	struct dsr_service *service;
	struct dsr_backend *backend;
	void *header;

	BUILD_BUG_ON(sizeof(*cursor) > sizeof(cb->ctx));
	mutex_lock(&dn->lock);
	service = dsr_ipvs_service_of_dump(dn, cb);
	if (!service)
		goto unlock;
	list_for_each_entry(backend, &service->backends, list) {
		if (cursor->begun &&
		    dsr_addr_compare(&backend->nexthop.addr,
				     &cursor->last) <= 0)
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq,
				     &dsr_ipvs_netlink_family, NLM_F_MULTI,
				     IPVS_CMD_NEW_DEST);
		if (!header)
			break;
		if (put_dest(skb, backend)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cursor->last = backend->nexthop.addr;
		cursor->begun = true;
	}
	dsr_ipvs_net_watch(dn);
unlock:
	mutex_unlock(&dn->lock);
	return skb->len;
}
