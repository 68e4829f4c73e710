// SPDX-License-Identifier: GPL-2.0
/*
 * rendezvous - a backend for a flow without remembering it
 *
 * What balances when the connection table is full: each backend gets a score
 * from a hash of the flow and of its own address, and the best score wins. So
 * all packets of a flow get the same backend, and a change of the backends
 * moves only the flows that it must.
 *
 * D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit
 * Rates", IEEE/ACM ToN 1998; weights by the logarithmic method (J. Schindelhauer,
 * G. Schomaker, "Weighted Distributed Hash Tables", SPAA 2005): the score of a
 * backend is -log(u) / weight with u uniform in (0, 1], and the least wins.
 */

#include <linux/jhash.h>
#include <linux/log2.h>

#include "scheduler.h"

#define LOG_BITS	16

/* -log2((x + 1) / 2^32) in units of 2^-LOG_BITS, never 0. log2(1 + f) of the
 * fraction f is f + f (1 - f) * 0.346, which is off by 0.005 at most.
 */
static u32 minus_log2(u32 x)
{
	u64 value = (u64)x + 1;
	u32 whole = ilog2(value);
	u64 f = ((value << LOG_BITS) >> whole) - (1 << LOG_BITS);
	u64 bend = (f * ((1 << LOG_BITS) - f)) >> LOG_BITS;
	u32 log = (whole << LOG_BITS) + f + ((bend * 22675) >> LOG_BITS);

	return max_t(s64, (32LL << LOG_BITS) - log, 1);
}

/**
 * dsr_rendezvous_pick() - the backend of a hash
 * @pool: with a member at least
 * @flow: hash of what is always to get the same backend
 * @takes: of the backends that are not overloaded
 *
 * Context: rcu_read_lock(). No writes.
 * Return: a backend of @pool, or %NULL if all are overloaded and @takes.
 */
struct dsr_backend *dsr_rendezvous_pick(const struct dsr_pool *pool, u32 flow,
					bool takes)
{
	const struct dsr_pool_member *member, *best = NULL;
	u64 best_score = 0;
	u32 i, score;

	for (i = 0; i < pool->count; i++) {
		member = &pool->member[i];
		if (takes && !dsr_pool_takes(pool, member))
			continue;
		score = minus_log2(jhash_2words(flow, member->hash, 0));
		/* score / weight < best_score / best->weight */
		if (!best || (u64)score * best->weight <
			     best_score * member->weight) {
			best = member;
			best_score = score;
		}
	}
	return best ? best->backend : NULL;
}
