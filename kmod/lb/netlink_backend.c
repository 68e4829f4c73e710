// SPDX-License-Identifier: GPL-2.0
/* netlink_backend - requests about backends */

#include <linux/netdevice.h>

#include "backend.h"
#include "genl_dump.h"
#include "netlink.h"
#include "service.h"

const struct nla_policy
dsr_netlink_backend_key_policy[DSR_BACKEND_A_MAX + 1] = {
	[DSR_BACKEND_A_ADDR4] = { .type = NLA_BE32 },
};

const struct nla_policy dsr_netlink_backend_policy[DSR_BACKEND_A_MAX + 1] = {
	[DSR_BACKEND_A_ADDR4] = { .type = NLA_BE32 },
	[DSR_BACKEND_A_WEIGHT] = { .type = NLA_U32 },
	[DSR_BACKEND_A_UPPER] = { .type = NLA_U32 },
	[DSR_BACKEND_A_LOWER] = { .type = NLA_U32 },
};

/* What a request names: its service, its attributes, and its backend if there
 * is such a one.
 */
struct request {
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct nlattr *tb[DSR_BACKEND_A_MAX + 1];
	__be32 addr;
};

static int parse_request(struct dsr_net *dn, struct genl_info *info,
			 struct request *request)
{
	struct nlattr *attr;
	int err;

	lockdep_assert_held(&dn->lock);
	err = dsr_netlink_service_find(dn, info->attrs[DSR_A_SERVICE],
				       &request->service, info->extack);
	if (err)
		return err;
	err = dsr_netlink_nest(request->tb, DSR_BACKEND_A_MAX, info,
			       DSR_A_BACKEND, dsr_netlink_backend_policy,
			       "which backend? name its address");
	if (err)
		return err;
	attr = request->tb[DSR_BACKEND_A_ADDR4];
	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "which backend? name its address");
		return -EINVAL;
	}
	request->addr = nla_get_be32(attr);
	request->backend = dsr_backend_find(dn, request->service,
					    request->addr);
	return 0;
}

static int no_such_backend(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "no such backend in this service: add it first with 'backend add'");
	return -ENOENT;
}

/* Overwrite in @config what the request names. */
static void parse_config(struct nlattr *tb[], struct dsr_backend_config *config)
{
	if (tb[DSR_BACKEND_A_WEIGHT])
		config->weight = nla_get_u32(tb[DSR_BACKEND_A_WEIGHT]);
	if (tb[DSR_BACKEND_A_UPPER])
		config->upper = nla_get_u32(tb[DSR_BACKEND_A_UPPER]);
	if (tb[DSR_BACKEND_A_LOWER])
		config->lower = nla_get_u32(tb[DSR_BACKEND_A_LOWER]);
}

static int backend_change(struct genl_info *info, enum dsr_netlink_change change)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_backend_config config = { .weight = 1 };
	struct netlink_ext_ack *extack = info->extack;
	struct request request;
	int err;

	mutex_lock(&dn->lock);
	err = parse_request(dn, info, &request);
	if (err)
		goto unlock;
	if (!request.backend && change == DSR_NETLINK_SET) {
		err = no_such_backend(extack);
		goto unlock;
	}
	if (request.backend && change == DSR_NETLINK_ADD) {
		NL_SET_ERR_MSG(extack,
			       "this backend exists: change it with 'set' or 'replace'");
		err = -EEXIST;
		goto unlock;
	}
	if (change == DSR_NETLINK_SET)
		config = request.backend->config;
	parse_config(request.tb, &config);
	err = request.backend ?
	      dsr_backend_set(dn, request.backend, &config, extack) :
	      dsr_backend_add(dn, request.service, request.addr, &config,
			      extack);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
unlock:
	mutex_unlock(&dn->lock);
	return err;
}

/** dsr_netlink_backend_add() - DSR_CMD_BACKEND_ADD */
int dsr_netlink_backend_add(struct sk_buff *skb, struct genl_info *info)
{
	return backend_change(info, DSR_NETLINK_ADD);
}

/** dsr_netlink_backend_set() - DSR_CMD_BACKEND_SET */
int dsr_netlink_backend_set(struct sk_buff *skb, struct genl_info *info)
{
	return backend_change(info, DSR_NETLINK_SET);
}

/** dsr_netlink_backend_replace() - DSR_CMD_BACKEND_REPLACE */
int dsr_netlink_backend_replace(struct sk_buff *skb, struct genl_info *info)
{
	return backend_change(info, DSR_NETLINK_REPLACE);
}

/** dsr_netlink_backend_delete() - DSR_CMD_BACKEND_DELETE */
int dsr_netlink_backend_delete(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct request request;
	int err;

	mutex_lock(&dn->lock);
	err = parse_request(dn, info, &request);
	if (!err && !request.backend)
		err = no_such_backend(info->extack);
	if (!err)
		err = dsr_backend_remove(dn, request.backend, info->extack);
	mutex_unlock(&dn->lock);
	return err;
}

static int put_backend(struct sk_buff *skb, struct dsr_net *dn,
		       struct dsr_service *service,
		       struct dsr_backend *backend)
{
	struct dsr_stats sum = { };
	u8 mac[MAX_ADDR_LEN], mac_len, state;
	struct nlattr *nest;
	int ifindex;

	nest = nla_nest_start(skb, DSR_A_SERVICE);
	if (!nest ||
	    nla_put_u32(skb, DSR_SERVICE_A_FWMARK, service->fwmark))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);

	nest = nla_nest_start(skb, DSR_A_BACKEND);
	if (!nest)
		return -EMSGSIZE;
	state = dsr_backend_state(dn->net, backend, &ifindex, mac, &mac_len);
	dsr_stats_add(&sum, backend->stats);
	if (nla_put_be32(skb, DSR_BACKEND_A_ADDR4, backend->nexthop.addr) ||
	    nla_put_u32(skb, DSR_BACKEND_A_WEIGHT, backend->config.weight) ||
	    nla_put_u32(skb, DSR_BACKEND_A_UPPER, backend->config.upper) ||
	    nla_put_u32(skb, DSR_BACKEND_A_LOWER, backend->config.lower) ||
	    nla_put_u8(skb, DSR_BACKEND_A_OVERLOADED,
		       READ_ONCE(backend->overloaded)) ||
	    nla_put_u32(skb, DSR_BACKEND_A_ACTIVE,
			atomic_read(&backend->active)) ||
	    nla_put_u32(skb, DSR_BACKEND_A_INACTIVE,
			atomic_read(&backend->inactive)) ||
	    nla_put_u8(skb, DSR_BACKEND_A_STATE, state) ||
	    (ifindex &&
	     nla_put_u32(skb, DSR_BACKEND_A_IFINDEX, ifindex)) ||
	    (mac_len && nla_put(skb, DSR_BACKEND_A_MAC, mac_len, mac)) ||
	    dsr_stats_put(skb, DSR_BACKEND_A_STATS, &sum))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int dump_service(struct sk_buff *skb, struct netlink_callback *cb,
			struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_backend *backend;
	void *header;

	/* another service than that of args[1] */
	if (service->fwmark != (u32)cb->args[0]) {
		cb->args[0] = service->fwmark;
		cb->args[2] = 0;
	}
	list_for_each_entry(backend, &service->backends, list) {
		if (cb->args[2] &&
		    ntohl(backend->nexthop.addr) <= (u32)cb->args[1])
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &dsr_netlink_family,
				     NLM_F_MULTI, DSR_CMD_BACKEND_GET);
		if (!header)
			return -EMSGSIZE;
		genl_dump_check_consistent(cb, header);
		if (put_backend(skb, dn, service, backend)) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
		cb->args[1] = ntohl(backend->nexthop.addr);
		cb->args[2] = 1;
	}
	return 0;
}

/**
 * dsr_netlink_backend_dump() - DSR_CMD_BACKEND_GET
 * @skb: reply
 * @cb: args[0] is the fwmark to go on with, args[1] the last address of it, in
 *	host byte order, that was shown, if args[2] is not 0
 */
int dsr_netlink_backend_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *nest = dsr_genl_dump_attrs(cb)[DSR_A_SERVICE];
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dsr_service *service;
	int err = 0;

	mutex_lock(&dn->lock);
	cb->seq = dn->generation;
	if (nest) {
		err = dsr_netlink_service_find(dn, nest, &service, cb->extack);
		if (!err)
			dump_service(skb, cb, dn, service);
		goto unlock;
	}
	list_for_each_entry(service, &dn->services, list) {
		if (service->fwmark < (u32)cb->args[0])
			continue;
		if (dump_service(skb, cb, dn, service))
			break;
	}
unlock:
	mutex_unlock(&dn->lock);
	return err ?: skb->len;
}
