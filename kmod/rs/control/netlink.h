/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink - the generic netlink family "dsr_rs"; see <linux/dsr_rs.h>
 *
 * Process context. Code that changes or shows the rules or flows of a namespace
 * holds its dsr_rs_net.lock. A request is checked as a whole before any part of
 * it is carried out. Each request that is carried out sends one notification,
 * with the lock still held; see multicast.h.
 */
#ifndef _DSR_RS_NETLINK_H
#define _DSR_RS_NETLINK_H

#include <net/genetlink.h>
#include <linux/dsr_common.h>

struct dsr_rs_net;

/**
 * struct dsr_rs_dump - position of a dump, in netlink_callback.ctx
 * @cursor: for rules and silenced addresses, the number shown so far; for
 *	flows, the cursor in the table
 */
struct dsr_rs_dump {
	u64 cursor;
};

extern struct genl_family dsr_rs_netlink_family;
extern const struct nla_policy dsr_rs_netlink_rule_policy[DSR_A_RULE + 1];
extern const struct nla_policy dsr_rs_netlink_flow_policy[DSR_A_TABLE + 1];
extern const struct nla_policy
dsr_rs_netlink_silence_policy[DSR_A_SILENCE + 1];
extern const struct nla_policy
dsr_rs_netlink_explain_policy[DSR_A_EXPLAIN + 1];

int dsr_rs_netlink_init(void);
void dsr_rs_netlink_exit(void);
int dsr_rs_netlink_table_put(struct sk_buff *skb, struct dsr_rs_net *rs);
void dsr_rs_netlink_tell_flush(struct dsr_rs_net *rs, u8 cmd);

/* netlink_rule.c */
int dsr_rs_netlink_rule_add_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_rs_netlink_rule_replace_doit(struct sk_buff *skb,
				     struct genl_info *info);
int dsr_rs_netlink_rule_delete_doit(struct sk_buff *skb,
				    struct genl_info *info);
int dsr_rs_netlink_rule_flush_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_rs_netlink_rule_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);

/* netlink_flow.c */
int dsr_rs_netlink_flow_get_start(struct netlink_callback *cb);
int dsr_rs_netlink_flow_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int dsr_rs_netlink_flow_set_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_flush.c */
int dsr_rs_netlink_flow_flush_doit(struct sk_buff *skb, struct genl_info *info);
int dsr_rs_netlink_flow_flush_start(struct netlink_callback *cb);
int dsr_rs_netlink_flow_flush_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb);
int dsr_rs_netlink_flow_flush_done(struct netlink_callback *cb);

/* netlink_silence.c */
int dsr_rs_netlink_silence_add_doit(struct sk_buff *skb,
				    struct genl_info *info);
int dsr_rs_netlink_silence_replace_doit(struct sk_buff *skb,
					struct genl_info *info);
int dsr_rs_netlink_silence_delete_doit(struct sk_buff *skb,
				       struct genl_info *info);
int dsr_rs_netlink_silence_flush_doit(struct sk_buff *skb,
				      struct genl_info *info);
int dsr_rs_netlink_silence_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb);

/* netlink_explain.c */
int dsr_rs_netlink_explain_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* _DSR_RS_NETLINK_H */
