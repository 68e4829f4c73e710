// SPDX-License-Identifier: GPL-2.0
/* netlink_service - requests about services */

#include "genl_dump.h"
#include "netlink.h"
#include "scheduler.h"
#include "service.h"

const struct nla_policy
dsr_netlink_service_key_policy[DSR_SERVICE_A_MAX + 1] = {
	[DSR_SERVICE_A_FWMARK] = { .type = NLA_U32 },
};

const struct nla_policy dsr_netlink_service_policy[DSR_SERVICE_A_MAX + 1] = {
	[DSR_SERVICE_A_FWMARK] = { .type = NLA_U32 },
	[DSR_SERVICE_A_SCHEDULER] = { .type = NLA_NUL_STRING },
	[DSR_SERVICE_A_PATH] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TOS] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TOS_MASK] = { .type = NLA_U8 },
	[DSR_SERVICE_A_HASH] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TABLE_SIZE] = { .type = NLA_U32 },
};

static int parse_key(struct nlattr *tb[], u32 *fwmark,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[DSR_SERVICE_A_FWMARK];

	if (!attr) {
		NL_SET_ERR_MSG(extack, "which service? name its fwmark");
		return -EINVAL;
	}
	*fwmark = nla_get_u32(attr);
	if (*fwmark)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "fwmark 0 is that of unmarked packets: choose another");
	return -EINVAL;
}

static int parse_tos(struct nlattr *tb[], u16 *tos,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *bits = tb[DSR_SERVICE_A_TOS];
	struct nlattr *mask = tb[DSR_SERVICE_A_TOS_MASK];

	if (!bits && !mask)
		return 0;
	if (!bits || !mask) {
		NL_SET_ERR_MSG(extack, "a TOS value and its mask come together");
		return -EINVAL;
	}
	if (nla_get_u8(bits) & ~nla_get_u8(mask)) {
		NL_SET_ERR_MSG_ATTR(extack, bits,
				    "the TOS value has bits outside of its mask");
		return -EINVAL;
	}
	*tos = nla_get_u8(mask) << 8 | nla_get_u8(bits);
	return 0;
}

/* What a scheduler has no use for is refused if it is named, and forgotten if
 * it was chosen for another one.
 */
static int parse_options(struct nlattr *tb[],
			 const struct dsr_scheduler *scheduler,
			 struct dsr_pool_options *options,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *hash = tb[DSR_SERVICE_A_HASH];
	struct nlattr *size = tb[DSR_SERVICE_A_TABLE_SIZE];

	if (hash)
		options->hash = nla_get_u8(hash);
	if (size)
		options->slots = nla_get_u32(size);
	if (options->hash > DSR_HASH_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, hash,
				    "no such hash: there are source and source-port");
		return -EINVAL;
	}
	if (options->slots && !dsr_pool_check_slots(options->slots)) {
		NL_SET_ERR_MSG_ATTR(extack, size,
				    "no such table-size: there are 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071, 262139, 524287 and 1048573");
		return -EINVAL;
	}
	if (!scheduler->hash) {
		if (hash && options->hash) {
			NL_SET_ERR_MSG_ATTR(extack, hash,
					    "hash is for the schedulers sh and maglev: name one of them too");
			return -EINVAL;
		}
		options->hash = DSR_HASH_DEFAULT;
	}
	if (!scheduler->slots) {
		if (size && options->slots) {
			NL_SET_ERR_MSG_ATTR(extack, size,
					    "table-size is for the scheduler maglev: name it too");
			return -EINVAL;
		}
		options->slots = 0;
	}
	return 0;
}

/* Overwrite in @config what the request names. */
static int parse_config(struct nlattr *tb[], struct dsr_service_config *config,
			struct netlink_ext_ack *extack)
{
	struct nlattr *attr;
	int err;

	attr = tb[DSR_SERVICE_A_SCHEDULER];
	if (attr) {
		config->scheduler = dsr_scheduler_find(nla_data(attr));
		if (!config->scheduler) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "no such scheduler: there are rr, wrr, lc, wlc, sed, nq, sh, dh, fo, ovf, twos and maglev");
			return -ENOENT;
		}
	}
	err = parse_options(tb, config->scheduler, &config->options, extack);
	if (err)
		return err;
	attr = tb[DSR_SERVICE_A_PATH];
	if (attr) {
		config->path = nla_get_u8(attr);
		if (config->path > DSR_PATH_MAX) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "no such path: there are stack and direct");
			return -EINVAL;
		}
	}
	return parse_tos(tb, &config->tos, extack);
}

static int no_such_service(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "no service with this fwmark: add it first with 'service add'");
	return -ENOENT;
}

/**
 * dsr_netlink_service_find() - the service that a request names
 * @dn: balancer
 * @nest: attribute DSR_A_SERVICE of the request, or %NULL
 * @service: set
 * @extack: where a refusal goes
 *
 * Context: holds dn->lock.
 * Return: 0; -%EINVAL or -%ENOENT with a sentence.
 */
int dsr_netlink_service_find(struct dsr_net *dn, struct nlattr *nest,
			     struct dsr_service **service,
			     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DSR_SERVICE_A_MAX + 1] = { };
	u32 fwmark;
	int err;

	if (nest) {
		err = nla_parse_nested(tb, DSR_SERVICE_A_MAX, nest,
				       dsr_netlink_service_key_policy, extack);
		if (err)
			return err;
	}
	err = parse_key(tb, &fwmark, extack);
	if (err)
		return err;
	*service = dsr_service_find(dn, fwmark);
	return *service ? 0 : no_such_service(extack);
}

static int service_change(struct genl_info *info, enum dsr_netlink_change change)
{
	struct dsr_service_config config = { .scheduler = &dsr_sched_rr };
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[DSR_SERVICE_A_MAX + 1];
	struct dsr_service *service;
	u32 fwmark;
	int err;

	err = dsr_netlink_nest(tb, DSR_SERVICE_A_MAX, info, DSR_A_SERVICE,
			       dsr_netlink_service_policy,
			       "which service? name its fwmark");
	if (err)
		return err;
	err = parse_key(tb, &fwmark, info->extack);
	if (err)
		return err;

	mutex_lock(&dn->lock);
	service = dsr_service_find(dn, fwmark);
	if (!service && change == DSR_NETLINK_SET) {
		err = no_such_service(info->extack);
		goto unlock;
	}
	if (service && change == DSR_NETLINK_ADD) {
		NL_SET_ERR_MSG(info->extack,
			       "this service exists: change it with 'set' or 'replace'");
		err = -EEXIST;
		goto unlock;
	}
	if (change == DSR_NETLINK_SET)
		config = (struct dsr_service_config) {
			.scheduler = dsr_service_pool(dn, service)->scheduler,
			.path = service->path,
			.tos = service->tos,
			.options = dsr_service_pool(dn, service)->options,
		};
	err = parse_config(tb, &config, info->extack);
	if (err)
		goto unlock;
	err = service ? dsr_service_set(dn, service, &config) :
			dsr_service_add(dn, fwmark, &config);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(info->extack,
			       "out of memory: nothing was changed");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack,
			       "too many services: there are 4096");
	else if (err == -E2BIG)
		NL_SET_ERR_MSG(info->extack,
			       "too many slots in the tables of this container: choose a smaller table-size");
	else if (err)
		NL_SET_ERR_MSG(info->extack,
			       "netfilter does not let this module see packets");
unlock:
	mutex_unlock(&dn->lock);
	return err;
}

/** dsr_netlink_service_add() - DSR_CMD_SERVICE_ADD */
int dsr_netlink_service_add(struct sk_buff *skb, struct genl_info *info)
{
	return service_change(info, DSR_NETLINK_ADD);
}

/** dsr_netlink_service_set() - DSR_CMD_SERVICE_SET */
int dsr_netlink_service_set(struct sk_buff *skb, struct genl_info *info)
{
	return service_change(info, DSR_NETLINK_SET);
}

/** dsr_netlink_service_replace() - DSR_CMD_SERVICE_REPLACE */
int dsr_netlink_service_replace(struct sk_buff *skb, struct genl_info *info)
{
	return service_change(info, DSR_NETLINK_REPLACE);
}

/** dsr_netlink_service_delete() - DSR_CMD_SERVICE_DELETE */
int dsr_netlink_service_delete(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service;
	int err;

	mutex_lock(&dn->lock);
	err = dsr_netlink_service_find(dn, info->attrs[DSR_A_SERVICE],
				       &service, info->extack);
	if (!err)
		dsr_service_remove(dn, service);
	mutex_unlock(&dn->lock);
	return err;
}

/** dsr_netlink_service_flush() - DSR_CMD_SERVICE_FLUSH */
int dsr_netlink_service_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));

	mutex_lock(&dn->lock);
	dsr_service_flush(dn);
	mutex_unlock(&dn->lock);
	return 0;
}

static int put_service(struct sk_buff *skb, struct dsr_net *dn,
		       struct dsr_service *service)
{
	const struct dsr_pool *pool = dsr_service_pool(dn, service);
	struct nlattr *nest = nla_nest_start(skb, DSR_A_SERVICE);
	struct dsr_stats sum;

	if (!nest)
		return -EMSGSIZE;
	dsr_service_sum(service, &sum);
	if (nla_put_u32(skb, DSR_SERVICE_A_FWMARK, service->fwmark) ||
	    nla_put_string(skb, DSR_SERVICE_A_SCHEDULER,
			   pool->scheduler->name) ||
	    (pool->hash &&
	     nla_put_u8(skb, DSR_SERVICE_A_HASH, pool->hash)) ||
	    (pool->slots &&
	     nla_put_u32(skb, DSR_SERVICE_A_TABLE_SIZE, pool->slots)) ||
	    nla_put_u8(skb, DSR_SERVICE_A_PATH, service->path) ||
	    nla_put_u8(skb, DSR_SERVICE_A_TOS, service->tos & 0xff) ||
	    nla_put_u8(skb, DSR_SERVICE_A_TOS_MASK, service->tos >> 8) ||
	    nla_put_u32(skb, DSR_SERVICE_A_BACKENDS,
			service->backends_count) ||
	    dsr_stats_put(skb, DSR_SERVICE_A_STATS, &sum))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/** dsr_netlink_service_get() - DSR_CMD_SERVICE_GET, one */
int dsr_netlink_service_get(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service;
	struct sk_buff *reply;
	void *header;
	int err;

	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &dsr_netlink_family, 0,
				   DSR_CMD_SERVICE_GET);
	err = header ? 0 : -EMSGSIZE;

	mutex_lock(&dn->lock);
	if (!err)
		err = dsr_netlink_service_find(dn, info->attrs[DSR_A_SERVICE],
					       &service, info->extack);
	if (!err)
		err = put_service(reply, dn, service);
	mutex_unlock(&dn->lock);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

/**
 * dsr_netlink_service_dump() - DSR_CMD_SERVICE_GET, all
 * @skb: reply
 * @cb: args[0] is the last fwmark that was shown, if args[1] is not 0
 */
int dsr_netlink_service_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dsr_service *service;
	void *header;

	if (dsr_genl_dump_attrs(cb)[DSR_A_SERVICE]) {
		NL_SET_ERR_MSG(cb->extack,
			       "a dump of the services shows all: name none");
		return -EINVAL;
	}
	mutex_lock(&dn->lock);
	cb->seq = dn->generation;
	list_for_each_entry(service, &dn->services, list) {
		if (cb->args[1] && service->fwmark <= (u32)cb->args[0])
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &dsr_netlink_family,
				     NLM_F_MULTI, DSR_CMD_SERVICE_GET);
		if (!header)
			break;
		genl_dump_check_consistent(cb, header);
		if (put_service(skb, dn, service)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = service->fwmark;
		cb->args[1] = 1;
	}
	mutex_unlock(&dn->lock);
	return skb->len;
}
