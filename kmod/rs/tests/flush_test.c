// SPDX-License-Identifier: GPL-2.0
/* Test that a flush forgets all flows, and leaves no half of a pair. */

#include "core/recent.h"
#include "flow_fixture.h"

/* Begin in the lower half of the hashes, far from the last bucket. */
#define LOWER_HALF	BIT(31)

/* Return a client port with a pair of entries in the lower half; the pair is
 * the flow to VIP2. The ports begin at @first.
 */
static u16 make_pair(struct kunit *test, struct dsr_rs_rule *rule, u16 first)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_packet one, two;
	struct dsr_rs_flow *wire, *socket;
	enum dsr_rs_reason reason;
	u16 cport;

	for (cport = first; cport < first + 100; cport++) {
		one = flow_request(VIP, IPPROTO_UDP, cport, 80);
		two = flow_request(VIP2, IPPROTO_UDP, cport, 80);
		flow_create(rs, &one, rule, 80, &reason);
		wire = flow_create(rs, &two, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, wire);
		socket = flow_find(rs, false, LOCAL, IPPROTO_UDP,
				   wire->local_cport, htons(80));
		KUNIT_ASSERT_NOT_NULL(test, socket);
		KUNIT_ASSERT_PTR_NE(test, wire, socket);
		if (wire->node.hash < LOWER_HALF &&
		    socket->node.hash < LOWER_HALF)
			return cport;
	}
	KUNIT_ASSERT_TRUE(test, false);
	return 0;
}

static struct dsr_rs_flow *pair_of(struct kunit *test, u16 cport)
{
	return flow_find(test->priv, true, VIP2, IPPROTO_UDP, htons(cport),
			 htons(80));
}

static void flush_forgets_all(struct kunit *test)
{
	struct dsr_rs_packet syn = flow_request(VIP, IPPROTO_SCTP, 9, 80);
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_pending copy;
	struct dsr_rs_packet pkt;
	u64 cursor = 0, parts = 0;
	u32 hash, i;

	make_pair(test, rule, 5000);
	for (i = 1; i <= 300; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 6000, i);
		KUNIT_ASSERT_NOT_NULL(test, flow_create(rs, &pkt, rule, i,
							&reason));
	}
	KUNIT_ASSERT_GT(test, atomic_read(&rs->apart), 0);
	KUNIT_ASSERT_NOT_NULL(test, flow_create(rs, &syn, rule, 80, &reason));
	hash = dsr_rs_tuple_hash(&syn.tuple, &rs->table.key);
	KUNIT_ASSERT_TRUE(test, dsr_rs_pending_find(rs->pendings, hash,
						    dsr_rs_flow_match_wire,
						    &syn.tuple, jiffies,
						    &copy));
	dsr_rs_recent_note(rs->recent, 7, jiffies);

	for (; cursor < DSR_TABLE_END; parts++)
		cursor = dsr_rs_flow_flush_some(rs, cursor);
	KUNIT_EXPECT_GT(test, parts, 1ULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->table.entries), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->apart), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->unproven), 0);
	KUNIT_EXPECT_FALSE(test, dsr_rs_pending_find(rs->pendings, hash,
						     dsr_rs_flow_match_wire,
						     &syn.tuple, jiffies,
						     &copy));
	KUNIT_EXPECT_FALSE(test, dsr_rs_recent_has(rs->recent, 7, jiffies,
						   HZ));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, 1, (int)refcount_read(&rule->refs));
	dsr_rs_rule_put(rule);
}

/* Test the end of a flush: a pair without its socket entry goes, another stays.
 */
static void flush_forgets_half(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	u16 whole = make_pair(test, rule, 5000);
	u16 half = make_pair(test, rule, 6000);
	int before = atomic_read(&rs->table.entries);
	struct dsr_rs_flow *socket;

	socket = flow_find(rs, false, LOCAL, IPPROTO_UDP,
			   pair_of(test, half)->local_cport, htons(80));
	dsr_rs_flow_retire_entry(rs, socket);
	KUNIT_EXPECT_EQ(test, dsr_rs_flow_flush_some(rs, U32_MAX),
			DSR_TABLE_END);
	KUNIT_EXPECT_NULL(test, pair_of(test, half));
	KUNIT_EXPECT_NOT_NULL(test, pair_of(test, whole));
	KUNIT_EXPECT_LT(test, atomic_read(&rs->table.entries), before);
	dsr_rs_rule_put(rule);
}

/* Test a namespace that is not live: its memory may be gone. */
static void flush_not_live(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_pendings *pendings = rs->pendings;

	rs->live = false;
	rs->pendings = NULL;
	KUNIT_EXPECT_EQ(test, dsr_rs_flow_flush_some(rs, 0), DSR_TABLE_END);
	rs->pendings = pendings;
}

static int flush_test_init(struct kunit *test)
{
	struct dsr_rs_net *rs = fixture_net(test, FLOW_CAP);

	/* With a rule, so that the last flow does not end it. */
	rs->rules.count = 1;
	rs->live = true;
	test->priv = rs;
	return 0;
}

static struct kunit_case flush_cases[] = {
	KUNIT_CASE(flush_forgets_all),
	KUNIT_CASE(flush_forgets_half),
	KUNIT_CASE(flush_not_live),
	{ }
};

static struct kunit_suite flush_suite = {
	.name = "dsr_rs_flush",
	.init = flush_test_init,
	.exit = flow_test_exit,
	.test_cases = flush_cases,
};

kunit_test_suite(flush_suite);
