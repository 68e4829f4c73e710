/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recent - clients that have lately talked to the machine's own addresses, or
 * have no free port
 *
 * A datagram to one of the machine's own addresses leaves no trace in the
 * kernel, and neither does a SYN that is answered with a cookie. If the same
 * client uses the same port through a VIP before the answer is sent, the module
 * would mistake the answer for one from the VIP. So such packets are noted
 * here, and a flow that begins meanwhile gets another client port.
 *
 * A client without a free port is noted under port 0: the search for a free
 * port is slow, and a full search is done only once a second.
 *
 * Owner: struct dsr_rs_net, while it is live. Any context, no lock: each slot
 * is one word, and a newer note overwrites an older one. A lost note brings
 * back the race above; a wrong one costs a flow its own port number.
 */
#ifndef _DSR_RS_RECENT_H
#define _DSR_RS_RECENT_H

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/types.h>

#include "core/tuple.h"

#define DSR_RS_RECENT_SLOTS	4096

/**
 * struct dsr_rs_recent - the notes
 * @slot: dsr_rs_recent_key() in the low half, jiffies in the high half
 */
struct dsr_rs_recent {
	u64 slot[DSR_RS_RECENT_SLOTS];
};

/**
 * dsr_rs_recent_key() - compute the key of a conversation
 * @tuple: its ends at the socket
 * @hash: dsr_rs_tuple_hash() of @tuple, which is keyed
 *
 * The key includes the server's end: a packet that the client sends through
 * this machine to another one must not cost it its port here.
 */
static inline u32 dsr_rs_recent_key(const struct dsr_rs_tuple *tuple, u32 hash)
{
	const u32 *server = tuple->server.all;
	u32 addr = server[0];

	if (unlikely(tuple->family == AF_INET6))
		addr ^= server[1] ^ server[2] ^ server[3];
	return hash ^ addr * GOLDEN_RATIO_32 ^ (__force u32)tuple->sport;
}

/** dsr_rs_recent_note() - note a key; writes once a second at most */
static inline void dsr_rs_recent_note(struct dsr_rs_recent *recent, u32 key,
				      u32 now)
{
	u64 *slot = &recent->slot[key % DSR_RS_RECENT_SLOTS];
	u64 old = READ_ONCE(*slot);

	if ((u32)old != key || now - (u32)(old >> 32) >= HZ)
		WRITE_ONCE(*slot, (u64)now << 32 | key);
}

/** dsr_rs_recent_has() - true if the key was noted in the last @age jiffies */
static inline bool dsr_rs_recent_has(const struct dsr_rs_recent *recent,
				     u32 key, u32 now, u32 age)
{
	u64 old = READ_ONCE(recent->slot[key % DSR_RS_RECENT_SLOTS]);

	/* Another processor may have noted the key after @now was read. */
	return (u32)old == key && now - (u32)(old >> 32) + HZ < age + HZ;
}

/** dsr_rs_recent_flush() - forget all notes but those that come meanwhile */
static inline void dsr_rs_recent_flush(struct dsr_rs_recent *recent)
{
	u32 i;

	for (i = 0; i < DSR_RS_RECENT_SLOTS; i++)
		WRITE_ONCE(recent->slot[i], 0);
}

#endif /* _DSR_RS_RECENT_H */
