// SPDX-License-Identifier: GPL-2.0
/* dsr_decide(): service, connection, backend. */

#include "datapath/schedule.h"
#include "fixture.h"
#include "sched/sched.h"

static void without_a_service(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_decision d;

	fixture_decide(f, &pkt, FIXTURE_MARK + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	KUNIT_EXPECT_NULL(test, d.service);
	fixture_decide(f, &pkt, 0, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
}

static void miss_asks_the_scheduler(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NULL(test, d.conn);
	/* the decision has changed nothing */
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fixture_pool(f)->turn), 0);
}

static void hit_keeps_the_backend(struct kunit *test)
{
	static const u8 flags[] = { TCPHDR_SYN, TCPHDR_ACK,
				    TCPHDR_FIN | TCPHDR_ACK, TCPHDR_RST };
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet pkt;
	struct dsr_decision d;
	struct dsr_conn *conn;
	int i;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	conn = fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	backend->config.weight = 0;	/* keeps only old connections */
	KUNIT_ASSERT_EQ(test, dsr_pool_rebuild(&f->dn, &f->service), 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pkt = fixture_segment(1, flags[i]);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED, "flags[%d]",
				    i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.backend, backend, "flags[%d]",
					i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.conn, conn, "flags[%d]", i);
	}
}

/* A packet of a known connection writes nothing that other CPUs read, except
 * the time stamp, once a second. So packets of one connection may be spread
 * over all CPUs. (Complaint 17 about other balancers: more CPUs, but not more
 * packets.)
 */
static void hit_writes_nothing_shared(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct dsr_decision d;
	struct dsr_conn *conn, *known;
	u32 now = (u32)jiffies;
	int i;

	backend = fixture_backend(test, f, 1, 1);
	conn = fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	known = kunit_kmalloc(test, DSR_CONN_SIZE4, GFP_KERNEL);
	service = kunit_kmalloc(test, sizeof(*service), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, known);
	KUNIT_ASSERT_NOT_NULL(test, service);
	conn->node.seen = now;
	conn->checked = now;
	memcpy(known, conn, DSR_CONN_SIZE4);
	memcpy(service, &f->service, sizeof(*service));
	for (i = 0; i < 1000; i++) {
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_ASSERT_PTR_EQ(test, d.conn, conn);
		KUNIT_ASSERT_EQ(test, dsr_conn_state(conn->state, &pkt),
				conn->state);
		KUNIT_ASSERT_FALSE(test, dsr_conn_touch(conn, now + HZ - 1));
	}
	KUNIT_EXPECT_EQ(test, memcmp(known, conn, DSR_CONN_SIZE4), 0);
	KUNIT_EXPECT_EQ(test, memcmp(service, &f->service, sizeof(*service)),
			0);
	KUNIT_EXPECT_TRUE(test, dsr_conn_touch(conn, now + HZ));
	KUNIT_EXPECT_NE(test, memcmp(known, conn, DSR_CONN_SIZE4), 0);
}

static enum dsr_reason decide_known(struct fixture *f,
				    const struct dsr_packet *pkt,
				    const struct dsr_conn *conn,
				    const struct dsr_backend *backend)
{
	enum dsr_reason reason;

	rcu_read_lock();
	reason = dsr_decide_known(&f->dn, pkt, conn, backend);
	rcu_read_unlock();
	return reason;
}

/* Before a packet has its mark, only its connection tells where it goes. */
static void fastpath_connections_alone(struct kunit *test)
{
	struct dsr_packet ack = fixture_segment(1, TCPHDR_ACK);
	struct dsr_packet syn = fixture_segment(2, TCPHDR_SYN);
	struct dsr_conn *conn, *ended;
	struct fixture *f = test->priv;
	struct dsr_backend *backend;

	backend = fixture_backend(test, f, 1, 1);
	conn = fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	ended = fixture_connect(test, f, 2, TCPHDR_RST, backend);
	KUNIT_EXPECT_EQ(test, decide_known(f, &ack, conn, backend),
			DSR_FORWARDED);
	/* a new connection with the ports of an ended one */
	KUNIT_EXPECT_EQ(test, decide_known(f, &syn, ended, backend),
			DSR_PASS_NO_SERVICE);

	backend->config.admin = DSR_BACKEND_DOWN;
	KUNIT_EXPECT_EQ(test, decide_known(f, &ack, conn, backend),
			DSR_DROP_BACKEND_DOWN);
	KUNIT_EXPECT_EQ(test, decide_known(f, &syn, ended, backend),
			DSR_PASS_NO_SERVICE);
	backend->config.admin = DSR_BACKEND_UP;

	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	KUNIT_EXPECT_EQ(test, decide_known(f, &ack, conn, backend),
			DSR_PASS_NO_SERVICE);
}

/* A UDP connection is over after the timeout of its service, which goes before
 * that of the table. Its time may be a second old, or ahead of the clock.
 */
static void fastpath_datagrams_time_out(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_DATA);
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_timeouts *own = &f->service.timeouts;
	struct dsr_timeouts *table = &f->dn.timeouts;
	struct dsr_conn *conn;
	bool added;
	int i;
	const struct {
		u32 own, table;
		s32 idle;
		enum dsr_reason reason;
	} cases[] = {
		{ 0, 0, -2, DSR_FORWARDED },
		{ 0, 0, 290 * HZ, DSR_FORWARDED },
		{ 0, 0, 310 * HZ, DSR_PASS_NO_SERVICE },
		{ 0, 100 * HZ, 90 * HZ, DSR_FORWARDED },
		{ 0, 100 * HZ, 110 * HZ, DSR_PASS_NO_SERVICE },
		{ 200 * HZ, 100 * HZ, 190 * HZ, DSR_FORWARDED },
		{ 200 * HZ, 100 * HZ, 210 * HZ, DSR_PASS_NO_SERVICE },
		{ 1 * HZ, 0, 3 * HZ, DSR_PASS_NO_SERVICE },
	};

	pkt.tuple.proto = IPPROTO_UDP;
	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &pkt.tuple,
			    dsr_conn_hash(&f->dn.table, &pkt.tuple),
			    DSR_CONN_UDP, backend, &added);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, conn);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		own->state[DSR_CONN_UDP] = cases[i].own;
		table->state[DSR_CONN_UDP] = cases[i].table;
		conn->node.seen = (u32)jiffies - cases[i].idle;
		KUNIT_EXPECT_EQ_MSG(test,
				    decide_known(f, &pkt, conn, backend),
				    cases[i].reason, "cases[%d]", i);
		/* the same in all words */
		rcu_read_lock();
		KUNIT_EXPECT_EQ_MSG(test, dsr_conn_is_over(&f->dn, conn,
							   jiffies),
				    cases[i].reason != DSR_FORWARDED,
				    "cases[%d]", i);
		rcu_read_unlock();
	}
}

static void syn_reuses_a_finished_connection(struct kunit *test)
{
	static const u8 ends[] = { TCPHDR_FIN | TCPHDR_ACK, TCPHDR_RST };
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet pkt;
	struct dsr_decision d;
	struct dsr_conn *conn;
	int i;

	backend = fixture_backend(test, f, 1, 1);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		conn = fixture_connect(test, f, i, ends[i], backend);
		pkt = fixture_segment(i, TCPHDR_SYN);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED, "ends[%d]",
				    i);
		KUNIT_EXPECT_NULL_MSG(test, d.backend, "ends[%d]", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.conn, conn, "ends[%d]", i);
		/* the last ACK of the old connection keeps its backend */
		pkt = fixture_segment(i, TCPHDR_ACK);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.backend, backend, "ends[%d]",
					i);
	}
}

/* Add a second service to the fixture, on the stack of the test. */
static void add_service(struct kunit *test, struct fixture *f,
			struct dsr_service *service,
			const struct dsr_service_key *key)
{
	struct dsr_pool_options options = { };

	service->key = *key;
	INIT_LIST_HEAD(&service->backends);
	KUNIT_ASSERT_EQ(test, dsr_pool_build(&f->dn, service, &dsr_sched_rr,
					     &options), 0);
	KUNIT_ASSERT_EQ(test, dsr_frontend_link(&f->dn, service), 0);
}

static void remove_service(struct fixture *f, struct dsr_service *service)
{
	dsr_frontend_unlink(&f->dn, service);
	dsr_pool_release(&f->dn, dsr_service_pool(&f->dn, service));
	synchronize_rcu();
}

/* Rules change while connections live: open connections keep their backend. */
static void another_mark_is_for_new_connections(struct kunit *test)
{
	static const struct dsr_service_key key = {
		.fwmark = FIXTURE_MARK + 1,
		.family = AF_INET,
		.port_last = U16_MAX,
	};
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_service other = { };
	struct dsr_backend *backend;
	struct dsr_decision d;

	backend = fixture_backend(test, f, 1, 1);
	fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	add_service(test, f, &other, &key);
	fixture_decide(f, &pkt, key.fwmark, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	KUNIT_EXPECT_EQ(test, d.choice, DSR_CHOICE_CONNECTION);
	pkt = fixture_segment(1, TCPHDR_SYN);
	fixture_decide(f, &pkt, key.fwmark, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &other);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);
	pkt = fixture_segment(2, TCPHDR_ACK);
	fixture_decide(f, &pkt, key.fwmark, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &other);
	KUNIT_EXPECT_NULL(test, d.conn);
	remove_service(f, &other);
}

/* A packet in the reverse direction with the mark of a connection is passed. */
static void replies_are_not_balanced(struct kunit *test)
{
	static const u8 events[] = {
		DSR_EVENT_DATA, DSR_EVENT_CLOSE, DSR_EVENT_ABORT,
	};
	struct dsr_packet request = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_packet pkt = request;
	struct dsr_decision d;
	int i;

	fixture_connect(test, f, 1, TCPHDR_ACK, fixture_backend(test, f, 1, 1));
	dsr_tuple_reverse(&request.tuple, &pkt.tuple);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		pkt.event = events[i];
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_PASS_REPLY,
				    "events[%d]", i);
		KUNIT_EXPECT_NULL_MSG(test, d.service, "events[%d]", i);
	}
	/* a new connection in the reverse direction */
	pkt.event = DSR_EVENT_OPEN;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	/* a SYN-ACK is a reply even without an entry for its SYN */
	pkt.tuple.dport = htons(9);
	pkt.event = DSR_EVENT_ACCEPT;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_REPLY);
	pkt.event = DSR_EVENT_DATA;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
}

/* The most specific service of an address wins; a mark wins over an address. */
static void vip_services(struct kunit *test)
{
	static const struct {
		u8 proto;
		u16 port, port_last;
	} keys[] = {	/* not in the order of matching */
		{ 0, 0, U16_MAX },
		{ IPPROTO_TCP, 80, 89 },
		{ IPPROTO_TCP, 0, U16_MAX },
		{ IPPROTO_TCP, 80, 80 },
	};
	static const struct {
		u8 proto;
		u16 port;
		int service;
	} cases[] = {
		{ IPPROTO_TCP, 80, 3 }, { IPPROTO_TCP, 81, 1 },
		{ IPPROTO_TCP, 89, 1 }, { IPPROTO_TCP, 90, 2 },
		{ IPPROTO_TCP, 79, 2 }, { IPPROTO_UDP, 80, 0 },
		{ IPPROTO_SCTP, 1, 0 },
	};
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_SYN);
	struct dsr_service *services;
	struct fixture *f = test->priv;
	struct dsr_service_key key;
	struct dsr_decision d;
	int i;

	services = kunit_kcalloc(test, ARRAY_SIZE(keys), sizeof(*services),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, services);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		key = (struct dsr_service_key) {
			.vip.ip = pkt.tuple.v4.daddr,
			.family = AF_INET,
			.proto = keys[i].proto,
			.port = keys[i].port,
			.port_last = keys[i].port_last,
		};
		add_service(test, f, &services[i], &key);
		KUNIT_EXPECT_PTR_EQ_MSG(test, dsr_service_find(&f->dn, &key),
					&services[i], "keys[%d]", i);
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pkt.tuple.proto = cases[i].proto;
		pkt.tuple.dport = htons(cases[i].port);
		fixture_decide(f, &pkt, 0, &d);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.service,
					&services[cases[i].service],
					"cases[%d]", i);
		fixture_decide(f, &pkt, FIXTURE_MARK + 1, &d);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.service,
					&services[cases[i].service],
					"cases[%d]", i);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.service, &f->service,
					"cases[%d]", i);
	}
	key.proto = IPPROTO_TCP;
	key.port = 85;
	key.port_last = 95;	/* overlaps 80 to 89 */
	KUNIT_EXPECT_PTR_EQ(test, dsr_service_clash(&f->dn, &key),
			    &services[1]);
	key.port = 90;
	KUNIT_EXPECT_NULL(test, dsr_service_clash(&f->dn, &key));
	pkt.tuple.v4.daddr ^= htonl(1);
	fixture_decide(f, &pkt, 0, &d);
	KUNIT_EXPECT_NULL(test, d.service);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		remove_service(f, &services[i]);
	KUNIT_EXPECT_EQ(test, f->dn.vips_count, 0);
}

/* A UDP flow ends by its timeout, since no packet ends it. */
static void udp_flow_that_was_silent(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_decision d;
	struct dsr_conn *conn;

	pkt.tuple.proto = IPPROTO_UDP;
	f->service.timeouts.state[DSR_CONN_UDP] = 5 * HZ;
	rcu_read_lock();
	dsr_decide(&f->dn, f->service.frontend, &pkt, &d);
	dsr_schedule(&f->dn, &pkt, &d);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	conn = d.conn;
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	/* the last packet may have come a second after the time stamp */
	conn->node.seen = jiffies - 6 * HZ + 10;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	conn->node.seen = jiffies - 6 * HZ - 1;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_a_service),
	KUNIT_CASE(miss_asks_the_scheduler),
	KUNIT_CASE(hit_keeps_the_backend),
	KUNIT_CASE(hit_writes_nothing_shared),
	KUNIT_CASE(fastpath_connections_alone),
	KUNIT_CASE(fastpath_datagrams_time_out),
	KUNIT_CASE(syn_reuses_a_finished_connection),
	KUNIT_CASE(another_mark_is_for_new_connections),
	KUNIT_CASE(replies_are_not_balanced),
	KUNIT_CASE(vip_services),
	KUNIT_CASE(udp_flow_that_was_silent),
	{ }
};

FIXTURE_SUITE("dsr_decide");
