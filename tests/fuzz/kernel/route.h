/* SPDX-License-Identifier: GPL-2.0 */
/*
 * route - routes, neighbours, and the errors that are sent to a sender
 *
 * There is one route, whose MTU the target sets. Errors are counted.
 */
#ifndef _FUZZ_ROUTE_H
#define _FUZZ_ROUTE_H

#include <stdarg.h>
#include <stdio.h>

#define IS_ENABLED(option)	0
#define IS_ERR(p)		(!(p))
#define __printf(a, b)		__attribute__((format(printf, a, b)))

#define DST_OBSOLETE_FORCE_CHK	-1
#define RTN_UNICAST		1
#define IPV6_MIN_MTU		1280
#define IPV6_ADDR_MAPPED	0x1000
#define XFRM_POLICY_FWD		2
#define IPSKB_FORWARDED		BIT(0)
#define IP6SKB_FORWARDED	BIT(1)
#define NFPROTO_IPV4		2
#define NFPROTO_IPV6		10
#define NF_INET_FORWARD		2

struct neighbour {
	int unused;
};

struct dst_entry {
	struct net_device *dev;
	int obsolete;
	u32 mtu;
};

struct rtable {
	struct dst_entry dst;
	__be32 rt_gw4;
};

struct rt6_info {
	struct dst_entry dst;
};

struct rhash_head {
	struct rhash_head *next;
};

struct inet_skb_parm {
	u16 flags;
	u16 frag_max_size;
};

struct netlink_ext_ack {
	const char *_msg;
};

#define inet6_skb_parm	inet_skb_parm
#define IPCB(skb)	((struct inet_skb_parm *)(skb)->cb)
#define IP6CB(skb)	((struct inet_skb_parm *)(skb)->cb)

/**
 * struct fuzz_sent - ICMP errors so far
 * @count: number
 * @type: type of the last one
 * @info: its MTU
 */
struct fuzz_sent {
	int count;
	int type;
	u32 info;
};

extern struct fuzz_sent fuzz_sent;

static inline void icmp_send(struct sk_buff *skb, int type, int code,
			     __be32 info)
{
	fuzz_sent.count++;
	fuzz_sent.type = type;
	fuzz_sent.info = ntohl(info);
}

static inline void icmpv6_send(struct sk_buff *skb, u8 type, u8 code, u32 info)
{
	fuzz_sent.count++;
	fuzz_sent.type = type;
	fuzz_sent.info = info;
}

#define xfrm4_policy_check(sk, dir, skb)	1
#define xfrm6_policy_check(sk, dir, skb)	1
#define skb_warn_if_lro(skb)			0
#define skb_gso_validate_network_len(skb, mtu)	false
#define skb_dst_set_noref(skb, route)		((skb)->dst = (route))
#define skb_dst(skb)				((struct dst_entry *)(skb)->dst)
#define skb_rtable(skb)				((struct rtable *)(skb)->dst)
#define skb_set_transport_header(skb, offset) \
	((skb)->transport = skb_headroom(skb) + (offset))
#define ip_dst_mtu_maybe_forward(dst, forward)	((dst)->mtu)
#define ip6_dst_mtu_maybe_forward(dst, forward)	((dst)->mtu)
#define inet_addr_type(net, addr)		RTN_UNICAST
#define rt_tos2priority(tos)			((tos) >> 1)
#define LL_RESERVED_SPACE(dev)			16
#define rt_genid_ipv4(net)			0
#define dst_check(dst, cookie)			(dst)
#define __ipv4_neigh_lookup_noref(dev, key)	((struct neighbour *)NULL)
#define __ipv6_neigh_lookup_noref(dev, key)	((struct neighbour *)NULL)
#define ip_neigh_gw4(dev, gw)			((struct neighbour *)NULL)
#define ip_neigh_gw6(dev, gw) \
	((struct neighbour *)((gw) ? NULL : NULL))
#define rt6_nexthop(rt, addr)			((void)(rt), (addr))
#define NF_HOOK(...)				0
#define kfree_skb(skb)				do { } while (0)
#define nf_reset_ct(skb)			do { } while (0)
#define neigh_output(neigh, skb, again)		do { } while (0)

#define smp_load_acquire(p)			READ_ONCE(*(p))
#define mutex_lock(lock)			do { } while (0)
#define mutex_unlock(lock)			do { } while (0)
#define refcount_inc_not_zero(r)		((r)->refs++)
#define ktime_get_seconds()			(jiffies / HZ)
#define get_jiffies_64()			((u64)jiffies)
#define time_after_eq(a, b)			((long)((a) - (b)) >= 0)
#define time_before64(a, b)			((s64)((a) - (b)) < 0)
#define ipv4_is_loopback(addr) \
	(((addr) & htonl(0xff000000)) == htonl(0x7f000000))
#define ipv4_is_multicast(addr) \
	(((addr) & htonl(0xf0000000)) == htonl(0xe0000000))
#define ipv4_is_lbcast(addr)			((addr) == htonl(0xffffffff))
#define ipv4_l3mdev_skb(flags)			false
#define ipv6_l3mdev_skb(flags)			false
#define strscpy(to, from, size)			snprintf(to, size, "%s", from)

#endif /* _FUZZ_ROUTE_H */
