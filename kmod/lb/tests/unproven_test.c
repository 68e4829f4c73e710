// SPDX-License-Identifier: GPL-2.0
/* Connections of one packet, whose source may be forged. */

#include "fixture.h"

/* Make the first packet of client @n; each client has its own address. */
static struct dsr_packet client_of(u32 n, u8 event)
{
	struct dsr_packet pkt = fixture_packet(0, event);

	pkt.tuple.v4.saddr = htonl(0xc6120000 + n);
	return pkt;
}

/* Stray packets of many sources do not keep real clients out. */
static void strays_are_no_load(struct kunit *test)
{
	static const struct {
		u8 event;
		u8 proto;
	} kinds[] = {
		{ DSR_EVENT_DATA, IPPROTO_TCP },
		{ DSR_EVENT_OPEN, IPPROTO_TCP },
		{ DSR_EVENT_DATA, IPPROTO_UDP },
		{ DSR_EVENT_DATA, IPPROTO_SCTP },
	};
	struct fixture *f = test->priv;
	struct dsr_backend *backend[2];
	struct dsr_packet pkt;
	int i, j;

	for (i = 0; i < 2; i++) {
		backend[i] = fixture_backend(test, f, i + 1, 1);
		fixture_limit(test, f, backend[i], 10, 0);
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (j = 0; j < 60; j++) {
			pkt = fixture_packet(j, kinds[i].event);
			pkt.tuple.proto = kinds[i].proto;
			KUNIT_EXPECT_EQ_MSG(test, fixture_come(f, &pkt).reason,
					    DSR_FORWARDED, "kinds[%d]", i);
		}
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 60, "kinds[%d]",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&f->dn.half), 60,
				    "kinds[%d]", i);
		for (j = 0; j < 2; j++) {
			KUNIT_EXPECT_EQ_MSG(test,
					    atomic_read(&backend[j]->active), 0,
					    "kinds[%d]", i);
			KUNIT_EXPECT_FALSE_MSG(test, backend[j]->overloaded,
					       "kinds[%d]", i);
		}
		KUNIT_EXPECT_EQ_MSG(test,
				    dsr_backend_inactive(backend[0]) +
					    dsr_backend_inactive(backend[1]),
				    60, "kinds[%d]", i);
		pkt = fixture_packet(100, DSR_EVENT_OPEN);
		KUNIT_EXPECT_EQ_MSG(test, fixture_come(f, &pkt).reason,
				    DSR_FORWARDED, "kinds[%d]", i);
		dsr_table_flush(&f->dn.table);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&f->dn.half), 0,
				    "kinds[%d]", i);
	}
}

static void ends_of_nothing_are_not_remembered(struct kunit *test)
{
	static const u8 events[] = { DSR_EVENT_CLOSE, DSR_EVENT_ABORT };
	struct fixture *f = test->priv;
	struct dsr_packet pkt;
	struct dsr_decision d;
	int i;

	f->service.persist = 50 * HZ;
	f->service.persist_prefix = 32;
	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		pkt = fixture_packet(i, events[i]);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ_MSG(test, d.reason,
				    DSR_FORWARDED_STRAY_UNREMEMBERED,
				    "events[%d]", i);
		KUNIT_EXPECT_NOT_NULL_MSG(test, d.backend, "events[%d]", i);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 0, "events[%d]",
				    i);
	}
}

/* Expect the entry of @pkt to expire after @seconds. */
static void expect_lifetime(struct kunit *test, struct fixture *f,
			    const struct dsr_packet *pkt, u32 seconds)
{
	struct dsr_conn *conn = fixture_find(f, &pkt->tuple);

	KUNIT_ASSERT_NOT_NULL(test, conn);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, dsr_conn_timeout(&f->dn, conn), seconds * HZ);
	rcu_read_unlock();
}

/* A second packet makes a mid-stream connection established. */
static void mid_stream_is_unproven(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_DATA);
	struct dsr_packet udp = pkt;
	struct fixture *f = test->priv;
	struct dsr_backend *backend;

	udp.tuple.proto = IPPROTO_UDP;
	backend = fixture_backend(test, f, 1, 1);
	fixture_come(f, &pkt);
	KUNIT_EXPECT_EQ(test, fixture_find(f, &pkt.tuple)->state,
			DSR_CONN_UNPROVEN);
	expect_lifetime(test, f, &pkt, 60);
	f->service.timeouts.state[DSR_CONN_SYN] = 20 * HZ;
	expect_lifetime(test, f, &pkt, 20);
	/* the pause between two datagrams may be long */
	fixture_come(f, &udp);
	KUNIT_EXPECT_EQ(test, fixture_find(f, &udp.tuple)->state,
			DSR_CONN_UNPROVEN);
	expect_lifetime(test, f, &udp, 300);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 0);

	fixture_come(f, &pkt);
	KUNIT_EXPECT_EQ(test, fixture_find(f, &pkt.tuple)->state,
			DSR_CONN_ESTABLISHED);
	expect_lifetime(test, f, &pkt, 900);
	fixture_come(f, &udp);
	KUNIT_EXPECT_EQ(test, fixture_find(f, &udp.tuple)->state,
			DSR_CONN_UDP);
	expect_lifetime(test, f, &udp, 300);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 2);
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(backend), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.half), 0);
}

/* A connection that was taken over from another balancer and is mostly idle
 * finds its backend each time, although its entry expires in between.
 */
static void idle_one_finds_its_server(struct kunit *test)
{
	static const char *const names[] = { "maglev", "sh", "rr" };
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet pkt;
	struct dsr_decision d;
	int i, j, n;

	for (i = 1; i < 4; i++)
		fixture_backend(test, f, i, 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fixture_schedule(test, f, names[i],
				 (struct dsr_pool_options) { });
		for (n = 0; n < 8; n++) {
			pkt = fixture_packet(n, DSR_EVENT_DATA);
			backend = fixture_come(f, &pkt).backend;
			for (j = 0; j < 3; j++) {
				dsr_table_gc(&f->dn.table,
					     jiffies + 62 * HZ, true);
				KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 0,
						    "%s", names[i]);
				d = fixture_come(f, &pkt);
				KUNIT_EXPECT_PTR_EQ_MSG(test, d.backend,
							backend, "%s",
							names[i]);
			}
			dsr_table_flush(&f->dn.table);
		}
	}
}

/* Half-open entries get a quarter of the table; the rest is for established
 * connections.
 */
static void flood_gets_a_quarter(struct kunit *test)
{
	static const u8 events[] = { DSR_EVENT_OPEN, DSR_EVENT_DATA };
	struct dsr_backend *backend, *home;
	struct fixture *f = test->priv;
	struct dsr_packet pkt;
	struct dsr_decision d;
	int i, j;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	WRITE_ONCE(f->dn.table.max, 80);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		for (j = 0; j < 200; j++) {
			pkt = fixture_packet(1000 + j, events[i]);
			d = fixture_come(f, &pkt);
			KUNIT_EXPECT_EQ_MSG(test, d.reason,
					    j < 20 ? DSR_FORWARDED :
						     DSR_FORWARDED_STATELESS,
					    "events[%d]", i);
		}
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 20, "events[%d]",
				    i);
		/* a new client still gets a backend, always the same */
		pkt = fixture_packet(1, DSR_EVENT_OPEN);
		home = fixture_come(f, &pkt).backend;
		KUNIT_EXPECT_NOT_NULL_MSG(test, home, "events[%d]", i);
		pkt.event = DSR_EVENT_DATA;
		for (j = 0; j < 3; j++)
			KUNIT_EXPECT_PTR_EQ_MSG(test,
						fixture_come(f, &pkt).backend,
						home, "events[%d]", i);
		/* one half-open entry becomes established: there is room */
		pkt = fixture_packet(1000, DSR_EVENT_DATA);
		fixture_come(f, &pkt);
		pkt = fixture_packet(1, DSR_EVENT_DATA);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED, "events[%d]",
				    i);
		backend = d.backend;
		KUNIT_EXPECT_PTR_EQ_MSG(test, backend, home, "events[%d]", i);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 21, "events[%d]",
				    i);
		dsr_table_flush(&f->dn.table);
	}
}

/* A client that sends one SYN only gets no long-lived persistence entry. */
static void client_is_remembered_when_it_answers(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one, *two;
	struct dsr_packet pkt;
	int i;

	f->service.persist = 3600 * HZ;
	f->service.persist_prefix = 32;
	one = fixture_backend(test, f, 1, 1);
	two = fixture_backend(test, f, 2, 1);
	for (i = 0; i < 600; i++) {
		pkt = client_of(i, DSR_EVENT_OPEN);
		KUNIT_EXPECT_NOT_NULL(test, fixture_come(f, &pkt).backend);
	}
	/* a quarter of 1000: entries of connections and of clients */
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 250);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->persistent), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&two->persistent), 0);
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(one) +
			dsr_backend_inactive(two), 125);
	pkt = client_of(0, DSR_EVENT_DATA);
	fixture_come(f, &pkt);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->persistent) +
			atomic_read(&two->persistent), 1);
	dsr_table_gc(&f->dn.table, jiffies + 62 * HZ, true);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.half), 0);
}

/* Persistence holds before the client's second packet, too: a browser opens
 * several connections at once.
 */
static void client_opens_several_at_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = NULL;
	struct dsr_packet pkt;
	struct dsr_decision d;
	int i;

	f->service.persist = 50 * HZ;
	f->service.persist_prefix = 32;
	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	for (i = 0; i < 12; i++) {
		pkt = fixture_packet(i, i < 6 ? DSR_EVENT_OPEN : DSR_EVENT_DATA);
		pkt.tuple.sport = htons(4000 + i % 6);
		d = fixture_come(f, &pkt);
		if (!i)
			backend = d.backend;
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 6);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->persistent), 1);
}

/* Open connections @from to @to of client @n. Expect all of them at @backend,
 * if given.
 */
static struct dsr_backend *connect_some(struct kunit *test, struct fixture *f,
					u32 n, u16 from, u16 to,
					struct dsr_backend *backend)
{
	struct dsr_packet pkt;
	struct dsr_decision d;

	for (; from < to; from++) {
		pkt = client_of(n, DSR_EVENT_OPEN);
		pkt.tuple.sport = htons(from);
		d = fixture_come(f, &pkt);
		if (!backend)
			backend = d.backend;
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
		pkt.event = DSR_EVENT_DATA;
		KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &pkt).backend,
				    backend);
	}
	return backend;
}

/* While the table is full, all connections of a client get the same backend.
 * They keep it when there is room again.
 */
static void full_table_keeps_a_client_together(struct kunit *test)
{
	static const char *const names[] = { "rr", "wlc", "maglev", "sh" };
	struct fixture *f = test->priv;
	struct dsr_backend *backend[8];
	struct dsr_packet pkt;
	int i, j, used;

	f->service.persist = 3600 * HZ;
	f->service.persist_prefix = 28;
	for (i = 1; i < 4; i++)
		fixture_backend(test, f, i, 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fixture_schedule(test, f, names[i],
				 (struct dsr_pool_options) { });
		WRITE_ONCE(f->dn.table.max, 80);
		for (j = 0; j < 40; j++) {
			pkt = client_of(0x10000 + 16 * j, DSR_EVENT_OPEN);
			fixture_come(f, &pkt);
		}
		for (j = 0, used = 0; j < ARRAY_SIZE(backend); j++) {
			backend[j] = connect_some(test, f, 16 * j, 4000, 4006,
						  NULL);
			/* another address of the same prefix */
			connect_some(test, f, 16 * j + 15, 4000, 4006,
				     backend[j]);
			used |= BIT(fixture_host(backend[j]));
		}
		KUNIT_EXPECT_GT_MSG(test, hweight32(used), 1, "%s", names[i]);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 20, "%s",
				    names[i]);
		WRITE_ONCE(f->dn.table.max, 1000);
		for (j = 0; j < ARRAY_SIZE(backend); j++)
			connect_some(test, f, 16 * j, 4000, 4012, backend[j]);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 20 + 8 * 13, "%s",
				    names[i]);
		dsr_table_flush(&f->dn.table);
		f->dn.crowded = 0;
	}
}

/* A connection without an entry keeps the client's persistence entry alive. */
static void full_table_keeps_a_client(struct kunit *test)
{
	struct dsr_tuple client = {
		.sport = htons(1 << 8),
		.last = htons(U16_MAX),
		.family = AF_INET,
		.v4.saddr = htonl(0xc6120001),
		.v4.daddr = htonl(FIXTURE_MARK),
	};
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_conn *conn;

	f->service.persist = 50 * HZ;
	f->service.persist_prefix = 32;
	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	backend = connect_some(test, f, 1, 4000, 4001, NULL);
	WRITE_ONCE(f->dn.table.max, 0);
	conn = fixture_find(f, &client);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	conn->node.seen = jiffies - 40 * HZ;
	connect_some(test, f, 1, 4001, 4002, backend);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 2);
	KUNIT_EXPECT_LT(test, (u32)jiffies - conn->node.seen, HZ);
}

/* A balancer with an empty table finds the backend of each connection of a
 * client.
 */
static void client_is_taken_over(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet pkt;
	int i, j;

	f->service.persist = 3600 * HZ;
	f->service.persist_prefix = 32;
	for (i = 1; i < 4; i++)
		fixture_backend(test, f, i, 1);
	fixture_schedule(test, f, "maglev", (struct dsr_pool_options) { });
	for (i = 0; i < 8; i++) {
		backend = connect_some(test, f, i, 4000, 4006, NULL);
		dsr_table_flush(&f->dn.table);
		for (j = 4005; j >= 4000; j--) {
			pkt = client_of(i, DSR_EVENT_DATA);
			pkt.tuple.sport = htons(j);
			KUNIT_EXPECT_PTR_EQ(test,
					    fixture_come(f, &pkt).backend,
					    backend);
			dsr_table_flush(&f->dn.table);
		}
	}
}

/* An unanswered SYN leaves a backend that takes no new connections. */
static void syn_leaves_a_dying_server(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_OPEN);
	struct fixture *f = test->priv;
	struct dsr_backend_config config;
	struct dsr_backend *one, *two;
	int persist, drains;

	two = fixture_backend(test, f, 2, 1);
	for (persist = 0; persist < 2; persist++) {
		f->service.persist = persist * 3600 * HZ;
		f->service.persist_prefix = 32;
		for (drains = 0; drains < 2; drains++) {
			fixture_weight(test, f, two, 0);
			one = fixture_backend(test, f, 1, 1);
			KUNIT_EXPECT_PTR_EQ(test,
					    fixture_come(f, &pkt).backend,
					    one);
			/* a repeated SYN keeps its backend */
			fixture_weight(test, f, two, 1);
			KUNIT_EXPECT_PTR_EQ(test,
					    fixture_come(f, &pkt).backend,
					    one);
			config = one->config;
			config.weight = drains;
			if (drains)
				config.admin = DSR_BACKEND_DRAINING;
			KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, one,
							      &config, NULL),
					0);
			KUNIT_EXPECT_PTR_EQ(test,
					    fixture_come(f, &pkt).backend,
					    two);
			KUNIT_EXPECT_EQ(test, dsr_backend_inactive(one), 0);
			KUNIT_EXPECT_EQ(test, dsr_backend_inactive(two), 1);
			dsr_table_flush(&f->dn.table);
			KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, one,
								 NULL), 0);
		}
	}
}

/* A SYN may be a duplicate, or forged, unless the connection was silent for
 * long.
 */
static void established_one_stays_at_a_dying_server(struct kunit *test)
{
	struct dsr_packet syn = fixture_packet(1, DSR_EVENT_OPEN);
	struct dsr_packet ack = fixture_packet(1, DSR_EVENT_DATA);
	struct fixture *f = test->priv;
	struct dsr_backend *one, *two;
	struct dsr_conn *conn;

	one = fixture_backend(test, f, 1, 1);
	fixture_come(f, &syn);
	fixture_come(f, &ack);
	two = fixture_backend(test, f, 2, 1);
	fixture_weight(test, f, one, 0);
	conn = fixture_find(f, &ack.tuple);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_ESTABLISHED);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &syn).backend, one);
	conn->node.seen = jiffies - 60 * HZ;
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &syn).backend, one);
	conn->node.seen = jiffies - 62 * HZ;
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &ack).backend, one);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &syn).backend, two);
	/* if the backend takes new connections, the SYN changes nothing */
	fixture_come(f, &ack);
	fixture_weight(test, f, one, 1);
	conn->node.seen = jiffies - 62 * HZ;
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &syn).backend, two);
	/* after its timeout it does, even if the entry is still there */
	conn->node.seen = jiffies - 902 * HZ;
	KUNIT_EXPECT_EQ(test, fixture_come(f, &syn).choice,
			DSR_CHOICE_SCHEDULER);
}

/* A UDP flow of one datagram leaves a backend that takes no new connections. */
static void datagram_leaves_a_dying_server(struct kunit *test)
{
	struct dsr_packet udp = fixture_packet(1, DSR_EVENT_DATA);
	struct fixture *f = test->priv;
	struct dsr_backend *one, *two;

	udp.tuple.proto = IPPROTO_UDP;
	one = fixture_backend(test, f, 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &udp).backend, one);
	two = fixture_backend(test, f, 2, 1);
	fixture_weight(test, f, one, 0);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &udp).backend, two);
	/* after a second datagram the flow stays */
	fixture_come(f, &udp);
	fixture_weight(test, f, one, 1);
	fixture_weight(test, f, two, 0);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &udp).backend, two);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(strays_are_no_load),
	KUNIT_CASE(ends_of_nothing_are_not_remembered),
	KUNIT_CASE(mid_stream_is_unproven),
	KUNIT_CASE(idle_one_finds_its_server),
	KUNIT_CASE(flood_gets_a_quarter),
	KUNIT_CASE(client_is_remembered_when_it_answers),
	KUNIT_CASE(client_opens_several_at_once),
	KUNIT_CASE(full_table_keeps_a_client_together),
	KUNIT_CASE(full_table_keeps_a_client),
	KUNIT_CASE(client_is_taken_over),
	KUNIT_CASE(syn_leaves_a_dying_server),
	KUNIT_CASE(established_one_stays_at_a_dying_server),
	KUNIT_CASE(datagram_leaves_a_dying_server),
	{ }
};

FIXTURE_SUITE("dsr_unproven");
