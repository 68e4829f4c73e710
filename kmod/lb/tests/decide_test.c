// SPDX-License-Identifier: GPL-2.0
/* The one decision: service, connection, backend. */

#include "../decide.h"
#include "fixture.h"

static struct dsr_packet packet_of(u32 n, u8 tcp_flags)
{
	return (struct dsr_packet) {
		.tuple = fixture_tuple(n),
		.tcp_flags = tcp_flags,
	};
}

/* Connection @n, in the state that a segment with @flags leads to. */
static struct dsr_conn *connect(struct kunit *test, struct fixture *f, u32 n,
				u8 flags, struct dsr_backend *backend)
{
	struct dsr_packet packet = packet_of(n, flags);
	u32 hash = dsr_conn_hash(&f->dn.table, &packet.tuple);
	struct dsr_conn *conn;
	bool added;

	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &packet, hash, backend, &added);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_TRUE(test, added);
	return conn;
}

static void decide(struct fixture *f, const struct dsr_packet *packet,
		   u32 mark, struct dsr_decision *decision)
{
	rcu_read_lock();
	dsr_decide(&f->dn, packet, mark, decision);
	rcu_read_unlock();
}

static void without_a_service(struct kunit *test)
{
	struct dsr_packet packet = packet_of(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_decision d;

	decide(f, &packet, FIXTURE_MARK + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
	KUNIT_EXPECT_NULL(test, d.service);
	decide(f, &packet, 0, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_NO_SERVICE);
}

static void miss_asks_the_scheduler(struct kunit *test)
{
	struct dsr_packet packet = packet_of(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	decide(f, &packet, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NULL(test, d.conn);
	/* and has changed nothing */
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fixture_pool(f)->turn), 0);
}

static void hit_keeps_the_backend(struct kunit *test)
{
	static const u8 flags[] = { TCPHDR_SYN, TCPHDR_ACK,
				    TCPHDR_FIN | TCPHDR_ACK, TCPHDR_RST };
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet packet;
	struct dsr_decision d;
	struct dsr_conn *conn;
	int i;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	conn = connect(test, f, 1, TCPHDR_ACK, backend);
	backend->config.weight = 0;	/* takes no new ones, keeps the old */
	KUNIT_ASSERT_EQ(test, dsr_pool_rebuild(&f->dn, &f->service), 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		packet = packet_of(1, flags[i]);
		decide(f, &packet, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
		KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
	}
}

static void syn_reuses_a_finished_connection(struct kunit *test)
{
	static const u8 ends[] = { TCPHDR_FIN | TCPHDR_ACK, TCPHDR_RST };
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet packet;
	struct dsr_decision d;
	struct dsr_conn *conn;
	int i;

	backend = fixture_backend(test, f, 1, 1);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		conn = connect(test, f, i, ends[i], backend);
		packet = packet_of(i, TCPHDR_SYN);
		decide(f, &packet, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
		KUNIT_EXPECT_NULL(test, d.backend);
		KUNIT_EXPECT_PTR_EQ(test, d.conn, conn);
		/* its last ACK still goes where it belongs */
		packet = packet_of(i, TCPHDR_ACK);
		decide(f, &packet, FIXTURE_MARK, &d);
		KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	}
}

static void removed_backend_is_left(struct kunit *test)
{
	struct dsr_packet packet = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	connect(test, f, 1, TCPHDR_ACK, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	decide(f, &packet, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);
}

static void another_service_asks_its_scheduler(struct kunit *test)
{
	struct dsr_packet packet = packet_of(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_service other = { .fwmark = FIXTURE_MARK + 1 };
	struct dsr_backend *backend;
	struct dsr_decision d;

	backend = fixture_backend(test, f, 1, 1);
	connect(test, f, 1, TCPHDR_ACK, backend);
	hlist_add_head_rcu(&other.mark,
			   &f->dn.marks[dsr_service_bucket(other.fwmark)]);
	decide(f, &packet, other.fwmark, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &other);
	KUNIT_EXPECT_NULL(test, d.backend);
	hlist_del_rcu(&other.mark);
	synchronize_rcu();
}

static void icmp_error_follows_its_connection(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_packet packet = packet_of(1, 0);
	struct dsr_decision d;

	packet.icmp_error = true;
	decide(f, &packet, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	connect(test, f, 1, TCPHDR_ACK, backend);
	decide(f, &packet, 0, &d);	/* unmarked */
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_ICMP);
	KUNIT_EXPECT_PTR_EQ(test, d.service, &f->service);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	decide(f, &packet, 0, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	KUNIT_EXPECT_NULL(test, d.service);
}

/* That of a flow which the table had no place for goes where the flow goes. */
static void icmp_error_follows_its_hash(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_packet packet = packet_of(1, 0);
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	packet.icmp_error = true;
	decide(f, &packet, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
	dsr_net_note_crowded(&f->dn);
	decide(f, &packet, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_ICMP);
	KUNIT_EXPECT_PTR_EQ(test, d.backend,
			    dsr_scheduler_home(fixture_pool(f),
					       &packet.tuple));
	decide(f, &packet, FIXTURE_MARK + 1, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_PASS_ICMP_UNRELATED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_a_service),
	KUNIT_CASE(miss_asks_the_scheduler),
	KUNIT_CASE(hit_keeps_the_backend),
	KUNIT_CASE(syn_reuses_a_finished_connection),
	KUNIT_CASE(removed_backend_is_left),
	KUNIT_CASE(another_service_asks_its_scheduler),
	KUNIT_CASE(icmp_error_follows_its_connection),
	KUNIT_CASE(icmp_error_follows_its_hash),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_decide",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suites(&suite);
