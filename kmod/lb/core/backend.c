// SPDX-License-Identifier: GPL-2.0
/* backend - see backend.h */

#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/neighbour.h>

#include "core/backend.h"
#include "core/pool.h"
#include "core/probe.h"
#include "core/server.h"
#include "core/service.h"

/* The backends of all services, by service and address. */
static struct rhashtable backends;

/**
 * struct backend_key - key of a backend
 * @service: its service
 * @addr: its address
 */
struct backend_key {
	const struct dsr_service *service;
	const union nf_inet_addr *addr;
};

static u32 hash_of(const struct dsr_service *service,
		   const union nf_inet_addr *addr, u32 seed)
{
	return jhash2(addr->all, ARRAY_SIZE(addr->all),
		      seed ^ hash_ptr(service, 32));
}

static u32 hash_key(const void *data, u32 len, u32 seed)
{
	const struct backend_key *key = data;

	return hash_of(key->service, key->addr, seed);
}

static u32 hash_backend(const void *data, u32 len, u32 seed)
{
	const struct dsr_backend *backend = data;

	return hash_of(backend->service, &backend->nexthop.addr, seed);
}

/* Return: 0 if the key matches. */
static int compare_key(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct dsr_backend *backend = object;
	const struct backend_key *key = arg->key;

	return backend->service != key->service ||
	       dsr_addr_compare(&backend->nexthop.addr, key->addr);
}

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct dsr_backend, node),
	.key_len = sizeof(struct backend_key),
	.hashfn = hash_key,
	.obj_hashfn = hash_backend,
	.obj_cmpfn = compare_key,
	.automatic_shrinking = true,
};

static void backend_free_rcu(struct rcu_head *rcu)
{
	struct dsr_backend *backend = container_of(rcu, struct dsr_backend,
						   rcu);

	dsr_nexthop_exit(&backend->nexthop);
	free_percpu(backend->stats);
	kfree(backend);
}

/**
 * dsr_backend_put() - drop a reference
 * @backend: backend
 *
 * The last reference frees the backend after a grace period.
 *
 * Context: any but hard interrupts.
 */
void dsr_backend_put(struct dsr_backend *backend)
{
	if (refcount_dec_and_test(&backend->ref))
		call_rcu(&backend->rcu, backend_free_rcu);
}

/**
 * dsr_backend_find() - look a backend up by its address
 * @dn: balancer
 * @service: service
 * @addr: address
 *
 * Context: rcu_read_lock() or holds dn->lock.
 * Return: the backend or %NULL.
 */
struct dsr_backend *dsr_backend_find(struct dsr_net *dn,
				     const struct dsr_service *service,
				     const union nf_inet_addr *addr)
{
	struct backend_key key = { .service = service, .addr = addr };

	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held() &&
			 !lockdep_is_held(&dn->lock),
			 "backend looked up without rcu_read_lock() or dn->lock");
	return rhashtable_lookup_fast(&backends, &key, params);
}
EXPORT_SYMBOL_GPL(dsr_backend_find);

static int backend_index(struct dsr_backend *backend)
{
	return rhashtable_insert_fast(&backends, &backend->node, params);
}

static void backend_unindex(struct dsr_backend *backend)
{
	rhashtable_remove_fast(&backends, &backend->node, params);
}

/**
 * dsr_backend_list() - add a backend to the list of its service
 * @backend: backend
 * @before: the entry that it comes after. The list is in ascending order of
 *	address: the pool relies on the order
 *
 * Context: process context, holds struct dsr_net.lock.
 */
void dsr_backend_list(struct dsr_backend *backend, struct list_head *before)
{
	list_add_rcu(&backend->list, before);
	backend->service->backends_count++;
}

static void backend_list(struct dsr_backend *backend)
{
	struct dsr_service *service = backend->service;
	struct dsr_backend *before;

	list_for_each_entry_reverse(before, &service->backends, list)
		if (dsr_backend_compare(before, backend) < 0)
			break;
	dsr_backend_list(backend, &before->list);
}

/**
 * dsr_backend_link() - add a backend to the hash table and to the list
 * @backend: backend, completely set up
 *
 * Context: process context, holds struct dsr_net.lock.
 * Return: 0 or a negative errno.
 */
int dsr_backend_link(struct dsr_backend *backend)
{
	int err = backend_index(backend);

	if (!err)
		backend_list(backend);
	return err;
}

static void backend_unlink(struct dsr_service *service,
			   struct dsr_backend *backend)
{
	backend_unindex(backend);
	list_del_rcu(&backend->list);
	service->backends_count--;
}

/** dsr_backend_check() - check the numbers of a configuration
 *
 * Return: 0, or -%ERANGE with a message in @extack.
 */
int dsr_backend_check(const struct dsr_backend_config *config,
		      struct netlink_ext_ack *extack)
{
	if (config->weight > DSR_WEIGHT_MAX) {
		NL_SET_ERR_MSG(extack,
			       "weight out of range: 0 to 65535");
		return -ERANGE;
	}
	if (config->lower > config->upper) {
		NL_SET_ERR_MSG(extack,
			       "lower is above upper: a backend becomes overloaded at upper, and stays overloaded until below lower");
		return -ERANGE;
	}
	return 0;
}

/** dsr_backend_refuse_more() - set the message for -%ENOSPC, and return that */
int dsr_backend_refuse_more(struct netlink_ext_ack *extack)
{
	BUILD_BUG_ON(DSR_BACKENDS_MAX != 4096);
	NL_SET_ERR_MSG(extack,
		       "too many backends in this service: the limit is 4096");
	return -ENOSPC;
}

/* Between the thresholds the state does not change. Half-open connections do
 * not count: a flood from forged sources must not make the backend refuse
 * clients.
 */
static bool is_overloaded(const struct dsr_backend *backend)
{
	u64 upper = READ_ONCE(backend->config.upper);
	u64 lower = READ_ONCE(backend->config.lower);
	u64 count = (u64)(u32)atomic_read(&backend->active) +
		    (u32)atomic_read(&backend->inactive);

	if (!upper)
		return false;
	if (count >= upper)
		return true;
	if (lower ? count < lower : count * 4 < upper * 3)
		return false;
	return READ_ONCE(backend->overloaded);
}

/**
 * dsr_backend_update_overload() - update dsr_backend.overloaded
 * @backend: backend; its counts or thresholds have just changed
 *
 * Each CPU writes its count before it reads @overloaded, and writes @overloaded
 * before it reads the counts again. So if two CPUs do this at the same time, at
 * least one of them sees what the other has written, and the final value is
 * right.
 *
 * Context: any.
 */
void dsr_backend_update_overload(struct dsr_backend *backend)
{
	bool overloaded;

	smp_mb();	/* pairs with the one below */
	while ((overloaded = is_overloaded(backend)) !=
	       READ_ONCE(backend->overloaded)) {
		WRITE_ONCE(backend->overloaded, overloaded);
		smp_mb();	/* pairs with the one above */
	}
}

/** dsr_backend_config() - return the configuration of @backend
 *
 * The deadline is the time that is left.
 */
struct dsr_backend_config dsr_backend_config(const struct dsr_backend *backend)
{
	struct dsr_backend_config config = backend->config;

	config.deadline = dsr_backend_drain_left(backend);
	return config;
}
EXPORT_SYMBOL_GPL(dsr_backend_config);

/**
 * dsr_backend_apply() - set the configuration that packets read
 * @backend: backend
 * @config: configuration; its deadline is set by dsr_backend_set_deadline()
 *
 * Context: any but hard interrupts, holds struct dsr_net.lock.
 */
void dsr_backend_apply(struct dsr_backend *backend,
		       const struct dsr_backend_config *config)
{
	WRITE_ONCE(backend->config.weight, config->weight);
	WRITE_ONCE(backend->config.upper, config->upper);
	WRITE_ONCE(backend->config.lower, config->lower);
	WRITE_ONCE(backend->config.admin, config->admin);
	backend->deadline = 0;
	dsr_backend_update_overload(backend);
}

/** dsr_backend_set_deadline() - set the deadline of a draining backend
 *
 * Call after the pool was rebuilt: a backend must have left the pool before its
 * deadline can pass.
 */
void dsr_backend_set_deadline(struct dsr_backend *backend,
			      const struct dsr_backend_config *config)
{
	if (config->admin != DSR_BACKEND_DRAINING || !config->deadline)
		return;
	/* 0 means no deadline */
	backend->deadline = (jiffies + config->deadline) ?: 1;
}

static struct dsr_backend *allocate(struct dsr_net *dn,
				    struct dsr_service *service,
				    const union nf_inet_addr *addr,
				    const struct dsr_backend_config *config)
{
	struct dsr_backend *backend;
	u8 family = service->key.family;

	backend = kzalloc(sizeof(*backend), GFP_KERNEL_ACCOUNT);
	if (!backend)
		return NULL;
	backend->stats = alloc_percpu_gfp(struct dsr_stats, GFP_KERNEL_ACCOUNT);
	if (!backend->stats)
		goto free_backend;
	backend->server = dsr_server_get(dn->net, family, addr);
	if (!backend->server)
		goto free_stats;
	backend->service = service;
	INIT_LIST_HEAD(&backend->list);
	refcount_set(&backend->ref, 1);
	dsr_backend_apply(backend, config);
	dsr_nexthop_init(dn, &backend->nexthop, family, addr);
	return backend;

free_stats:
	free_percpu(backend->stats);
free_backend:
	kfree(backend);
	return NULL;
}

/* Give up the next hop and the server of a backend that only connections can
 * still reach.
 */
static void backend_gone(struct dsr_backend *backend)
{
	dsr_nexthop_remove(&backend->nexthop);
	dsr_server_put(backend->server);
	backend->server = NULL;
}

/**
 * dsr_backend_new() - make a backend that gets no new connections yet
 * @dn: balancer
 * @service: service, without a backend of this address
 * @addr: its address, of the service's family, unicast
 * @config: its configuration
 *
 * A packet of a connection of a removed backend of this address may find it. No
 * list and no pool has it.
 *
 * Context: process context, holds dn->lock.
 * Return: the backend, or %NULL if memory is short.
 */
struct dsr_backend *dsr_backend_new(struct dsr_net *dn,
				    struct dsr_service *service,
				    const union nf_inet_addr *addr,
				    const struct dsr_backend_config *config)
{
	struct dsr_backend *backend = allocate(dn, service, addr, config);

	if (!backend || !backend_index(backend))
		return backend;
	backend_gone(backend);
	dsr_backend_put(backend);
	return NULL;
}

/** dsr_backend_discard() - undo dsr_backend_new()
 *
 * Context: process context, holds dn->lock.
 */
void dsr_backend_discard(struct dsr_backend *backend)
{
	backend_unindex(backend);
	backend_gone(backend);
	dsr_backend_put(backend);
}

/**
 * dsr_backend_look_up() - look up the route of a new backend
 * @dn: balancer
 * @backend: backend
 *
 * Sets @local before the first packet. That packet may come from another
 * balancer that is also a backend, and peer.c has to know if this machine is
 * one.
 *
 * Context: process context.
 */
void dsr_backend_look_up(struct dsr_net *dn, struct dsr_backend *backend)
{
	rcu_read_lock();
	dsr_nexthop_get(dn->net, &backend->nexthop);
	rcu_read_unlock();
}

/**
 * dsr_backend_add() - add a backend to a service
 * @dn: balancer
 * @service: service, without a backend of this address
 * @addr: its address, of the service's family, unicast
 * @config: its configuration
 * @extack: gets the error message
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0; -%ERANGE, -%ENOSPC or -%EINVAL with a message in @extack;
 * -%ENOMEM.
 */
int dsr_backend_add(struct dsr_net *dn, struct dsr_service *service,
		    const union nf_inet_addr *addr,
		    const struct dsr_backend_config *config,
		    struct netlink_ext_ack *extack)
{
	struct dsr_backend *backend;
	int err;

	lockdep_assert_held(&dn->lock);
	err = dsr_backend_check(config, extack);
	if (err)
		return err;
	if (service->backends_count >= DSR_BACKENDS_MAX)
		return dsr_backend_refuse_more(extack);

	if (service->probe && dsr_probe_is_shared(service, addr)) {
		NL_SET_ERR_MSG(extack,
			       "another backend has the same last byte of its address, so both would have the same probe mark: turn probe marks off first with 'service set ... probe-marks none'");
		return -EINVAL;
	}

	backend = dsr_backend_new(dn, service, addr, config);
	if (!backend)
		return -ENOMEM;
	/* Add to the list last: a dump must not show a backend that fails. */
	err = dsr_pool_rebuild_with(dn, service, backend);
	if (err) {
		dsr_backend_discard(backend);
		return -ENOMEM;
	}
	backend_list(backend);
	dsr_backend_look_up(dn, backend);
	dsr_backend_set_deadline(backend, config);
	dsr_net_changed(dn);
	return 0;
}

/**
 * dsr_backend_set() - change a backend; its connections stay
 * @dn: balancer
 * @backend: backend
 * @config: the whole new configuration
 * @extack: gets the error message
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0; -%ERANGE with a message in @extack; -%ENOMEM. On error nothing
 * changes.
 */
int dsr_backend_set(struct dsr_net *dn, struct dsr_backend *backend,
		    const struct dsr_backend_config *config,
		    struct netlink_ext_ack *extack)
{
	struct dsr_backend_config old = dsr_backend_config(backend);
	bool pooled = dsr_backend_is_up(backend);
	bool is_pooled;
	int err;

	lockdep_assert_held(&dn->lock);
	err = dsr_backend_check(config, extack);
	if (err || !memcmp(config, &old, sizeof(old)))
		return err;
	dsr_backend_apply(backend, config);
	is_pooled = dsr_backend_is_up(backend);
	/* The pool caches the weight, and if there is a threshold. */
	if (pooled != is_pooled ||
	    (is_pooled && (old.weight != config->weight ||
			   !old.upper != !config->upper))) {
		err = dsr_pool_rebuild(dn, backend->service);
		if (err) {
			dsr_backend_apply(backend, &old);
			dsr_backend_set_deadline(backend, &old);
			return err;
		}
	}
	dsr_backend_set_deadline(backend, config);
	dsr_net_changed(dn);
	return 0;
}

/**
 * dsr_backend_release() - unlink a backend and drop the service's reference
 * @backend: backend, in its service's list and in no pool that new packets read
 *
 * Each connection of the backend holds a reference until its next packet moves
 * the connection to another backend, or garbage collection frees it.
 *
 * Context: process context, holds struct dsr_net.lock.
 */
void dsr_backend_release(struct dsr_backend *backend)
{
	struct dsr_service *service = backend->service;

	backend_unlink(service, backend);
	backend_gone(backend);
	dsr_stats_add(&service->retired, backend->stats);
	kfree(backend->ipvs);
	backend->ipvs = NULL;
	dsr_backend_put(backend);
}

/**
 * dsr_backend_remove() - take a backend out of its service
 * @dn: balancer
 * @backend: backend
 * @extack: gets the error message
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_backend_remove(struct dsr_net *dn, struct dsr_backend *backend,
		       struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&dn->lock);
	err = dsr_pool_rebuild_without(dn, backend->service, backend);
	if (err) {
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
		return err;
	}
	dsr_backend_release(backend);
	dsr_net_changed(dn);
	return 0;
}

static u8 state_of_neighbour(const struct neighbour *neigh)
{
	u8 nud = READ_ONCE(neigh->nud_state);

	if (nud & NUD_VALID)
		return DSR_BACKEND_REACHABLE;
	if (nud & NUD_INCOMPLETE)
		return DSR_BACKEND_INCOMPLETE;
	return nud & NUD_FAILED ? DSR_BACKEND_UNREACHABLE : DSR_BACKEND_UNKNOWN;
}

/**
 * dsr_backend_state() - return the state of the route and the neighbour
 * @net: namespace
 * @backend: backend
 * @ifindex: set to the index of the device towards it, or 0
 * @mac: gets the MAC address if @mac_len is not 0; MAX_ADDR_LEN bytes
 * @mac_len: set to the length of @mac, 0 if the address is not known
 *
 * Context: process context.
 * Return: enum dsr_backend_state.
 */
u8 dsr_backend_state(struct net *net, struct dsr_backend *backend,
		     int *ifindex, u8 mac[], u8 *mac_len)
{
	u8 state = DSR_BACKEND_NO_ROUTE;
	struct net_device *dev;
	struct neighbour *neigh;
	struct dst_entry *dst;

	*ifindex = 0;
	*mac_len = 0;
	rcu_read_lock();
	local_bh_disable();
	dst = dsr_nexthop_get(net, &backend->nexthop);
	if (!dst) {
		if (READ_ONCE(backend->nexthop.local))
			state = DSR_BACKEND_LOCAL;
		goto out;
	}
	dev = READ_ONCE(dst->dev);
	*ifindex = dev->ifindex;
	state = DSR_BACKEND_UNKNOWN;
	neigh = dsr_nexthop_neighbour(backend->nexthop.family, &backend->nexthop,
				      dev);
	if (!neigh)
		goto out;
	state = state_of_neighbour(neigh);
	if (state == DSR_BACKEND_REACHABLE &&
	    !(READ_ONCE(neigh->nud_state) & NUD_NOARP)) {
		*mac_len = dev->addr_len;
		neigh_ha_snapshot(mac, neigh, dev);
	}
out:
	local_bh_enable();
	rcu_read_unlock();
	return state;
}

/** dsr_backend_init() - set up the hash tables; return 0 or -errno */
int dsr_backend_init(void)
{
	int err;

	err = rhashtable_init(&backends, &params);
	if (err)
		return err;
	err = dsr_server_init();
	if (err)
		rhashtable_destroy(&backends);
	return err;
}

/** dsr_backend_exit() - undo dsr_backend_init(), once all backends are gone */
void dsr_backend_exit(void)
{
	dsr_server_exit();
	rhashtable_destroy(&backends);
}
