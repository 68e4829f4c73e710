// SPDX-License-Identifier: GPL-2.0
/* dsr_decide(): service, connection, backend. */

#include "datapath/schedule.h"
#include "fixture.h"
#include "sched/sched.h"

static struct dsr_packet packet_of(u32 n, u8 tcp_flags)
{
	return (struct dsr_packet) {
		.tuple = fixture_tuple(n),
		.kind = DSR_PACKET_FLOW,
		.event = dsr_event_tcp(tcp_flags),
	};
}

/* Add connection @n, in the state after a segment with @flags. */
static struct dsr_conn *connect(struct kunit *test, struct fixture *f, u32 n,
				u8 flags, struct dsr_backend *backend)
{
	struct dsr_packet pkt = packet_of(n, flags);
	u32 hash = dsr_conn_hash(&f->dn.table, &pkt.tuple);
	struct dsr_conn *conn;
	bool added;

	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &pkt.tuple, hash,
			    dsr_conn_state(DSR_CONN_SYN, &pkt), backend,
			    &added);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_TRUE(test, added);
	return conn;
}

static void without_a_service(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_decision d;

	fixture_decide(f, &pkt, FIXTURE_MARK + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	KUNIT_EXPECT_NULL(test, d.service);
	fixture_decide(f, &pkt, 0, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
}

static struct dsr_packet portless_of(u32 n, u8 proto)
{
	struct dsr_packet pkt = packet_of(n, 0);

	pkt.kind = DSR_PACKET_PORTLESS;
	pkt.tuple.proto = proto;
	pkt.tuple.ports = 0;
	return pkt;
}

static void esp_follows_ike(struct kunit *test)
{
	struct dsr_packet esp = portless_of(1, IPPROTO_ESP);
	struct dsr_packet gre = portless_of(1, IPPROTO_GRE);
	struct dsr_packet ike = packet_of(1, 0);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	struct dsr_decision d;
	bool added;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	fixture_decide(f, &esp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	KUNIT_EXPECT_NULL(test, d.service);

	ike.tuple.proto = IPPROTO_UDP;
	ike.tuple.sport = htons(500);
	ike.tuple.dport = htons(500);
	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &ike.tuple,
			    dsr_conn_hash(&f->dn.table, &ike.tuple),
			    DSR_CONN_UDP, backend, &added);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, conn);
	fixture_decide(f, &esp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
	esp.tuple.proto = IPPROTO_AH;
	fixture_decide(f, &esp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	/* GRE does not follow IKE, and another client has no IKE connection */
	fixture_decide(f, &gre, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	esp.tuple.v4.saddr ^= htonl(1);
	fixture_decide(f, &esp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	esp.tuple.v4.saddr ^= htonl(1);
	/* IKE is not followed to a down backend, nor after its timeout */
	backend->config.admin = DSR_BACKEND_DOWN;
	fixture_decide(f, &esp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	backend->config.admin = DSR_BACKEND_UP;
	rcu_read_lock();
	conn->node.seen = jiffies - dsr_conn_timeout(&f->dn, conn) - 2 * HZ;
	rcu_read_unlock();
	fixture_decide(f, &esp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
}

static void miss_asks_the_scheduler(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_SYN);
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
	conn = connect(test, f, 1, TCPHDR_ACK, backend);
	backend->config.weight = 0;	/* keeps only old connections */
	KUNIT_ASSERT_EQ(test, dsr_pool_rebuild(&f->dn, &f->service), 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pkt = packet_of(1, flags[i]);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
		KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
	}
}

/* A packet of a known connection writes nothing that other CPUs read, except
 * the time stamp, once a second. So packets of one connection may be spread
 * over all CPUs. (Complaint 17 about other balancers: more CPUs, but not more
 * packets.)
 */
static void hit_writes_nothing_shared(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct dsr_decision d;
	struct dsr_conn *conn, *known;
	u32 now = (u32)jiffies;
	int i;

	backend = fixture_backend(test, f, 1, 1);
	conn = connect(test, f, 1, TCPHDR_ACK, backend);
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

/* dsr_frontend_any, used before a packet has its mark, matches only known
 * connections.
 */
static void fastpath_connections_alone(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet pkt;
	struct dsr_decision d;
	struct dsr_conn *conn;

	backend = fixture_backend(test, f, 1, 1);
	conn = connect(test, f, 1, TCPHDR_ACK, backend);
	connect(test, f, 2, TCPHDR_RST, backend);
	rcu_read_lock();
	pkt = packet_of(1, TCPHDR_ACK);
	dsr_decide(&f->dn, &dsr_frontend_any, &pkt, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_EQ(test, d.choice, DSR_CHOICE_CONNECTION);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
	/* a new connection with the ports of an ended one */
	pkt = packet_of(2, TCPHDR_SYN);
	dsr_decide(&f->dn, &dsr_frontend_any, &pkt, &d);
	KUNIT_EXPECT_NULL(test, d.service);
	pkt = packet_of(3, TCPHDR_SYN);
	dsr_decide(&f->dn, &dsr_frontend_any, &pkt, &d);
	KUNIT_EXPECT_NULL(test, d.service);
	rcu_read_unlock();

	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	pkt = packet_of(1, TCPHDR_ACK);
	rcu_read_lock();
	dsr_decide(&f->dn, &dsr_frontend_any, &pkt, &d);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, d.service);
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
		conn = connect(test, f, i, ends[i], backend);
		pkt = packet_of(i, TCPHDR_SYN);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
		KUNIT_EXPECT_NULL(test, d.backend);
		KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
		/* the last ACK of the old connection keeps its backend */
		pkt = packet_of(i, TCPHDR_ACK);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	}
}

static void removed_backend_is_left(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	connect(test, f, 1, TCPHDR_ACK, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);
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
	struct dsr_packet pkt = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_service other = { };
	struct dsr_backend *backend;
	struct dsr_decision d;

	backend = fixture_backend(test, f, 1, 1);
	connect(test, f, 1, TCPHDR_ACK, backend);
	add_service(test, f, &other, &key);
	fixture_decide(f, &pkt, key.fwmark, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	KUNIT_EXPECT_EQ(test, d.choice, DSR_CHOICE_CONNECTION);
	pkt = packet_of(1, TCPHDR_SYN);
	fixture_decide(f, &pkt, key.fwmark, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &other);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);
	pkt = packet_of(2, TCPHDR_ACK);
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
	struct dsr_packet request = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_packet pkt = request;
	struct dsr_decision d;
	int i;

	connect(test, f, 1, TCPHDR_ACK, fixture_backend(test, f, 1, 1));
	dsr_tuple_reverse(&request.tuple, &pkt.tuple);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		pkt.event = events[i];
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_REPLY);
		KUNIT_EXPECT_NULL(test, d.service);
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
	struct dsr_packet pkt = packet_of(1, TCPHDR_SYN);
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
		KUNIT_EXPECT_PTR_EQ(test, dsr_service_find(&f->dn, &key),
				    &services[i]);
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pkt.tuple.proto = cases[i].proto;
		pkt.tuple.dport = htons(cases[i].port);
		fixture_decide(f, &pkt, 0, &d);
		KUNIT_EXPECT_PTR_EQ(test, d.service,
				    &services[cases[i].service]);
		fixture_decide(f, &pkt, FIXTURE_MARK + 1, &d);
		KUNIT_EXPECT_PTR_EQ(test, d.service,
				    &services[cases[i].service]);
		fixture_decide(f, &pkt, FIXTURE_MARK, &d);
		KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
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

/* Packets of a connection whose backend is down, for each value of @on_down. */
static void backend_down(struct kunit *test)
{
	static const enum dsr_reason reasons[] = {
		[DSR_ON_DOWN_RESCHEDULE] = DSR_FORWARDED,
		[DSR_ON_DOWN_RESET] = DSR_ANSWERED_RESET,
		[DSR_ON_DOWN_DROP] = DSR_DROP_BACKEND_DOWN,
	};
	struct dsr_packet ack = packet_of(1, TCPHDR_ACK);
	struct dsr_packet syn = packet_of(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_backend_config config;
	struct dsr_backend *backend;
	struct dsr_decision d;
	struct dsr_conn *conn;
	int i;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	conn = connect(test, f, 1, TCPHDR_ACK, backend);
	config = backend->config;
	config.admin = DSR_BACKEND_DRAINING;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
	KUNIT_EXPECT_EQ(test, fixture_pool(f)->count, 1);
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);

	config.admin = DSR_BACKEND_DOWN;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		f->service.on_down = i;
		fixture_decide(f, &ack, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, reasons[i]);
		KUNIT_EXPECT_NULL(test, d.backend);
		KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
		/* a new connection does not depend on the old one */
		fixture_decide(f, &syn, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	}
	f->service.on_down = DSR_ON_DOWN_RESET;
	rcu_read_lock();
	dsr_conn_close(&f->dn, conn);	/* as the hook does after the reset */
	rcu_read_unlock();
	/* packets that were in flight do not begin a connection elsewhere */
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_ANSWERED_RESET);
	fixture_decide(f, &syn, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
}

/* UDP has no SYN: any datagram may begin a new flow. */
static void backend_down_udp(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend_config config;
	struct dsr_backend *backend;
	struct dsr_decision d;
	struct dsr_conn *conn;

	pkt.tuple.proto = IPPROTO_UDP;
	f->service.on_down = DSR_ON_DOWN_RESET;
	backend = fixture_backend(test, f, 1, 1);
	rcu_read_lock();
	dsr_decide(&f->dn, f->service.frontend, &pkt, &d);
	dsr_schedule(&f->dn, &pkt, &d);
	rcu_read_unlock();
	KUNIT_ASSERT_PTR_EQ(test, d.backend, backend);
	config = backend->config;
	config.admin = DSR_BACKEND_DOWN;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_ANSWERED_RESET);
	conn = d.conn;
	KUNIT_ASSERT_NOT_NULL(test, conn);
	rcu_read_lock();
	dsr_conn_close(&f->dn, conn);
	rcu_read_unlock();
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
}

/* A backend that is deleted and added again gets its connections back. */
static void backend_comes_back(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend *backend, *again;
	struct dsr_decision d;

	f->service.on_down = DSR_ON_DOWN_DROP;
	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	connect(test, f, 1, TCPHDR_ACK, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_BACKEND_DOWN);
	again = fixture_backend(test, f, 2, 0);	/* even with weight 0 */
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, again);
}

/* A tool of IPVS may add a deleted backend again. For a second, packets that
 * only that backend can answer are dropped, unless @on_down is set otherwise.
 */
static void backend_is_held(struct kunit *test)
{
	static const enum dsr_reason reasons[] = {
		[DSR_ON_DOWN_RESCHEDULE] = DSR_DROP_BACKEND_JUST_DELETED,
		[DSR_ON_DOWN_RESET] = DSR_ANSWERED_RESET,
		[DSR_ON_DOWN_DROP] = DSR_DROP_BACKEND_DOWN,
	};
	struct dsr_packet ack = packet_of(1, TCPHDR_ACK);
	struct dsr_packet syn = packet_of(1, TCPHDR_SYN);
	struct dsr_packet udp = packet_of(1, 0);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;
	int i;

	udp.tuple.proto = IPPROTO_UDP;
	backend = fixture_backend(test, f, 1, 1);
	connect(test, f, 1, TCPHDR_ACK, backend);
	rcu_read_lock();
	dsr_decide(&f->dn, f->service.frontend, &udp, &d);
	dsr_schedule(&f->dn, &udp, &d);
	rcu_read_unlock();
	KUNIT_ASSERT_PTR_EQ(test, d.backend, backend);
	dsr_service_hold(&f->service);
	/* no effect before the backend is deleted */
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);

	fixture_backend(test, f, 2, 1);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		f->service.on_down = i;
		fixture_decide(f, &ack, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, reasons[i]);
		KUNIT_EXPECT_NULL(test, d.backend);
	}
	f->service.on_down = DSR_ON_DOWN_RESCHEDULE;
	fixture_decide(f, &syn, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	fixture_decide(f, &udp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);

	f->service.held_until = get_jiffies_64();
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
}

static void echo(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, 0);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;

	pkt.kind = DSR_PACKET_ECHO;
	fixture_decide(f, &pkt, FIXTURE_MARK + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	/* no backend is up */
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PING);
	backend = fixture_backend(test, f, 1, 1);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_ANSWERED_PING);
	f->service.ping = DSR_PING_FORWARD;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_PING);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	pkt.tuple.v4.saddr = htonl(INADDR_BROADCAST);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_BAD_SOURCE);
	KUNIT_EXPECT_NULL(test, d.backend);
	pkt = packet_of(1, 0);
	pkt.kind = DSR_PACKET_ECHO;
	f->service.ping = DSR_PING_IGNORE;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PING);
}

/* A UDP flow ends by its timeout, since no packet ends it. */
static void udp_flow_that_was_silent(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(1, TCPHDR_ACK);
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

static void icmp_error_follows_its_connection(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_packet pkt = packet_of(1, 0);
	struct dsr_decision d;

	pkt.kind = DSR_PACKET_ICMP_ERROR;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	connect(test, f, 1, TCPHDR_ACK, backend);
	fixture_decide(f, &pkt, 0, &d);	/* unmarked */
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_ICMP_ERROR);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	fixture_decide(f, &pkt, 0, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	KUNIT_EXPECT_NULL(test, d.service);
}

/* An ICMP error about a flow without an entry goes to the flow's backend. */
static void icmp_error_follows_its_hash(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_packet pkt = packet_of(1, 0);
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	pkt.kind = DSR_PACKET_ICMP_ERROR;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	dsr_net_note_crowded(&f->dn);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_ICMP_ERROR);
	KUNIT_EXPECT_PTR_EQ(test, d.backend,
			    dsr_sched_lookup(fixture_pool(f),
					     &pkt.tuple));
	fixture_decide(f, &pkt, FIXTURE_MARK + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_a_service),
	KUNIT_CASE(esp_follows_ike),
	KUNIT_CASE(miss_asks_the_scheduler),
	KUNIT_CASE(hit_keeps_the_backend),
	KUNIT_CASE(hit_writes_nothing_shared),
	KUNIT_CASE(fastpath_connections_alone),
	KUNIT_CASE(syn_reuses_a_finished_connection),
	KUNIT_CASE(removed_backend_is_left),
	KUNIT_CASE(another_mark_is_for_new_connections),
	KUNIT_CASE(replies_are_not_balanced),
	KUNIT_CASE(vip_services),
	KUNIT_CASE(backend_down),
	KUNIT_CASE(backend_down_udp),
	KUNIT_CASE(backend_comes_back),
	KUNIT_CASE(backend_is_held),
	KUNIT_CASE(echo),
	KUNIT_CASE(udp_flow_that_was_silent),
	KUNIT_CASE(icmp_error_follows_its_connection),
	KUNIT_CASE(icmp_error_follows_its_hash),
	{ }
};

FIXTURE_SUITE("dsr_decide");
