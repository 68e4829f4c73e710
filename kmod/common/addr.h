/* SPDX-License-Identifier: GPL-2.0 */
/*
 * addr - addresses of both families, as the configuration stores them
 *
 * A union nf_inet_addr whose unused bytes are 0 can be compared and hashed
 * whole. Where that is not guaranteed, compare by family. Pure functions.
 */
#ifndef _DSR_ADDR_H
#define _DSR_ADDR_H

#include <linux/byteorder/generic.h>
#include <linux/netfilter.h>
#include <linux/socket.h>
#include <net/ipv6.h>
#include <net/netlink.h>

#include "hash.h"

/** dsr_addr_len() - return the length of an address of @family, in bytes */
static inline int dsr_addr_len(u8 family)
{
	return family == AF_INET ? sizeof(struct in_addr) :
				   sizeof(struct in6_addr);
}

/** dsr_addr_hash() - hash an address; the same on every machine */
static inline u32 dsr_addr_hash(const union nf_inet_addr *addr)
{
	return dsr_hash_words(addr->all, ARRAY_SIZE(addr->all), 0);
}

/** dsr_addr_equal() - true if two addresses of @family are equal */
static inline bool dsr_addr_equal(u8 family, const union nf_inet_addr *one,
				  const union nf_inet_addr *other)
{
	return likely(family == AF_INET) ?
	       one->ip == other->ip :
	       ipv6_addr_equal(&one->in6, &other->in6);
}

/** dsr_addr_compare() - order two addresses of one family: <0, 0 or >0 */
static inline int dsr_addr_compare(const union nf_inet_addr *one,
				   const union nf_inet_addr *other)
{
	return memcmp(one, other, sizeof(*one));
}

/**
 * dsr_addr_get() - read an address from an attribute
 * @attr: attribute
 * @addr: set to the address
 *
 * Return: its family, or 0 if it has neither 4 nor 16 bytes.
 */
static inline u8 dsr_addr_get(const struct nlattr *attr,
			      union nf_inet_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		addr->ip = nla_get_be32(attr);
		return AF_INET;
	case sizeof(struct in6_addr):
		addr->in6 = nla_get_in6_addr(attr);
		return AF_INET6;
	default:
		return 0;
	}
}

/** dsr_addr_put() - nla_put() an address of @family */
static inline int dsr_addr_put(struct sk_buff *skb, int type, u8 family,
			       const union nf_inet_addr *addr)
{
	return nla_put(skb, type, dsr_addr_len(family), addr);
}

/** dsr_addr_map() - write an address as IPv6 (RFC 4291, 2.5.5.2); %NULL: :: */
static inline void dsr_addr_map(u8 to[16], u8 family, const void *addr)
{
	struct in6_addr *in6 = (struct in6_addr *)to;

	if (!addr)
		memset(in6, 0, sizeof(*in6));
	else if (family == AF_INET)
		ipv6_addr_set_v4mapped(*(const __be32 *)addr, in6);
	else
		*in6 = *(const struct in6_addr *)addr;
}

/* For NLA_POLICY; dsr_addr_get() checks the exact length. */
#define DSR_ADDR_POLICY \
	{ .type = NLA_BINARY, .len = sizeof(struct in6_addr) }

#endif /* _DSR_ADDR_H */
