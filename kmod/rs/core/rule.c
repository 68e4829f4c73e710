// SPDX-License-Identifier: GPL-2.0
/*
 * rule - list, match and free rules; see rule.h
 */

#include <linux/bitops.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "core/rule.h"
#include "limit.h"

/* Guards dsr_rs_rules.gone, and of a rule @gone and @leaving. Of the module, since a
 * rule may outlive its namespace.
 */
static DEFINE_SPINLOCK(gone_lock);

static u32 hash_of(const struct dsr_rs_rules *rules, u8 family,
		   const union nf_inet_addr *vip, __be16 port, u8 proto)
{
	u32 words[5], more = (__force u32)port << 16 | proto;

	if (family == AF_INET)
		return jhash_2words((__force u32)vip->ip, more, rules->secret);
	memcpy(words, &vip->in6, sizeof(vip->in6));
	words[4] = more;
	return jhash2(words, ARRAY_SIZE(words), rules->secret);
}

static u32 bucket_of(const struct dsr_rs_rules *rules, u8 family,
		     const union nf_inet_addr *vip, __be16 port, u8 proto)
{
	return hash_of(rules, family, vip, port, proto) >>
	       (32 - DSR_RS_RULE_BITS);
}

static const struct hlist_head *
keys_of(const struct dsr_rs_rules *rules, const struct dsr_rs_rule_key *key)
{
	return &rules->keys[bucket_of(rules, key->family, &key->vip, key->port,
				      key->proto)];
}

static const struct hlist_head *vips_of(const struct dsr_rs_rules *rules,
					u8 family,
					const union nf_inet_addr *vip)
{
	return &rules->vips[bucket_of(rules, family, vip, 0, 0)];
}

static struct hlist_head *head_of(struct dsr_rs_rules *rules,
				  const struct dsr_rs_rule_key *key)
{
	return key->family ? (struct hlist_head *)keys_of(rules, key) :
			     &rules->tos;
}

static struct hlist_head *gone_of(struct dsr_rs_rules *rules,
				  const struct dsr_rs_rule_key *key)
{
	__be16 port = key->family ? key->port :
				    htons(key->tos << 8 | key->tos_mask);

	return &rules->gone[bucket_of(rules, key->family, &key->vip, port,
				      key->proto)];
}

/* Rank rules of one list: a more specific rule has a higher rank. */
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

	memset(rules, 0, sizeof(*rules));
	rules->secret = get_random_u32();
	for (i = 0; i < ARRAY_SIZE(rules->keys); i++)
		INIT_HLIST_HEAD(&rules->keys[i]);
	for (i = 0; i < ARRAY_SIZE(rules->vips); i++)
		INIT_HLIST_HEAD(&rules->vips[i]);
	INIT_HLIST_HEAD(&rules->tos);
	INIT_LIST_HEAD(&rules->all);
	for (i = 0; i < ARRAY_SIZE(rules->gone); i++)
		INIT_HLIST_HEAD(&rules->gone[i]);
}

/**
 * dsr_rs_rule_exit() - let go of the unlisted rules
 * @rules: the rules; all are unlisted
 *
 * Their flows free them, maybe when @rules are gone.
 */
void dsr_rs_rule_exit(struct dsr_rs_rules *rules)
{
	struct hlist_node *node, *next;
	u32 i;

	spin_lock_bh(&gone_lock);
	for (i = 0; i < ARRAY_SIZE(rules->gone); i++)
		hlist_for_each_safe(node, next, &rules->gone[i])
			hlist_del_init(node);
	spin_unlock_bh(&gone_lock);
}

/* Set the changes, apart from the ends, that packets of known flows get. */
static void set_alterations(struct dsr_rs_rule *rule,
			    const struct dsr_rs_rule_to *to)
{
	WRITE_ONCE(rule->clear, to->clear);
	WRITE_ONCE(rule->mark, to->mark);
	WRITE_ONCE(rule->alters, to->clear || to->mark);
}

/**
 * dsr_rs_rule_alloc() - allocate a rule, not listed yet
 * @key: its condition
 * @to: its target; copied
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
	set_alterations(rule, to);
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
 * dsr_rs_rule_set_target() - replace a rule's target
 * @rule: rule
 * @to: new target; copied
 * @lock: dsr_rs_net.lock
 *
 * Context: process context, sleeps.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_rs_rule_set_target(struct dsr_rs_rule *rule, const struct dsr_rs_rule_to *to,
			   const struct mutex *lock)
{
	struct dsr_rs_rule_to *new = kmemdup(to, sizeof(*to),
					     GFP_KERNEL_ACCOUNT);
	struct dsr_rs_rule_to *old;

	if (!new)
		return -ENOMEM;
	set_alterations(rule, new);
	old = rcu_replace_pointer(rule->to, new, lockdep_is_held(lock));
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * dsr_rs_rule_put() - drop a reference
 * @rule: rule
 *
 * The last reference is dropped either by the list, after a grace period, or by
 * a flow that was unlinked a grace period ago: no packet sees the rule any
 * more.
 *
 * Context: any but hard interrupts.
 */
void dsr_rs_rule_put(struct dsr_rs_rule *rule)
{
	if (!refcount_dec_and_test(&rule->refs))
		return;
	spin_lock_bh(&gone_lock);
	hlist_del_init(&rule->gone);
	spin_unlock_bh(&gone_lock);
	free_percpu(rule->stats);
	kfree(rcu_dereference_protected(rule->to, true));
	kfree(rule);
}

/**
 * dsr_rs_rule_find() - find a rule by its key
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

/* Count a rule for its VIP; %NULL without memory. */
static struct dsr_rs_vip *vip_get(struct dsr_rs_rules *rules,
				  const struct dsr_rs_rule_key *key,
				  const struct mutex *lock)
{
	const struct hlist_head *head = vips_of(rules, key->family, &key->vip);
	struct dsr_rs_vip *vip;

	hlist_for_each_entry_rcu(vip, head, node, lockdep_is_held(lock))
		if (vip->family == key->family &&
		    dsr_addr_equal(key->family, &vip->addr, &key->vip)) {
			vip->rules++;
			return vip;
		}
	vip = kzalloc(sizeof(*vip), GFP_KERNEL_ACCOUNT);
	if (!vip)
		return NULL;
	vip->addr = key->vip;
	vip->family = key->family;
	vip->rules = 1;
	hlist_add_head_rcu(&vip->node, (struct hlist_head *)head);
	return vip;
}

static void vip_put(struct dsr_rs_vip *vip)
{
	if (--vip->rules)
		return;
	hlist_del_rcu(&vip->node);
	kfree_rcu(vip, rcu);
}

static void list_tos(struct hlist_head *head, struct dsr_rs_rule *rule)
{
	struct dsr_rs_rule *other, *last = NULL;

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

/* Add @change to the counts of rules that packets look at. */
static void rank_count(struct dsr_rs_rules *rules,
		       const struct dsr_rs_rule_key *key, int change)
{
	u32 *count = key->family ? &rules->ranks[rank_of(key)] :
				   &rules->tos_count;

	WRITE_ONCE(*count, *count + change);
	WRITE_ONCE(rules->count, rules->count + change);
}

/**
 * dsr_rs_rule_list() - make a rule visible to packets
 * @rules: the rules
 * @rule: rule; the list takes over its reference, unless this fails
 * @lock: dsr_rs_net.lock
 *
 * Context: process context, sleeps.
 * Return: 0; -%ENOSPC if there are too many rules for packets to search;
 * -%EDQUOT if there are too many TOS rules; or -%ENOMEM.
 */
int dsr_rs_rule_list(struct dsr_rs_rules *rules, struct dsr_rs_rule *rule,
		     const struct mutex *lock)
{
	struct hlist_head *head = head_of(rules, &rule->key);

	lockdep_assert_held(lock);
	if (rules->count >= DSR_LIMIT_LIST)
		return -ENOSPC;
	if (rule->key.family) {
		rule->vip = vip_get(rules, &rule->key, lock);
		if (!rule->vip)
			return -ENOMEM;
		hlist_add_head_rcu(&rule->node, head);
	} else {
		if (rules->tos_count >= DSR_RS_RULE_TOS_MAX)
			return -EDQUOT;
		list_tos(head, rule);
	}
	list_add_tail(&rule->all, &rules->all);
	rank_count(rules, &rule->key, 1);
	return 0;
}

static void rule_unlisted(struct rcu_head *rcu)
{
	struct dsr_rs_rule *rule = container_of(rcu, struct dsr_rs_rule, rcu);

	spin_lock_bh(&gone_lock);
	rule->leaving = false;
	spin_unlock_bh(&gone_lock);
	dsr_rs_rule_put(rule);
}

/* Take an unlisted rule that a flow still has. Set @leaving if it was unlisted
 * within this grace period: then packets may still read its lists.
 */
static struct dsr_rs_rule *take_gone(struct dsr_rs_rules *rules,
				     const struct dsr_rs_rule_key *key,
				     bool *leaving)
{
	struct dsr_rs_rule *rule, *taken = NULL;

	*leaving = false;
	spin_lock_bh(&gone_lock);
	hlist_for_each_entry(rule, gone_of(rules, key), gone) {
		if (!key_equal(&rule->key, key))
			continue;
		*leaving = rule->leaving;
		if (!rule->leaving && refcount_inc_not_zero(&rule->refs)) {
			hlist_del_init(&rule->gone);
			taken = rule;
		}
		break;
	}
	spin_unlock_bh(&gone_lock);
	return taken;
}

/**
 * dsr_rs_rule_revive() - find a rule that was unlisted, and still has flows
 * @rules: the rules
 * @key: its condition; no listed rule has it
 * @to: its new target; copied
 * @lock: dsr_rs_net.lock
 *
 * Its statistics begin at 0.
 *
 * Context: process context, sleeps.
 * Return: the rule, not listed, with a reference for dsr_rs_rule_list(); %NULL if
 * there is none, or without memory.
 */
struct dsr_rs_rule *dsr_rs_rule_revive(struct dsr_rs_rules *rules,
				       const struct dsr_rs_rule_key *key,
				       const struct dsr_rs_rule_to *to,
				       const struct mutex *lock)
{
	struct dsr_rs_rule *rule;
	bool leaving;

	lockdep_assert_held(lock);
	rule = take_gone(rules, key, &leaving);
	if (leaving) {
		rcu_barrier();
		rule = take_gone(rules, key, &leaving);
	}
	if (!rule)
		return NULL;
	if (dsr_rs_rule_set_target(rule, to, lock)) {
		dsr_rs_rule_put(rule);
		return NULL;
	}
	memset(&rule->before, 0, sizeof(rule->before));
	dsr_stats_add(&rule->before, rule->stats);
	WRITE_ONCE(rule->routed, 0);
	return rule;
}

/** dsr_rs_rule_stats() - return the counters of a rule; holds dsr_rs_net.lock */
struct dsr_stats dsr_rs_rule_stats(const struct dsr_rs_rule *rule)
{
	struct dsr_stats sum = {};

	dsr_stats_add(&sum, rule->stats);
	sum.packets -= rule->before.packets;
	sum.bytes -= rule->before.bytes;
	sum.connections -= rule->before.connections;
	return sum;
}

/**
 * dsr_rs_rule_unlist() - hide a rule from new packets
 * @rules: the rules
 * @rule: rule; packets in flight may use it for a grace period, and flows for
 *	as long as they last
 * @lock: dsr_rs_net.lock
 */
void dsr_rs_rule_unlist(struct dsr_rs_rules *rules, struct dsr_rs_rule *rule,
			const struct mutex *lock)
{
	lockdep_assert_held(lock);
	hlist_del_rcu(&rule->node);
	list_del(&rule->all);
	rank_count(rules, &rule->key, -1);
	if (rule->vip)
		vip_put(rule->vip);
	rule->vip = NULL;
	spin_lock_bh(&gone_lock);
	rule->leaving = true;
	hlist_add_head(&rule->gone, gone_of(rules, &rule->key));
	spin_unlock_bh(&gone_lock);
	call_rcu(&rule->rcu, rule_unlisted);
}

/* Return true if a TOS rule may match packets of @family: a target with an
 * address takes only packets of its own family.
 */
static bool leads_from(const struct dsr_rs_rule_to *to, u8 family)
{
	return !to->family || to->family == family;
}

/* Find the most specific VIP rule for a request. */
static struct dsr_rs_rule *match_vip(const struct dsr_rs_rules *rules,
				     const struct dsr_rs_tuple *tuple)
{
	struct dsr_rs_rule_key key = {
		.vip = tuple->server, .port = tuple->sport,
		.proto = tuple->proto, .family = tuple->family,
	};
	struct dsr_rs_rule *rule;
	int rank;

	for (rank = DSR_RS_RULE_RANKS - 1; rank >= 0; rank--) {
		if (rank < 2)
			key.port = 0;
		if (!rank)
			key.proto = 0;
		if (!READ_ONCE(rules->ranks[rank]))
			continue;
		hlist_for_each_entry_rcu(rule, keys_of(rules, &key), node)
			if (key_equal(&rule->key, &key))
				return rule;
	}
	return NULL;
}

/**
 * dsr_rs_rule_match() - find the most specific rule for a request
 * @rules: the rules
 * @tuple: ends of the request
 * @tos: its TOS byte
 * @skb: its packet, to check the sender of the frame; %NULL to skip that check
 * @match: set to the details
 *
 * Rules rank in this order: VIP with protocol and port; VIP with protocol; VIP
 * alone; TOS. Of two TOS rules, the one whose mask has more bits comes first;
 * if both have as many, the older one.
 *
 * Context: rcu_read_lock().
 * Return: the rule, or %NULL. For a TOS rule the caller has to check that the
 * destination can be a VIP.
 */
struct dsr_rs_rule *dsr_rs_rule_match(const struct dsr_rs_rules *rules,
				      const struct dsr_rs_tuple *tuple, u8 tos,
				      const struct sk_buff *skb,
				      struct dsr_rs_rule_match *match)
{
	struct dsr_rs_rule *rule = match_vip(rules, tuple);
	const struct dsr_rs_rule_to *to;

	match->to = rule ? rcu_dereference(rule->to) : NULL;
	match->foreign = false;
	if (rule)
		return rule;
	hlist_for_each_entry_rcu(rule, &rules->tos, node) {
		to = rcu_dereference(rule->to);
		if ((tos & rule->key.tos_mask) != rule->key.tos ||
		    !leads_from(to, tuple->family))
			continue;
		if (!skb || dsr_rs_sender_has(&to->from, skb)) {
			match->to = to;
			return rule;
		}
		match->foreign = true;
	}
	return NULL;
}

/**
 * dsr_rs_rule_has_vip() - true if a rule has this VIP
 * @rules: the rules
 * @family: address family
 * @vip: address
 *
 * Context: rcu_read_lock().
 */
bool dsr_rs_rule_has_vip(const struct dsr_rs_rules *rules, u8 family,
			 const union nf_inet_addr *vip)
{
	const struct dsr_rs_vip *named;

	hlist_for_each_entry_rcu(named, vips_of(rules, family, vip), node)
		if (named->family == family &&
		    dsr_addr_equal(family, &named->addr, vip))
			return true;
	return false;
}
