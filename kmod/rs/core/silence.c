// SPDX-License-Identifier: GPL-2.0
/*
 * silence - list and find silenced addresses; see silence.h
 */

#include <linux/module.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "addr.h"
#include "core/net.h"
#include "core/silence.h"
#include "limit.h"

/* Matches every device name. */
static struct dsr_rs_silence_devs everywhere = {
	.count	= 1,
	.name	= { "+" },
};

static u32 bucket_of(const struct dsr_rs_silences *silences,
		     const union nf_inet_addr *addr)
{
	return jhash2(addr->all, ARRAY_SIZE(addr->all), silences->secret) %
	       DSR_RS_SILENCE_BUCKETS;
}

static u32 *count_of(struct dsr_rs_silences *silences, u8 family)
{
	return family == AF_INET ? &silences->inet : &silences->inet6;
}

/** dsr_rs_silence_init() - set up an empty set of silenced addresses */
void dsr_rs_silence_init(struct dsr_rs_silences *silences)
{
	u32 i;

	for (i = 0; i < DSR_RS_SILENCE_BUCKETS; i++)
		INIT_HLIST_HEAD(&silences->buckets[i]);
	INIT_LIST_HEAD(&silences->all);
	silences->secret = get_random_u32();
}

/**
 * dsr_rs_silence_find() - find a silenced address
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 *
 * Return: the address, or %NULL if it is not silenced.
 */
struct dsr_rs_silence *dsr_rs_silence_find(struct dsr_rs_net *rs, u8 family,
					   const union nf_inet_addr *addr)
{
	struct dsr_rs_silence *silence;

	hlist_for_each_entry_rcu(silence,
				 &rs->silences.buckets[bucket_of(&rs->silences, addr)], node,
				 lockdep_is_held(&rs->lock))
		if (silence->family == family &&
		    !dsr_addr_compare(&silence->addr, addr))
			return silence;
	return NULL;
}

/* Find an address, or list it with neither the user nor a rule wanting it. */
static int find_or_list(struct dsr_rs_net *rs, u8 family,
			const union nf_inet_addr *addr,
			struct dsr_rs_silence **found)
{
	u32 *count = count_of(&rs->silences, family);
	struct dsr_rs_silence *silence;

	*found = dsr_rs_silence_find(rs, family, addr);
	if (*found)
		return 0;
	if (rs->silences.inet + rs->silences.inet6 >= DSR_LIMIT_LIST)
		return -ENOSPC;
	silence = kzalloc(sizeof(*silence), GFP_KERNEL_ACCOUNT);
	if (!silence)
		return -ENOMEM;
	(*count)++;
	__module_get(THIS_MODULE);
	silence->family = family;
	silence->addr = *addr;
	RCU_INIT_POINTER(silence->on, &everywhere);
	list_add_tail(&silence->all, &rs->silences.all);
	hlist_add_head_rcu(&silence->node,
			   &rs->silences.buckets[bucket_of(&rs->silences, addr)]);
	*found = silence;
	return 0;
}

/* Apply a change by the user or a rule: unlist an address that none wants. */
static void settle(struct dsr_rs_net *rs, struct dsr_rs_silence *silence)
{
	u32 *count = count_of(&rs->silences, silence->family);

	rs->silences.generation++;
	rcu_assign_pointer(silence->on,
			   silence->rules || !silence->devs ? &everywhere :
							      silence->devs);
	if (silence->rules || silence->wanted)
		return;
	hlist_del_rcu(&silence->node);
	list_del(&silence->all);
	(*count)--;
	kfree_rcu(silence, rcu);
	module_put(THIS_MODULE);
}

/* Set if, and on which devices, the user wants an address silenced. */
static void want(struct dsr_rs_net *rs, struct dsr_rs_silence *silence,
		 bool wanted, struct dsr_rs_silence_devs *devs)
{
	struct dsr_rs_silence_devs *old = silence->devs;

	silence->wanted = wanted;
	silence->devs = devs;
	settle(rs, silence);
	if (old)
		kfree_rcu(old, rcu);
}

/**
 * dsr_rs_silence_want() - silence an address for the user
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 * @devs: devices, taken over, that replace those named before; %NULL: all
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno, with nothing changed and @devs left to the caller.
 */
int dsr_rs_silence_want(struct dsr_rs_net *rs, u8 family,
			const union nf_inet_addr *addr,
			struct dsr_rs_silence_devs *devs)
{
	struct dsr_rs_silence *silence;
	int err;

	lockdep_assert_held(&rs->lock);
	err = find_or_list(rs, family, addr, &silence);
	if (err)
		return err;
	want(rs, silence, true, devs);
	return 0;
}

/**
 * dsr_rs_silence_unwant() - withdraw the user's request
 * @rs: namespace, its lock held
 * @silence: address; freed if no rule wants it silenced
 *
 * Context: process context, sleeps.
 */
void dsr_rs_silence_unwant(struct dsr_rs_net *rs,
			   struct dsr_rs_silence *silence)
{
	lockdep_assert_held(&rs->lock);
	want(rs, silence, false, NULL);
}

/**
 * dsr_rs_silence_hold() - silence an address for a rule, on all devices
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno, with nothing changed.
 */
int dsr_rs_silence_hold(struct dsr_rs_net *rs, u8 family,
			const union nf_inet_addr *addr)
{
	struct dsr_rs_silence *silence;
	int err;

	lockdep_assert_held(&rs->lock);
	err = find_or_list(rs, family, addr, &silence);
	if (err)
		return err;
	silence->rules++;
	settle(rs, silence);
	return 0;
}

/**
 * dsr_rs_silence_release() - undo dsr_rs_silence_hold()
 * @rs: namespace, its lock held
 * @family: AF_INET or AF_INET6
 * @addr: address
 *
 * Context: process context, sleeps.
 */
void dsr_rs_silence_release(struct dsr_rs_net *rs, u8 family,
			    const union nf_inet_addr *addr)
{
	struct dsr_rs_silence *silence;

	lockdep_assert_held(&rs->lock);
	silence = dsr_rs_silence_find(rs, family, addr);
	if (WARN_ON_ONCE(!silence || !silence->rules))
		return;
	silence->rules--;
	settle(rs, silence);
}

/**
 * dsr_rs_silence_finish() - count a message and return the verdict
 * @rs: namespace
 * @silence: silenced address that the message is about, or %NULL
 * @family: AF_INET or AF_INET6
 * @addr: address that the message is about, of 4 or 16 bytes
 * @dev: egress or ingress device
 * @reason: outcome
 *
 * Context: rcu_read_lock().
 * Return: NF_ACCEPT or NF_DROP.
 */
unsigned int dsr_rs_silence_finish(struct dsr_rs_net *rs,
				   struct dsr_rs_silence *silence, u8 family,
				   const void *addr,
				   const struct net_device *dev,
				   enum dsr_rs_reason reason)
{
	if (silence)
		atomic64_inc(&silence->messages);
	this_cpu_inc(rs->reasons->packets[reason]);
	trace_dsr_rs_silence(dev, family, addr, reason);
	return dsr_rs_reason_drops(reason) ? NF_DROP : NF_ACCEPT;
}

static bool name_matches(const char *pattern, const char *name)
{
	size_t len = strnlen(pattern, IFNAMSIZ);

	if (len && pattern[len - 1] == '+')
		return !strncmp(pattern, name, len - 1);
	return !strncmp(pattern, name, IFNAMSIZ);
}

static bool names(const struct dsr_rs_silence_devs *devs,
		  const struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < devs->count; i++)
		if (name_matches(devs->name[i], dev->name))
			return true;
	return false;
}

static bool is_on(const struct dsr_rs_silence *silence,
		  const struct net_device *dev)
{
	const struct dsr_rs_silence_devs *devs;
	const struct net_device *bond;

	if (dev->flags & IFF_LOOPBACK)
		return false;
	devs = rcu_dereference(silence->on);
	if (names(devs, dev))
		return true;
	/* A bond in mode balance-alb sends ARP messages by each port. */
	if (!netif_is_bond_slave(dev))
		return false;
	bond = netdev_master_upper_dev_get_rcu((struct net_device *)dev);
	return bond && names(devs, bond);
}

/**
 * dsr_rs_silence_match() - find an address if it is silenced on a device
 * @silences: the silenced addresses
 * @family: AF_INET or AF_INET6
 * @addr: address, of 4 or 16 bytes
 * @dev: device
 *
 * Context: rcu_read_lock().
 * Return: the silenced address, or %NULL.
 */
struct dsr_rs_silence *
dsr_rs_silence_match(const struct dsr_rs_silences *silences, u8 family,
		     const void *addr, const struct net_device *dev)
{
	struct dsr_rs_silence *silence;
	union nf_inet_addr key = {};

	memcpy(&key, addr, dsr_addr_len(family));
	hlist_for_each_entry_rcu(silence, &silences->buckets[bucket_of(silences, &key)],
				 node)
		if (silence->family == family &&
		    !dsr_addr_compare(&silence->addr, &key))
			return is_on(silence, dev) ? silence : NULL;
	return NULL;
}
