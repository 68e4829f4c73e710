/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink - the generic netlink family "IPVS" of <linux/ip_vs.h>
 *
 * Carries out the requests of ipvsadm and keepalived in dsr_lb. Errors are
 * those that the tools expect of ip_vs, because they print messages of their
 * own for them. Missing features are also reported in the kernel's log, because
 * neither tool shows the message of an extended ack. No request returns -EINTR:
 * the kernel would send no ack, and the tools would wait for ever.
 *
 * Both tools send all attributes of a service with each request about one of
 * its destinations; only the key has a meaning there.
 *
 * Requests run in process context. struct dsr_net.lock serialises those of a
 * namespace.
 */
#ifndef _DSR_IPVS_NETLINK_H
#define _DSR_IPVS_NETLINK_H

#include <linux/ip_vs.h>
#include <net/genetlink.h>

#include "net.h"
#include "genl_reply.h"

extern struct genl_family dsr_ipvs_netlink_family;

/* For requests that change something: strict validation, except for the flag of
 * nests, which old programs do not set. A dump changes nothing, so it is read
 * as NL_VALIDATE_LIBERAL: there ip_vs ignores unknown attributes.
 */
#define DSR_IPVS_VALIDATE \
	(NL_VALIDATE_TRAILING | NL_VALIDATE_MAXTYPE | NL_VALIDATE_UNSPEC | \
	 NL_VALIDATE_STRICT_ATTRS)

extern const struct nla_policy dsr_ipvs_netlink_policy[];

int dsr_ipvs_netlink_nest(struct nlattr *tb[], int max,
			  const struct nlattr *nest,
			  const struct nla_policy *nest_policy,
			  struct netlink_ext_ack *extack);
int dsr_ipvs_netlink_missing(struct netlink_ext_ack *extack,
			     const char *sentence);
void dsr_ipvs_netlink_note(struct genl_info *info, const char *sentence);
int dsr_ipvs_netlink_refuse(struct genl_info *info, int err,
			    const char *sentence);
int __init dsr_ipvs_netlink_init(void);
void dsr_ipvs_netlink_exit(void);

/* Require the exact size of numbers: otherwise netlink accepts longer ones for
 * old programs, with a warning in the kernel's log.
 */
#define DSR_IPVS_U8	NLA_POLICY_EXACT_LEN(sizeof(u8))
#define DSR_IPVS_U16	NLA_POLICY_EXACT_LEN(sizeof(u16))
#define DSR_IPVS_U32	NLA_POLICY_EXACT_LEN(sizeof(u32))
#define DSR_IPVS_ADDR \
	{ .type = NLA_BINARY, .len = sizeof(union nf_inet_addr) }

/** dsr_ipvs_netlink_may_log() - true if a request may cause log messages */
static inline bool dsr_ipvs_netlink_may_log(struct genl_info *info)
{
	return dsr_ipvs_net_may_log(genl_info_net(info));
}

/* service_key.c */
bool dsr_ipvs_service_shows(const struct dsr_service *service);
int dsr_ipvs_service_addr(const struct nlattr *attr, u8 family,
			  union nf_inet_addr *addr);
int dsr_ipvs_service_parse(const struct nlattr *nest, struct nlattr *tb[],
			   struct dsr_service_key *key,
			   struct netlink_ext_ack *extack);
struct dsr_service *dsr_ipvs_service_lookup(struct dsr_net *dn,
					    const struct dsr_service_key *key);
int dsr_ipvs_service_find(struct dsr_net *dn, const struct nlattr *nest,
			  struct dsr_service **service,
			  struct netlink_ext_ack *extack);
struct dsr_service *dsr_ipvs_service_of_dump(struct dsr_net *dn,
					     struct netlink_callback *cb);

/* service.c */
u32 dsr_ipvs_service_flags(struct dsr_net *dn, struct dsr_service *service);
const char *dsr_ipvs_service_scheduler(struct dsr_net *dn,
				       struct dsr_service *service);
u32 dsr_ipvs_service_timeout(const struct dsr_service *service);
int dsr_ipvs_service_new(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_service_set(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_service_del(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_service_get(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_service_dump(struct sk_buff *skb, struct netlink_callback *cb);
int dsr_ipvs_service_flush(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_service_zero(struct sk_buff *skb, struct genl_info *info);

/* dest.c */
__be16 dsr_ipvs_dest_port(const struct dsr_backend *backend);
void dsr_ipvs_dest_counts(const struct dsr_backend *backend, u32 *active,
			  u32 *inactive);
u32 dsr_ipvs_dest_weight(const struct dsr_backend *backend);
int dsr_ipvs_dest_new(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_dest_set(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_dest_del(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_dest_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* config.c */
#define DSR_IPVS_VERSION	0x010201

int dsr_ipvs_config_info(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_config_get(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_config_set(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_config_daemon(struct sk_buff *skb, struct genl_info *info);
int dsr_ipvs_config_daemon_dump(struct sk_buff *skb,
				struct netlink_callback *cb);

#endif /* _DSR_IPVS_NETLINK_H */
