// SPDX-License-Identifier: GPL-2.0
/* Test that the port of a flow at the socket is unique. */

#include "core/recent.h"
#include "flow_fixture.h"

/* Test two VIPs that lead to one local port, with one client port. */
static void flow_clash_of_two_vips(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet one = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = flow_request(VIP2, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_flow *first, *second, *twin;
	enum dsr_rs_reason reason;

	first = flow_create(rs, &one, rule, 80, &reason);
	second = flow_create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(first));
	KUNIT_EXPECT_TRUE(test, dsr_rs_flow_ported(second));
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&rs->table.entries));

	KUNIT_EXPECT_PTR_EQ(test, first,
			    flow_find(rs, true, VIP, IPPROTO_UDP, htons(5000),
				      htons(80)));
	KUNIT_EXPECT_PTR_EQ(test, second,
			    flow_find(rs, true, VIP2, IPPROTO_UDP, htons(5000),
				      htons(80)));
	KUNIT_EXPECT_PTR_EQ(test, first,
			    flow_find(rs, false, LOCAL, IPPROTO_UDP,
				      htons(5000), htons(80)));
	twin = flow_find(rs, false, LOCAL, IPPROTO_UDP, second->local_cport,
			 htons(80));
	KUNIT_ASSERT_NOT_NULL(test, twin);
	KUNIT_EXPECT_EQ(test, (__force u32)VIP2, (__force u32)twin->v4.vip);
	KUNIT_EXPECT_EQ(test, 5000, ntohs(twin->cport));
	KUNIT_EXPECT_EQ(test, ntohs(second->local_cport),
			ntohs(twin->local_cport));
	dsr_rs_rule_put(rule);
}

/* Test a packet to the machine's own address whose port a flow has taken. */
static void flow_own_address_after(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet vip = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet own = flow_request(LOCAL, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	KUNIT_ASSERT_NOT_NULL(test, flow_create(rs, &vip, rule, 80, &reason));
	flow = flow_create(rs, &own, NULL, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_TRUE(test, dsr_rs_flow_ported(flow));
	KUNIT_EXPECT_EQ(test, (__force u32)LOCAL, (__force u32)flow->v4.vip);
	KUNIT_EXPECT_EQ(test, (__force u32)LOCAL, (__force u32)flow->v4.local);
	dsr_rs_rule_put(rule);
}

/* Test a flow whose port an earlier packet to the own address has used. */
static void flow_own_address_before(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet vip = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_tuple own = vip.tuple;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	own.server.ip = LOCAL;
	dsr_rs_recent_note(rs->recent,
			   dsr_rs_recent_key(&own,
					     dsr_rs_tuple_hash(&own,
							       &rs->table.key)),
			   jiffies);
	flow = flow_create(rs, &vip, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_TRUE(test, dsr_rs_flow_ported(flow));
	dsr_rs_rule_put(rule);
}

static bool is_high(struct dsr_node *node, const void *arg)
{
	return dsr_rs_flow_from_node(node)->local_cport & htons(0x8000);
}

/* Return the shortest time in ns, of some tries, of a failing port search. */
static u64 search_ns(struct kunit *test, struct dsr_rs_net *rs,
		     struct dsr_rs_rule *rule, bool forget)
{
	struct dsr_rs_packet pkt = flow_request(VIP2, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;
	u64 least = U64_MAX, begin;
	u32 i;

	for (i = 0; i < 50; i++) {
		if (forget)
			memset(rs->recent, 0, sizeof(*rs->recent));
		begin = ktime_get_ns();
		KUNIT_ASSERT_NULL(test,
				  flow_create(rs, &pkt, rule, 80, &reason));
		least = min(least, ktime_get_ns() - begin);
		KUNIT_EXPECT_EQ(test, reason, DSR_RS_DROP_NO_FREE_PORT);
	}
	return least;
}

/* Test that a client without a free port costs a long search only once a
 * second, not with each packet.
 */
static void flow_ports_used_up(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet pkt;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u64 first, then;
	u32 port;

	WRITE_ONCE(rs->table.max, 1 << 20);
	for (port = 1024; port < 65536; port++) {
		pkt = flow_request(VIP, IPPROTO_UDP, port, 80);
		flow = flow_create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		flow_prove(rs, flow);
		cond_resched();
	}
	first = search_ns(test, rs, rule, true);
	then = search_ns(test, rs, rule, false);
	KUNIT_EXPECT_LT(test, 4 * then, first);
	/* Another server port has free client ports. */
	pkt = flow_request(VIP2, IPPROTO_UDP, 5000, 81);
	KUNIT_EXPECT_NOT_NULL(test, flow_create(rs, &pkt, rule, 81, &reason));
	/* A port that becomes free is found. */
	dsr_table_remove_if(&rs->table, is_high, NULL);
	pkt = flow_request(VIP2, IPPROTO_UDP, 5000, 80);
	for (port = 0; port < 100; port++)
		if (flow_create(rs, &pkt, rule, 80, &reason))
			break;
	KUNIT_EXPECT_LT(test, port, 100U);
	dsr_rs_rule_put(rule);
}

static void flow_recent_forgets(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;

	dsr_rs_recent_note(rs->recent, 7, 1000);
	KUNIT_EXPECT_TRUE(test, dsr_rs_recent_has(rs->recent, 7, 1000, HZ));
	KUNIT_EXPECT_TRUE(test, dsr_rs_recent_has(rs->recent, 7, 999, HZ));
	KUNIT_EXPECT_TRUE(test, dsr_rs_recent_has(rs->recent, 7, 999 + HZ, HZ));
	KUNIT_EXPECT_FALSE(test, dsr_rs_recent_has(rs->recent, 7, 1000 + HZ,
						   HZ));
	dsr_rs_recent_note(rs->recent, 7 + DSR_RS_RECENT_SLOTS, 1000);
	KUNIT_EXPECT_FALSE(test, dsr_rs_recent_has(rs->recent, 7, 1000, HZ));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(flow_clash_of_two_vips),
	KUNIT_CASE(flow_own_address_after),
	KUNIT_CASE(flow_own_address_before),
	KUNIT_CASE(flow_ports_used_up),
	KUNIT_CASE(flow_recent_forgets),
	{ }
};

FLOW_SUITE("dsr_rs_newflow");
