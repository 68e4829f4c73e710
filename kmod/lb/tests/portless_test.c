// SPDX-License-Identifier: GPL-2.0
/* dsr_decide(): pings, ICMP errors, and protocols without ports. */

#include "fixture.h"
#include "sched/sched.h"

static struct dsr_packet portless_of(u32 n, u8 proto)
{
	struct dsr_packet pkt = fixture_segment(n, 0);

	pkt.kind = DSR_PACKET_PORTLESS;
	pkt.tuple.proto = proto;
	pkt.tuple.ports = 0;
	return pkt;
}

static void esp_follows_ike(struct kunit *test)
{
	struct dsr_packet esp = portless_of(1, IPPROTO_ESP);
	struct dsr_packet gre = portless_of(1, IPPROTO_GRE);
	struct dsr_packet ike = fixture_segment(1, 0);
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

/* A packet of ESP is the second packet of a client with one of IKE. Its connection
 * stays one of UDP.
 */
static void esp_proves_ike(struct kunit *test)
{
	struct dsr_packet esp = portless_of(1, IPPROTO_ESP);
	struct dsr_packet ike = fixture_segment(1, 0);
	struct fixture *f = test->priv;
	struct dsr_conn *conn;

	fixture_backend(test, f, 1, 1);
	ike.tuple.proto = IPPROTO_UDP;
	ike.tuple.sport = htons(500);
	ike.tuple.dport = htons(500);
	fixture_come(f, &ike);
	conn = fixture_find(f, &ike.tuple);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_UNPROVEN);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.half), 1);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &esp).conn, conn);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_UDP);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.half), 0);
}

static void echo(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, 0);
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
	pkt = fixture_segment(1, 0);
	pkt.kind = DSR_PACKET_ECHO;
	f->service.ping = DSR_PING_IGNORE;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_PING);
}

static void icmp_error_follows_its_connection(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_packet pkt = fixture_segment(1, 0);
	struct dsr_decision d;

	pkt.kind = DSR_PACKET_ICMP_ERROR;
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	fixture_connect(test, f, 1, TCPHDR_ACK, backend);
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
	struct dsr_packet pkt = fixture_segment(1, 0);
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
	KUNIT_CASE(esp_follows_ike),
	KUNIT_CASE(esp_proves_ike),
	KUNIT_CASE(echo),
	KUNIT_CASE(icmp_error_follows_its_connection),
	KUNIT_CASE(icmp_error_follows_its_hash),
	{ }
};

FIXTURE_SUITE("dsr_portless");
