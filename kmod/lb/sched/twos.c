// SPDX-License-Identifier: GPL-2.0
/*
 * sched_twos - the power of two choices: draw two backends at random, choose
 * the one with less load for its weight
 *
 * The probability to draw a backend is proportional to its weight. Unlike wlc,
 * twos does not send a burst of connections to the one backend that is idlest
 * at the moment, from this balancer and from all others.
 *
 * M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
 * IEEE TPDS 2001.
 */

#include <linux/random.h>

#include "core/scheduler.h"
#include "sched/sched.h"

/* Return the member at @point, from 0 to the sum of the weights minus one. If a
 * member has become overloaded since the sum was taken, @point may be too
 * large: then return the last member.
 */
static struct dsr_pool_member *drawn(struct dsr_pool *pool, u32 point)
{
	struct dsr_pool_member *member, *last = NULL;

	dsr_pool_for_each(member, pool) {
		if (point < member->weight)
			return member;
		point -= member->weight;
		last = member;
	}
	return last;
}

static struct dsr_backend *twos_select(struct dsr_pool *pool,
				       const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *one, *other;
	u32 sum = 0;

	dsr_pool_for_each(one, pool)
		sum += one->weight;
	one = drawn(pool, reciprocal_scale(get_random_u32(), sum));
	other = drawn(pool, reciprocal_scale(get_random_u32(), sum));
	if (!one || !other)
		return NULL;
	if (dsr_backend_load(other->backend) * one->weight <
	    dsr_backend_load(one->backend) * other->weight)
		one = other;
	return one->backend;
}

const struct dsr_scheduler dsr_sched_twos = {
	.name = "twos",
	.select = twos_select,
};
