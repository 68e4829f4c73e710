// SPDX-License-Identifier: GPL-2.0
/* pool - see pool.h */

#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "core/pool.h"
#include "core/rendezvous.h"
#include "core/scheduler.h"
#include "core/server.h"
#include "core/service.h"

/* Limit for scheduler tables in a namespace of an unprivileged user, in slots:
 * 8 MB
 */
#define SLOTS_MAX_USER	BIT(22)

/* The greatest prime below each power of 2: in a table of prime size, a walk of
 * any step visits all slots.
 */
static const u32 slot_numbers[] = {
	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071, 262139,
	524287, 1048573,
};

/** dsr_pool_check_slots() - true if a table may have @slots slots */
bool dsr_pool_check_slots(u32 slots)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(slot_numbers); i++)
		if (slot_numbers[i] == slots)
			return true;
	return false;
}

/* Take over the scheduler's state from @old. Else each change would restart the
 * sequence and favour the first backends; a health checker may make changes
 * every second. Both pools have their members in ascending order.
 */
static void take_over(struct dsr_pool *pool, struct dsr_pool *old)
{
	u32 i, j = 0;

	atomic_set(&pool->turn, atomic_read(&old->turn));
	spin_lock_bh(&old->lock);
	for (i = 0; i < pool->count; i++) {
		struct dsr_pool_member *member = &pool->member[i];

		while (j < old->count &&
		       dsr_backend_compare(old->member[j].backend,
					   member->backend) < 0)
			j++;
		if (j < old->count &&
		    old->member[j].backend == member->backend)
			member->credit = old->member[j].credit;
	}
	spin_unlock_bh(&old->lock);
	dsr_rendezvous_take_over(pool, old);
}

/* Charge @slots to the namespace, in place of the slots of @old.
 *
 * Return: 0, or -%E2BIG.
 */
static int charge(struct dsr_net *dn, const struct dsr_pool *old, u32 slots)
{
	u64 sum = dn->slots + slots - (old ? old->slots : 0);

	if (sum > dn->slots && sum > SLOTS_MAX_USER &&
	    dn->net->user_ns != &init_user_ns)
		return -E2BIG;
	dn->slots = sum;
	return 0;
}

/* Check if a backend takes new connections, unless its server is lost. */
static bool is_eligible(const struct dsr_backend_config *config)
{
	return config->weight && config->admin == DSR_BACKEND_UP;
}

/**
 * dsr_pool_is_outdated() - check if a pool was built before a server was lost, or
 *	before it was found
 * @pool: pool of a service that skips lost backends
 * @backend: backend of the service
 *
 * While all others are lost, a backend that takes no new connections changes
 * nothing: its answer brings no member.
 *
 * Context: process context, holds struct dsr_net.lock.
 */
bool dsr_pool_is_outdated(const struct dsr_pool *pool,
			  const struct dsr_backend *backend)
{
	if (pool->all_lost)
		return is_eligible(&backend->config) &&
		       !READ_ONCE(backend->server->lost);
	return backend->skipped != READ_ONCE(backend->server->lost);
}

static void add_with(struct dsr_pool *pool, struct dsr_backend *backend,
		     const struct dsr_backend_config *config, bool skip)
{
	backend->leaves = skip && READ_ONCE(backend->server->lost);
	if (backend->leaves || !is_eligible(config))
		return;
	pool->member[pool->count++] = (struct dsr_pool_member) {
		.backend = backend,
		.weight = config->weight,
		.hash = dsr_backend_hash(backend),
	};
	pool->limited |= config->upper != 0;
}

static void add_member(struct dsr_pool *pool, struct dsr_backend *backend,
		       bool skip)
{
	add_with(pool, backend, &backend->config, skip);
}

/* Add all backends of @service that are up, plus @with, which is not in the
 * list yet, minus @without. Either may be %NULL. @skip leaves out those whose
 * address resolution has failed.
 */
static void add_members(struct dsr_pool *pool, struct dsr_service *service,
			struct dsr_backend *with, struct dsr_backend *without,
			bool skip)
{
	struct dsr_backend *backend;

	list_for_each_entry(backend, &service->backends, list) {
		if (with && dsr_backend_compare(with, backend) < 0) {
			add_member(pool, with, skip);
			with = NULL;
		}
		if (backend != without)
			add_member(pool, backend, skip);
	}
	if (with)
		add_member(pool, with, skip);
}

/* Let packets see which backends the new pool leaves out. */
static void publish_skipped(struct dsr_service *service,
			    struct dsr_backend *with)
{
	struct dsr_backend *backend;

	list_for_each_entry(backend, &service->backends, list)
		WRITE_ONCE(backend->skipped, backend->leaves);
	if (with)
		WRITE_ONCE(with->skipped, with->leaves);
}

/* Fill the table. A million slots take a while, and build() uses only @pool, so
 * release dn->lock meanwhile. dn->writer stays held, so no other request can
 * change services or backends.
 */
static int fill(struct dsr_net *dn, struct dsr_pool *pool)
{
	int err;

	if (!pool->scheduler->build || !pool->count)
		return 0;
	lockdep_assert_held(&dn->writer);
	mutex_unlock(&dn->lock);
	err = pool->scheduler->build(pool);
	mutex_lock(&dn->lock);
	return err;
}

/* Make a pool without members, with room for @backends of them. */
static struct dsr_pool *pool_new(const struct dsr_scheduler *scheduler,
				 const struct dsr_pool_options *options,
				 u32 backends)
{
	u32 slots = scheduler->slots ? options->slots ?: scheduler->slots : 0;
	u32 homes = dsr_rendezvous_homes(scheduler, backends);
	struct dsr_pool *pool;
	size_t size = struct_size(pool, member, backends);

	pool = kvzalloc(size_add(size, array_size(slots + homes, sizeof(u16))),
			GFP_KERNEL_ACCOUNT);
	if (!pool)
		return NULL;
	pool->scheduler = scheduler;
	pool->options = *options;
	pool->hash = options->hash ?: scheduler->hash;
	pool->slots = slots;
	pool->table = (u16 *)((char *)pool + size);
	if (homes)
		pool->homes = pool->table + slots;
	spin_lock_init(&pool->lock);
	return pool;
}

/* Fill the table of a pool that has its members, and charge it. */
static int finish(struct dsr_net *dn, struct dsr_pool *pool,
		  struct dsr_pool *old)
{
	int err = fill(dn, pool);

	if (!err)
		err = charge(dn, old, pool->slots);
	if (!err && old)
		take_over(pool, old);
	return err;
}

static int build(struct dsr_net *dn, struct dsr_service *service,
		 const struct dsr_scheduler *scheduler,
		 const struct dsr_pool_options *options,
		 struct dsr_backend *with, struct dsr_backend *without)
{
	struct dsr_pool *pool, *old = dsr_service_pool(dn, service);
	int err;

	lockdep_assert_held(&dn->writer);
	lockdep_assert_held(&dn->lock);
	pool = pool_new(scheduler, options, service->backends_count + !!with);
	if (!pool)
		return -ENOMEM;
	if (options->on_unreachable == DSR_ON_UNREACHABLE_SKIP)
		add_members(pool, service, with, without, true);
	/* Where all have failed, a wrong guess costs less than no service. */
	if (!pool->count) {
		add_members(pool, service, with, without, false);
		pool->all_lost = pool->count && options->on_unreachable ==
						DSR_ON_UNREACHABLE_SKIP;
	}
	err = finish(dn, pool, old);
	if (err) {
		kvfree(pool);
		return err;
	}
	rcu_assign_pointer(service->pool, pool);
	publish_skipped(service, with);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

static void add_entries(struct dsr_pool *pool,
			const struct dsr_pool_entry *entry, u32 count,
			bool skip)
{
	u32 i;

	for (i = 0; i < count; i++)
		add_with(pool, entry[i].backend, entry[i].config, skip);
}

/**
 * dsr_pool_draft() - build a pool, for the caller to publish
 * @dn: balancer
 * @scheduler: scheduler of the pool
 * @options: options of the scheduler
 * @entry: all backends of the service, in ascending order of address
 * @count: their number
 * @old: the pool that it will replace, or %NULL
 *
 * Sets dsr_backend.leaves, which the caller publishes as @skipped.
 *
 * Context: as dsr_pool_build(); @dn->writer is held until the pool is published
 * or discarded.
 * Return: the pool, or an ERR_PTR() of the errors of dsr_pool_build().
 */
struct dsr_pool *dsr_pool_draft(struct dsr_net *dn,
				const struct dsr_scheduler *scheduler,
				const struct dsr_pool_options *options,
				const struct dsr_pool_entry *entry, u32 count,
				struct dsr_pool *old)
{
	bool skips = options->on_unreachable == DSR_ON_UNREACHABLE_SKIP;
	struct dsr_pool *pool;
	int err;

	lockdep_assert_held(&dn->writer);
	lockdep_assert_held(&dn->lock);
	pool = pool_new(scheduler, options, count);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	add_entries(pool, entry, count, skips);
	if (!pool->count && skips) {
		add_entries(pool, entry, count, false);
		pool->all_lost = pool->count;
	}
	err = finish(dn, pool, old);
	if (!err)
		return pool;
	kvfree(pool);
	return ERR_PTR(err);
}

/** dsr_pool_discard() - undo dsr_pool_draft(); holds dn->lock */
void dsr_pool_discard(struct dsr_net *dn, struct dsr_pool *pool,
		      const struct dsr_pool *old)
{
	lockdep_assert_held(&dn->lock);
	dn->slots += (old ? old->slots : 0) - (u64)pool->slots;
	kvfree(pool);
}

/**
 * dsr_pool_build() - build and publish the pool of a service
 * @dn: balancer
 * @service: service
 * @scheduler: scheduler of the pool
 * @options: options of the scheduler
 *
 * Context: process context, holds dn->writer and dn->lock, sleeps. Releases
 * dn->lock and takes it again.
 * Return: 0; with nothing changed: -%ENOMEM, or -%E2BIG if the table would
 * exceed the limit of the namespace. If the table does not grow, -%E2BIG cannot
 * happen.
 */
int dsr_pool_build(struct dsr_net *dn, struct dsr_service *service,
		   const struct dsr_scheduler *scheduler,
		   const struct dsr_pool_options *options)
{
	return build(dn, service, scheduler, options, NULL, NULL);
}

static int rebuild(struct dsr_net *dn, struct dsr_service *service,
		   struct dsr_backend *with, struct dsr_backend *without)
{
	struct dsr_pool *pool = dsr_service_pool(dn, service);

	return build(dn, service, pool->scheduler, &pool->options, with,
		     without);
}

/** dsr_pool_rebuild() - dsr_pool_build() with the same scheduler and options */
int dsr_pool_rebuild(struct dsr_net *dn, struct dsr_service *service)
{
	return rebuild(dn, service, NULL, NULL);
}

/** dsr_pool_rebuild_with() - dsr_pool_rebuild() with a new @backend
 *
 * The backend is not in the list yet.
 */
int dsr_pool_rebuild_with(struct dsr_net *dn, struct dsr_service *service,
			  struct dsr_backend *backend)
{
	return rebuild(dn, service, backend, NULL);
}

/** dsr_pool_rebuild_without() - dsr_pool_rebuild() without @backend */
int dsr_pool_rebuild_without(struct dsr_net *dn, struct dsr_service *service,
			     struct dsr_backend *backend)
{
	return rebuild(dn, service, NULL, backend);
}

/**
 * dsr_pool_release() - free the pool of a service that is removed
 * @dn: balancer
 * @pool: pool; freed after a grace period
 *
 * Context: holds dn->lock.
 */
void dsr_pool_release(struct dsr_net *dn, struct dsr_pool *pool)
{
	lockdep_assert_held(&dn->lock);
	dn->slots -= pool->slots;
	kvfree_rcu(pool, rcu);
}
