// SPDX-License-Identifier: GPL-2.0
/* Probe marks: the backend of each mark, and the verdict on the packet. */

#include "core/probe.h"
#include "fixture.h"

#define FIRST	1000	/* in the middle of a block */

/* Link a range of probe marks to the fixture's service. */
static struct dsr_probe *probe_link(struct kunit *test, u32 first)
{
	struct fixture *f = test->priv;
	struct dsr_probe *probe;

	probe = dsr_probe_new(&f->dn, &f->service, first);
	KUNIT_ASSERT_FALSE(test, IS_ERR(probe));
	dsr_probe_link(&f->dn, probe);
	f->service.probe = probe;
	return probe;
}

static void probe_unlink(struct fixture *f)
{
	dsr_probe_free(&f->dn, f->service.probe);
	f->service.probe = NULL;
	synchronize_net();
}

static struct dsr_packet packet_of(u8 kind)
{
	return (struct dsr_packet) {
		.tuple = fixture_tuple(1),
		.kind = kind,
		.event = DSR_EVENT_OPEN,
	};
}

static void mark_names_the_backend(struct kunit *test)
{
	static const u8 kinds[] = { DSR_PACKET_FLOW, DSR_PACKET_ECHO };
	struct fixture *f = test->priv;
	struct dsr_backend *backend[2];
	struct dsr_packet pkt;
	struct dsr_decision d;
	int i, host;

	backend[0] = fixture_backend(test, f, 1, 1);
	backend[1] = fixture_backend(test, f, 255, 1);
	probe_link(test, FIRST);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		pkt = packet_of(kinds[i]);
		for (host = 0; host < 2; host++) {
			fixture_decide(f, &pkt,
				       FIRST + fixture_host(backend[host]), &d);
			KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED_PROBE,
					    "kinds[%d]", i);
			KUNIT_EXPECT_EQ_MSG(test, d.choice, DSR_CHOICE_PROBE,
					    "kinds[%d]", i);
			KUNIT_EXPECT_PTR_EQ_MSG(test, d.service, &f->service,
						"kinds[%d]", i);
			KUNIT_EXPECT_PTR_EQ_MSG(test, d.backend, backend[host],
						"kinds[%d]", i);
			KUNIT_EXPECT_NULL_MSG(test, d.conn, "kinds[%d]", i);
		}
		for (host = 0; host < 255; host++) {
			if (host == 1)
				continue;
			fixture_decide(f, &pkt, FIRST + host, &d);
			KUNIT_EXPECT_EQ_MSG(test, d.reason,
					    DSR_DROP_PROBE_NO_BACKEND,
					    "kinds[%d]", i);
			KUNIT_EXPECT_NULL_MSG(test, d.service, "kinds[%d]", i);
			KUNIT_EXPECT_NULL_MSG(test, d.backend, "kinds[%d]", i);
		}
	}
	probe_unlink(f);
	pkt = packet_of(DSR_PACKET_FLOW);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
}

/* A probe ignores the backend's state and the connections of its client. */
static void whatever_the_backend_is_wanted_for(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(DSR_PACKET_FLOW);
	struct fixture *f = test->priv;
	struct dsr_backend *backend, *other;
	struct dsr_decision d;
	bool added;
	int admin;

	backend = fixture_backend(test, f, 1, 0);
	other = fixture_backend(test, f, 2, 1);
	probe_link(test, FIRST);
	rcu_read_lock();
	dsr_conn_add(&f->dn, &pkt.tuple,
		     dsr_conn_hash(&f->dn.table, &pkt.tuple),
		     DSR_CONN_ESTABLISHED, other, &added);
	rcu_read_unlock();
	pkt.event = DSR_EVENT_DATA;
	for (admin = 0; admin <= DSR_BACKEND_ADMIN_MAX; admin++) {
		backend->config.admin = admin;
		fixture_decide(f, &pkt, FIRST + 1, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_PROBE);
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
		KUNIT_EXPECT_NULL(test, d.conn);
	}
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PROBE_NO_BACKEND);
	/* the connection of the client is unchanged */
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, other);
	probe_unlink(f);
}

static void ranges_begin_anywhere(struct kunit *test)
{
	static const u32 firsts[] = {
		8, 255, 256, 257, 1000, 0x10000, U32_MAX - DSR_PROBE_MARKS,
		U32_MAX - DSR_PROBE_MARKS + 1,
	};
	struct fixture *f = test->priv;
	struct dsr_frontend *frontend;
	int i, n;

	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		probe_link(test, firsts[i]);
		rcu_read_lock();
		for (n = 0; n < DSR_PROBE_MARKS; n++) {
			frontend = dsr_probe_find(&f->dn, AF_INET,
						  firsts[i] + n);
			KUNIT_ASSERT_NOT_NULL_MSG(test, frontend, "firsts[%d]",
						  i);
			KUNIT_ASSERT_EQ_MSG(test, frontend->fwmark,
					    firsts[i] + n, "firsts[%d]", i);
		}
		KUNIT_EXPECT_NULL_MSG(test,
				      dsr_probe_find(&f->dn, AF_INET,
						     firsts[i] - 1),
				      "firsts[%d]", i);
		KUNIT_EXPECT_NULL_MSG(test,
				      dsr_probe_find(&f->dn, AF_INET,
						     firsts[i] + n),
				      "firsts[%d]", i);
		KUNIT_EXPECT_NULL_MSG(test,
				      dsr_probe_find(&f->dn, AF_INET6,
						     firsts[i]),
				      "firsts[%d]", i);
		rcu_read_unlock();
		KUNIT_EXPECT_EQ_MSG(test, f->dn.probes_count, 1, "firsts[%d]",
				    i);
		probe_unlink(f);
		KUNIT_EXPECT_EQ_MSG(test, f->dn.probes_count, 0, "firsts[%d]",
				    i);
	}
}

static void a_mark_means_one_thing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_service other = {
		.key = { .vip.ip = htonl(0x0a0a1f6e), .family = AF_INET },
	};

	INIT_LIST_HEAD(&other.backends);
	list_add(&f->service.list, &f->dn.services);
	/* the mark of the service itself */
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsr_probe_new(&f->dn, &f->service,
						    FIXTURE_MARK)),
			-EADDRINUSE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsr_probe_new(&f->dn, &other, 1)),
			-EADDRINUSE);
	probe_link(test, FIRST);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsr_probe_new(&f->dn, &other,
						    FIRST + 255)),
			-EADDRINUSE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsr_probe_new(&f->dn, &other,
						    FIRST - 255)),
			-EADDRINUSE);
	other.key.family = AF_INET6;
	probe_unlink(f);
	list_del(&f->service.list);
}

/* Two backends must not share a mark. */
static void no_two_backends_of_a_mark(struct kunit *test)
{
	union nf_inet_addr twin = { .ip = htonl(0x0a000101) };
	union nf_inet_addr itself = { .ip = htonl(0x0a000001) };
	union nf_inet_addr third = { .ip = htonl(0x0a000103) };
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	union nf_inet_addr second;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	second = backend->nexthop.addr;
	probe_link(test, FIRST);
	KUNIT_EXPECT_TRUE(test, dsr_probe_is_shared(&f->service, &twin));
	KUNIT_EXPECT_FALSE(test, dsr_probe_is_shared(&f->service, &itself));
	KUNIT_EXPECT_FALSE(test, dsr_probe_is_shared(&f->service, &third));
	KUNIT_EXPECT_EQ(test, dsr_probe_mark(&f->service, &third), FIRST + 3);
	probe_unlink(f);
	KUNIT_EXPECT_EQ(test, dsr_probe_mark(&f->service, &third), 0);
	backend->nexthop.addr = twin;
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsr_probe_new(&f->dn, &f->service,
						    FIRST)), -ENOTUNIQ);
	/* fixture_exit() finds the backend by its address */
	backend->nexthop.addr = second;
}

/* A probe to another address than the VIP is dropped, and so is a probe with an
 * invalid source.
 */
static void wrong_addresses(struct kunit *test)
{
	struct dsr_packet pkt = packet_of(DSR_PACKET_FLOW);
	struct dsr_packet echo = packet_of(DSR_PACKET_ECHO);
	struct fixture *f = test->priv;
	struct dsr_service_key key;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	probe_link(test, FIRST);
	pkt.tuple.v4.daddr = htonl(0x0a000001);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PROBE_WRONG_ADDRESS);
	pkt.tuple.v4.daddr = htonl(0x0a000002);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_PROBE);
	pkt.tuple.v4.saddr = htonl(INADDR_BROADCAST);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_BAD_SOURCE);

	/* for a service with VIP, protocol and port */
	key = f->service.key;
	f->service.key = (struct dsr_service_key) {
		.vip.ip = echo.tuple.v4.daddr,
		.family = AF_INET,
		.proto = IPPROTO_TCP,
		.port = 80,
		.port_last = 80,
	};
	pkt = packet_of(DSR_PACKET_FLOW);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_PROBE);
	fixture_decide(f, &echo, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_PROBE);
	pkt.tuple.dport = htons(81);
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PROBE_WRONG_ADDRESS);
	pkt = packet_of(DSR_PACKET_FLOW);
	pkt.tuple.proto = IPPROTO_UDP;
	fixture_decide(f, &pkt, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PROBE_WRONG_ADDRESS);
	echo.tuple.v4.daddr = htonl(0x0a000002);
	fixture_decide(f, &echo, FIRST + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PROBE_WRONG_ADDRESS);
	f->service.key = key;
	probe_unlink(f);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(mark_names_the_backend),
	KUNIT_CASE(whatever_the_backend_is_wanted_for),
	KUNIT_CASE(ranges_begin_anywhere),
	KUNIT_CASE(a_mark_means_one_thing),
	KUNIT_CASE(no_two_backends_of_a_mark),
	KUNIT_CASE(wrong_addresses),
	{ }
};

FIXTURE_SUITE("dsr_probe");
