// SPDX-License-Identifier: GPL-2.0
/* Test that both sides find a flow, and how flows become proven and end. */

#include "flow_fixture.h"
#include "state.h"

static void flow_found_from_both_sides(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet pkt = flow_request(VIP, IPPROTO_UDP, 5000, 53);
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	struct dsr_stats sum = {};

	flow = flow_create(rs, &pkt, rule, 8053, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(flow));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_PTR_EQ(test, flow,
			    flow_find(rs, true, VIP, IPPROTO_UDP, htons(5000),
				      htons(53)));
	KUNIT_EXPECT_PTR_EQ(test, flow,
			    flow_find(rs, false, LOCAL, IPPROTO_UDP,
				      htons(5000), htons(8053)));
	/* A lookup by the other side, protocol or port finds nothing. */
	KUNIT_EXPECT_NULL(test, flow_find(rs, false, VIP, IPPROTO_UDP,
					  htons(5000), htons(53)));
	KUNIT_EXPECT_NULL(test, flow_find(rs, true, LOCAL, IPPROTO_UDP,
					  htons(5000), htons(8053)));
	KUNIT_EXPECT_NULL(test, flow_find(rs, true, VIP, IPPROTO_TCP,
					  htons(5000), htons(53)));
	KUNIT_EXPECT_NULL(test, flow_find(rs, true, VIP, IPPROTO_UDP,
					  htons(5001), htons(53)));
	/* The same packet again gets the same flow. */
	KUNIT_EXPECT_PTR_EQ(test, flow,
			    flow_create(rs, &pkt, rule, 8053, &reason));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->table.entries));
	dsr_stats_add(&sum, rule->stats);
	KUNIT_EXPECT_EQ(test, sum.connections, 1ULL);
	dsr_rs_rule_put(rule);
}

/* Test that the two entries of a flow live and expire together. */
static void flow_pair_expires_as_one(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet one = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = flow_request(VIP2, IPPROTO_UDP, 5000, 80);
	u32 timeout = dsr_state_timeout(DSR_CONN_UDP);
	struct dsr_rs_flow *wire, *socket;
	enum dsr_rs_reason reason;
	u32 now = jiffies;

	KUNIT_ASSERT_NOT_NULL(test, flow_create(rs, &one, rule, 80, &reason));
	wire = flow_create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, wire);
	socket = flow_find(rs, false, LOCAL, IPPROTO_UDP, wire->local_cport,
			   htons(80));
	KUNIT_ASSERT_NOT_NULL(test, socket);
	flow_prove(rs, wire);

	/* Only the server sends: the client's entry stays. */
	WRITE_ONCE(socket->node.seen, now + timeout);
	dsr_table_gc(&rs->table, now + timeout + HZ, true);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&rs->table.entries));
	/* Only the client sends: the server's entry stays. */
	WRITE_ONCE(wire->node.seen, now + 2 * timeout);
	dsr_table_gc(&rs->table, now + 2 * timeout + HZ, true);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&rs->table.entries));
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, timeout - HZ,
			dsr_rs_flow_left(&rs->table, socket,
					 now + 2 * timeout + HZ));
	rcu_read_unlock();
	dsr_table_gc(&rs->table, now + 3 * timeout, true);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&rs->table.entries));
	dsr_rs_rule_put(rule);
}

static void flow_address_lost(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet pkt = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;

	KUNIT_ASSERT_NOT_NULL(test, flow_create(rs, &pkt, rule, 80, &reason));
	/* No machine that runs this test has the address. */
	mutex_lock(&rs->lock);
	dsr_rs_flow_remove_to(rs, AF_INET, &IP4(VIP));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->table.entries));
	dsr_rs_flow_remove_to(rs, AF_INET6, NULL);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->table.entries));
	dsr_rs_flow_remove_to(rs, AF_INET, &IP4(LOCAL));
	mutex_unlock(&rs->lock);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&rs->table.entries));
	dsr_rs_rule_put(rule);
}

/* Test that a SYN adds nothing to the table until a socket accepts it. */
static void flow_from_pending(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet pkt = flow_request(VIP, IPPROTO_TCP, 5000, 80);
	__be32 vips[] = { VIP, VIP2 };
	struct dsr_rs_pending pending;
	struct dsr_rs_target target = {
		.rule = rule, .local.ip = LOCAL, .lport = htons(80),
	};
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	struct dsr_stats sum = {};
	u32 i;

	pkt.event = DSR_EVENT_OPEN;
	for (i = 0; i < ARRAY_SIZE(vips); i++) {
		pkt.tuple.server.ip = vips[i];
		rcu_read_lock();
		flow = dsr_rs_flow_create(rs, &pkt,
					  dsr_rs_tuple_hash(&pkt.tuple,
							    &rs->table.key),
					  &target, &pending, &reason);
		rcu_read_unlock();
		KUNIT_ASSERT_PTR_EQ_MSG(test, flow, &pending.flow, "vips[%u]",
					i);
		/* The second flow has another port at the socket. */
		KUNIT_EXPECT_EQ_MSG(test, i == 1, dsr_rs_flow_ported(flow),
				    "vips[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, (int)i,
				    atomic_read(&rs->table.entries), "vips[%u]",
				    i);
		KUNIT_EXPECT_NULL_MSG(test,
				      flow_find(rs, true, vips[i], IPPROTO_TCP,
						htons(5000), htons(80)),
				      "vips[%u]", i);

		rcu_read_lock();
		flow = dsr_rs_flow_promote(rs, &pending);
		rcu_read_unlock();
		KUNIT_ASSERT_NOT_NULL_MSG(test, flow, "vips[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, 1 + 2 * (int)i,
				    atomic_read(&rs->table.entries), "vips[%u]",
				    i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, flow,
					flow_find(rs, true, vips[i],
						  IPPROTO_TCP, htons(5000),
						  htons(80)),
					"vips[%u]", i);
		KUNIT_EXPECT_NOT_NULL_MSG(test,
					  flow_find(rs, false, LOCAL,
						    IPPROTO_TCP,
						    flow->local_cport,
						    htons(80)),
					  "vips[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, (u8)DSR_CONN_ESTABLISHED, flow->state,
				    "vips[%u]", i);
	}
	dsr_stats_add(&sum, rule->stats);
	KUNIT_EXPECT_EQ(test, sum.connections, 2ULL);
	dsr_rs_rule_put(rule);
}

/* Test that both entries of an answered, unproven flow expire soon. */
static void flow_udp_is_proven(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet one = flow_request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = flow_request(VIP2, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u32 now;

	flow_create(rs, &one, rule, 80, &reason);
	flow = flow_create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&rs->unproven));
	flow_answer(rs, flow);
	flow_answer(rs, flow);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&rs->unproven));
	now = jiffies;
	rcu_read_lock();
	KUNIT_EXPECT_LE(test, dsr_rs_flow_left(&rs->table, flow, now),
			dsr_state_timeout(DSR_CONN_SYN));
	rcu_read_unlock();
	flow_prove(rs, flow);
	flow_prove(rs, flow);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->unproven));

	dsr_table_gc(&rs->table, now + dsr_state_timeout(DSR_CONN_SYN) + HZ,
		     true);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&rs->unproven));
	KUNIT_EXPECT_NOT_NULL(test, flow_find(rs, true, VIP2, IPPROTO_UDP,
					      htons(5000), htons(80)));
	dsr_rs_rule_put(rule);
}

/* Test that only the server can end a flow whose server cannot be asked. */
static void flow_is_ended_by_its_server(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = flow_any_rule(test);
	struct dsr_rs_packet pkt = flow_request(VIP, IPPROTO_TCP, 5000, 80);
	struct dsr_rs_target target = {
		.rule = rule, .local.ip = LOCAL, .lport = htons(80),
	};
	struct dsr_rs_pending pending;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u32 now;

	pkt.event = DSR_EVENT_OPEN;
	rcu_read_lock();
	flow = dsr_rs_flow_create(rs, &pkt,
				  dsr_rs_tuple_hash(&pkt.tuple,
						    &rs->table.key),
				  &target, &pending, &reason);
	KUNIT_ASSERT_PTR_EQ(test, flow, &pending.flow);
	pending.flow.roles |= DSR_RS_ELSEWHERE;
	flow = dsr_rs_flow_promote(rs, &pending);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_trusts(flow));
	now = flow->node.seen;
	/* RFC 5382, REQ-5, unless a timeout is set. */
	KUNIT_EXPECT_EQ(test, 7440U * HZ,
			dsr_rs_flow_left(&rs->table, flow, now));
	rs->timeouts.state[DSR_CONN_ESTABLISHED] = 60 * HZ;
	KUNIT_EXPECT_EQ(test, 60U * HZ,
			dsr_rs_flow_left(&rs->table, flow, now));
	dsr_rs_flow_end(&rs->table, flow, DSR_EVENT_CLOSE);
	KUNIT_EXPECT_EQ(test, flow->state, (u8)DSR_CONN_FIN);
	dsr_rs_flow_end(&rs->table, flow, DSR_EVENT_ABORT);
	KUNIT_EXPECT_EQ(test, flow->state, (u8)DSR_CONN_CLOSED);
	rcu_read_unlock();
	dsr_rs_rule_put(rule);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(flow_found_from_both_sides),
	KUNIT_CASE(flow_pair_expires_as_one),
	KUNIT_CASE(flow_address_lost),
	KUNIT_CASE(flow_from_pending),
	KUNIT_CASE(flow_udp_is_proven),
	KUNIT_CASE(flow_is_ended_by_its_server),
	{ }
};

FLOW_SUITE("dsr_rs_flow");
