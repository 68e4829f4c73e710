// SPDX-License-Identifier: GPL-2.0
/* chance - see chance.h */

#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "core/chance.h"

/* Capacity of a token bucket, in seconds of its rate. */
#define BURST	4

/* Copies of ICMP errors in a second. An error is worth a few at most, and a forger
 * needs no connection for one.
 */
#define COPIES	1000

/* After this silence of a client, count its denials anew. */
#define FORGET	(60 * HZ)

static unsigned int denial_rate = 50000;
module_param(denial_rate, uint, 0644);
MODULE_PARM_DESC(denial_rate,
		 "denied packets that each network namespace forwards to other backends, in a second");

static u32 rate_of(enum dsr_chance_budget budget)
{
	u32 rate = min(READ_ONCE(denial_rate), U32_MAX / BURST);

	return budget == DSR_CHANCE_COPY ? min_t(u32, rate, COPIES) : rate;
}

/**
 * dsr_chance_start() - set up a namespace for services with chances
 * @dn: balancer, with a connection table
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or -%ENOMEM.
 */
int dsr_chance_start(struct dsr_net *dn)
{
	struct dsr_chances *chances;
	int i;

	if (rcu_access_pointer(dn->chances))
		return 0;
	chances = kvzalloc(sizeof(*chances), GFP_KERNEL_ACCOUNT);
	if (!chances)
		return -ENOMEM;
	spin_lock_init(&chances->lock);
	for (i = 0; i < DSR_CHANCE_BUDGETS; i++) {
		chances->buckets[i].tokens = rate_of(i);
		chances->buckets[i].filled = jiffies;
	}
	rcu_assign_pointer(dn->chances, chances);
	return 0;
}

/**
 * dsr_chance_stop() - undo dsr_chance_start()
 * @dn: balancer without services
 *
 * Context: process context, holds dn->lock. Wait for a grace period before the
 * table is freed.
 */
void dsr_chance_stop(struct dsr_net *dn)
{
	struct dsr_chances *chances;

	chances = rcu_replace_pointer(dn->chances, NULL,
				      lockdep_is_held(&dn->lock));
	if (chances)
		kvfree_rcu(chances, rcu);
}

/* Return the jiffies since @then. Another processor may have read the clock for @then
 * after the caller has read it for @now: that is no time at all, not nearly 2^32.
 */
static u32 elapsed(u32 then, u32 now)
{
	u32 passed = now - then;

	return passed > U32_MAX - HZ ? 0 : passed;
}

/**
 * dsr_chance_take() - take a token
 * @chances: denials in the namespace
 * @budget: work to do
 * @now: jiffies, low half
 *
 * Anyone can send stray segments, and each costs one packet per backend.
 *
 * Context: any but hard interrupts.
 * Return: true if the work may be done.
 */
bool dsr_chance_take(struct dsr_chances *chances,
		     enum dsr_chance_budget budget, u32 now)
{
	struct dsr_chance_bucket *bucket = &chances->buckets[budget];
	u32 rate = rate_of(budget);
	bool taken;
	u64 more;

	spin_lock_bh(&chances->lock);
	more = (u64)elapsed(bucket->filled, now) * rate;
	do_div(more, HZ);
	/* The rate may be lower than before, or 0. */
	bucket->tokens = min_t(u64, bucket->tokens + more, rate * BURST);
	if (more)
		bucket->filled = now;
	taken = bucket->tokens;
	if (taken)
		bucket->tokens--;
	spin_unlock_bh(&chances->lock);
	return taken;
}

/**
 * dsr_chance_give_up() - true if it is time to reset a connection
 * @chances: denials in the namespace
 * @hash: hash of the connection's tuple
 * @asked: number of backends that have just denied it
 * @all: number of backends
 * @now: jiffies, low half
 *
 * Context: any but hard interrupts.
 * Return: true if all backends have denied the connection, and the first round
 * of denials ended a second ago or earlier.
 */
bool dsr_chance_give_up(struct dsr_chances *chances, u32 hash, u32 asked,
			u32 all, u32 now)
{
	struct dsr_chance_silence *silence =
		&chances->silences[hash >> (32 - DSR_CHANCE_BITS)];
	bool over = false;
	u32 passed;

	spin_lock_bh(&chances->lock);
	passed = elapsed(silence->since, now);
	if (!silence->asked || silence->hash != hash || passed > FORGET) {
		silence->hash = hash;
		silence->since = now;
		silence->asked = asked;
	} else {
		silence->asked += asked;
		over = passed >= HZ && silence->asked >= all;
		if (over)
			silence->asked = 0;
	}
	spin_unlock_bh(&chances->lock);
	return over;
}

/* Return the backend with the next address, or %NULL if none is left. */
static struct dsr_backend *behind(struct dsr_service *service,
				  struct dsr_backend *backend)
{
	struct list_head *head = &service->backends;
	struct dsr_backend *next;

	next = list_next_or_null_rcu(head, &backend->list, struct dsr_backend,
				     list);
	return next ?: list_first_or_null_rcu(head, struct dsr_backend, list);
}

/* Return the next backend of a circle in which the other candidate has moved
 * behind the home. Each backend is there once, wherever the walk begins.
 */
static struct dsr_backend *follow(struct dsr_service *service,
				  struct dsr_backend *backend,
				  const struct dsr_chance_order *order)
{
	struct dsr_backend *next;

	if (!order->other)
		return behind(service, backend);
	if (backend == order->home)
		return order->other;
	next = behind(service, backend == order->other ? order->home : backend);
	return next == order->other ? behind(service, next) : next;
}

/**
 * dsr_chance_next() - find the next backend for a denied connection
 * @dn: balancer
 * @backend: backend that has denied it, of a service
 * @order: the order of the backends
 *
 * Walk the backends in the order of their addresses, in a circle. All balancers
 * have the same order. If the hash offers a flow two backends, one comes after
 * the other: nearly all flows are at one of them.
 *
 * Context: rcu_read_lock().
 * Return: the backend, or %NULL if there is no other one.
 */
struct dsr_backend *dsr_chance_next(struct dsr_net *dn,
				    struct dsr_backend *backend,
				    const struct dsr_chance_order *order)
{
	struct dsr_service *service = backend->service;
	/* A backend that has just left the list ends no walk. */
	u32 left = READ_ONCE(service->backends_count);
	struct dsr_backend *next = backend;

	for (; left; left--) {
		next = follow(service, next, order);
		if (!next || next == backend)
			return NULL;
		if (order->can(dn, next))
			return next;
	}
	return NULL;
}

/**
 * dsr_chance_decide() - decide about a packet that a backend has denied
 * @dn: balancer
 * @chances: denials in the namespace
 * @conn: connection of the packet, found in this grace period
 * @from: backend that has denied the packet; of a service, and not removed
 * @order: the order of the backends
 * @to: set if the packet is to be forwarded
 *
 * If @conn has left @from already, an earlier packet of the connection was
 * denied as well. Then the packet only follows the connection.
 *
 * Context: rcu_read_lock(), any but hard interrupts. Takes the lock of a stripe.
 * Return: %DSR_FORWARDED_DENIED with @to set; %DSR_ANSWERED_DENIED to send a
 * RST; or the reason to drop the packet.
 */
enum dsr_reason dsr_chance_decide(struct dsr_net *dn,
				  struct dsr_chances *chances,
				  struct dsr_conn *conn,
				  struct dsr_backend *from,
				  const struct dsr_chance_order *order,
				  struct dsr_backend **to)
{
	struct dsr_service *service = from->service;
	u32 all = READ_ONCE(service->backends_count);
	u32 limit = min_t(u32, READ_ONCE(service->chances), all);
	enum dsr_denial denial = DSR_DENIAL_LATE;
	struct dsr_backend *next = NULL;

	*to = NULL;
	/* An entry that comes back to @from later is late, too: without @next, all
	 * backends would seem to have denied it.
	 */
	if (rcu_access_pointer(conn->backend) == from) {
		next = dsr_chance_next(dn, from, order);
		denial = dsr_conn_deny(dn, conn, from, next, limit);
	}
	switch (denial) {
	case DSR_DENIAL_MOVED:
		*to = next;
		return DSR_FORWARDED_DENIED;
	case DSR_DENIAL_LATE:
		next = dsr_conn_backend(conn);
		if (!next || next->service != service ||
		    !order->can(dn, next))
			break;
		*to = next;
		return DSR_FORWARDED_DENIED;
	case DSR_DENIAL_BY_ALL:
		/* Without another backend, all have been asked. */
		return dsr_chance_give_up(chances, conn->node.hash,
					  next ? limit : all, all, jiffies) ?
		       DSR_ANSWERED_DENIED : DSR_DROP_DENIED;
	case DSR_DENIAL_GONE:
		break;
	}
	return DSR_DROP_DENIAL_UNKNOWN;
}
