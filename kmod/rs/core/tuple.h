/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tuple - the two ends of a connection, independent of the direction
 *
 * A value without an owner.
 */
#ifndef _DSR_RS_TUPLE_H
#define _DSR_RS_TUPLE_H

#include <linux/siphash.h>
#include <linux/types.h>

#include "addr.h"

/**
 * struct dsr_rs_tuple - ends of a connection, on the wire or at the socket
 * @client: client's address
 * @server: the VIP on the wire, the local address at the socket
 * @cport: client's port
 * @sport: server's port
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @family: AF_INET or AF_INET6; in the addresses, the bytes of another family
 *	are 0
 * @zone: ifindex of the link of a link-local client; else 0
 */
struct dsr_rs_tuple {
	union nf_inet_addr client;
	union nf_inet_addr server;
	__be16 cport;
	__be16 sport;
	u8 proto;
	u8 family;
	u32 zone;
};

/**
 * dsr_rs_tuple_hash4() - hash an IPv4 client's end and the protocol
 * @client: address
 * @cport: port
 * @proto: protocol
 * @key: secret of the table
 *
 * The server's end differs between wire and socket. It is left out, so that one
 * entry of the table is found from both sides.
 */
static inline u32 dsr_rs_tuple_hash4(__be32 client, __be16 cport, u8 proto,
				     const hsiphash_key_t *key)
{
	return hsiphash_2u32((__force u32)client,
			     (__force u32)cport << 16 | proto, key);
}

/**
 * dsr_rs_tuple_hash6() - hash an IPv6 client's end and the protocol
 * @client: address
 * @zone: its zone
 * @cport: port
 * @proto: protocol
 * @key: secret of the table
 */
static inline u32 dsr_rs_tuple_hash6(const struct in6_addr *client, u32 zone,
				     __be16 cport, u8 proto,
				     const hsiphash_key_t *key)
{
	u32 words[6];

	memcpy(words, client, sizeof(*client));
	words[4] = (__force u32)cport << 16 | proto;
	words[5] = zone;
	return hsiphash(words, sizeof(words), key);
}

/**
 * dsr_rs_tuple_hash_all() - hash both ends and the protocol
 * @tuple: ends
 * @key: secret of the table
 */
static inline u32 dsr_rs_tuple_hash_all(const struct dsr_rs_tuple *tuple,
					const hsiphash_key_t *key)
{
	u32 words[11] = {};

	memcpy(words, &tuple->client, sizeof(tuple->client));
	memcpy(words + 4, &tuple->server, sizeof(tuple->server));
	words[8] = (__force u32)tuple->cport << 16 | (__force u32)tuple->sport;
	words[9] = tuple->proto << 8 | tuple->family;
	words[10] = tuple->zone;
	return hsiphash(words, sizeof(words), key);
}

/** dsr_rs_tuple_hash() - hash the client's end and the protocol */
static inline u32 dsr_rs_tuple_hash(const struct dsr_rs_tuple *tuple,
				    const hsiphash_key_t *key)
{
	return likely(tuple->family == AF_INET) ?
	       dsr_rs_tuple_hash4(tuple->client.ip, tuple->cport, tuple->proto,
				  key) :
	       dsr_rs_tuple_hash6(&tuple->client.in6, tuple->zone,
				  tuple->cport, tuple->proto, key);
}

/**
 * dsr_rs_tuple_zone() - return the zone of a client
 * @family: address family
 * @client: the client's address
 * @ifindex: device towards the client
 */
static inline u32 dsr_rs_tuple_zone(u8 family, const union nf_inet_addr *client,
				    int ifindex)
{
	return family == AF_INET6 &&
	       ipv6_addr_type(&client->in6) & IPV6_ADDR_LINKLOCAL ? ifindex : 0;
}

/**
 * dsr_rs_is_this_network() - true if an address is in 0.0.0.0/8
 * @addr: address
 *
 * "This host on this network" (RFC 1122, section 3.2.1.3): no VIP, and no
 * address to answer to.
 */
static inline bool dsr_rs_is_this_network(__be32 addr)
{
	return !(addr & htonl(0xff000000));
}

#endif /* _DSR_RS_TUPLE_H */
