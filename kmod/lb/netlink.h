/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink - the generic netlink family "dsr"
 *
 * Requests run in process context, those of one namespace one at a time under
 * struct dsr_net.lock. The family is the same for all namespaces.
 */
#ifndef _DSR_NETLINK_H
#define _DSR_NETLINK_H

#include <net/genetlink.h>
#include <linux/dsr.h>

#include "net.h"

struct dsr_service;

extern struct genl_family dsr_netlink_family;

/** enum dsr_netlink_change - how a request changes an object */
enum dsr_netlink_change {
	DSR_NETLINK_ADD,
	DSR_NETLINK_SET,
	DSR_NETLINK_REPLACE,
};

int __init dsr_netlink_init(void);
void dsr_netlink_exit(void);

/* netlink_service.c */
extern const struct nla_policy
dsr_netlink_service_key_policy[DSR_SERVICE_A_MAX + 1];
extern const struct nla_policy
dsr_netlink_service_policy[DSR_SERVICE_A_MAX + 1];
int dsr_netlink_service_find(struct dsr_net *dn, struct nlattr *nest,
			     struct dsr_service **service,
			     struct netlink_ext_ack *extack);
int dsr_netlink_service_add(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_set(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_replace(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_delete(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_get(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_service_dump(struct sk_buff *skb, struct netlink_callback *cb);
int dsr_netlink_service_flush(struct sk_buff *skb, struct genl_info *info);

/* netlink_backend.c */
extern const struct nla_policy
dsr_netlink_backend_key_policy[DSR_BACKEND_A_MAX + 1];
extern const struct nla_policy
dsr_netlink_backend_policy[DSR_BACKEND_A_MAX + 1];
int dsr_netlink_backend_add(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_backend_set(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_backend_replace(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_backend_delete(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_backend_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_conn.c */
extern const struct nla_policy
dsr_netlink_table_policy[DSR_TABLE_A_LAST + 1];
int dsr_netlink_connection_start(struct netlink_callback *cb);
int dsr_netlink_connection_dump(struct sk_buff *skb,
				struct netlink_callback *cb);
int dsr_netlink_connection_set(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_connection_flush(struct sk_buff *skb, struct genl_info *info);
int dsr_netlink_stats_get(struct sk_buff *skb, struct genl_info *info);

/**
 * dsr_netlink_nest() - unpack the object of a request
 * @tb: set, by attribute
 * @max: highest attribute
 * @info: request
 * @type: attribute that holds the object
 * @policy: of the object's attributes
 * @missing: sentence for a request without the object
 *
 * Return: 0, or -%EINVAL with a sentence.
 */
static inline int dsr_netlink_nest(struct nlattr *tb[], int max,
				   struct genl_info *info, int type,
				   const struct nla_policy *policy,
				   const char *missing)
{
	if (info->attrs[type])
		return nla_parse_nested(tb, max, info->attrs[type], policy,
					info->extack);
	if (info->extack)
		info->extack->_msg = missing;
	return -EINVAL;
}

#endif /* _DSR_NETLINK_H */
