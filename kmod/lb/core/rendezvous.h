/* SPDX-License-Identifier: GPL-2.0 */
/* rendezvous - a backend for a flow without remembering it; see rendezvous.c */
#ifndef _DSR_RENDEZVOUS_H
#define _DSR_RENDEZVOUS_H

#include "core/pool.h"

u32 dsr_rendezvous_homes(const struct dsr_scheduler *scheduler, u32 backends);
struct dsr_backend *dsr_rendezvous_lookup(const struct dsr_pool *pool, u32 flow);
struct dsr_backend *dsr_rendezvous_pick(const struct dsr_pool *pool, u32 flow,
					bool takes);
struct dsr_backend *dsr_rendezvous_select(const struct dsr_pool *pool,
					  u32 flow);
void dsr_rendezvous_take_over(struct dsr_pool *pool,
			      const struct dsr_pool *old);

#endif /* _DSR_RENDEZVOUS_H */
