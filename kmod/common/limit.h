/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limit - bound the kernel memory of a network namespace
 *
 * Any user can create a user namespace, and in it a network namespace with root
 * rights. There the tables are small, unless root of the host raises the limit,
 * and entries that packets create are charged to the memory cgroup of the task
 * that set up the table: packets come in softirq, where there is no task to
 * charge. The lists that users fill by requests have one limit everywhere,
 * because packets search them.
 *
 * A table holds a reference to its cgroup from dsr_limit_charge() to
 * dsr_limit_uncharge(). Tables of the initial user namespace are not charged.
 */
#ifndef _DSR_LIMIT_H
#define _DSR_LIMIT_H

#include <linux/capability.h>
#include <linux/memcontrol.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <linux/dsr_common.h>

/* Default cap of a table outside of the initial user namespace, in entries. */
#define DSR_LIMIT_TABLE_USER	65536U

/* Maximum number each of services, of rules, and of silenced addresses. */
#define DSR_LIMIT_LIST		4096U

/**
 * dsr_limit_table() - return the default hard cap of a table
 * @net: its namespace
 * @max: the module's parameter
 *
 * Return: number of entries.
 */
static inline u32 dsr_limit_table(const struct net *net, u32 max)
{
	max = clamp(max, DSR_TABLE_MAX_MIN, DSR_TABLE_MAX_MAX);
	return net->user_ns == &init_user_ns ?
	       max : min(max, DSR_LIMIT_TABLE_USER);
}

/**
 * dsr_limit_exceeds() - true if a request asks for too large a table
 * @request: the request
 * @wanted: number of entries that it asks for
 * @max: dsr_limit_table() of its namespace
 *
 * CAP_NET_ADMIN of the host allows any size.
 *
 * Context: process context of the request.
 */
static inline bool dsr_limit_exceeds(struct sk_buff *request, u32 wanted,
				     u32 max)
{
	return wanted > max && !netlink_capable(request, CAP_NET_ADMIN);
}

/**
 * dsr_limit_charge() - choose the memory cgroup to charge for a table
 * @net: namespace
 *
 * Context: process context of the task that creates the table.
 * Return: cgroup for dsr_limit_uncharge(); %NULL to charge none.
 */
static inline struct mem_cgroup *dsr_limit_charge(const struct net *net)
{
	return net->user_ns == &init_user_ns ?
	       NULL : get_mem_cgroup_from_mm(current->mm);
}

/** dsr_limit_uncharge() - drop the reference; charged memory has its own */
static inline void dsr_limit_uncharge(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}

/* Without __GFP_HIGH a charged allocation fails at the cgroup's limit. */
static inline gfp_t dsr_limit_gfp(const struct mem_cgroup *memcg)
{
	return memcg ? (GFP_ATOMIC & ~__GFP_HIGH) | __GFP_NOWARN | __GFP_ACCOUNT :
		       GFP_ATOMIC | __GFP_NOWARN;
}

/**
 * dsr_limit_alloc() - allocate an entry for a packet
 * @memcg: cgroup to charge, or %NULL
 * @cache: slab cache of the entry
 *
 * Context: any but hard interrupts.
 * Return: the memory, or %NULL.
 */
static inline void *dsr_limit_alloc(struct mem_cgroup *memcg,
				    struct kmem_cache *cache)
{
	struct mem_cgroup *old;
	void *entry;

	if (likely(!memcg))
		return kmem_cache_alloc(cache, dsr_limit_gfp(NULL));
	old = set_active_memcg(memcg);
	entry = kmem_cache_alloc(cache, dsr_limit_gfp(memcg));
	set_active_memcg(old);
	return entry;
}

#endif /* _DSR_LIMIT_H */
