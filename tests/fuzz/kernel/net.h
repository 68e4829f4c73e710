/* SPDX-License-Identifier: GPL-2.0 */
/* net - what the structures of kmod/ name, and nothing more of it */
#ifndef _FUZZ_NET_H
#define _FUZZ_NET_H

#include <stdarg.h>

#define NF_DROP		0
#define NF_ACCEPT	1

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
	struct {
		u8 sysctl_icmp_echo_ignore_all;
		u8 sysctl_ip_fwd_update_priority;
	} ipv4;
	struct {
		struct {
			u8 icmpv6_echo_ignore_all;
		} sysctl;
	} ipv6;
	void *generic;
};

struct net_device {
	int ifindex;
	unsigned char addr_len;
};

struct nf_hook_state {
	u8 hook;
	u8 pf;
	struct net_device *in;
	struct net_device *out;
	struct net *net;
};

struct nf_hook_ops {
	int unused;
};

#define net_generic(net, id)	((net)->generic)

/* Tracepoints are off. */
#define TP_PROTO(...)	__VA_ARGS__
#define TRACE_EVENT(name, proto, ...) \
	static inline void trace_##name(proto) { }
#define TRACE_DEFINE_ENUM(value)

/* Messages are not made. */

static inline struct nlattr *nla_nest_start(struct sk_buff *skb, int type)
{
	abort();
}

static inline void nla_nest_end(struct sk_buff *skb, struct nlattr *nest)
{
}

static inline void nla_nest_cancel(struct sk_buff *skb, struct nlattr *nest)
{
}

static inline int nla_put_u64_64bit(struct sk_buff *skb, int type, u64 value,
				    int pad)
{
	abort();
}

static inline int nla_put(struct sk_buff *skb, int type, int len,
			  const void *data)
{
	abort();
}

static inline int nla_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

static inline __be32 nla_get_be32(const struct nlattr *attr)
{
	__be32 value;

	memcpy(&value, (const u8 *)attr + NLA_HDRLEN, sizeof(value));
	return value;
}

static inline struct in6_addr nla_get_in6_addr(const struct nlattr *attr)
{
	struct in6_addr value;

	memcpy(&value, (const u8 *)attr + NLA_HDRLEN, sizeof(value));
	return value;
}

#endif /* _FUZZ_NET_H */
