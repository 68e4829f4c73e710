/* SPDX-License-Identifier: GPL-2.0 */
/* flow_fixture - flows from CLIENT, for the suites about flows */
#ifndef _DSR_RS_TESTS_FLOW_FIXTURE_H
#define _DSR_RS_TESTS_FLOW_FIXTURE_H

#include "fixture.h"

/* Maximum number of flows. */
#define FLOW_CAP	3000

/** flow_any_rule() - make a rule for all ports of VIP; the caller puts it */
static inline struct dsr_rs_rule *flow_any_rule(struct kunit *test)
{
	struct dsr_rs_rule_key key = { .family = AF_INET, .vip.ip = VIP };
	struct dsr_rs_rule *rule = dsr_rs_rule_alloc(&key, &TO_PORT(0));

	KUNIT_ASSERT_NOT_NULL(test, rule);
	return rule;
}

/** flow_request() - make a packet from port @cport of CLIENT to @vip */
static inline struct dsr_rs_packet flow_request(__be32 vip, u8 proto,
						u16 cport, u16 vport)
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

/** flow_create() - create the flow of @pkt, as a packet does, to LOCAL
 *
 * Return: the flow, maybe pending; or %NULL, with @reason set.
 */
static inline struct dsr_rs_flow *flow_create(struct dsr_rs_net *rs,
					      const struct dsr_rs_packet *pkt,
					      struct dsr_rs_rule *rule,
					      u16 lport,
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

/**
 * flow_find() - find a flow of CLIENT
 * @rs: real server
 * @wire: by the packets on the wire, else by those at the socket
 * @server: the other address
 * @proto: protocol
 * @cport: port of CLIENT
 * @sport: port of @server
 *
 * Return: the flow, or %NULL.
 */
static inline struct dsr_rs_flow *flow_find(struct dsr_rs_net *rs, bool wire,
					    __be32 server, u8 proto,
					    __be16 cport, __be16 sport)
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

/** flow_answer() - note an answer of the server */
static inline void flow_answer(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	rcu_read_lock();
	dsr_rs_flow_answer(&rs->table, flow);
	rcu_read_unlock();
}

/** flow_prove() - note an answer of the server, and of the client to that */
static inline void flow_prove(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	flow_answer(rs, flow);
	rcu_read_lock();
	dsr_rs_flow_prove(rs, flow);
	rcu_read_unlock();
}

/** flow_test_init() - set up a real server in test->priv */
static inline int flow_test_init(struct kunit *test)
{
	test->priv = fixture_net(test, FLOW_CAP);
	return 0;
}

/** flow_test_exit() - undo flow_test_init() */
static inline void flow_test_exit(struct kunit *test)
{
	fixture_net_free(test->priv);
}

/* FLOW_SUITE() - define the suite of the test cases in "cases", each with its
 * own real server
 */
#define FLOW_SUITE(suite_name)						\
	static struct kunit_suite suite = {				\
		.name = suite_name,					\
		.init = flow_test_init,					\
		.exit = flow_test_exit,					\
		.test_cases = cases,					\
	};								\
	kunit_test_suite(suite)

#endif /* _DSR_RS_TESTS_FLOW_FIXTURE_H */
