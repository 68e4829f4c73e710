// SPDX-License-Identifier: GPL-2.0
/*
 * service - handle requests about services; service_key.c parses their keys
 *
 * Settings of dsrctl that IPVS does not have (path, TOS, timeouts, ...) survive
 * a change by IPVS.
 */

#include <linux/inetdevice.h>
#include <linux/slab.h>

#include "lb/control/control.h"
#include "lb/core/pool.h"
#include "lb/core/scheduler.h"
#include "lb/sched/sched.h"
#include "netlink.h"

/**
 * dsr_ipvs_service_flags() - return IP_VS_SVC_F_* of a service
 * @dn: balancer, its lock held
 * @service: service
 *
 * Flags with a meaning in dsr show the actual state; the others are returned as
 * given.
 */
u32 dsr_ipvs_service_flags(struct dsr_net *dn, struct dsr_service *service)
{
	const struct dsr_ipvs_service *own = service->ipvs;
	const struct dsr_pool *pool = dsr_service_pool(dn, service);
	u32 flags = own ? own->flags : 0;

	flags &= ~(IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET);
	flags |= IP_VS_SVC_F_HASHED;
	if (service->persist)
		flags |= IP_VS_SVC_F_PERSISTENT;
	if (service->one_packet)
		flags |= IP_VS_SVC_F_ONEPACKET;
	if (!pool->scheduler->hash)
		return flags;
	/* SH_PORT and MH_PORT are the same bit. */
	flags &= ~IP_VS_SVC_F_SCHED_SH_PORT;
	if (pool->hash == DSR_HASH_SOURCE_PORT)
		flags |= IP_VS_SVC_F_SCHED_SH_PORT;
	return flags;
}

/** dsr_ipvs_service_scheduler() - return IPVS's name for it; holds dn->lock */
const char *dsr_ipvs_service_scheduler(struct dsr_net *dn,
				       struct dsr_service *service)
{
	const struct dsr_scheduler *scheduler =
		dsr_service_pool(dn, service)->scheduler;

	return scheduler->alias ?: scheduler->name;
}

/* Schedulers of ip_vs that dsr_lb does not have. Accept a saved configuration
 * that names one: ipvsadm stops at the first line that is refused, and
 * keepalived would miss a service. lblc and lblcr choose like wlc, and wlc is
 * the tools' default.
 */
static const struct {
	const char *name;
	const char *sentence;
} replaced[] = {
	{ "lblc",
	  "there is no scheduler lblc: using wlc instead; for caches, dh keeps each address at one server"
	},
	{ "lblcr",
	  "there is no scheduler lblcr: using wlc instead; for caches, dh keeps each address at one server"
	},
	{ "none",
	  "there is no scheduler none: using wlc instead; a server of weight 0 gets no new connections"
	},
};

static const struct dsr_scheduler *find_scheduler(const char *name,
						  struct genl_info *info)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(replaced); i++) {
		if (strcmp(replaced[i].name, name))
			continue;
		dsr_ipvs_netlink_note(info, replaced[i].sentence);
		return dsr_sched_find("wlc");
	}
	return dsr_sched_find(name);
}

static int parse_scheduler(struct nlattr *tb[], struct genl_info *info,
			   struct dsr_service_config *config)
{
	const struct nlattr *pe = tb[IPVS_SVC_ATTR_PE_NAME];
	const char *name = nla_data(tb[IPVS_SVC_ATTR_SCHED_NAME]);

	config->scheduler = find_scheduler(name, info);
	if (!config->scheduler)
		return dsr_ipvs_netlink_refuse(info, -ENOENT,
			"no such scheduler: there are rr, wrr, lc, wlc, sed, nq, sh, dh, fo, ovf, twos and mh");
	if (pe && *(const char *)nla_data(pe))
		return dsr_ipvs_netlink_refuse(info, -ENOENT,
			"persistence engines are not supported: persistence is by client address");
	return 0;
}

static int parse_netmask(const struct nlattr *attr, u8 family, u8 *prefix)
{
	__be32 mask = nla_get_be32(attr);
	u32 length = nla_get_u32(attr);

	if (family == AF_INET) {
		length = inet_mask_len(mask);
		if (inet_make_mask(length) != mask)
			return -EINVAL;
	}
	if (length < 1 || length > 8 * dsr_addr_len(family))
		return -EINVAL;
	*prefix = length;
	return 0;
}

/* Persistence timeout in jiffies. ip_vs accepts persistence for 0 seconds: it
 * then keeps a client as long as it has a connection, and checks that once a
 * minute.
 */
static u32 persist_of(u32 flags, u32 timeout)
{
	if (!(flags & IP_VS_SVC_F_PERSISTENT))
		return 0;
	return (timeout ?: 60) * HZ;
}

static bool is_as_given(const struct dsr_service *service)
{
	const struct dsr_ipvs_service *own = service->ipvs;

	return own && own->given &&
	       service->persist == persist_of(own->flags, own->timeout);
}

/**
 * dsr_ipvs_service_timeout() - return the persistence timeout to show
 * @service: service
 *
 * Context: holds struct dsr_net.lock.
 * Return: seconds; as given, even if the value has no effect.
 */
u32 dsr_ipvs_service_timeout(const struct dsr_service *service)
{
	const struct dsr_ipvs_service *own = service->ipvs;

	return is_as_given(service) ? own->timeout :
				      DIV_ROUND_UP(service->persist, HZ);
}

static int parse_persistence(struct nlattr *tb[], u8 family, u32 flags,
			     struct dsr_service_config *config,
			     struct genl_info *info)
{
	u32 timeout = nla_get_u32(tb[IPVS_SVC_ATTR_TIMEOUT]);
	u8 prefix = config->persist_prefix;
	int err;

	err = parse_netmask(tb[IPVS_SVC_ATTR_NETMASK], family, &prefix);
	/* As in ip_vs, IPv6 always needs a valid one. */
	if (err && (family == AF_INET6 || (flags & IP_VS_SVC_F_PERSISTENT)))
		return dsr_ipvs_netlink_refuse(info, err,
			"persistence netmask out of range: a prefix of 1 to 32 bits, or of 1 to 128 with IPv6");
	config->persist_prefix = prefix;
	if ((flags & IP_VS_SVC_F_PERSISTENT) &&
	    timeout > DSR_TIMEOUT_MAX_MS / MSEC_PER_SEC)
		return dsr_ipvs_netlink_refuse(info, -ERANGE,
			"persistence timeout out of range: at most 7 days");
	config->persist = persist_of(flags, timeout);
	return 0;
}

/* Set @config and @flags from a request that has all attributes. */
static int parse_config(struct nlattr *tb[], u8 family, u32 *flags,
			struct dsr_service_config *config,
			struct genl_info *info)
{
	struct ip_vs_flags given;
	int err;

	nla_memcpy(&given, tb[IPVS_SVC_ATTR_FLAGS], sizeof(given));
	*flags = (*flags & ~given.mask) | (given.flags & given.mask);
	err = parse_scheduler(tb, info, config);
	if (!err)
		err = parse_persistence(tb, family, *flags, config, info);
	if (err)
		return err;
	config->one_packet = *flags & IP_VS_SVC_F_ONEPACKET;
	if (!config->scheduler->slots)
		config->options.slots = 0;
	if (!config->scheduler->other)
		config->options.choices = 0;
	/* Without the flag the client's port does not count, not even with mh,
	 * for which dsrctl's default differs.
	 */
	if (!config->scheduler->hash)
		config->options.hash = DSR_HASH_DEFAULT;
	else if (*flags & IP_VS_SVC_F_SCHED_SH_PORT)
		config->options.hash = DSR_HASH_SOURCE_PORT;
	else
		config->options.hash = DSR_HASH_SOURCE;
	return 0;
}

static int check_new(const struct dsr_service_key *key, struct genl_info *info)
{
	if (key->fwmark)
		return 0;
	if (!key->proto) {
		NL_SET_ERR_MSG(info->extack,
			       "no such protocol: there are tcp, udp and sctp");
		return -EPROTONOSUPPORT;
	}
	if (!dsr_service_is_vip(key->family, &key->vip)) {
		NL_SET_ERR_MSG(info->extack,
			       "the VIP must be a unicast address that clients can reach");
		return -EINVAL;
	}
	return 0;
}

static int change(struct dsr_net *dn, struct genl_info *info,
		  struct nlattr *tb[], const struct dsr_service_key *key,
		  struct dsr_service *service)
{
	struct dsr_ipvs_service *own = NULL;
	struct dsr_service_config config;
	u32 flags = 0;
	int err;

	if (service) {
		config = dsr_service_config(dn, service);
		flags = dsr_ipvs_service_flags(dn, service);
	} else {
		dsr_control_service_defaults(key, &config);
	}
	err = parse_config(tb, key->family, &flags, &config, info);
	if (err)
		return err;
	if (!service || !service->ipvs) {
		own = kzalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);
		if (!own)
			return -ENOMEM;
	}
	err = dsr_control_service_change(dn, service ? DSR_CMD_SERVICE_SET :
					       DSR_CMD_SERVICE_ADD,
				 service, key, &config, info->extack);
	if (err) {
		kfree(own);
		return err;
	}
	service = dsr_service_find(dn, key);
	if (own) {
		/* A dump may have made one while a table was filled. */
		kfree(service->ipvs);
		dsr_service_sum(service, &own->meter.last);
		service->ipvs = own;
	}
	own = service->ipvs;
	own->flags = flags;
	own->timeout = nla_get_u32(tb[IPVS_SVC_ATTR_TIMEOUT]);
	own->netmask = nla_get_u32(tb[IPVS_SVC_ATTR_NETMASK]);
	own->given = true;
	return 0;
}

static int service_change(struct genl_info *info, bool is_new)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[IPVS_SVC_ATTR_MAX + 1];
	struct dsr_service_key key;
	struct dsr_service *service;
	int err;

	err = dsr_ipvs_service_parse(info->attrs[IPVS_CMD_ATTR_SERVICE], tb,
				     &key, info->extack);
	if (err)
		return err;
	if (!tb[IPVS_SVC_ATTR_SCHED_NAME] || !tb[IPVS_SVC_ATTR_FLAGS] ||
	    !tb[IPVS_SVC_ATTR_TIMEOUT] || !tb[IPVS_SVC_ATTR_NETMASK]) {
		NL_SET_ERR_MSG(info->extack,
			       "a service needs a scheduler, flags, a timeout and a netmask: give all of them");
		return -EINVAL;
	}
	dsr_net_writer_lock(dn);
	service = dsr_ipvs_service_lookup(dn, &key);
	if (!is_new && !service) {
		NL_SET_ERR_MSG(info->extack, "no such service");
		err = -ESRCH;
	} else if (is_new && service) {
		NL_SET_ERR_MSG(info->extack, "this service exists");
		err = -EEXIST;
	} else if (is_new) {
		err = check_new(&key, info);
	}
	if (!err)
		err = change(dn, info, tb, &key, service);
	dsr_ipvs_net_watch(dn);
	dsr_net_writer_unlock(dn);
	return err;
}

/** dsr_ipvs_service_new() - IPVS_CMD_NEW_SERVICE */
int dsr_ipvs_service_new(struct sk_buff *skb, struct genl_info *info)
{
	return service_change(info, true);
}

/** dsr_ipvs_service_set() - IPVS_CMD_SET_SERVICE */
int dsr_ipvs_service_set(struct sk_buff *skb, struct genl_info *info)
{
	return service_change(info, false);
}

/** dsr_ipvs_service_del() - IPVS_CMD_DEL_SERVICE */
int dsr_ipvs_service_del(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service;
	int err;

	dsr_net_writer_lock(dn);
	err = dsr_ipvs_service_find(dn, info->attrs[IPVS_CMD_ATTR_SERVICE],
				    &service, info->extack);
	if (!err)
		dsr_control_service_delete(dn, service);
	dsr_net_writer_unlock(dn);
	return err;
}

/** dsr_ipvs_service_flush() - IPVS_CMD_FLUSH */
int dsr_ipvs_service_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	bool done;

	do {
		dsr_net_writer_lock(dn);
		done = dsr_control_service_flush(dn, dsr_ipvs_service_shows);
		dsr_net_writer_unlock(dn);
		cond_resched();
	} while (!done);
	return 0;
}

/** dsr_ipvs_service_zero() - IPVS_CMD_ZERO, for one service or for all */
int dsr_ipvs_service_zero(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *nest = info->attrs[IPVS_CMD_ATTR_SERVICE];
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service = NULL;
	int err = 0;

	mutex_lock(&dn->lock);
	if (nest)
		err = dsr_ipvs_service_find(dn, nest, &service, info->extack);
	if (!err)
		err = dsr_ipvs_net_zero(dn, service);
	dsr_ipvs_net_watch(dn);
	mutex_unlock(&dn->lock);
	return err;
}

static int put_key(struct sk_buff *skb, const struct dsr_service_key *key)
{
	if (nla_put_u16(skb, IPVS_SVC_ATTR_AF, key->family))
		return -EMSGSIZE;
	if (key->fwmark)
		return nla_put_u32(skb, IPVS_SVC_ATTR_FWMARK, key->fwmark);
	if (nla_put_u16(skb, IPVS_SVC_ATTR_PROTOCOL, key->proto) ||
	    nla_put(skb, IPVS_SVC_ATTR_ADDR, sizeof(key->vip), &key->vip) ||
	    nla_put_be16(skb, IPVS_SVC_ATTR_PORT, htons(key->port)))
		return -EMSGSIZE;
	return 0;
}

static int put_netmask(struct sk_buff *skb, const struct dsr_service *service)
{
	const struct dsr_ipvs_service *own = service->ipvs;
	u8 prefix = service->persist_prefix;

	/* Without persistence the netmask has no effect: return it as given. */
	if (!service->persist && is_as_given(service))
		return nla_put_u32(skb, IPVS_SVC_ATTR_NETMASK, own->netmask);
	return service->key.family == AF_INET ?
	       nla_put_be32(skb, IPVS_SVC_ATTR_NETMASK,
			    inet_make_mask(prefix)) :
	       nla_put_u32(skb, IPVS_SVC_ATTR_NETMASK, prefix);
}

static int put_service(struct sk_buff *skb, struct dsr_net *dn,
		       struct dsr_service *service)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, IPVS_CMD_ATTR_SERVICE);
	const struct dsr_ipvs_service *own = dsr_ipvs_net_service(service);
	struct ip_vs_flags flags = {
		.flags = dsr_ipvs_service_flags(dn, service),
		.mask = ~0,
	};
	struct dsr_ipvs_reading reading;
	struct dsr_stats now;

	dsr_service_sum(service, &now);
	dsr_ipvs_meter_read(own ? &own->meter : NULL, &now, &reading);
	if (!nest || put_key(skb, &service->key) ||
	    nla_put_string(skb, IPVS_SVC_ATTR_SCHED_NAME,
			   dsr_ipvs_service_scheduler(dn, service)) ||
	    nla_put(skb, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags) ||
	    nla_put_u32(skb, IPVS_SVC_ATTR_TIMEOUT,
			dsr_ipvs_service_timeout(service)) ||
	    put_netmask(skb, service) ||
	    dsr_ipvs_meter_put(skb, IPVS_SVC_ATTR_STATS,
			       IPVS_SVC_ATTR_STATS64, &reading))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/** dsr_ipvs_service_get() - IPVS_CMD_GET_SERVICE, for one service */
int dsr_ipvs_service_get(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service;
	struct sk_buff *reply;
	void *header;
	int err;

	reply = dsr_reply_new(info, &dsr_ipvs_netlink_family,
			      IPVS_CMD_NEW_SERVICE, &header);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&dn->lock);
	err = dsr_ipvs_service_find(dn, info->attrs[IPVS_CMD_ATTR_SERVICE],
				    &service, info->extack);
	if (!err)
		err = put_service(reply, dn, service);
	dsr_ipvs_net_watch(dn);
	mutex_unlock(&dn->lock);
	return dsr_reply_send(info, reply, header, err);
}

/**
 * struct service_cursor - position of a dump
 * @last: key of the last service shown
 * @begun: at least one service was shown
 */
struct service_cursor {
	struct dsr_service_key last;
	bool begun;
};

/**
 * dsr_ipvs_service_dump() - IPVS_CMD_GET_SERVICE, for all services
 * @skb: reply
 * @cb: holds a struct service_cursor
 *
 * Services are dumped in the order of their keys. So a service that stays is
 * shown once despite other changes, and no dump has to be marked as
 * interrupted, which ipvsadm treats as an error.
 */
int dsr_ipvs_service_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct service_cursor *cursor = (void *)cb->ctx;
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dsr_service *service;
	void *header;

	BUILD_BUG_ON(sizeof(*cursor) > sizeof(cb->ctx));
	mutex_lock(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		if (!dsr_ipvs_service_shows(service) ||
		    (cursor->begun &&
		     dsr_service_compare(&service->key, &cursor->last) <= 0))
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq,
				     &dsr_ipvs_netlink_family, NLM_F_MULTI,
				     IPVS_CMD_NEW_SERVICE);
		if (!header)
			break;
		if (put_service(skb, dn, service)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cursor->last = service->key;
		cursor->begun = true;
	}
	dsr_ipvs_net_watch(dn);
	mutex_unlock(&dn->lock);
	return skb->len;
}
