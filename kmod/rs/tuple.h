/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tuple - the two ends of a conversation, whoever sends
 *
 * A value, owned by nobody.
 */
#ifndef _DSR_RS_TUPLE_H
#define _DSR_RS_TUPLE_H

#include <linux/siphash.h>
#include <linux/types.h>

/**
 * struct dsr_rs_tuple - one conversation as one side of the module sees it
 * @client: client's address
 * @server: the VIP on the wire, the local address at the socket
 * @cport: client's port
 * @sport: server's port
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 */
struct dsr_rs_tuple {
	__be32 client;
	__be32 server;
	__be16 cport;
	__be16 sport;
	u8 proto;
};

/**
 * dsr_rs_tuple_hash() - hash of the client's end and the protocol
 * @tuple: tuple
 * @key: secret of the table
 *
 * The server's end is left out: it differs between wire and socket, and one
 * entry of the table has to be found from both.
 */
static inline u32 dsr_rs_tuple_hash(const struct dsr_rs_tuple *tuple,
				    const hsiphash_key_t *key)
{
	return hsiphash_2u32((__force u32)tuple->client,
			     (__force u32)tuple->cport << 16 | tuple->proto,
			     key);
}

/**
 * dsr_rs_is_this_network() - whether an address is in 0.0.0.0/8
 * @addr: address
 *
 * "This host on this network" (RFC 1122, section 3.2.1.3) is no VIP and cannot
 * be answered.
 */
static inline bool dsr_rs_is_this_network(__be32 addr)
{
	return !(addr & htonl(0xff000000));
}

#endif /* _DSR_RS_TUPLE_H */
