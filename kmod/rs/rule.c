// SPDX-License-Identifier: GPL-2.0
/*
 * rule - listing, matching and freeing rules; see rule.h
 */

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "rule.h"

static u32 bucket_of(u8 family, const union nf_inet_addr *vip)
{
	return hash_32(family == AF_INET ? (__force u32)vip->ip :
					   ipv6_addr_hash(&vip->in6),
		       ilog2(DSR_RS_RULE_BUCKETS));
}

static struct hlist_head *head_of(struct dsr_rs_rules *rules,
				  const struct dsr_rs_rule_key *key)
{
	return key->family ? &rules->vips[bucket_of(key->family, &key->vip)] :
			     &rules->tos;
}

/* What is more specific has the higher rank, among the rules of one head. */
static unsigned int rank_of(const struct dsr_rs_rule_key *key)
{
	if (!key->family)
		return hweight8(key->tos_mask);
	return !!key->port + !!key->proto;
}

static bool key_equal(const struct dsr_rs_rule_key *a,
		      const struct dsr_rs_rule_key *b)
{
	return a->family == b->family &&
	       dsr_addr_equal(a->family, &a->vip, &b->vip) &&
	       a->port == b->port && a->proto == b->proto &&
	       a->tos == b->tos && a->tos_mask == b->tos_mask;
}

/** dsr_rs_rule_init() - set up an empty set of rules */
void dsr_rs_rule_init(struct dsr_rs_rules *rules)
{
	u32 i;

	for (i = 0; i < DSR_RS_RULE_BUCKETS; i++)
		INIT_HLIST_HEAD(&rules->vips[i]);
	INIT_HLIST_HEAD(&rules->tos);
	INIT_LIST_HEAD(&rules->all);
	rules->count = 0;
}

/**
 * dsr_rs_rule_alloc() - make a rule that is not listed
 * @key: what it matches
 * @to: where it leads to; copied
 *
 * Context: process context, sleeps.
 * Return: the rule, with one reference, or %NULL without memory.
 */
struct dsr_rs_rule *dsr_rs_rule_alloc(const struct dsr_rs_rule_key *key,
				      const struct dsr_rs_rule_to *to)
{
	struct dsr_rs_rule_to *copy;
	struct dsr_rs_rule *rule;

	rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return NULL;
	rule->stats = alloc_percpu_gfp(struct dsr_stats, GFP_KERNEL_ACCOUNT);
	if (!rule->stats)
		goto free_rule;
	copy = kmemdup(to, sizeof(*to), GFP_KERNEL_ACCOUNT);
	if (!copy)
		goto free_stats;
	RCU_INIT_POINTER(rule->to, copy);
	rule->clear = to->clear;
	rule->key = *key;
	refcount_set(&rule->refs, 1);
	return rule;

free_stats:
	free_percpu(rule->stats);
free_rule:
	kfree(rule);
	return NULL;
}

/**
 * dsr_rs_rule_lead() - make a rule lead elsewhere
 * @rule: rule
 * @to: where; copied
 * @lock: dsr_rs_net.lock
 *
 * Context: process context, sleeps.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_rs_rule_lead(struct dsr_rs_rule *rule, const struct dsr_rs_rule_to *to,
		     const struct mutex *lock)
{
	struct dsr_rs_rule_to *new = kmemdup(to, sizeof(*to),
					     GFP_KERNEL_ACCOUNT);
	struct dsr_rs_rule_to *old;

	if (!new)
		return -ENOMEM;
	WRITE_ONCE(rule->clear, new->clear);
	old = rcu_replace_pointer(rule->to, new, lockdep_is_held(lock));
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * dsr_rs_rule_put() - give a reference back
 * @rule: rule
 *
 * The last one to go is either the list, after a grace period, or a flow that
 * was unlinked a grace period ago: no packet can see the rule any more.
 *
 * Context: any but hard interrupts.
 */
void dsr_rs_rule_put(struct dsr_rs_rule *rule)
{
	if (!refcount_dec_and_test(&rule->refs))
		return;
	free_percpu(rule->stats);
	kfree(rcu_dereference_protected(rule->to, true));
	kfree(rule);
}

/**
 * dsr_rs_rule_find() - look a rule up by its key
 * @rules: the rules
 * @key: key
 * @lock: dsr_rs_net.lock
 *
 * Return: the rule, or %NULL.
 */
struct dsr_rs_rule *dsr_rs_rule_find(struct dsr_rs_rules *rules,
				     const struct dsr_rs_rule_key *key,
				     const struct mutex *lock)
{
	struct dsr_rs_rule *rule;

	hlist_for_each_entry_rcu(rule, head_of(rules, key), node,
				 lockdep_is_held(lock))
		if (key_equal(&rule->key, key))
			return rule;
	return NULL;
}

/**
 * dsr_rs_rule_list() - let packets see a rule
 * @rules: the rules
 * @rule: rule; the list takes over its reference
 * @lock: dsr_rs_net.lock
 */
void dsr_rs_rule_list(struct dsr_rs_rules *rules, struct dsr_rs_rule *rule,
		      const struct mutex *lock)
{
	struct hlist_head *head = head_of(rules, &rule->key);
	struct dsr_rs_rule *other, *last = NULL;

	lockdep_assert_held(lock);
	list_add_tail(&rule->all, &rules->all);
	WRITE_ONCE(rules->count, rules->count + 1);
	hlist_for_each_entry(other, head, node) {
		if (rank_of(&other->key) < rank_of(&rule->key)) {
			hlist_add_before_rcu(&rule->node, &other->node);
			return;
		}
		last = other;
	}
	if (last)
		hlist_add_behind_rcu(&rule->node, &last->node);
	else
		hlist_add_head_rcu(&rule->node, head);
}

static void rule_unlisted(struct rcu_head *rcu)
{
	dsr_rs_rule_put(container_of(rcu, struct dsr_rs_rule, rcu));
}

/**
 * dsr_rs_rule_unlist() - hide a rule from packets to come
 * @rules: the rules
 * @rule: rule; packets under way may use it for a grace period, and flows for
 *	as long as they last
 * @lock: dsr_rs_net.lock
 */
void dsr_rs_rule_unlist(struct dsr_rs_rules *rules, struct dsr_rs_rule *rule,
			const struct mutex *lock)
{
	lockdep_assert_held(lock);
	hlist_del_rcu(&rule->node);
	list_del(&rule->all);
	WRITE_ONCE(rules->count, rules->count - 1);
	call_rcu(&rule->rcu, rule_unlisted);
}

/* Whether a TOS rule can be for a packet of @family: an address that is named
 * takes but its own.
 */
static bool leads_from(const struct dsr_rs_rule_to *to, u8 family)
{
	return !to->family || to->family == family;
}

/**
 * dsr_rs_rule_match() - the most specific rule for a request
 * @rules: the rules
 * @tuple: ends of the request
 * @tos: its TOS byte
 * @skb: its packet, which tells who has sent it; or %NULL: one that may
 * @match: set
 *
 * VIP, protocol and port come before VIP and protocol, that before VIP alone,
 * and that before TOS, where the mask with more bits comes first, and of those
 * with as many the one that was there first.
 *
 * Context: rcu_read_lock().
 * Return: the rule, or %NULL. Whether the address of a TOS rule's packet may
 * be taken for a VIP is for the caller to find out.
 */
struct dsr_rs_rule *dsr_rs_rule_match(const struct dsr_rs_rules *rules,
				      const struct dsr_rs_tuple *tuple, u8 tos,
				      const struct sk_buff *skb,
				      struct dsr_rs_rule_match *match)
{
	u32 bucket = bucket_of(tuple->family, &tuple->server);
	const struct dsr_rs_rule_to *to;
	struct dsr_rs_rule *rule;

	match->to = NULL;
	match->foreign = false;
	hlist_for_each_entry_rcu(rule, &rules->vips[bucket], node)
		if (rule->key.family == tuple->family &&
		    dsr_addr_equal(tuple->family, &rule->key.vip,
				   &tuple->server) &&
		    (!rule->key.proto || rule->key.proto == tuple->proto) &&
		    (!rule->key.port || rule->key.port == tuple->sport)) {
			match->to = rcu_dereference(rule->to);
			return rule;
		}
	hlist_for_each_entry_rcu(rule, &rules->tos, node) {
		to = rcu_dereference(rule->to);
		if ((tos & rule->key.tos_mask) != rule->key.tos ||
		    !leads_from(to, tuple->family))
			continue;
		if (!skb || dsr_rs_from_has(&to->from, skb)) {
			match->to = to;
			return rule;
		}
		match->foreign = true;
	}
	return NULL;
}

/**
 * dsr_rs_rule_names() - whether a rule has this VIP
 * @rules: the rules
 * @family: of the address
 * @vip: address
 *
 * Context: rcu_read_lock().
 */
bool dsr_rs_rule_names(const struct dsr_rs_rules *rules, u8 family,
		       const union nf_inet_addr *vip)
{
	struct dsr_rs_rule *rule;

	hlist_for_each_entry_rcu(rule, &rules->vips[bucket_of(family, vip)],
				 node)
		if (rule->key.family == family &&
		    dsr_addr_equal(family, &rule->key.vip, vip))
			return true;
	return false;
}
