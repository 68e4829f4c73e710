/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched - the schedulers, by name
 *
 * Each scheduler is a struct dsr_scheduler in a file of its own, and a line here
 * and in sched.c.
 */
#ifndef _DSR_SCHED_H
#define _DSR_SCHED_H

#include "core/scheduler.h"

extern const struct dsr_scheduler dsr_sched_rr;
extern const struct dsr_scheduler dsr_sched_wrr;
extern const struct dsr_scheduler dsr_sched_lc;
extern const struct dsr_scheduler dsr_sched_wlc;
extern const struct dsr_scheduler dsr_sched_sed;
extern const struct dsr_scheduler dsr_sched_nq;
extern const struct dsr_scheduler dsr_sched_sh;
extern const struct dsr_scheduler dsr_sched_dh;
extern const struct dsr_scheduler dsr_sched_fo;
extern const struct dsr_scheduler dsr_sched_ovf;
extern const struct dsr_scheduler dsr_sched_twos;
extern const struct dsr_scheduler dsr_sched_maglev;

const struct dsr_scheduler *dsr_sched_find(const char *name);
struct dsr_backend *dsr_sched_lookup(const struct dsr_pool *pool,
				     const struct dsr_tuple *tuple);

/* maglev.c */
u32 dsr_maglev_slot(const struct dsr_pool *pool, const struct dsr_tuple *tuple);

#endif /* _DSR_SCHED_H */
