/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink - the generic netlink family "dsr"
 *
 * Requests run in process context. struct dsr_net.writer serialises the
 * requests of a namespace that change services or backends. All namespaces
 * share the family.
 */
#ifndef _DSR_NETLINK_H
#define _DSR_NETLINK_H

#include <net/genetlink.h>
#include <linux/dsr.h>

#include "addr.h"
#include "core/net.h"
#include "netlink_time.h"
#include "genl_reply.h"

struct dsr_backend_config;
struct dsr_service;
struct dsr_service_config;
struct dsr_service_key;

extern struct genl_family dsr_netlink_family;

/** enum dsr_netlink_change - kinds of changes to an object */
enum dsr_netlink_change {
	DSR_NETLINK_ADD,
	DSR_NETLINK_SET,
	DSR_NETLINK_REPLACE,
};

int __init dsr_netlink_init(void);
void dsr_netlink_exit(void);

/* netlink_key.c */
#define DSR_NETLINK_KEY_POLICY						\
	[DSR_SERVICE_A_FWMARK] = { .type = NLA_U32 },			\
	[DSR_SERVICE_A_FWMARK_MASK] = { .type = NLA_U32 },		\
	[DSR_SERVICE_A_FAMILY] = { .type = NLA_U8 },			\
	[DSR_SERVICE_A_VIP] = DSR_ADDR_POLICY,				\
	[DSR_SERVICE_A_PROTO] = { .type = NLA_U8 },			\
	[DSR_SERVICE_A_PORT] = { .type = NLA_BE16 },			\
	[DSR_SERVICE_A_PORT_LAST] = { .type = NLA_BE16 }

/* Error message for a request without a service. */
#define DSR_NETLINK_WHICH	"the request names no service: give its fwmark or its vip"

extern const struct nla_policy
dsr_netlink_service_key_policy[DSR_SERVICE_A_MAX + 1];
int dsr_netlink_parse_key(struct nlattr *tb[], struct dsr_service_key *key,
			  struct netlink_ext_ack *extack);
int dsr_netlink_service_find(struct dsr_net *dn, struct nlattr *nest,
			     struct dsr_service **service,
			     struct netlink_ext_ack *extack);

/* netlink_service.c */
extern const struct nla_policy
dsr_netlink_service_policy[DSR_SERVICE_A_MAX + 1];
int dsr_netlink_service_config(struct nlattr *tb[],
			       const struct dsr_service_key *key,
			       struct dsr_service_config *config,
			       struct netlink_ext_ack *extack);
int dsr_netlink_service_may(enum dsr_netlink_change change, bool is_there,
			    struct netlink_ext_ack *extack);
int dsr_netlink_service_change_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_delete_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_get_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_backend.c */
extern const struct nla_policy
dsr_netlink_backend_key_policy[DSR_BACKEND_A_MAX + 1];
extern const struct nla_policy
dsr_netlink_backend_policy[DSR_BACKEND_A_MAX + 1];
int dsr_netlink_backend_parse(struct nlattr *nest, u8 family,
			      struct nlattr *tb[], union nf_inet_addr *addr,
			      struct netlink_ext_ack *extack);
int dsr_netlink_backend_config(struct nlattr *tb[],
			       struct dsr_backend_config *config,
			       struct netlink_ext_ack *extack);
int dsr_netlink_backend_may(enum dsr_netlink_change change, bool is_there,
			    struct netlink_ext_ack *extack);
int dsr_netlink_no_backend(struct netlink_ext_ack *extack);
int dsr_netlink_backend_change_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_backend_delete_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_backend_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_conn.c */
extern const struct nla_policy
dsr_netlink_table_policy[DSR_TABLE_A_LAST + 1];
extern const struct nla_policy
dsr_netlink_connection_policy[DSR_CONNECTION_A_MAX + 1];
int dsr_netlink_connection_get_start(struct netlink_callback *cb);
int dsr_netlink_connection_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb);
int dsr_netlink_connection_set_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_stats_get_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_restore.c */
extern const struct nla_policy
dsr_netlink_restore_policy[DSR_CONNECTION_A_MAX + 1];
int dsr_netlink_connection_add_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_explain.c */
extern const struct nla_policy
dsr_netlink_explain_policy[DSR_EXPLAIN_A_MAX + 1];
int dsr_netlink_explain_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_flush.c */
int dsr_netlink_flush_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_flush_start(struct netlink_callback *cb);
int dsr_netlink_flush_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dsr_netlink_flush_done(struct netlink_callback *cb);

/* netlink_transaction.c */
extern const struct nla_policy
dsr_netlink_change_policy[DSR_CHANGE_A_MAX + 1];
int dsr_netlink_transaction_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_path.c */
extern const struct nla_policy
dsr_netlink_path_key_policy[DSR_PATH_A_MAX + 1];
extern const struct nla_policy
dsr_netlink_path_policy[DSR_PATH_A_MAX + 1];
int dsr_netlink_path_change_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_path_delete_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_path_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dsr_netlink_path_flush_doit(struct sk_buff *skb, struct genl_info *info);

/** dsr_netlink_reply_new() - dsr_reply_new() with the command of the request */
static inline struct sk_buff *dsr_netlink_reply_new(struct genl_info *info,
						    void **header)
{
	return dsr_reply_new(info, &dsr_netlink_family, info->genlhdr->cmd,
			     header);
}

static_assert(DSR_CMD_SERVICE_REPLACE - DSR_CMD_SERVICE_ADD ==
	      DSR_NETLINK_REPLACE);
static_assert(DSR_CMD_BACKEND_REPLACE - DSR_CMD_BACKEND_ADD ==
	      DSR_NETLINK_REPLACE);
static_assert(DSR_CMD_PATH_REPLACE - DSR_CMD_PATH_ADD == DSR_NETLINK_REPLACE);

/**
 * dsr_netlink_change_of() - return the kind of change that a request asks for
 * @info: request
 * @add: command that adds such objects; the next two commands set and replace
 *	them
 */
static inline enum dsr_netlink_change
dsr_netlink_change_of(const struct genl_info *info, enum dsr_cmd add)
{
	return info->genlhdr->cmd - add;
}

/** dsr_netlink_refuse() - set message and bad attribute; return -%EINVAL */
static inline int dsr_netlink_refuse(struct netlink_ext_ack *extack,
				     const struct nlattr *attr,
				     const char *sentence)
{
	if (extack) {
		extack->_msg = sentence;
		extack->bad_attr = attr;
	}
	return -EINVAL;
}

/** dsr_netlink_no_service() - set the message for -%ENOENT, and return that */
static inline int dsr_netlink_no_service(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "no such service: add it first with 'service add'");
	return -ENOENT;
}

/**
 * dsr_netlink_nest() - parse the nest with the object of a request
 * @tb: set; the attributes of the object by type
 * @max: highest attribute type of the object
 * @info: request
 * @type: attribute that holds the object
 * @policy: policy of the object's attributes
 * @missing: error message for a request without the object
 *
 * Return: 0, or a negative errno with a message in @info->extack; -%EINVAL if
 * the object is missing.
 */
static inline int dsr_netlink_nest(struct nlattr *tb[], int max,
				   struct genl_info *info, int type,
				   const struct nla_policy *policy,
				   const char *missing)
{
	if (info->attrs[type])
		return nla_parse_nested(tb, max, info->attrs[type], policy,
					info->extack);
	return dsr_netlink_refuse(info->extack, NULL, missing);
}

#endif /* _DSR_NETLINK_H */
