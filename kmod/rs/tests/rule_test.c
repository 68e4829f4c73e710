// SPDX-License-Identifier: GPL-2.0
/* Test which rule gets a packet, in any order of creation. */

#include <linux/random.h>

#include "core/flow.h"
#include "core/local.h"
#include "core/rule.h"
#include "fixture.h"
#include "limit.h"

struct rules_fixture {
	struct dsr_rs_rules rules;
	struct mutex lock;	/* protects the rules */
};

static struct dsr_rs_rule *add(struct kunit *test, struct rules_fixture *f,
			       const struct dsr_rs_rule_key *key)
{
	struct dsr_rs_rule *rule = dsr_rs_rule_alloc(key, &TO_PORT(0));

	KUNIT_ASSERT_NOT_NULL(test, rule);
	mutex_lock(&f->lock);
	KUNIT_EXPECT_NULL(test, dsr_rs_rule_find(&f->rules, key, &f->lock));
	KUNIT_EXPECT_EQ(test, 0, dsr_rs_rule_list(&f->rules, rule, &f->lock));
	KUNIT_EXPECT_PTR_EQ(test, rule,
			    dsr_rs_rule_find(&f->rules, key, &f->lock));
	mutex_unlock(&f->lock);
	return rule;
}

static struct dsr_rs_rule *match(struct rules_fixture *f, __be32 vip, u8 proto,
				 u16 port, u8 tos)
{
	struct dsr_rs_tuple tuple = {
		.client.ip = CLIENT, .server.ip = vip, .sport = htons(port),
		.cport = htons(5000), .proto = proto, .family = AF_INET,
	};
	struct dsr_rs_rule_match found;
	struct dsr_rs_rule *rule;

	rcu_read_lock();
	rule = dsr_rs_rule_match(&f->rules, &tuple, tos, NULL, &found);
	rcu_read_unlock();
	return rule;
}

static void rules_drop(struct rules_fixture *f)
{
	struct dsr_rs_rule *rule, *next;

	mutex_lock(&f->lock);
	list_for_each_entry_safe(rule, next, &f->rules.all, all)
		dsr_rs_rule_unlist(&f->rules, rule, &f->lock);
	mutex_unlock(&f->lock);
	rcu_barrier();
}

static int rule_test_init(struct kunit *test)
{
	struct rules_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	dsr_rs_rule_init(&f->rules);
	mutex_init(&f->lock);
	test->priv = f;
	return 0;
}

/* From the most to the least specific, for TCP to port 80 with TOS 0x2e. */
static const struct dsr_rs_rule_key by_rank[] = {
	{ .family = AF_INET, .vip.ip = VIP, .proto = IPPROTO_TCP,
	  .port = htons(80) },
	{ .family = AF_INET, .vip.ip = VIP, .proto = IPPROTO_TCP },
	{ .family = AF_INET, .vip.ip = VIP },
	{ .tos = 0x2e, .tos_mask = 0xff },
	{ .tos = 0x2c, .tos_mask = 0xfc },
	{ .tos = 0x02, .tos_mask = 0x02 },
};

/* Test every subset of by_rank: its first rule gets the packet. */
static void rule_most_specific(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule *rules[ARRAY_SIZE(by_rank)], *wanted;
	u32 set, i, at;

	for (set = 0; set < 1 << ARRAY_SIZE(by_rank); set++) {
		u32 start = get_random_u32() % ARRAY_SIZE(by_rank);

		memset(rules, 0, sizeof(rules));
		for (i = 0; i < ARRAY_SIZE(by_rank); i++) {
			at = (start + i * 5) % ARRAY_SIZE(by_rank);
			if (set & BIT(at))
				rules[at] = add(test, f, &by_rank[at]);
		}
		wanted = NULL;
		for (i = ARRAY_SIZE(by_rank); i--; )
			if (rules[i])
				wanted = rules[i];
		KUNIT_EXPECT_PTR_EQ(test, wanted,
				    match(f, VIP, IPPROTO_TCP, 80, 0x2e));
		rules_drop(f);
	}
}

static void rule_matches_all_of_key(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule *port = add(test, f, &by_rank[0]);
	struct dsr_rs_rule *tos = add(test, f, &by_rank[4]);

	KUNIT_EXPECT_PTR_EQ(test, port, match(f, VIP, IPPROTO_TCP, 80, 0));
	KUNIT_EXPECT_NULL(test, match(f, VIP, IPPROTO_TCP, 81, 0));
	KUNIT_EXPECT_NULL(test, match(f, VIP, IPPROTO_UDP, 80, 0));
	KUNIT_EXPECT_NULL(test, match(f, VIP2, IPPROTO_TCP, 80, 0));
	KUNIT_EXPECT_NULL(test, match(f, VIP2, IPPROTO_TCP, 80, 0x2a));
	KUNIT_EXPECT_PTR_EQ(test, tos, match(f, VIP2, IPPROTO_TCP, 80, 0x2c));
	KUNIT_EXPECT_PTR_EQ(test, tos, match(f, VIP2, IPPROTO_UDP, 9, 0x2f));
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, dsr_rs_rule_has_vip(&f->rules, AF_INET, &IP4(VIP)));
	KUNIT_EXPECT_FALSE(test, dsr_rs_rule_has_vip(&f->rules, AF_INET, &IP4(VIP2)));
	rcu_read_unlock();
	rules_drop(f);
	KUNIT_EXPECT_NULL(test, match(f, VIP, IPPROTO_TCP, 80, 0x2e));
}

static void rule_many_vips(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule_key key = { .family = AF_INET };
	struct dsr_rs_rule *rules[50];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		key.vip.ip = htonl(0x0a000000 + i);
		rules[i] = add(test, f, &key);
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, rules[i],
					match(f, htonl(0x0a000000 + i),
					      IPPROTO_UDP, 53, 0),
					"rules[%u]", i);
	KUNIT_EXPECT_EQ(test, f->rules.count, (u32)ARRAY_SIZE(rules));
	rules_drop(f);
	KUNIT_EXPECT_EQ(test, f->rules.count, 0);
}

/* Test that a VIP with many rules does not lengthen the search of a packet. */
static void rule_many_ports(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule_key key = {
		.family = AF_INET, .vip.ip = VIP, .proto = IPPROTO_TCP,
	};
	struct dsr_rs_rule *rule;
	u32 i, length, longest = 0;

	for (i = 1; i <= DSR_LIMIT_LIST; i++) {
		key.port = htons(i);
		add(test, f, &key);
	}
	for (i = 0; i < ARRAY_SIZE(f->rules.keys); i++) {
		length = 0;
		hlist_for_each_entry(rule, &f->rules.keys[i], node)
			length++;
		longest = max(longest, length);
	}
	/* The average is 16; one of 2^50 tables has a list of more than 60. */
	KUNIT_EXPECT_LE(test, longest, 60U);
	KUNIT_EXPECT_NOT_NULL(test, match(f, VIP, IPPROTO_TCP, 4000, 0));
	KUNIT_EXPECT_NULL(test, match(f, VIP, IPPROTO_TCP, 4097, 0));
	rule = dsr_rs_rule_alloc(&by_rank[1], &TO_PORT(0));
	KUNIT_ASSERT_NOT_NULL(test, rule);
	mutex_lock(&f->lock);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			dsr_rs_rule_list(&f->rules, rule, &f->lock));
	mutex_unlock(&f->lock);
	dsr_rs_rule_put(rule);
	rules_drop(f);
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, dsr_rs_rule_has_vip(&f->rules, AF_INET, &IP4(VIP)));
	rcu_read_unlock();
}

static noinline struct dsr_rs_rule *revive(struct rules_fixture *f,
					   const struct dsr_rs_rule_key *key)
{
	struct dsr_rs_rule *rule;

	mutex_lock(&f->lock);
	rule = dsr_rs_rule_revive(&f->rules, key, &TO_PORT(81), &f->lock);
	mutex_unlock(&f->lock);
	return rule;
}

static u64 packets_of(const struct dsr_rs_rule *rule)
{
	return dsr_rs_rule_stats(rule).packets;
}

/* Test that a rule with flows is listed again if its key is added again. */
static void rule_added_again(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule *rule = add(test, f, &by_rank[0]);
	struct dsr_rs_rule *tos = add(test, f, &by_rank[3]);

	refcount_inc(&rule->refs);	/* a flow */
	refcount_inc(&tos->refs);
	this_cpu_inc(rule->stats->packets);
	KUNIT_EXPECT_EQ(test, packets_of(rule), 1);
	mutex_lock(&f->lock);
	dsr_rs_rule_unlist(&f->rules, rule, &f->lock);
	dsr_rs_rule_unlist(&f->rules, tos, &f->lock);
	mutex_unlock(&f->lock);
	KUNIT_EXPECT_NULL(test, revive(f, &by_rank[1]));
	KUNIT_EXPECT_PTR_EQ(test, revive(f, &by_rank[0]), rule);
	KUNIT_EXPECT_NULL(test, revive(f, &by_rank[0]));
	KUNIT_EXPECT_PTR_EQ(test, revive(f, &by_rank[3]), tos);
	mutex_lock(&f->lock);
	KUNIT_EXPECT_EQ(test, 0, dsr_rs_rule_list(&f->rules, rule, &f->lock));
	mutex_unlock(&f->lock);
	KUNIT_EXPECT_PTR_EQ(test, rule, match(f, VIP, IPPROTO_TCP, 80, 0));
	KUNIT_EXPECT_EQ(test, packets_of(rule), 0);
	this_cpu_inc(rule->stats->packets);
	KUNIT_EXPECT_EQ(test, packets_of(rule), 1);
	/* without a flow there is nothing to list again */
	dsr_rs_rule_put(rule);
	dsr_rs_rule_put(tos);
	dsr_rs_rule_put(tos);
	rules_drop(f);
	KUNIT_EXPECT_NULL(test, revive(f, &by_rank[0]));
	KUNIT_EXPECT_NULL(test, revive(f, &by_rank[3]));
}

/* Test that a rule may outlive its namespace. */
static void rule_outlives_namespace(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule *rule = add(test, f, &by_rank[0]);
	u32 i, left = 0;

	refcount_inc(&rule->refs);
	rules_drop(f);
	dsr_rs_rule_exit(&f->rules);
	for (i = 0; i < ARRAY_SIZE(f->rules.gone); i++)
		left += !hlist_empty(&f->rules.gone[i]);
	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_TRUE(test, hlist_unhashed(&rule->gone));
	dsr_rs_rule_put(rule);
}

/* Test that an address is a VIP in its own family only, and that a TOS rule
 * with a target takes only packets of the target's family.
 */
static void rule_families(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule_key vip6 = { .family = AF_INET6 };
	struct dsr_rs_rule_key tos = { .tos = 0x28, .tos_mask = 0xfc };
	struct dsr_rs_rule_to to6 = { .family = AF_INET6 };
	struct dsr_rs_tuple tuple = {
		.family = AF_INET6, .proto = IPPROTO_UDP, .sport = htons(80),
	};
	struct dsr_rs_rule *rule6, *rule;
	struct dsr_rs_rule_match found;

	/* The first four bytes equal the IPv4 VIP. */
	vip6.vip.ip = VIP;
	tuple.server.ip = VIP;
	rule6 = add(test, f, &vip6);
	rule = add(test, f, &tos);
	KUNIT_EXPECT_NULL(test, match(f, VIP, IPPROTO_UDP, 80, 0));
	KUNIT_EXPECT_PTR_EQ(test, rule, match(f, VIP, IPPROTO_UDP, 80, 0x2a));
	mutex_lock(&f->lock);
	KUNIT_EXPECT_EQ(test, 0, dsr_rs_rule_set_target(rule, &to6, &f->lock));
	mutex_unlock(&f->lock);
	KUNIT_EXPECT_NULL(test, match(f, VIP, IPPROTO_UDP, 80, 0x2a));
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, rule6,
			    dsr_rs_rule_match(&f->rules, &tuple, 0x2a, NULL,
					      &found));
	tuple.server.all[3] = 1;
	KUNIT_EXPECT_PTR_EQ(test, rule,
			    dsr_rs_rule_match(&f->rules, &tuple, 0x2a, NULL,
					      &found));
	rcu_read_unlock();
	rules_drop(f);
}

/* Test that a packet keeps the target of the moment when its rule matched, even
 * if the target is replaced then: a target of the other family would give it a
 * cut or an undefined address.
 */
static void rule_led_elsewhere(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule_key tos = { .tos = 0x28, .tos_mask = 0xfc };
	struct dsr_rs_rule_to to6 = {
		.family = AF_INET6, .port = htons(8080),
		.mode = DSR_RULE_MODE_LOCAL,
	};
	struct dsr_rs_tuple tuple = {
		.family = AF_INET, .proto = IPPROTO_UDP, .sport = htons(80),
		.client.ip = CLIENT, .server.ip = VIP,
	};
	struct dsr_rs_target target = {};
	struct dsr_rs_rule_match found;
	struct dsr_rs_rule_to *was;
	struct dsr_rs_rule *rule;

	was = kunit_kzalloc(test, sizeof(*was), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, was);
	rule = add(test, f, &tos);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, rule,
			    dsr_rs_rule_match(&f->rules, &tuple, 0x28, NULL,
					      &found));
	*was = *found.to;
	rcu_read_unlock();
	mutex_lock(&f->lock);
	KUNIT_EXPECT_EQ(test, 0, dsr_rs_rule_set_target(rule, &to6, &f->lock));
	mutex_unlock(&f->lock);

	/* The packet still has the old target. */
	found.to = was;
	KUNIT_EXPECT_FALSE(test, dsr_rs_rule_is_local(&found));
	rcu_read_lock();
	dsr_rs_local_target(&init_net, init_net.loopback_dev, found.to, &tuple,
			    &target);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, (__force u16)target.lport,
			(__force u16)htons(80));
	rules_drop(f);
}

/* A packet may still look at where its rule led. KASAN sees that, if memory is freed
 * too early; here no other task runs between the change and the look.
 */
static void rule_led_elsewhere_later_freed(struct kunit *test)
{
	struct rules_fixture *f = test->priv;
	struct dsr_rs_rule_to to = { .port = htons(8080) };
	struct dsr_rs_rule *rule = add(test, f, &by_rank[2]);
	const struct dsr_rs_rule_to *was;
	bool looked = false;
	unsigned long state;
	int tries;

	for (tries = 0; !looked && tries < 1000; tries++) {
		was = rcu_dereference_protected(rule->to, true);
		state = get_state_synchronize_rcu();
		mutex_lock(&f->lock);
		KUNIT_EXPECT_EQ(test, 0, dsr_rs_rule_set_target(rule, &to, &f->lock));
		mutex_unlock(&f->lock);
		preempt_disable();
		looked = !poll_state_synchronize_rcu(state);
		if (looked)
			to.port = READ_ONCE(was->port);
		preempt_enable();
	}
	KUNIT_EXPECT_TRUE(test, looked);
	rules_drop(f);
}

static struct kunit_case rule_cases[] = {
	KUNIT_CASE(rule_most_specific),
	KUNIT_CASE(rule_matches_all_of_key),
	KUNIT_CASE(rule_many_vips),
	KUNIT_CASE(rule_many_ports),
	KUNIT_CASE(rule_added_again),
	KUNIT_CASE(rule_outlives_namespace),
	KUNIT_CASE(rule_families),
	KUNIT_CASE(rule_led_elsewhere),
	KUNIT_CASE(rule_led_elsewhere_later_freed),
	{}
};

static struct kunit_suite rule_suite = {
	.name = "dsr_rs_rule",
	.init = rule_test_init,
	.test_cases = rule_cases,
};

kunit_test_suite(rule_suite);
