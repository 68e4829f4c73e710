/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scheduler - who chooses the backend of a new connection
 *
 * One file for each; stateless but for what is in the pool. A new one is a
 * struct dsr_scheduler in a file of its own and a line in scheduler.c.
 */
#ifndef _DSR_SCHEDULER_H
#define _DSR_SCHEDULER_H

#include "packet.h"
#include "pool.h"

/**
 * struct dsr_scheduler - who chooses the backend of a new connection
 * @name: as the user writes it
 * @hashes: the same flow always gets the same backend, so that nobody has to
 *	remember it before its first packet that is not a SYN
 * @select: choose. @pool has a member at least; if @dry, nothing is changed.
 *	Context: rcu_read_lock(). Return: a backend of @pool; %NULL if none of
 *	them takes a connection now
 */
struct dsr_scheduler {
	const char *name;
	bool hashes;
	struct dsr_backend *(*select)(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry);
};

extern const struct dsr_scheduler dsr_sched_rr;
extern const struct dsr_scheduler dsr_sched_wrr;

const struct dsr_scheduler *dsr_scheduler_find(const char *name);

/* rendezvous.c */
struct dsr_backend *dsr_rendezvous_select(const struct dsr_pool *pool,
					  const struct dsr_tuple *tuple);

#endif /* _DSR_SCHEDULER_H */
