/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rule - packets to deliver to a local socket that are not addressed to it
 *
 * Owner: struct dsr_rs_net. A rule lives as long as it is listed or a flow
 * counts in its statistics: both hold a reference. A rule that was unlisted before
 * its flows have ended is kept at hand: if the user adds it again, the same rule is
 * listed again, and shows the packets of these flows.
 *
 * Locking: packets read the lists under rcu_read_lock(). Lists and targets
 * change under dsr_rs_net.lock. The key of a rule never changes. A spinlock guards
 * the unlisted rules: the last flow of a rule may end in any context.
 */
#ifndef _DSR_RS_RULE_H
#define _DSR_RS_RULE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/dsr_rs.h>

#include "core/sender.h"
#include "core/tuple.h"
#include "stats.h"

#define DSR_RS_RULE_BITS	8

/* Every packet that no VIP rule matches is compared with all TOS rules. */
#define DSR_RS_RULE_TOS_MAX	256

/* Ranks of VIP rules: VIP alone; with a protocol; with a port as well. */
#define DSR_RS_RULE_RANKS	3

/**
 * struct dsr_rs_rule_key - condition of a rule
 * @vip: destination address if @family is not 0; else all 0
 * @port: destination port; 0: any
 * @proto: protocol; 0: any that the module supports
 * @family: AF_INET or AF_INET6 for a VIP rule; 0 for a TOS rule
 * @tos: TOS byte or traffic class of a TOS rule
 * @tos_mask: bits of @tos to compare
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
 * struct dsr_rs_rule_to - target of a rule
 * @addr: local address if @family is not 0
 * @port: local port; 0: the port of the packet
 * @family: AF_INET or AF_INET6; 0: use the address that the machine would talk
 *	to the client from
 * @mode: enum dsr_rule_mode; in mode local the packet goes to the VIP itself
 * @clear: bits of the TOS byte to clear in delivered packets
 * @mark: mark to set on delivered packets; 0: leave the mark
 * @from: neighbours that the first packet of a flow must come from
 * @balancers: neighbours that get back segments that no socket takes
 * @rcu: frees a replaced target
 */
struct dsr_rs_rule_to {
	union nf_inet_addr addr;
	__be16 port;
	u8 family;
	u8 mode;
	u8 clear;
	u32 mark;
	struct dsr_rs_sender from;
	struct dsr_rs_sender balancers;
	struct rcu_head rcu;
};

/**
 * struct dsr_rs_vip - VIP of one or more rules
 * @node: in the bucket of its address
 * @addr: address
 * @family: AF_INET or AF_INET6
 * @rules: number of rules with this VIP
 * @rcu: frees the entry after packets have let go of it
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
 * @node: in the bucket of its key, or in the list of the TOS rules, the more
 *	specific ones first
 * @all: in the list of all rules, in the order of creation
 * @key: its condition
 * @vip: its VIP, while it is listed; %NULL for a TOS rule
 * @to: its target, never %NULL; replaced as a whole
 * @refs: one while listed, one for each flow
 * @stats: requests and flows
 * @before: @stats at the time when the rule was listed again
 * @gone: in dsr_rs_rules.gone, while unlisted
 * @leaving: unlisted, and @rcu is in use
 * @clear: copy of @to->clear, at hand for packets of known flows
 * @mark: copy of @to->mark, likewise
 * @alters: @clear or @mark is not 0
 * @routed: in mode local, time of the last check that found a local route, in
 *	jiffies; 0: none so far
 * @rcu: drops the list's reference after packets have let go of the rule
 */
struct dsr_rs_rule {
	struct hlist_node node;
	struct list_head all;
	struct dsr_rs_rule_key key;
	struct dsr_rs_vip *vip;
	struct dsr_rs_rule_to __rcu *to;
	refcount_t refs;
	struct dsr_stats __percpu *stats;
	struct dsr_stats before;
	struct hlist_node gone;
	bool leaving;
	u8 clear;
	bool alters;
	u32 mark;
	u32 routed;
	struct rcu_head rcu;
};

/**
 * struct dsr_rs_rules - the rules of a network namespace
 * @secret: secret of the hashes, so that the user of a namespace cannot slow
 *	down other users' packets by collisions
 * @keys: VIP rules, by their whole key
 * @vips: VIPs of these
 * @tos: TOS rules
 * @all: all rules
 * @gone: unlisted rules with flows, by their whole key
 * @count: number of rules
 * @tos_count: number of TOS rules
 * @ranks: number of VIP rules of each rank
 */
struct dsr_rs_rules {
	u32 secret;
	struct hlist_head keys[1 << DSR_RS_RULE_BITS];
	struct hlist_head vips[1 << DSR_RS_RULE_BITS];
	struct hlist_head tos;
	struct list_head all;
	struct hlist_head gone[1 << DSR_RS_RULE_BITS];
	u32 count;
	u32 tos_count;
	u32 ranks[DSR_RS_RULE_RANKS];
};

/**
 * struct dsr_rs_rule_match - details of a match
 * @to: target at the time of the match; %NULL without a rule
 * @foreign: a TOS rule was skipped because of the sender of the frame
 *
 * A target may be replaced at any moment, so the rule and its target are read
 * together.
 */
struct dsr_rs_rule_match {
	const struct dsr_rs_rule_to *to;
	bool foreign;
};

/** dsr_rs_rule_is_local() - true if the matching rule is in mode local */
static inline bool dsr_rs_rule_is_local(const struct dsr_rs_rule_match *match)
{
	return match->to->mode == DSR_RULE_MODE_LOCAL;
}

void dsr_rs_rule_init(struct dsr_rs_rules *rules);
void dsr_rs_rule_exit(struct dsr_rs_rules *rules);
struct dsr_rs_rule *dsr_rs_rule_alloc(const struct dsr_rs_rule_key *key,
				      const struct dsr_rs_rule_to *to);
int dsr_rs_rule_set_target(struct dsr_rs_rule *rule, const struct dsr_rs_rule_to *to,
			   const struct mutex *lock);
struct dsr_rs_rule *dsr_rs_rule_revive(struct dsr_rs_rules *rules,
				       const struct dsr_rs_rule_key *key,
				       const struct dsr_rs_rule_to *to,
				       const struct mutex *lock);
void dsr_rs_rule_put(struct dsr_rs_rule *rule);
struct dsr_stats dsr_rs_rule_stats(const struct dsr_rs_rule *rule);
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
