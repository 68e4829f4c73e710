// SPDX-License-Identifier: GPL-2.0
/* The states of a TCP connection, seen from the client's packets only. */

#include <kunit/test.h>

#include "../../common/state.h"

#define SYN	TCPHDR_SYN
#define ACK	TCPHDR_ACK
#define FIN	(TCPHDR_FIN | TCPHDR_ACK)
#define RST	TCPHDR_RST

struct walk {
	const char *name;
	u8 begin;	/* default: DSR_CONN_SYN */
	u8 flags[6];
	u8 states[6];
	int steps;
};

static const struct walk walks[] = {
	{
		.name = "open, talk, close",
		.flags = { SYN, ACK, ACK | TCPHDR_PSH, FIN, ACK },
		.states = { DSR_CONN_SYN, DSR_CONN_ESTABLISHED,
			    DSR_CONN_ESTABLISHED, DSR_CONN_FIN, DSR_CONN_FIN },
		.steps = 5,
	}, {
		.name = "a SYN again is still a SYN",
		.flags = { SYN, SYN, SYN },
		.states = { DSR_CONN_SYN, DSR_CONN_SYN, DSR_CONN_SYN },
		.steps = 3,
	}, {
		.name = "a SYN does not end an established connection",
		.flags = { SYN, ACK, SYN, ACK },
		.states = { DSR_CONN_SYN, DSR_CONN_ESTABLISHED,
			    DSR_CONN_ESTABLISHED, DSR_CONN_ESTABLISHED },
		.steps = 4,
	}, {
		.name = "a SYN after FIN begins anew",
		.flags = { SYN, ACK, FIN, SYN, ACK },
		.states = { DSR_CONN_SYN, DSR_CONN_ESTABLISHED, DSR_CONN_FIN,
			    DSR_CONN_SYN, DSR_CONN_ESTABLISHED },
		.steps = 5,
	}, {
		.name = "RST closes, and an ACK does not revive",
		.flags = { SYN, ACK, RST | ACK, ACK, FIN },
		.states = { DSR_CONN_SYN, DSR_CONN_ESTABLISHED,
			    DSR_CONN_CLOSED, DSR_CONN_CLOSED, DSR_CONN_FIN },
		.steps = 5,
	}, {
		.name = "first seen in the middle",
		.flags = { ACK },
		.states = { DSR_CONN_ESTABLISHED },
		.steps = 1,
	}, {
		.name = "picked up in mid-stream",
		.begin = DSR_CONN_UNPROVEN,
		.flags = { ACK, ACK, FIN },
		.states = { DSR_CONN_ESTABLISHED, DSR_CONN_ESTABLISHED,
			    DSR_CONN_FIN },
		.steps = 3,
	}, {
		.name = "a SYN over one packet in mid-stream",
		.begin = DSR_CONN_UNPROVEN,
		.flags = { SYN, ACK },
		.states = { DSR_CONN_SYN, DSR_CONN_ESTABLISHED },
		.steps = 2,
	}, {
		.name = "SYN and RST at once is a RST",
		.flags = { SYN | RST },
		.states = { DSR_CONN_CLOSED },
		.steps = 1,
	},
};

static void walk_to_desc(const struct walk *walk, char *desc)
{
	strscpy(desc, walk->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(walk, walks, walk_to_desc);

static void state_walk(struct kunit *test)
{
	const struct walk *walk = test->param_value;
	u8 state = walk->begin;
	int i;

	for (i = 0; i < walk->steps; i++) {
		state = dsr_state_tcp(state, walk->flags[i]);
		KUNIT_EXPECT_EQ_MSG(test, state, walk->states[i], "step %d", i);
	}
}

static void state_of_sctp(struct kunit *test)
{
	static const struct {
		u8 chunk;
		u8 state;
	} steps[] = {
		{ SCTP_CID_INIT, DSR_CONN_SYN },
		{ SCTP_CID_COOKIE_ECHO, DSR_CONN_ESTABLISHED },
		{ SCTP_CID_DATA, DSR_CONN_ESTABLISHED },
		{ SCTP_CID_SACK, DSR_CONN_ESTABLISHED },
		{ SCTP_CID_HEARTBEAT, DSR_CONN_ESTABLISHED },
		{ SCTP_CID_SHUTDOWN, DSR_CONN_FIN },
		{ SCTP_CID_SACK, DSR_CONN_FIN },
		{ SCTP_CID_SHUTDOWN_COMPLETE, DSR_CONN_CLOSED },
		{ SCTP_CID_INIT, DSR_CONN_SYN },
		{ SCTP_CID_ABORT, DSR_CONN_CLOSED },
	};
	u8 state = DSR_CONN_SYN;
	int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		state = dsr_state_next(state, dsr_event_sctp(steps[i].chunk));
		KUNIT_EXPECT_EQ_MSG(test, state, steps[i].state, "step %d", i);
	}
}

static void state_reuse(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, dsr_state_reusable(DSR_CONN_SYN));
	KUNIT_EXPECT_FALSE(test, dsr_state_reusable(DSR_CONN_ESTABLISHED));
	KUNIT_EXPECT_TRUE(test, dsr_state_reusable(DSR_CONN_FIN));
	KUNIT_EXPECT_TRUE(test, dsr_state_reusable(DSR_CONN_CLOSED));
	KUNIT_EXPECT_TRUE(test, dsr_state_reusable(DSR_CONN_UNPROVEN));
}

static void state_timeouts(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dsr_state_timeout(DSR_CONN_SYN), 60 * HZ);
	KUNIT_EXPECT_EQ(test, dsr_state_timeout(DSR_CONN_ESTABLISHED),
			900 * HZ);
	KUNIT_EXPECT_EQ(test, dsr_state_timeout(DSR_CONN_FIN), 120 * HZ);
	KUNIT_EXPECT_EQ(test, dsr_state_timeout(DSR_CONN_CLOSED), 10 * HZ);
	KUNIT_EXPECT_EQ(test, dsr_state_timeout(DSR_CONN_UDP), 300 * HZ);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(state_walk, walk_gen_params),
	KUNIT_CASE(state_of_sctp),
	KUNIT_CASE(state_reuse),
	KUNIT_CASE(state_timeouts),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_state",
	.test_cases = cases,
};

kunit_test_suites(&suite);
