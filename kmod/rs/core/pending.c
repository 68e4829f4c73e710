// SPDX-License-Identifier: GPL-2.0
/*
 * pending - find, keep, promote and forget pending flows; see pending.h
 */

#include <linux/mm.h>
#include <linux/sched.h>

#include "core/pending.h"
#include "state.h"

/* A promoted pending flow keeps its place for this long: by then every
 * processor finds the flow.
 */
#define PROMOTED	HZ

/* Handshakes and answered datagrams younger than this score 0 for eviction by a
 * datagram. It covers the round trip to a distant client.
 */
#define GRACE	HZ

/* Mark a place as taken, so that a lookup sees a free one without the lock. */
static u32 mark_of(u32 hash)
{
	return hash ?: 1;
}

static struct dsr_rs_pending_bucket *bucket_of(struct dsr_rs_pendings *pendings,
					       u32 hash)
{
	return &pendings->bucket[hash % DSR_RS_PENDING_BUCKETS];
}

/* Far longer than the life of a pending flow, far shorter than 2^31 jiffies. */
static u16 today(void)
{
	u64 now = get_jiffies_64();

	return now >> 24;
}

static bool is_alive(const struct dsr_rs_pending *pending, u32 now)
{
	/* Another processor may already count the next day. */
	return (u16)(today() - pending->day + 1) <= 2 &&
	       (s32)(now - pending->flow.node.seen) <
	       (s32)dsr_state_timeout(DSR_CONN_SYN);
}

static void seen_at(struct dsr_rs_pending *pending, u32 when)
{
	pending->flow.node.seen = when;
	pending->day = today();
}

/**
 * dsr_rs_pending_alloc() - allocate a namespace's pending flows
 *
 * Context: process context, sleeps.
 * Return: memory to free with kvfree(), or %NULL.
 */
struct dsr_rs_pendings *dsr_rs_pending_alloc(void)
{
	struct dsr_rs_pendings *pendings;
	int i;

	pendings = kvzalloc(sizeof(*pendings), GFP_KERNEL_ACCOUNT);
	for (i = 0; pendings && i < DSR_RS_PENDING_BUCKETS; i++)
		spin_lock_init(&pendings->bucket[i].lock);
	return pendings;
}

/**
 * dsr_rs_pending_find() - find a pending flow, and refresh it
 * @pendings: pending flows
 * @hash: dsr_rs_tuple_hash() of @tuple
 * @match: dsr_rs_flow_match_wire() or dsr_rs_flow_match_socket()
 * @tuple: ends, as in the packet
 * @now: jiffies, low half
 * @copy: set to a copy, without its rule, if one is found
 *
 * Context: any but hard interrupts.
 * Return: true if one is found.
 */
bool dsr_rs_pending_find(struct dsr_rs_pendings *pendings, u32 hash,
			 dsr_match_fn match, const struct dsr_rs_tuple *tuple,
			 u32 now, struct dsr_rs_pending *copy)
{
	struct dsr_rs_pending_bucket *bucket = bucket_of(pendings, hash);
	u32 mark = mark_of(hash);
	bool found = false;
	int i;

	for (i = 0; i < DSR_RS_PENDING_WAYS && !found; i++) {
		struct dsr_rs_pending *pending = &bucket->way[i];

		if (READ_ONCE(bucket->hash[i]) != mark)
			continue;
		spin_lock_bh(&bucket->lock);
		found = bucket->hash[i] == mark && is_alive(pending, now) &&
			match(&pending->flow.node, tuple);
		if (found) {
			/* Do not refresh it once it has become a flow. */
			if (!(pending->flow.roles & DSR_RS_PROMOTED))
				seen_at(pending, now);
			*copy = *pending;
			copy->flow.rule = NULL;
		}
		spin_unlock_bh(&bucket->lock);
	}
	return found;
}

/* Return true if @pending replaces @old, which is alive, in its place. */
static bool is_same(const struct dsr_rs_pending *pending,
		    const struct dsr_rs_pending *old)
{
	struct dsr_rs_tuple wire = dsr_rs_flow_wire(&pending->flow);

	return pending->flow.roles & DSR_RS_WIRE &&
	       dsr_rs_flow_match_wire(&old->flow.node, &wire);
}

/* Return true if @old, another conversation, has the same socket side. */
static bool is_in_the_way(const struct dsr_rs_pending *pending,
			  const struct dsr_rs_pending *old)
{
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(&pending->flow);

	return pending->flow.roles & DSR_RS_SOCKET &&
	       dsr_rs_flow_match_socket(&old->flow.node, &socket);
}

/* Return a score for the eviction of @old, which is alive, in favour of
 * @pending; the highest score is evicted. A flood of datagrams must not push
 * out a recent handshake, or a conversation that a socket answers.
 */
static u32 due_of(const struct dsr_rs_pending *pending,
		  const struct dsr_rs_pending *old)
{
	u32 age = max_t(s32, pending->flow.node.seen - old->flow.node.seen, 0);
	bool asked = old->flow.proto == IPPROTO_UDP &&
		     !(old->flow.roles & DSR_RS_ANSWERED);

	if (pending->flow.proto == IPPROTO_UDP && !asked && age < GRACE)
		return 0;
	return age + 1;
}

/* Return: the place for @pending, or -1 if another has its socket side. */
static int place_for(const struct dsr_rs_pending_bucket *bucket,
		     const struct dsr_rs_pending *pending)
{
	u32 now = pending->flow.node.seen, first, due, most = 0;
	int i, place, same = -1;

	/* At equal scores the hash decides. */
	first = pending->flow.node.hash / DSR_RS_PENDING_BUCKETS;
	place = first % DSR_RS_PENDING_WAYS;
	for (i = 0; i < DSR_RS_PENDING_WAYS; i++) {
		int way = (first + i) % DSR_RS_PENDING_WAYS;
		const struct dsr_rs_pending *old = &bucket->way[way];
		bool alive = bucket->hash[way] && is_alive(old, now);

		if (alive && is_same(pending, old)) {
			same = way;
			continue;
		}
		if (alive && is_in_the_way(pending, old))
			return -1;
		due = alive ? due_of(pending, old) : U32_MAX;
		if (due > most) {
			most = due;
			place = way;
		}
	}
	return same >= 0 ? same : place;
}

/**
 * dsr_rs_pending_keep() - keep a pending flow
 * @pendings: pending flows
 * @pending: copied; its flow has its hash set, and @flow.node.seen is now
 *
 * Context: any but hard interrupts.
 * Return: true if it is kept; false if another has its ends at the socket.
 */
bool dsr_rs_pending_keep(struct dsr_rs_pendings *pendings,
			 const struct dsr_rs_pending *pending)
{
	u32 hash = pending->flow.node.hash;
	struct dsr_rs_pending_bucket *bucket = bucket_of(pendings, hash);
	int place;

	spin_lock_bh(&bucket->lock);
	place = place_for(bucket, pending);
	if (place >= 0) {
		if (bucket->hash[place] &&
		    is_alive(&bucket->way[place], pending->flow.node.seen) &&
		    !(bucket->way[place].flow.roles & DSR_RS_PROMOTED) &&
		    !is_same(pending, &bucket->way[place]))
			atomic64_inc(&pendings->evicted);
		bucket->way[place] = *pending;
		bucket->way[place].day = today();
		WRITE_ONCE(bucket->hash[place], mark_of(hash));
	}
	spin_unlock_bh(&bucket->lock);
	return place >= 0;
}

/**
 * dsr_rs_pending_mark() - add a role to a pending flow after an answer
 * @pendings: pending flows
 * @hash: dsr_rs_tuple_hash() of @wire
 * @wire: its ends on the wire
 * @role: %DSR_RS_ANSWERED: the socket has answered a datagram;
 *	%DSR_RS_ELSEWHERE: the answer came from another machine or namespace
 *
 * Context: any but hard interrupts.
 */
void dsr_rs_pending_mark(struct dsr_rs_pendings *pendings, u32 hash,
			 const struct dsr_rs_tuple *wire, u8 role)
{
	struct dsr_rs_pending_bucket *bucket = bucket_of(pendings, hash);
	int i;

	spin_lock_bh(&bucket->lock);
	for (i = 0; i < DSR_RS_PENDING_WAYS; i++)
		if (bucket->hash[i] == mark_of(hash) &&
		    dsr_rs_flow_match_wire(&bucket->way[i].flow.node, wire))
			bucket->way[i].flow.roles |= role;
	spin_unlock_bh(&bucket->lock);
}

/**
 * dsr_rs_pending_promote() - note that a pending flow has become a flow
 * @pendings: pending flows
 * @pending: copy of the pending flow
 * @now: jiffies, low half
 *
 * Context: any but hard interrupts.
 */
void dsr_rs_pending_promote(struct dsr_rs_pendings *pendings,
			    const struct dsr_rs_pending *pending, u32 now)
{
	u32 hash = pending->flow.node.hash;
	struct dsr_rs_pending_bucket *bucket = bucket_of(pendings, hash);
	int i;

	spin_lock_bh(&bucket->lock);
	for (i = 0; i < DSR_RS_PENDING_WAYS; i++) {
		struct dsr_rs_flow *flow = &bucket->way[i].flow;

		if (bucket->hash[i] != mark_of(hash) ||
		    !is_same(pending, &bucket->way[i]))
			continue;
		flow->roles |= DSR_RS_PROMOTED;
		seen_at(&bucket->way[i], now + PROMOTED -
			dsr_state_timeout(DSR_CONN_SYN));
	}
	spin_unlock_bh(&bucket->lock);
}

/* Number of buckets between two offers of the processor. */
#define FLUSH_BUCKETS	256

static void bucket_flush(struct dsr_rs_pending_bucket *bucket)
{
	int i;

	spin_lock_bh(&bucket->lock);
	for (i = 0; i < DSR_RS_PENDING_WAYS; i++)
		WRITE_ONCE(bucket->hash[i], 0);
	spin_unlock_bh(&bucket->lock);
}

/**
 * dsr_rs_pending_flush() - forget all pending flows
 * @pendings: pending flows
 *
 * Pending flows that begin meanwhile may stay.
 *
 * Context: process context, sleeps.
 */
void dsr_rs_pending_flush(struct dsr_rs_pendings *pendings)
{
	u32 i;

	for (i = 0; i < DSR_RS_PENDING_BUCKETS; i++) {
		bucket_flush(&pendings->bucket[i]);
		if (!(i % FLUSH_BUCKETS))
			cond_resched();
	}
}
