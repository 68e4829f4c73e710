// SPDX-License-Identifier: GPL-2.0
/* netlink_service - requests about services */

#include "control/control.h"
#include "control/netlink.h"
#include "control/put.h"
#include "core/probe.h"
#include "core/scheduler.h"
#include "core/service.h"
#include "genl_dump.h"
#include "sched/sched.h"

const struct nla_policy dsr_netlink_service_policy[DSR_SERVICE_A_MAX + 1] = {
	DSR_NETLINK_KEY_POLICY,
	[DSR_SERVICE_A_SCHEDULER] = { .type = NLA_NUL_STRING },
	[DSR_SERVICE_A_PATH] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TOS] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TOS_MASK] = { .type = NLA_U8 },
	[DSR_SERVICE_A_PING] = { .type = NLA_U8 },
	[DSR_SERVICE_A_ONE_PACKET] = { .type = NLA_U8 },
	[DSR_SERVICE_A_ON_DOWN] = { .type = NLA_U8 },
	[DSR_SERVICE_A_PERSIST] = { .type = NLA_U32 },
	[DSR_SERVICE_A_PERSIST_PREFIX] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TIMEOUTS] = NLA_POLICY_NESTED(dsr_netlink_timeout_policy),
	[DSR_SERVICE_A_HASH] = { .type = NLA_U8 },
	[DSR_SERVICE_A_TABLE_SIZE] = { .type = NLA_U32 },
	[DSR_SERVICE_A_PROBE_MARKS] = { .type = NLA_U32 },
	[DSR_SERVICE_A_ON_UNREACHABLE] = { .type = NLA_U8 },
	[DSR_SERVICE_A_CHANCES] = { .type = NLA_U8 },
	[DSR_SERVICE_A_CHOICES] = { .type = NLA_U8 },
};

static int parse_tos(struct nlattr *tb[], u16 *tos,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *bits = tb[DSR_SERVICE_A_TOS];
	struct nlattr *mask = tb[DSR_SERVICE_A_TOS_MASK];

	if (!bits && !mask)
		return 0;
	if (!bits || !mask) {
		NL_SET_ERR_MSG(extack, "a TOS value and its mask must be given together");
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

/* Parse an enum. @sentence is the error message for a value above @max. */
static int parse_enum(struct nlattr *attr, u8 max, u8 *value,
		      struct netlink_ext_ack *extack, const char *sentence)
{
	if (!attr)
		return 0;
	if (nla_get_u8(attr) > max)
		return dsr_netlink_refuse(extack, attr, sentence);
	*value = nla_get_u8(attr);
	return 0;
}

static int parse_persistence(struct nlattr *tb[], u8 family,
			     struct dsr_service_config *config,
			     struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[DSR_SERVICE_A_PERSIST_PREFIX];
	int err = 0;

	if (tb[DSR_SERVICE_A_PERSIST])
		err = dsr_netlink_parse_time(tb[DSR_SERVICE_A_PERSIST],
					     &config->persist, extack);
	if (err || !attr)
		return err;
	config->persist_prefix = nla_get_u8(attr);
	if (config->persist_prefix &&
	    config->persist_prefix <= 8 * dsr_addr_len(family))
		return 0;
	return dsr_netlink_refuse(extack, attr,
		      "prefix out of range: 1 to 32, or 1 to 128 for IPv6");
}

/* Parse the number of backends that the hash offers a new connection. */
static int parse_choices(struct nlattr *attr,
			 const struct dsr_scheduler *scheduler,
			 struct dsr_pool_options *options,
			 struct netlink_ext_ack *extack)
{
	BUILD_BUG_ON(DSR_CHOICES_MAX != 2);
	if (attr)
		options->choices = nla_get_u8(attr);
	if (attr && (!options->choices || options->choices > DSR_CHOICES_MAX))
		return dsr_netlink_refuse(extack, attr,
					  "choices out of range: 1 or 2");
	if (scheduler->other)
		return 0;
	if (attr && options->choices > 1)
		return dsr_netlink_refuse(extack, attr,
			      "only the scheduler maglev has choices: give the scheduler too");
	options->choices = 0;
	return 0;
}

/* Parse the options of a scheduler. Options that the scheduler does not support
 * are refused if the request sets them, and reset if they are left from another
 * scheduler.
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
					    "only the schedulers sh and maglev have a hash: give one of them too");
			return -EINVAL;
		}
		options->hash = DSR_HASH_DEFAULT;
	}
	if (!scheduler->slots) {
		if (size && options->slots) {
			NL_SET_ERR_MSG_ATTR(extack, size,
					    "only the scheduler maglev has a table-size: give the scheduler too");
			return -EINVAL;
		}
		options->slots = 0;
	}
	return parse_choices(tb[DSR_SERVICE_A_CHOICES], scheduler, options,
			     extack);
}

static int parse_probe_marks(struct nlattr *attr, u32 *first,
			     struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*first = nla_get_u32(attr);
	if (*first <= U32_MAX - DSR_PROBE_MARKS + 1)
		return 0;
	return dsr_netlink_refuse(extack, attr,
		      "probe-marks takes 256 marks, from the first on: choose a first mark below 4294967041");
}

static int parse_mask(struct nlattr *attr, u32 fwmark, u32 *mask,
		      struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*mask = nla_get_u32(attr);
	if (!fwmark)
		return dsr_netlink_refuse(extack, attr,
			      "only a fwmark has a mask: this service has a vip");
	if (fwmark & ~*mask)
		return dsr_netlink_refuse(extack, attr,
			      "the fwmark has bits outside of its mask: no packet would match");
	return 0;
}

/**
 * dsr_netlink_service_config() - overwrite the settings that a request sets
 * @tb: attributes, by enum dsr_service_attr
 * @key: key of the service
 * @config: settings
 * @extack: gets the error message
 *
 * Return: 0, or a negative errno with a message in @extack.
 */
int dsr_netlink_service_config(struct nlattr *tb[],
			       const struct dsr_service_key *key,
			       struct dsr_service_config *config,
			       struct netlink_ext_ack *extack)
{
	u8 one_packet = config->one_packet;
	struct nlattr *attr;
	int err;

	attr = tb[DSR_SERVICE_A_SCHEDULER];
	if (attr) {
		config->scheduler = dsr_sched_find(nla_data(attr));
		if (!config->scheduler) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "no such scheduler: there are rr, wrr, lc, wlc, sed, nq, sh, dh, fo, ovf, twos and maglev");
			return -ENOENT;
		}
	}
	BUILD_BUG_ON(DSR_CHANCES_MAX != 32);
	err = parse_options(tb, config->scheduler, &config->options, extack);
	if (!err)
		err = parse_enum(tb[DSR_SERVICE_A_PATH], DSR_PATH_MAX,
				 &config->path, extack,
				 "no such path: there are stack and direct");
	if (!err)
		err = parse_enum(tb[DSR_SERVICE_A_PING], DSR_PING_MAX,
				 &config->ping, extack,
				 "no such setting for pings: there are reply, forward and ignore");
	if (!err)
		err = parse_enum(tb[DSR_SERVICE_A_ON_DOWN], DSR_ON_DOWN_MAX,
				 &config->on_down, extack,
				 "no such on-down action: there are reschedule, reset and drop");
	if (!err)
		err = parse_enum(tb[DSR_SERVICE_A_ON_UNREACHABLE],
				 DSR_ON_UNREACHABLE_MAX,
				 &config->options.on_unreachable, extack,
				 "no such on-unreachable: there are keep and skip");
	if (!err)
		err = parse_enum(tb[DSR_SERVICE_A_ONE_PACKET], 1, &one_packet,
				 extack, "one-packet is on or off: 1 or 0");
	config->one_packet = one_packet;
	if (!err)
		err = parse_enum(tb[DSR_SERVICE_A_CHANCES], DSR_CHANCES_MAX,
				 &config->chances, extack,
				 "chances out of range: 0 to 32");
	if (!err)
		err = parse_persistence(tb, key->family, config, extack);
	if (!err)
		err = dsr_netlink_parse_timeouts(tb[DSR_SERVICE_A_TIMEOUTS],
						 &config->timeouts, extack);
	if (!err)
		err = parse_probe_marks(tb[DSR_SERVICE_A_PROBE_MARKS],
					&config->probe_marks, extack);
	if (!err)
		err = parse_mask(tb[DSR_SERVICE_A_FWMARK_MASK], key->fwmark,
				 &config->fwmark_mask, extack);
	return err ?: parse_tos(tb, &config->tos, extack);
}

/** dsr_netlink_service_may() - check if a service is there, as a change asks
 *
 * Return: 0; -%ENOENT or -%EEXIST with a message in @extack.
 */
int dsr_netlink_service_may(enum dsr_netlink_change change, bool is_there,
			    struct netlink_ext_ack *extack)
{
	if (!is_there && change == DSR_NETLINK_SET)
		return dsr_netlink_no_service(extack);
	if (!is_there || change != DSR_NETLINK_ADD)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "this service exists: change it with 'set' or 'replace'");
	return -EEXIST;
}

/** dsr_netlink_service_change_doit() - DSR_CMD_SERVICE_ADD, _SET and _REPLACE */
int dsr_netlink_service_change_doit(struct sk_buff *skb, struct genl_info *info)
{
	enum dsr_netlink_change change = dsr_netlink_change_of(info,
								DSR_CMD_SERVICE_ADD);
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[DSR_SERVICE_A_MAX + 1];
	struct dsr_service_config config;
	struct dsr_service *service;
	struct dsr_service_key key;
	int err;

	err = dsr_netlink_nest(tb, DSR_SERVICE_A_MAX, info, DSR_A_SERVICE,
			       dsr_netlink_service_policy, DSR_NETLINK_WHICH);
	if (err)
		return err;
	err = dsr_netlink_parse_key(tb, &key, info->extack);
	if (err)
		return err;

	dsr_net_writer_lock(dn);
	service = dsr_service_find(dn, &key);
	err = dsr_netlink_service_may(change, service, info->extack);
	if (err)
		goto unlock;
	if (change == DSR_NETLINK_SET)
		config = dsr_service_config(dn, service);
	else
		dsr_control_service_defaults(&key, &config);
	err = dsr_netlink_service_config(tb, &key, &config, info->extack);
	if (!err)
		err = dsr_control_service_change(dn, info->genlhdr->cmd, service, &key,
						 &config, info->extack);
unlock:
	dsr_net_writer_unlock(dn);
	return err;
}

/** dsr_netlink_service_delete_doit() - DSR_CMD_SERVICE_DELETE */
int dsr_netlink_service_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service;
	int err;

	dsr_net_writer_lock(dn);
	err = dsr_netlink_service_find(dn, info->attrs[DSR_A_SERVICE],
				       &service, info->extack);
	if (!err)
		dsr_control_service_delete(dn, service);
	dsr_net_writer_unlock(dn);
	return err;
}

/** dsr_netlink_service_get_doit() - DSR_CMD_SERVICE_GET for one service */
int dsr_netlink_service_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_service *service;
	struct sk_buff *reply;
	void *header;
	int err;

	reply = dsr_netlink_reply_new(info, &header);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&dn->lock);
	err = dsr_netlink_service_find(dn, info->attrs[DSR_A_SERVICE],
				       &service, info->extack);
	if (!err)
		err = dsr_put_service(reply, dn, service);
	mutex_unlock(&dn->lock);
	return dsr_reply_send(info, reply, header, err);
}

/**
 * dsr_netlink_service_get_dumpit() - DSR_CMD_SERVICE_GET for all services
 * @skb: reply
 * @cb: args[0] counts the dumped services. A change of the configuration
 *	between two messages changes the generation, so that the reader starts
 *	again
 */
int dsr_netlink_service_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dsr_service *service;
	long position = 0;
	void *header;

	if (dsr_genl_dump_attrs(cb)[DSR_A_SERVICE]) {
		NL_SET_ERR_MSG(cb->extack,
			       "a dump lists all services: name none");
		return -EINVAL;
	}
	mutex_lock(&dn->lock);
	cb->seq = dn->generation;
	list_for_each_entry(service, &dn->services, list) {
		if (position++ < cb->args[0])
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &dsr_netlink_family,
				     NLM_F_MULTI, DSR_CMD_SERVICE_GET);
		if (!header)
			break;
		genl_dump_check_consistent(cb, header);
		if (dsr_put_service(skb, dn, service)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = position;
	}
	mutex_unlock(&dn->lock);
	return skb->len;
}
