/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rule - what is delivered to a local socket although it is not addressed so
 *
 * Owner: the rules belong to struct dsr_rs_net. A rule lives as long as it is
 * listed or a flow counts for it: both hold a reference.
 *
 * Locking: packets read the lists under rcu_read_lock(); they change under
 * dsr_rs_net.lock, and so does where a rule leads to. Its key never changes.
 */
#ifndef _DSR_RS_RULE_H
#define _DSR_RS_RULE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/dsr.h>

#include "core/sender.h"
#include "core/tuple.h"
#include "stats.h"

#define DSR_RS_RULE_BITS	8

/* All of them are looked at for each packet that no other rule matches. */
#define DSR_RS_RULE_TOS_MAX	256

/* Of VIP rules: VIP alone; with a protocol; with a port as well. */
#define DSR_RS_RULE_RANKS	3

/**
 * struct dsr_rs_rule_key - what a rule matches
 * @vip: destination address, if @family says so; else all 0
 * @port: destination port, or 0: all
 * @proto: protocol, or 0: all that there are
 * @family: AF_INET or AF_INET6: by VIP; 0: by TOS
 * @tos: TOS byte or traffic class, if @family is 0
 * @tos_mask: the bits of it that are compared
 */
struct dsr_rs_rule_key {
	union nf_inet_addr vip;
	__be16 port;
	u8 proto;
	u8 family;
	u8 tos;
	u8 tos_mask;
};

/**
 * struct dsr_rs_rule_to - where a rule leads to
 * @addr: local address, if @family says so
 * @port: local port, or 0: that of the packet
 * @family: AF_INET or AF_INET6; 0: the address that the client is answered from
 * @mode: enum dsr_rule_mode; local: to the VIP itself
 * @clear: bits of the TOS byte that are 0 in what is delivered
 * @mark: mark of what is delivered, or 0: its own
 * @from: who must have sent the frame that begins a flow
 * @rcu: frees what is not a rule's any more
 */
struct dsr_rs_rule_to {
	union nf_inet_addr addr;
	__be16 port;
	u8 family;
	u8 mode;
	u8 clear;
	u32 mark;
	struct dsr_rs_sender from;
	struct rcu_head rcu;
};

/**
 * struct dsr_rs_vip - an address that rules name
 * @node: in the bucket of its address
 * @addr: address
 * @family: AF_INET or AF_INET6
 * @rules: how many
 * @rcu: frees what packets may still see
 */
struct dsr_rs_vip {
	struct hlist_node node;
	union nf_inet_addr addr;
	u8 family;
	u32 rules;
	struct rcu_head rcu;
};

/**
 * struct dsr_rs_rule - a rule
 * @node: in the bucket of its key, or in the list of the TOS rules, where the
 *	more specific ones come first
 * @all: in the list of all rules, in the order of their coming
 * @key: what it matches
 * @vip: its VIP, while it is listed; %NULL: a TOS rule
 * @to: where it leads to, never %NULL; replaced as a whole
 * @refs: one while listed, one for each flow
 * @stats: requests and flows
 * @clear: that of @to, where packets of known flows have it at hand
 * @mark: likewise
 * @alters: either of the two is not 0
 * @routed: in mode local: when there was last seen to be a local route, in
 *	jiffies; 0: not so far
 * @rcu: frees what the list's readers may still see
 */
struct dsr_rs_rule {
	struct hlist_node node;
	struct list_head all;
	struct dsr_rs_rule_key key;
	struct dsr_rs_vip *vip;
	struct dsr_rs_rule_to __rcu *to;
	refcount_t refs;
	struct dsr_stats __percpu *stats;
	u8 clear;
	bool alters;
	u32 mark;
	u32 routed;
	struct rcu_head rcu;
};

/**
 * struct dsr_rs_rules - the rules of a network namespace
 * @secret: of the hashes: its user must not make others' packets search long
 * @keys: rules by VIP, by their whole key
 * @vips: VIPs of these
 * @tos: rules by TOS
 * @all: all of them
 * @count: how many
 * @tos_count: how many of them by TOS
 * @ranks: how many of each rank by VIP
 */
struct dsr_rs_rules {
	u32 secret;
	struct hlist_head keys[1 << DSR_RS_RULE_BITS];
	struct hlist_head vips[1 << DSR_RS_RULE_BITS];
	struct hlist_head tos;
	struct list_head all;
	u32 count;
	u32 tos_count;
	u32 ranks[DSR_RS_RULE_RANKS];
};

/**
 * struct dsr_rs_rule_match - what else there is to say of a rule that was found
 * @to: where it led to when it matched; %NULL without a rule
 * @foreign: a TOS rule was passed over for the sender of the frame
 *
 * A rule may be led elsewhere at any moment: so what has matched and where it
 * leads to are read together.
 */
struct dsr_rs_rule_match {
	const struct dsr_rs_rule_to *to;
	bool foreign;
};

/** dsr_rs_rule_is_local() - whether what has matched is in mode local */
static inline bool dsr_rs_rule_is_local(const struct dsr_rs_rule_match *match)
{
	return match->to->mode == DSR_RULE_MODE_LOCAL;
}

void dsr_rs_rule_init(struct dsr_rs_rules *rules);
struct dsr_rs_rule *dsr_rs_rule_alloc(const struct dsr_rs_rule_key *key,
				      const struct dsr_rs_rule_to *to);
int dsr_rs_rule_set_target(struct dsr_rs_rule *rule, const struct dsr_rs_rule_to *to,
			   const struct mutex *lock);
void dsr_rs_rule_put(struct dsr_rs_rule *rule);
struct dsr_rs_rule *dsr_rs_rule_find(struct dsr_rs_rules *rules,
				     const struct dsr_rs_rule_key *key,
				     const struct mutex *lock);
int dsr_rs_rule_list(struct dsr_rs_rules *rules, struct dsr_rs_rule *rule,
		     const struct mutex *lock);
void dsr_rs_rule_unlist(struct dsr_rs_rules *rules, struct dsr_rs_rule *rule,
			const struct mutex *lock);
struct dsr_rs_rule *dsr_rs_rule_match(const struct dsr_rs_rules *rules,
				      const struct dsr_rs_tuple *tuple, u8 tos,
				      const struct sk_buff *skb,
				      struct dsr_rs_rule_match *match);
bool dsr_rs_rule_has_vip(const struct dsr_rs_rules *rules, u8 family,
			 const union nf_inet_addr *vip);

#endif /* _DSR_RS_RULE_H */
