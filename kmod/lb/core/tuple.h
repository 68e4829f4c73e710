/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tuple - key of a connection: protocol, client address and port, VIP and port
 *
 * Functions on plain data. An IPv4 tuple is two 64-bit words, so that two
 * comparisons compare two tuples, and an entry of the table fits a cache line.
 * An IPv6 tuple is five words. An IPv4 entry of the table has memory for two
 * words only, so never read @v6 of an IPv4 tuple.
 */
#ifndef _DSR_TUPLE_H
#define _DSR_TUPLE_H

#include <linux/netfilter.h>
#include <linux/siphash.h>
#include <linux/socket.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "hash.h"

/**
 * struct dsr_tuple - key of a connection
 * @sport: port of the client
 * @dport: port of the VIP
 * @ports: @sport and @dport as one word
 * @proto: IPPROTO_*
 * @family: AF_INET or AF_INET6
 * @last: 0, so that tuples compare as words; in a persistence entry, the last port of
 *	its service
 * @v4: client address and VIP, if @family is AF_INET
 * @v6: client address and VIP, if @family is AF_INET6
 */
struct dsr_tuple {
	union {
		struct {
			__be16 sport;
			__be16 dport;
		};
		u32 ports;
	};
	u8 proto;
	u8 family;
	__be16 last;
	union {
		struct {
			__be32 saddr;
			__be32 daddr;
		} v4;
		struct {
			struct in6_addr saddr;
			struct in6_addr daddr;
		} v6;
	};
} __aligned(8);

#define DSR_TUPLE_SIZE4	offsetofend(struct dsr_tuple, v4)
#define DSR_TUPLE_SIZE6	offsetofend(struct dsr_tuple, v6)

static_assert(DSR_TUPLE_SIZE4 == 2 * sizeof(u64));
static_assert(DSR_TUPLE_SIZE6 == 5 * sizeof(u64));

/** dsr_tuple_size() - return the number of bytes of @tuple in use */
static inline size_t dsr_tuple_size(const struct dsr_tuple *tuple)
{
	return likely(tuple->family == AF_INET) ? DSR_TUPLE_SIZE4 :
						  DSR_TUPLE_SIZE6;
}

/** dsr_tuple_equal() - true if two tuples name the same connection */
static __always_inline bool dsr_tuple_equal(const struct dsr_tuple *one,
					    const struct dsr_tuple *other)
{
	const u64 *a = (const u64 *)one, *b = (const u64 *)other;

	/* the family is in the first word */
	if (a[0] != b[0] || a[1] != b[1])
		return false;
	return likely(one->family == AF_INET) ||
	       (a[2] == b[2] && a[3] == b[3] && a[4] == b[4]);
}

/**
 * dsr_tuple_key_hash() - hash a tuple for a table
 * @tuple: tuple
 * @key: secret of the table
 *
 * The IPv4 hash leaves out the protocol. At worst, connections that differ only
 * in the protocol share a bucket.
 */
static inline u32 dsr_tuple_key_hash(const struct dsr_tuple *tuple,
				     const hsiphash_key_t *key)
{
	if (likely(tuple->family == AF_INET))
		return hsiphash_3u32((__force u32)tuple->v4.saddr,
				     (__force u32)tuple->v4.daddr,
				     tuple->ports, key);
	return hsiphash(tuple, DSR_TUPLE_SIZE6, key);
}

/* The hashes below are the same on every balancer and after every start: two
 * balancers that share a VIP send a flow to the same backend.
 */

/** dsr_tuple_hash() - hash a flow: both addresses, both ports, protocol */
static inline u32 dsr_tuple_hash(const struct dsr_tuple *tuple, u32 seed)
{
	return dsr_hash_words(tuple, dsr_tuple_size(tuple) / sizeof(u32), seed);
}

/** dsr_tuple_source_hash() - hash the client's address and @port */
static inline u32 dsr_tuple_source_hash(const struct dsr_tuple *tuple,
					__be16 port, u32 seed)
{
	if (likely(tuple->family == AF_INET))
		return jhash_2words(dsr_hash_word32(tuple->v4.saddr),
				    dsr_hash_word16(port), seed);
	return dsr_hash_words(&tuple->v6.saddr,
			      sizeof(tuple->v6.saddr) / sizeof(u32),
			      seed ^ dsr_hash_word16(port));
}

/** dsr_tuple_dest_hash() - hash the VIP */
static inline u32 dsr_tuple_dest_hash(const struct dsr_tuple *tuple, u32 seed)
{
	if (likely(tuple->family == AF_INET))
		return jhash_1word(dsr_hash_word32(tuple->v4.daddr), seed);
	return dsr_hash_words(&tuple->v6.daddr,
			      sizeof(tuple->v6.daddr) / sizeof(u32), seed);
}

/** dsr_tuple_reverse() - make the tuple of the reverse direction */
static inline void dsr_tuple_reverse(const struct dsr_tuple *tuple,
				     struct dsr_tuple *reverse)
{
	*reverse = (struct dsr_tuple) {
		.sport = tuple->dport,
		.dport = tuple->sport,
		.proto = tuple->proto,
		.family = tuple->family,
	};
	if (tuple->family == AF_INET) {
		reverse->v4.saddr = tuple->v4.daddr;
		reverse->v4.daddr = tuple->v4.saddr;
	} else {
		reverse->v6.saddr = tuple->v6.daddr;
		reverse->v6.daddr = tuple->v6.saddr;
	}
}

/** dsr_tuple_source() - return the client's address */
static inline union nf_inet_addr
dsr_tuple_source(const struct dsr_tuple *tuple)
{
	union nf_inet_addr addr = { };

	if (tuple->family == AF_INET)
		addr.ip = tuple->v4.saddr;
	else
		addr.in6 = tuple->v6.saddr;
	return addr;
}

/** dsr_tuple_dest() - return the VIP */
static inline union nf_inet_addr dsr_tuple_dest(const struct dsr_tuple *tuple)
{
	union nf_inet_addr addr = { };

	if (tuple->family == AF_INET)
		addr.ip = tuple->v4.daddr;
	else
		addr.in6 = tuple->v6.daddr;
	return addr;
}

#endif /* _DSR_TUPLE_H */
