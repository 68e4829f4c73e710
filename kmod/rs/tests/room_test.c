// SPDX-License-Identifier: GPL-2.0
/* Test that the table keeps its limits, and which flows make room. */

#include "flow_fixture.h"
#include "state.h"

static void flow_retired_makes_room(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet one = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = flow_request(VIP2, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_flow *old, *new;
	enum dsr_rs_reason reason;

	flow_create(rs, &one, rule, 80, &reason);
	old = flow_create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, old);
	rcu_read_lock();
	dsr_rs_flow_retire(&rs->table, old);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, flow_find(rs, true, VIP2, IPPROTO_UDP,
					  htons(5000), htons(80)));
	KUNIT_EXPECT_NULL(test, flow_find(rs, false, LOCAL, IPPROTO_UDP,
					  old->local_cport, htons(80)));
	new = flow_create(rs, &two, rule, 8080, &reason);
	KUNIT_ASSERT_NOT_NULL(test, new);
	KUNIT_EXPECT_PTR_NE(test, old, new);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(new));
	dsr_table_gc(&rs->table, jiffies, true);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&rs->table.entries));
	dsr_rs_rule_put(rule);
}

/* Test that unproven flows have a share, and later ones stay pending. */
static void flow_udp_crowd(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet pkt;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u32 i;

	for (i = 0; i < 2 * FLOW_CAP; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
		KUNIT_ASSERT_NOT_NULL(test,
				      flow_create(rs, &pkt, rule, 80, &reason));
	}
	KUNIT_EXPECT_EQ(test, FLOW_CAP / 4, atomic_read(&rs->table.entries));
	/* A flow that is proven makes room for another. */
	flow = flow_find(rs, true, VIP, IPPROTO_UDP, htons(1), htons(80));
	KUNIT_ASSERT_NOT_NULL(test, flow);
	flow_prove(rs, flow);
	pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
	flow_create(rs, &pkt, rule, 80, &reason);
	KUNIT_EXPECT_EQ(test, FLOW_CAP / 4 + 1,
			atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, FLOW_CAP / 4, atomic_read(&rs->unproven));
	/* A flow that is retired makes room, too. */
	rcu_read_lock();
	dsr_rs_flow_retire(&rs->table, flow_find(rs, true, VIP, IPPROTO_UDP,
						 htons(2), htons(80)));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, FLOW_CAP / 4 - 1, atomic_read(&rs->unproven));
	dsr_rs_rule_put(rule);
}

/* Test that a client with one port for all ports of a VIP fills no bucket. Both
 * sides find each of its flows, and each goes when it ends.
 */
static void flow_one_client_port(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i, lost = 0, apart;
	const u32 ports = 300;

	for (i = 1; i <= ports; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 5000, i);
		flow = flow_create(rs, &pkt, rule, i, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(flow));
		/* The same packet again gets the same flow. */
		KUNIT_EXPECT_PTR_EQ(test, flow,
				    flow_create(rs, &pkt, rule, i, &reason));
	}
	apart = atomic_read(&rs->apart);
	KUNIT_EXPECT_EQ(test, apart, 2 * (ports - DSR_RS_FLOW_SAME_MAX));
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->table.entries),
			(int)apart + DSR_RS_FLOW_SAME_MAX);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rs->table.evicted), 0LL);
	for (i = 1; i <= ports; i++) {
		flow = flow_find(rs, true, VIP, IPPROTO_UDP, htons(5000),
				 htons(i));
		lost += !flow || ntohs(flow->lport) != i;
		flow = flow_find(rs, false, LOCAL, IPPROTO_UDP, htons(5000),
				 htons(i));
		lost += !flow || ntohs(flow->vport) != i;
	}
	KUNIT_EXPECT_EQ(test, lost, 0U);
	/* Another client is not affected. */
	pkt = flow_request(VIP, IPPROTO_UDP, 5001, 7);
	flow = flow_create(rs, &pkt, rule, 7, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(flow->roles) & DSR_RS_APART);
	flow = flow_find(rs, true, VIP, IPPROTO_UDP, htons(5000), htons(ports));
	rcu_read_lock();
	dsr_rs_flow_retire(&rs->table, flow);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, flow_find(rs, false, LOCAL, IPPROTO_UDP,
					  htons(5000), htons(ports)));
	dsr_table_gc(&rs->table, jiffies, true);
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->apart), (int)apart - 2);
	dsr_table_gc(&rs->table, jiffies + dsr_state_timeout(DSR_CONN_UDP),
		     true);
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->table.entries), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->apart), 0);
	dsr_rs_rule_put(rule);
}

/* Test that an answered, unproven flow is evicted, also by an asked one. */
static void flow_udp_answered_gives_way(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i, listed = 0;

	for (i = 0; i < FLOW_CAP / 4; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = flow_create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		flow_answer(rs, flow);
		WRITE_ONCE(flow->node.seen, jiffies - 2 * HZ);
	}
	for (; i < FLOW_CAP / 4 + 100; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
		KUNIT_ASSERT_NOT_NULL(test, flow_create(rs, &pkt, rule, 80,
							&reason));
		listed += !!flow_find(rs, true, VIP, IPPROTO_UDP, htons(1 + i),
				 htons(80));
	}
	KUNIT_EXPECT_EQ(test, listed, 100U);
	KUNIT_EXPECT_EQ(test, FLOW_CAP / 4, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, FLOW_CAP / 4, atomic_read(&rs->unproven));
	KUNIT_EXPECT_EQ(test, atomic64_read(&rs->table.evicted), 100LL);
	dsr_rs_rule_put(rule);
}

/* Test that a full table evicts ended flows and keeps the others. */
static void flow_ended_gives_way(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i, lost = 0;

	for (i = 0; i < FLOW_CAP; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = flow_create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		flow_prove(rs, flow);
		if (i % 2)
			continue;
		/* Like an SCTP flow whose server has sent an ABORT. */
		flow->proto = IPPROTO_SCTP;
		flow->state = DSR_CONN_CLOSED;
		WRITE_ONCE(flow->node.seen, jiffies - 2 * HZ);
	}
	for (; i < FLOW_CAP + 100; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = flow_create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		flow_prove(rs, flow);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->table.entries), FLOW_CAP);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rs->table.evicted), 100LL);
	for (i = 1; i < FLOW_CAP; i += 2)
		lost += !flow_find(rs, true, VIP, IPPROTO_UDP, htons(1 + i),
			      htons(80));
	KUNIT_EXPECT_EQ(test, lost, 0U);
	dsr_rs_rule_put(rule);
}

/* Test that flows keep a deleted rule, and that the table keeps its cap. */
static void flow_cap_and_rule(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i;

	for (i = 0; i < FLOW_CAP; i++) {
		pkt = flow_request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = flow_create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		flow_prove(rs, flow);
	}
	pkt = flow_request(VIP, IPPROTO_UDP, 1 + FLOW_CAP, 80);
	KUNIT_EXPECT_NULL(test, flow_create(rs, &pkt, rule, 80, &reason));
	KUNIT_EXPECT_EQ(test, (int)reason, (int)DSR_RS_DROP_FLOW_TABLE_FULL);
	KUNIT_EXPECT_EQ(test, FLOW_CAP, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, FLOW_CAP + 1, (int)refcount_read(&rule->refs));
	dsr_table_gc(&rs->table, jiffies + dsr_state_timeout(DSR_CONN_UDP),
		     true);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&rs->table.entries));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, 1, (int)refcount_read(&rule->refs));
	dsr_rs_rule_put(rule);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(flow_retired_makes_room),
	KUNIT_CASE(flow_udp_crowd),
	KUNIT_CASE(flow_one_client_port),
	KUNIT_CASE(flow_udp_answered_gives_way),
	KUNIT_CASE(flow_ended_gives_way),
	KUNIT_CASE(flow_cap_and_rule),
	{ }
};

FLOW_SUITE("dsr_rs_room");
