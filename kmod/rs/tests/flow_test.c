// SPDX-License-Identifier: GPL-2.0
/* Test that both sides find a flow, and that socket ports are unique. */

#include "core/recent.h"
#include "fixture.h"
#include "state.h"

#define CAP	3000

static struct dsr_rs_rule *any_rule(struct kunit *test)
{
	struct dsr_rs_rule_key key = { .family = AF_INET, .vip.ip = VIP };
	struct dsr_rs_rule *rule = dsr_rs_rule_alloc(&key, &TO_PORT(0));

	KUNIT_ASSERT_NOT_NULL(test, rule);
	return rule;
}

static struct dsr_rs_packet request(__be32 vip, u8 proto, u16 cport, u16 vport)
{
	return (struct dsr_rs_packet) {
		.event = DSR_EVENT_DATA,
		.tuple = {
			.client.ip = CLIENT, .server.ip = vip, .proto = proto,
			.cport = htons(cport), .sport = htons(vport),
			.family = AF_INET,
		},
	};
}

static struct dsr_rs_flow *create(struct dsr_rs_net *rs,
				  const struct dsr_rs_packet *pkt,
				  struct dsr_rs_rule *rule, u16 lport,
				  enum dsr_rs_reason *reason)
{
	struct dsr_rs_target target = {
		.rule = rule, .local.ip = LOCAL, .lport = htons(lport),
	};
	struct dsr_rs_pending pending;
	struct dsr_rs_flow *flow;

	*reason = DSR_RS_REASON_COUNT;
	rcu_read_lock();
	flow = dsr_rs_flow_create(rs, pkt, dsr_rs_tuple_hash(&pkt->tuple,
							     &rs->table.key),
				  &target, &pending, reason);
	rcu_read_unlock();
	return flow;
}

static struct dsr_rs_flow *find(struct dsr_rs_net *rs, bool wire,
				__be32 server, u8 proto, __be16 cport,
				__be16 sport)
{
	struct dsr_rs_tuple tuple = {
		.client.ip = CLIENT, .server.ip = server, .proto = proto,
		.cport = cport, .sport = sport, .family = AF_INET,
	};
	u32 hash = dsr_rs_tuple_hash(&tuple, &rs->table.key);
	struct dsr_rs_flow *flow;

	rcu_read_lock();
	flow = wire ? dsr_rs_flow_find_wire(&rs->table, hash, &tuple) :
		      dsr_rs_flow_find_socket(&rs->table, hash, &tuple);
	rcu_read_unlock();
	return flow;
}

static void answer(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	rcu_read_lock();
	dsr_rs_flow_answer(&rs->table, flow);
	rcu_read_unlock();
}

static void prove(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	answer(rs, flow);
	rcu_read_lock();
	dsr_rs_flow_prove(rs, flow);
	rcu_read_unlock();
}

static int flow_test_init(struct kunit *test)
{
	test->priv = fixture_net(test, CAP);
	return 0;
}

static void flow_test_exit(struct kunit *test)
{
	fixture_net_free(test->priv);
}

static void flow_found_from_both_sides(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet pkt = request(VIP, IPPROTO_UDP, 5000, 53);
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	struct dsr_stats sum = {};

	flow = create(rs, &pkt, rule, 8053, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(flow));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_PTR_EQ(test, flow,
			    find(rs, true, VIP, IPPROTO_UDP, htons(5000),
				 htons(53)));
	KUNIT_EXPECT_PTR_EQ(test, flow,
			    find(rs, false, LOCAL, IPPROTO_UDP, htons(5000),
				 htons(8053)));
	/* A lookup by the other side, protocol or port finds nothing. */
	KUNIT_EXPECT_NULL(test, find(rs, false, VIP, IPPROTO_UDP, htons(5000),
				     htons(53)));
	KUNIT_EXPECT_NULL(test, find(rs, true, LOCAL, IPPROTO_UDP, htons(5000),
				     htons(8053)));
	KUNIT_EXPECT_NULL(test, find(rs, true, VIP, IPPROTO_TCP, htons(5000),
				     htons(53)));
	KUNIT_EXPECT_NULL(test, find(rs, true, VIP, IPPROTO_UDP, htons(5001),
				     htons(53)));
	/* The same packet again gets the same flow. */
	KUNIT_EXPECT_PTR_EQ(test, flow, create(rs, &pkt, rule, 8053, &reason));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->table.entries));
	dsr_stats_add(&sum, rule->stats);
	KUNIT_EXPECT_EQ(test, sum.connections, 1ULL);
	dsr_rs_rule_put(rule);
}

/* Test two VIPs that lead to one local port, with one client port. */
static void flow_clash_of_two_vips(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet one = request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = request(VIP2, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_flow *first, *second, *twin;
	enum dsr_rs_reason reason;

	first = create(rs, &one, rule, 80, &reason);
	second = create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(first));
	KUNIT_EXPECT_TRUE(test, dsr_rs_flow_ported(second));
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&rs->table.entries));

	KUNIT_EXPECT_PTR_EQ(test, first,
			    find(rs, true, VIP, IPPROTO_UDP, htons(5000),
				 htons(80)));
	KUNIT_EXPECT_PTR_EQ(test, second,
			    find(rs, true, VIP2, IPPROTO_UDP, htons(5000),
				 htons(80)));
	KUNIT_EXPECT_PTR_EQ(test, first,
			    find(rs, false, LOCAL, IPPROTO_UDP, htons(5000),
				 htons(80)));
	twin = find(rs, false, LOCAL, IPPROTO_UDP, second->local_cport,
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
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet vip = request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet own = request(LOCAL, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	KUNIT_ASSERT_NOT_NULL(test, create(rs, &vip, rule, 80, &reason));
	flow = create(rs, &own, NULL, 80, &reason);
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
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet vip = request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_tuple own = vip.tuple;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	own.server.ip = LOCAL;
	dsr_rs_recent_note(rs->recent,
			   dsr_rs_recent_key(&own,
					     dsr_rs_tuple_hash(&own,
							       &rs->table.key)),
			   jiffies);
	flow = create(rs, &vip, rule, 80, &reason);
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
	struct dsr_rs_packet pkt = request(VIP2, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;
	u64 least = U64_MAX, begin;
	u32 i;

	for (i = 0; i < 50; i++) {
		if (forget)
			memset(rs->recent, 0, sizeof(*rs->recent));
		begin = ktime_get_ns();
		KUNIT_ASSERT_NULL(test, create(rs, &pkt, rule, 80, &reason));
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
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet pkt;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u64 first, then;
	u32 port;

	WRITE_ONCE(rs->table.max, 1 << 20);
	for (port = 1024; port < 65536; port++) {
		pkt = request(VIP, IPPROTO_UDP, port, 80);
		flow = create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		prove(rs, flow);
		cond_resched();
	}
	first = search_ns(test, rs, rule, true);
	then = search_ns(test, rs, rule, false);
	KUNIT_EXPECT_LT(test, 4 * then, first);
	/* Another server port has free client ports. */
	pkt = request(VIP2, IPPROTO_UDP, 5000, 81);
	KUNIT_EXPECT_NOT_NULL(test, create(rs, &pkt, rule, 81, &reason));
	/* A port that becomes free is found. */
	dsr_table_remove_if(&rs->table, is_high, NULL);
	pkt = request(VIP2, IPPROTO_UDP, 5000, 80);
	for (port = 0; port < 100; port++)
		if (create(rs, &pkt, rule, 80, &reason))
			break;
	KUNIT_EXPECT_LT(test, port, 100U);
	dsr_rs_rule_put(rule);
}

static void flow_recent_forgets(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;

	dsr_rs_recent_note(rs->recent, 7, 1000);
	KUNIT_EXPECT_TRUE(test, dsr_rs_recent_has(rs->recent, 7, 1000, HZ));
	KUNIT_EXPECT_TRUE(test, dsr_rs_recent_has(rs->recent, 7, 999 + HZ, HZ));
	KUNIT_EXPECT_FALSE(test, dsr_rs_recent_has(rs->recent, 7, 1000 + HZ,
						   HZ));
	dsr_rs_recent_note(rs->recent, 7 + DSR_RS_RECENT_SLOTS, 1000);
	KUNIT_EXPECT_FALSE(test, dsr_rs_recent_has(rs->recent, 7, 1000, HZ));
}

/* Test that the two entries of a flow live and expire together. */
static void flow_pair_expires_as_one(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet one = request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = request(VIP2, IPPROTO_UDP, 5000, 80);
	u32 timeout = dsr_state_timeout(DSR_CONN_UDP);
	struct dsr_rs_flow *wire, *socket;
	enum dsr_rs_reason reason;
	u32 now = jiffies;

	KUNIT_ASSERT_NOT_NULL(test, create(rs, &one, rule, 80, &reason));
	wire = create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, wire);
	socket = find(rs, false, LOCAL, IPPROTO_UDP, wire->local_cport,
		      htons(80));
	KUNIT_ASSERT_NOT_NULL(test, socket);
	prove(rs, wire);

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

static void flow_retired_makes_room(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet one = request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = request(VIP2, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_flow *old, *new;
	enum dsr_rs_reason reason;

	create(rs, &one, rule, 80, &reason);
	old = create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, old);
	rcu_read_lock();
	dsr_rs_flow_retire(&rs->table, old);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, find(rs, true, VIP2, IPPROTO_UDP, htons(5000),
				     htons(80)));
	KUNIT_EXPECT_NULL(test, find(rs, false, LOCAL, IPPROTO_UDP,
				     old->local_cport, htons(80)));
	new = create(rs, &two, rule, 8080, &reason);
	KUNIT_ASSERT_NOT_NULL(test, new);
	KUNIT_EXPECT_PTR_NE(test, old, new);
	KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(new));
	dsr_table_gc(&rs->table, jiffies, true);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&rs->table.entries));
	dsr_rs_rule_put(rule);
}

static void flow_address_lost(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet pkt = request(VIP, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;

	KUNIT_ASSERT_NOT_NULL(test, create(rs, &pkt, rule, 80, &reason));
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
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet pkt = request(VIP, IPPROTO_TCP, 5000, 80);
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
		KUNIT_ASSERT_PTR_EQ(test, flow, &pending.flow);
		/* The second flow has another port at the socket. */
		KUNIT_EXPECT_EQ(test, i == 1, dsr_rs_flow_ported(flow));
		KUNIT_EXPECT_EQ(test, (int)i, atomic_read(&rs->table.entries));
		KUNIT_EXPECT_NULL(test, find(rs, true, vips[i], IPPROTO_TCP,
					     htons(5000), htons(80)));

		rcu_read_lock();
		flow = dsr_rs_flow_promote(rs, &pending);
		rcu_read_unlock();
		KUNIT_ASSERT_NOT_NULL(test, flow);
		KUNIT_EXPECT_EQ(test, 1 + 2 * (int)i,
				atomic_read(&rs->table.entries));
		KUNIT_EXPECT_PTR_EQ(test, flow,
				    find(rs, true, vips[i], IPPROTO_TCP,
					 htons(5000), htons(80)));
		KUNIT_EXPECT_NOT_NULL(test,
				      find(rs, false, LOCAL, IPPROTO_TCP,
					   flow->local_cport, htons(80)));
		KUNIT_EXPECT_EQ(test, (u8)DSR_CONN_ESTABLISHED, flow->state);
	}
	dsr_stats_add(&sum, rule->stats);
	KUNIT_EXPECT_EQ(test, sum.connections, 2ULL);
	dsr_rs_rule_put(rule);
}

/* Test that both entries of an answered, unproven flow expire soon. */
static void flow_udp_is_proven(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet one = request(VIP, IPPROTO_UDP, 5000, 80);
	struct dsr_rs_packet two = request(VIP2, IPPROTO_UDP, 5000, 80);
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u32 now;

	create(rs, &one, rule, 80, &reason);
	flow = create(rs, &two, rule, 80, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&rs->unproven));
	answer(rs, flow);
	answer(rs, flow);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&rs->unproven));
	now = jiffies;
	rcu_read_lock();
	KUNIT_EXPECT_LE(test, dsr_rs_flow_left(&rs->table, flow, now),
			dsr_state_timeout(DSR_CONN_SYN));
	rcu_read_unlock();
	prove(rs, flow);
	prove(rs, flow);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&rs->unproven));

	dsr_table_gc(&rs->table, now + dsr_state_timeout(DSR_CONN_SYN) + HZ,
		     true);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&rs->unproven));
	KUNIT_EXPECT_NOT_NULL(test, find(rs, true, VIP2, IPPROTO_UDP,
					 htons(5000), htons(80)));
	dsr_rs_rule_put(rule);
}

/* Test that unproven flows have a share, and later ones stay pending. */
static void flow_udp_crowd(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet pkt;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	u32 i;

	for (i = 0; i < 2 * CAP; i++) {
		pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
		KUNIT_ASSERT_NOT_NULL(test,
				      create(rs, &pkt, rule, 80, &reason));
	}
	KUNIT_EXPECT_EQ(test, CAP / 4, atomic_read(&rs->table.entries));
	/* A flow that is proven makes room for another. */
	flow = find(rs, true, VIP, IPPROTO_UDP, htons(1), htons(80));
	KUNIT_ASSERT_NOT_NULL(test, flow);
	prove(rs, flow);
	pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
	create(rs, &pkt, rule, 80, &reason);
	KUNIT_EXPECT_EQ(test, CAP / 4 + 1, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, CAP / 4, atomic_read(&rs->unproven));
	/* A flow that is retired makes room, too. */
	rcu_read_lock();
	dsr_rs_flow_retire(&rs->table, find(rs, true, VIP, IPPROTO_UDP,
					    htons(2), htons(80)));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, CAP / 4 - 1, atomic_read(&rs->unproven));
	dsr_rs_rule_put(rule);
}

/* Test that a client with one port for all ports of a VIP fills no bucket. Both
 * sides find each of its flows, and each goes when it ends.
 */
static void flow_one_client_port(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i, lost = 0, apart;
	const u32 ports = 300;

	for (i = 1; i <= ports; i++) {
		pkt = request(VIP, IPPROTO_UDP, 5000, i);
		flow = create(rs, &pkt, rule, i, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		KUNIT_EXPECT_FALSE(test, dsr_rs_flow_ported(flow));
		/* The same packet again gets the same flow. */
		KUNIT_EXPECT_PTR_EQ(test, flow,
				    create(rs, &pkt, rule, i, &reason));
	}
	apart = atomic_read(&rs->apart);
	KUNIT_EXPECT_EQ(test, apart, 2 * (ports - DSR_RS_FLOW_SAME_MAX));
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->table.entries),
			(int)apart + DSR_RS_FLOW_SAME_MAX);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rs->table.evicted), 0LL);
	for (i = 1; i <= ports; i++) {
		flow = find(rs, true, VIP, IPPROTO_UDP, htons(5000), htons(i));
		lost += !flow || ntohs(flow->lport) != i;
		flow = find(rs, false, LOCAL, IPPROTO_UDP, htons(5000),
			    htons(i));
		lost += !flow || ntohs(flow->vport) != i;
	}
	KUNIT_EXPECT_EQ(test, lost, 0U);
	/* Another client is not affected. */
	pkt = request(VIP, IPPROTO_UDP, 5001, 7);
	flow = create(rs, &pkt, rule, 7, &reason);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(flow->roles) & DSR_RS_APART);
	flow = find(rs, true, VIP, IPPROTO_UDP, htons(5000), htons(ports));
	rcu_read_lock();
	dsr_rs_flow_retire(&rs->table, flow);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, find(rs, false, LOCAL, IPPROTO_UDP,
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
	struct dsr_rs_rule *rule = any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i, listed = 0;

	for (i = 0; i < CAP / 4; i++) {
		pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		answer(rs, flow);
		WRITE_ONCE(flow->node.seen, jiffies - 2 * HZ);
	}
	for (; i < CAP / 4 + 100; i++) {
		pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
		KUNIT_ASSERT_NOT_NULL(test, create(rs, &pkt, rule, 80,
						   &reason));
		listed += !!find(rs, true, VIP, IPPROTO_UDP, htons(1 + i),
				 htons(80));
	}
	KUNIT_EXPECT_EQ(test, listed, 100U);
	KUNIT_EXPECT_EQ(test, CAP / 4, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, CAP / 4, atomic_read(&rs->unproven));
	KUNIT_EXPECT_EQ(test, atomic64_read(&rs->table.evicted), 100LL);
	dsr_rs_rule_put(rule);
}

/* Test that a full table evicts ended flows and keeps the others. */
static void flow_ended_gives_way(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i, lost = 0;

	for (i = 0; i < CAP; i++) {
		pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		prove(rs, flow);
		if (i % 2)
			continue;
		/* Like an SCTP flow whose server has sent an ABORT. */
		flow->proto = IPPROTO_SCTP;
		flow->state = DSR_CONN_CLOSED;
		WRITE_ONCE(flow->node.seen, jiffies - 2 * HZ);
	}
	for (; i < CAP + 100; i++) {
		pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		prove(rs, flow);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&rs->table.entries), CAP);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rs->table.evicted), 100LL);
	for (i = 1; i < CAP; i += 2)
		lost += !find(rs, true, VIP, IPPROTO_UDP, htons(1 + i),
			      htons(80));
	KUNIT_EXPECT_EQ(test, lost, 0U);
	dsr_rs_rule_put(rule);
}

/* Test that only the server can end a flow whose server cannot be asked. */
static void flow_is_ended_by_its_server(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	struct dsr_rs_packet pkt = request(VIP, IPPROTO_TCP, 5000, 80);
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

/* Test that flows keep a deleted rule, and that the table keeps its cap. */
static void flow_cap_and_rule(struct kunit *test)
{
	struct dsr_rs_net *rs = test->priv;
	struct dsr_rs_rule *rule = any_rule(test);
	enum dsr_rs_reason reason;
	struct dsr_rs_packet pkt;
	struct dsr_rs_flow *flow;
	u32 i;

	for (i = 0; i < CAP; i++) {
		pkt = request(VIP, IPPROTO_UDP, 1 + i, 80);
		flow = create(rs, &pkt, rule, 80, &reason);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		prove(rs, flow);
	}
	pkt = request(VIP, IPPROTO_UDP, 1 + CAP, 80);
	KUNIT_EXPECT_NULL(test, create(rs, &pkt, rule, 80, &reason));
	KUNIT_EXPECT_EQ(test, (int)reason, (int)DSR_RS_DROP_FLOW_TABLE_FULL);
	KUNIT_EXPECT_EQ(test, CAP, atomic_read(&rs->table.entries));
	KUNIT_EXPECT_EQ(test, CAP + 1, (int)refcount_read(&rule->refs));
	dsr_table_gc(&rs->table, jiffies + dsr_state_timeout(DSR_CONN_UDP),
		     true);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&rs->table.entries));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, 1, (int)refcount_read(&rule->refs));
	dsr_rs_rule_put(rule);
}

static struct kunit_case flow_cases[] = {
	KUNIT_CASE(flow_found_from_both_sides),
	KUNIT_CASE(flow_clash_of_two_vips),
	KUNIT_CASE(flow_own_address_after),
	KUNIT_CASE(flow_own_address_before),
	KUNIT_CASE(flow_ports_used_up),
	KUNIT_CASE(flow_recent_forgets),
	KUNIT_CASE(flow_pair_expires_as_one),
	KUNIT_CASE(flow_retired_makes_room),
	KUNIT_CASE(flow_address_lost),
	KUNIT_CASE(flow_from_pending),
	KUNIT_CASE(flow_udp_is_proven),
	KUNIT_CASE(flow_udp_crowd),
	KUNIT_CASE(flow_one_client_port),
	KUNIT_CASE(flow_udp_answered_gives_way),
	KUNIT_CASE(flow_ended_gives_way),
	KUNIT_CASE(flow_is_ended_by_its_server),
	KUNIT_CASE(flow_cap_and_rule),
	{}
};

static struct kunit_suite flow_suite = {
	.name = "dsr_rs_flow",
	.init = flow_test_init,
	.exit = flow_test_exit,
	.test_cases = flow_cases,
};

kunit_test_suite(flow_suite);
