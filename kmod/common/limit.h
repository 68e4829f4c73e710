/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limit - how much of the kernel's memory a network namespace may take
 *
 * Any user can make a user namespace, and with it a network namespace where he
 * is root. So there the tables are small, unless the host's root says otherwise,
 * and what packets put into them is charged to the memory cgroup that set them
 * up: packets come in softirq, where there is no task to charge. The lists that a
 * user fills by hand have one limit everywhere, for packets search them.
 *
 * A table's cgroup belongs to the table from dsr_limit_charge() to
 * dsr_limit_uncharge(). Of the first user namespace's tables nothing is charged.
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
#include <linux/dsr.h>

/* Entries of a table in another user namespace than the first. */
#define DSR_LIMIT_TABLE_USER	65536U

/* Services; rules; silenced addresses. */
#define DSR_LIMIT_LIST		4096U

/**
 * dsr_limit_table() - hard cap of a table, until it is set
 * @net: its namespace
 * @max: the module's parameter
 *
 * Return: entries.
 */
static inline u32 dsr_limit_table(const struct net *net, u32 max)
{
	max = clamp(max, DSR_TABLE_MAX_MIN, DSR_TABLE_MAX_MAX);
	return net->user_ns == &init_user_ns ?
	       max : min(max, DSR_LIMIT_TABLE_USER);
}

/**
 * dsr_limit_exceeds() - whether a request wants a larger table than it may have
 * @request: the request
 * @wanted: entries that it asks for
 * @max: dsr_limit_table() of its namespace
 *
 * Context: process context, where the request is carried out.
 */
static inline bool dsr_limit_exceeds(struct sk_buff *request, u32 wanted,
				     u32 max)
{
	return wanted > max && !netlink_capable(request, CAP_NET_ADMIN);
}

/**
 * dsr_limit_charge() - the memory cgroup that a namespace's table is charged to
 * @net: namespace
 *
 * Context: process context of the task that makes the table.
 * Return: for dsr_limit_uncharge(); or %NULL: none.
 */
static inline struct mem_cgroup *dsr_limit_charge(const struct net *net)
{
	return net->user_ns == &init_user_ns ?
	       NULL : get_mem_cgroup_from_mm(current->mm);
}

/** dsr_limit_uncharge() - what is charged to @memcg keeps it itself */
static inline void dsr_limit_uncharge(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}

/* A charged allocation fails at the cgroup's limit: __GFP_HIGH would pass it. */
static inline gfp_t dsr_limit_gfp(const struct mem_cgroup *memcg)
{
	return memcg ? (GFP_ATOMIC & ~__GFP_HIGH) | __GFP_NOWARN | __GFP_ACCOUNT :
		       GFP_ATOMIC | __GFP_NOWARN;
}

/**
 * dsr_limit_alloc() - memory for an entry that a packet makes
 * @memcg: what to charge, or %NULL
 * @cache: where it comes from
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
