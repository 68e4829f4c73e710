/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recent - clients that have lately talked to the machine itself, or have no port
 * left
 *
 * A datagram to the machine's own address leaves no trace in the kernel, and
 * neither does a SYN that was answered with a cookie. If the same client uses
 * the same port through a VIP before the answer is sent, the answer would be
 * taken for one of the VIP's. So such packets are remembered here, and a flow
 * that begins meanwhile gets another client port.
 *
 * A client whose ports are used up is remembered by port 0: to look for a free one
 * takes long, and is done once a second.
 *
 * Owner: struct dsr_rs_net, while it is live. Any context, no lock: one word
 * for each slot, and what comes later overwrites what was there. To forget a
 * client is to fall back to the race above, to remember one too many costs a
 * flow its own port number.
 */
#ifndef _DSR_RS_RECENT_H
#define _DSR_RS_RECENT_H

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/types.h>

#include "core/tuple.h"

#define DSR_RS_RECENT_SLOTS	4096

/**
 * struct dsr_rs_recent - the memory
 * @slot: dsr_rs_recent_key() and, above it, jiffies
 */
struct dsr_rs_recent {
	u64 slot[DSR_RS_RECENT_SLOTS];
};

/**
 * dsr_rs_recent_key() - what a conversation is remembered by
 * @tuple: its ends at the socket
 * @hash: dsr_rs_tuple_hash() of @tuple, which is keyed
 *
 * The server's end is part of it: what a client sends to another machine, by way
 * of this one, is no reason to give it another port here.
 */
static inline u32 dsr_rs_recent_key(const struct dsr_rs_tuple *tuple, u32 hash)
{
	const u32 *server = tuple->server.all;
	u32 addr = server[0];

	if (unlikely(tuple->family == AF_INET6))
		addr ^= server[1] ^ server[2] ^ server[3];
	return hash ^ addr * GOLDEN_RATIO_32 ^ (__force u32)tuple->sport;
}

/** dsr_rs_recent_note() - remember; writes once a second at most */
static inline void dsr_rs_recent_note(struct dsr_rs_recent *recent, u32 key,
				      u32 now)
{
	u64 *slot = &recent->slot[key % DSR_RS_RECENT_SLOTS];
	u64 old = READ_ONCE(*slot);

	if ((u32)old != key || now - (u32)(old >> 32) >= HZ)
		WRITE_ONCE(*slot, (u64)now << 32 | key);
}

/** dsr_rs_recent_has() - whether it was noted in the last @age jiffies */
static inline bool dsr_rs_recent_has(const struct dsr_rs_recent *recent,
				     u32 key, u32 now, u32 age)
{
	u64 old = READ_ONCE(recent->slot[key % DSR_RS_RECENT_SLOTS]);

	return (u32)old == key && now - (u32)(old >> 32) < age;
}

#endif /* _DSR_RS_RECENT_H */
