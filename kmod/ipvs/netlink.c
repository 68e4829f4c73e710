// SPDX-License-Identifier: GPL-2.0
/* netlink - commands of the family "IPVS"; see netlink.h */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "genl_pre_doit.h"
#include "netlink.h"

const struct nla_policy dsr_ipvs_netlink_policy[IPVS_CMD_ATTR_MAX + 1] = {
	[IPVS_CMD_ATTR_SERVICE] = { .type = NLA_NESTED },
	[IPVS_CMD_ATTR_DEST] = { .type = NLA_NESTED },
	[IPVS_CMD_ATTR_DAEMON] = { .type = NLA_NESTED },
	[IPVS_CMD_ATTR_TIMEOUT_TCP] = DSR_IPVS_U32,
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] = DSR_IPVS_U32,
	[IPVS_CMD_ATTR_TIMEOUT_UDP] = DSR_IPVS_U32,
};

/* ip_vs needs CAP_NET_ADMIN of the host. Here CAP_NET_ADMIN in the user
 * namespace that owns the network namespace suffices, as for dsrctl: both can
 * do the same.
 */
#define OP(_cmd, ...) {							\
	.cmd = IPVS_CMD_##_cmd,						\
	.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP, \
	.flags = GENL_UNS_ADMIN_PERM,					\
	__VA_ARGS__							\
}

static const struct genl_small_ops ops[] = {
	OP(NEW_SERVICE, .doit = dsr_ipvs_service_new),
	OP(SET_SERVICE, .doit = dsr_ipvs_service_set),
	OP(DEL_SERVICE, .doit = dsr_ipvs_service_del),
	OP(GET_SERVICE, .doit = dsr_ipvs_service_get,
	   .dumpit = dsr_ipvs_service_dump),
	OP(NEW_DEST, .doit = dsr_ipvs_dest_new),
	OP(SET_DEST, .doit = dsr_ipvs_dest_set),
	OP(DEL_DEST, .doit = dsr_ipvs_dest_del),
	OP(GET_DEST, .dumpit = dsr_ipvs_dest_dump),
	OP(NEW_DAEMON, .doit = dsr_ipvs_config_daemon),
	OP(DEL_DAEMON, .doit = dsr_ipvs_config_daemon),
	OP(GET_DAEMON, .dumpit = dsr_ipvs_config_daemon_dump),
	OP(SET_CONFIG, .doit = dsr_ipvs_config_set),
	OP(GET_CONFIG, .doit = dsr_ipvs_config_get),
	OP(GET_INFO, .doit = dsr_ipvs_config_info),
	OP(ZERO, .doit = dsr_ipvs_service_zero),
	OP(FLUSH, .doit = dsr_ipvs_service_flush),
};

/* Netlink itself ignores attributes that the policy does not have, and trailing
 * data. Refuse a request with either: the part that is not understood may be
 * the important one.
 */
static int check(const struct dsr_genl_pre_doit_ops *op, struct sk_buff *skb,
		 struct genl_info *info)
{
	return __nla_validate(nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
			      nlmsg_attrlen(info->nlhdr, GENL_HDRLEN),
			      IPVS_CMD_ATTR_MAX, dsr_ipvs_netlink_policy,
			      DSR_IPVS_VALIDATE, info->extack);
}

struct genl_family dsr_ipvs_netlink_family = {
	.name = IPVS_GENL_NAME,
	.version = IPVS_GENL_VERSION,
	.maxattr = IPVS_CMD_ATTR_MAX,
	.policy = dsr_ipvs_netlink_policy,
	.netnsok = true,
	.parallel_ops = true,
	.pre_doit = check,
	.module = THIS_MODULE,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.resv_start_op = IPVS_CMD_FLUSH + 1,
};

/**
 * dsr_ipvs_netlink_nest() - parse an object of a request
 * @tb: set, by attribute
 * @max: highest attribute
 * @nest: attribute that holds the object, or %NULL
 * @nest_policy: policy of the object's attributes
 * @extack: receives the reason of a refusal
 *
 * Return: 0; -%EINVAL if an attribute is malformed, with a message in @extack,
 * or if @nest is missing, for which the caller sets the message.
 */
int dsr_ipvs_netlink_nest(struct nlattr *tb[], int max,
			  const struct nlattr *nest,
			  const struct nla_policy *nest_policy,
			  struct netlink_ext_ack *extack)
{
	if (!nest || __nla_parse(tb, max, nla_data(nest), nla_len(nest),
				 nest_policy, DSR_IPVS_VALIDATE, extack))
		return -EINVAL;
	return 0;
}

/**
 * dsr_ipvs_netlink_missing() - refuse a request that is incomplete
 * @extack: receives @sentence, unless it has a more exact message already
 * @sentence: the missing parts
 *
 * Return: -%EINVAL.
 */
int dsr_ipvs_netlink_missing(struct netlink_ext_ack *extack,
			     const char *sentence)
{
	if (extack && !extack->_msg)
		extack->_msg = sentence;
	return -EINVAL;
}

/**
 * dsr_ipvs_netlink_note() - write a message to the ack and to the kernel's log
 * @info: request
 * @sentence: difference from the request, and advice
 */
void dsr_ipvs_netlink_note(struct genl_info *info, const char *sentence)
{
	if (info->extack)
		info->extack->_msg = sentence;
	if (dsr_ipvs_netlink_may_log(info))
		pr_notice_ratelimited("%s\n", sentence);
}

/**
 * dsr_ipvs_netlink_refuse() - refuse a request with a message
 * @info: request
 * @err: negative errno
 * @sentence: missing feature, and advice
 *
 * Return: @err.
 */
int dsr_ipvs_netlink_refuse(struct genl_info *info, int err,
			    const char *sentence)
{
	dsr_ipvs_netlink_note(info, sentence);
	return err;
}

/**
 * dsr_ipvs_netlink_init() - accept requests
 *
 * Return: 0 or a negative errno; -%EBUSY if ip_vs has the family. Not -%EEXIST,
 * which modprobe treats as success.
 */
int __init dsr_ipvs_netlink_init(void)
{
	int err = genl_register_family(&dsr_ipvs_netlink_family);

	return err == -EEXIST ? -EBUSY : err;
}

/** dsr_ipvs_netlink_exit() - stop accepting requests; waits for running ones */
void dsr_ipvs_netlink_exit(void)
{
	genl_unregister_family(&dsr_ipvs_netlink_family);
}
