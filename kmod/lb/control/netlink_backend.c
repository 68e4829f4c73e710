// SPDX-License-Identifier: GPL-2.0
/* netlink_backend - requests about backends */

#include "control/control.h"
#include "control/netlink.h"
#include "control/put.h"
#include "core/backend.h"
#include "core/service.h"
#include "genl_dump.h"

const struct nla_policy
dsr_netlink_backend_key_policy[DSR_BACKEND_A_MAX + 1] = {
	[DSR_BACKEND_A_ADDR] = DSR_ADDR_POLICY,
};

const struct nla_policy dsr_netlink_backend_policy[DSR_BACKEND_A_MAX + 1] = {
	[DSR_BACKEND_A_ADDR] = DSR_ADDR_POLICY,
	[DSR_BACKEND_A_WEIGHT] = { .type = NLA_U32 },
	[DSR_BACKEND_A_ADMIN] = { .type = NLA_U8 },
	[DSR_BACKEND_A_DEADLINE] = { .type = NLA_U32 },
	[DSR_BACKEND_A_UPPER] = { .type = NLA_U32 },
	[DSR_BACKEND_A_LOWER] = { .type = NLA_U32 },
};

/* A parsed request. @backend is %NULL if the service has no backend of the
 * requested address.
 */
struct request {
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct nlattr *tb[DSR_BACKEND_A_MAX + 1];
	union nf_inet_addr addr;
};

/**
 * dsr_netlink_backend_parse() - parse the nest of a backend
 * @nest: attribute DSR_A_BACKEND, or %NULL
 * @family: family of its service
 * @tb: set; attributes by enum dsr_backend_attr
 * @addr: set to its address
 * @extack: gets the error message
 *
 * Return: 0, or a negative errno with a message in @extack.
 */
int dsr_netlink_backend_parse(struct nlattr *nest, u8 family,
			      struct nlattr *tb[], union nf_inet_addr *addr,
			      struct netlink_ext_ack *extack)
{
	static const char missing[] =
		"the request names no backend: give its address";
	struct nlattr *attr;
	int err;
	u8 own;

	if (!nest)
		return dsr_netlink_refuse(extack, NULL, missing);
	err = nla_parse_nested(tb, DSR_BACKEND_A_MAX, nest,
			       dsr_netlink_backend_policy, extack);
	if (err)
		return err;
	attr = tb[DSR_BACKEND_A_ADDR];
	if (!attr)
		return dsr_netlink_refuse(extack, NULL, missing);
	own = dsr_addr_get(attr, addr);
	if (!own)
		return dsr_netlink_refuse(extack, attr,
					  "an address has 4 or 16 bytes");
	if (own == family)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "the backend's address is of another family than the service");
	return -EAFNOSUPPORT;
}

static int parse_request(struct dsr_net *dn, struct genl_info *info,
			 struct request *request)
{
	int err;

	lockdep_assert_held(&dn->lock);
	err = dsr_netlink_service_find(dn, info->attrs[DSR_A_SERVICE],
				       &request->service, info->extack);
	if (!err)
		err = dsr_netlink_backend_parse(info->attrs[DSR_A_BACKEND],
						request->service->key.family,
						request->tb, &request->addr,
						info->extack);
	if (err)
		return err;
	request->backend = dsr_backend_find(dn, request->service,
					    &request->addr);
	return 0;
}

/** dsr_netlink_no_backend() - set the message for -%ENOENT, and return that */
int dsr_netlink_no_backend(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "no such backend in this service: add it first with 'backend add'");
	return -ENOENT;
}

/** dsr_netlink_backend_may() - check if a backend is there, as a change asks
 *
 * Return: 0; -%ENOENT or -%EEXIST with a message in @extack.
 */
int dsr_netlink_backend_may(enum dsr_netlink_change change, bool is_there,
			    struct netlink_ext_ack *extack)
{
	if (!is_there && change == DSR_NETLINK_SET)
		return dsr_netlink_no_backend(extack);
	if (!is_there || change != DSR_NETLINK_ADD)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "this backend exists: change it with 'set' or 'replace'");
	return -EEXIST;
}

/**
 * dsr_netlink_backend_config() - overwrite the settings that a request sets
 * @tb: attributes, by enum dsr_backend_attr
 * @config: settings
 * @extack: gets the error message
 *
 * Return: 0, or a negative errno with a message in @extack.
 */
int dsr_netlink_backend_config(struct nlattr *tb[],
			       struct dsr_backend_config *config,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *attr;

	if (tb[DSR_BACKEND_A_WEIGHT])
		config->weight = nla_get_u32(tb[DSR_BACKEND_A_WEIGHT]);
	if (tb[DSR_BACKEND_A_UPPER])
		config->upper = nla_get_u32(tb[DSR_BACKEND_A_UPPER]);
	if (tb[DSR_BACKEND_A_LOWER])
		config->lower = nla_get_u32(tb[DSR_BACKEND_A_LOWER]);
	attr = tb[DSR_BACKEND_A_ADMIN];
	if (attr) {
		config->admin = nla_get_u8(attr);
		config->deadline = 0;
		if (config->admin > DSR_BACKEND_ADMIN_MAX) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "no such state: there are up, draining and down");
			return -EINVAL;
		}
	}
	attr = tb[DSR_BACKEND_A_DEADLINE];
	if (!attr)
		return 0;
	if (config->admin != DSR_BACKEND_DRAINING) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "only a draining backend has a deadline");
		return -EINVAL;
	}
	return dsr_netlink_parse_time(attr, &config->deadline, extack);
}

/** dsr_netlink_backend_change_doit() - DSR_CMD_BACKEND_ADD, _SET and _REPLACE */
int dsr_netlink_backend_change_doit(struct sk_buff *skb, struct genl_info *info)
{
	enum dsr_netlink_change change = dsr_netlink_change_of(info,
								DSR_CMD_BACKEND_ADD);
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_backend_config config = { .weight = 1 };
	struct netlink_ext_ack *extack = info->extack;
	struct request request;
	int err;

	dsr_net_writer_lock(dn);
	err = parse_request(dn, info, &request);
	if (err)
		goto unlock;
	err = dsr_netlink_backend_may(change, request.backend, extack);
	if (err)
		goto unlock;
	if (change == DSR_NETLINK_SET)
		config = dsr_backend_config(request.backend);
	err = dsr_netlink_backend_config(request.tb, &config, extack);
	if (!err && !request.backend)
		err = dsr_nexthop_check(dn, request.service->key.family,
					&request.addr, extack);
	if (!err)
		err = dsr_control_backend_change(dn, info->genlhdr->cmd,
						 request.service, &request.addr,
					 &config, extack);
unlock:
	dsr_net_writer_unlock(dn);
	return err;
}

/** dsr_netlink_backend_delete_doit() - DSR_CMD_BACKEND_DELETE */
int dsr_netlink_backend_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct request request;
	int err;

	dsr_net_writer_lock(dn);
	err = parse_request(dn, info, &request);
	if (!err && !request.backend)
		err = dsr_netlink_no_backend(info->extack);
	if (!err)
		err = dsr_control_backend_delete(dn, request.backend, info->extack);
	dsr_net_writer_unlock(dn);
	return err;
}

static int dump_service(struct sk_buff *skb, struct netlink_callback *cb,
			struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_backend *backend;
	long position = 0;
	void *header;

	list_for_each_entry(backend, &service->backends, list) {
		if (position++ < cb->args[1])
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &dsr_netlink_family,
				     NLM_F_MULTI, DSR_CMD_BACKEND_GET);
		if (!header)
			return -EMSGSIZE;
		genl_dump_check_consistent(cb, header);
		if (dsr_put_key_nest(skb, &service->key) ||
		    dsr_put_backend(skb, dn, backend)) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
		cb->args[1] = position;
	}
	return 0;
}

/**
 * dsr_netlink_backend_get_dumpit() - DSR_CMD_BACKEND_GET
 * @skb: reply
 * @cb: args[0] counts the services that were dumped completely, args[1] the
 *	dumped backends of the next service. A change of the configuration
 *	between two messages changes the generation, so that the reader starts
 *	again
 */
int dsr_netlink_backend_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *nest = dsr_genl_dump_attrs(cb)[DSR_A_SERVICE];
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dsr_service *service;
	long position = 0;
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
		if (position++ < cb->args[0])
			continue;
		if (dump_service(skb, cb, dn, service))
			break;
		cb->args[0] = position;
		cb->args[1] = 0;
	}
unlock:
	mutex_unlock(&dn->lock);
	return err ?: skb->len;
}
