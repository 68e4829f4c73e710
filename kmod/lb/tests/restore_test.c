// SPDX-License-Identifier: GPL-2.0
/* Entries of the connection table that a request adds. */

#include "control/restore.h"
#include "fixture.h"

static struct dsr_restore entry_of(u32 n, u8 state, u8 host)
{
	return (struct dsr_restore) {
		.tuple = fixture_tuple(n),
		.fwmark = FIXTURE_MARK,
		.backend.ip = htonl(0x0a000000 + host),
		.state = state,
		.left = U32_MAX,
	};
}

static u8 restore(struct fixture *f, struct dsr_restore entry)
{
	return dsr_restore_add(&f->dn, &entry);
}

static void restore_keeps_state_time_and_backend(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);
	struct dsr_restore entry = entry_of(1, DSR_CONN_ESTABLISHED, 2);
	struct dsr_conn *conn;
	u32 left;

	entry.left = 100 * HZ;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_ADDED);
	conn = fixture_find(f, &entry.tuple);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_ESTABLISHED);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, dsr_conn_backend(conn), two);
	left = dsr_conn_expires(&f->dn, conn, jiffies);
	rcu_read_unlock();
	KUNIT_EXPECT_LE(test, left, 100 * MSEC_PER_SEC);
	KUNIT_EXPECT_GT(test, left, 90 * MSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->active), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&two->active), 1);
	/* no rule of this machine has seen a packet of the connection */
	KUNIT_EXPECT_GT(test, (u32)jiffies - conn->checked, 3600 * HZ);
	/* not longer than any other connection */
	entry = entry_of(2, DSR_CONN_FIN, 1);
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_ADDED);
	rcu_read_lock();
	left = dsr_conn_expires(&f->dn, fixture_find(f, &entry.tuple), jiffies);
	rcu_read_unlock();
	KUNIT_EXPECT_LE(test, left,
			jiffies_to_msecs(dsr_state_timeout(DSR_CONN_FIN)));
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(one), 1);
}

static void restore_never_replaces(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_packet pkt = { .tuple = fixture_tuple(1) };
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	u8 other;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	pkt.event = dsr_event_tcp(TCPHDR_SYN);
	fixture_come(f, &pkt);
	conn = fixture_find(f, &pkt.tuple);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	rcu_read_lock();
	backend = dsr_conn_backend(conn);
	rcu_read_unlock();
	other = fixture_host(backend) == 1 ? 2 : 1;
	KUNIT_EXPECT_EQ(test, restore(f, entry_of(1, DSR_CONN_ESTABLISHED,
						  other)),
			DSR_ADDED_A_KNOWN);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_SYN);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, dsr_conn_backend(conn), backend);
	rcu_read_unlock();
}

static void restore_checks_what_packets_pass(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_restore entry;

	fixture_backend(test, f, 1, 1);
	entry = entry_of(1, DSR_CONN_ESTABLISHED, 9);
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_NO_BACKEND);
	entry = entry_of(1, DSR_CONN_ESTABLISHED, 1);
	entry.fwmark++;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_NO_SERVICE);
	/* without a mark: there is no service of this VIP */
	entry.fwmark = 0;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_NO_SERVICE);
	entry = entry_of(1, DSR_CONN_ESTABLISHED, 1);
	entry.tuple.v4.saddr = htonl(INADDR_LOOPBACK);
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_BAD_SOURCE);
	entry.tuple.v4.saddr = htonl(0xe0000001);
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_BAD_SOURCE);
	/* each datagram is scheduled: no entry would be used */
	entry = entry_of(1, DSR_CONN_UDP, 1);
	entry.tuple.proto = IPPROTO_UDP;
	f->service.one_packet = true;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_NO_SERVICE);
	f->service.one_packet = false;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_ADDED);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 1);
}

static void restore_leaves_room_as_packets_do(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 n;

	fixture_backend(test, f, 1, 1);
	dsr_conn_configure(&f->dn, 16, &f->dn.timeouts);
	/* a quarter of the table for those that may be forged */
	for (n = 0; n < 4; n++)
		KUNIT_EXPECT_EQ(test, restore(f, entry_of(n, DSR_CONN_SYN, 1)),
				DSR_ADDED_A_ADDED);
	KUNIT_EXPECT_EQ(test, restore(f, entry_of(n, DSR_CONN_SYN, 1)),
			DSR_ADDED_A_FULL);
	for (; n < 16; n++)
		KUNIT_EXPECT_EQ(test, restore(f, entry_of(n, DSR_CONN_FIN, 1)),
				DSR_ADDED_A_ADDED);
	KUNIT_EXPECT_EQ(test, restore(f, entry_of(n, DSR_CONN_FIN, 1)),
			DSR_ADDED_A_FULL);
	KUNIT_EXPECT_TRUE(test, dsr_net_was_crowded(&f->dn));
}

/* The first packet shows where the client's numbers are. */
static void restore_learns_the_proof(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_packet pkt = { .tuple = fixture_tuple(1) };
	struct dsr_conn *conn;

	fixture_backend(test, f, 1, 1);
	KUNIT_ASSERT_EQ(test, restore(f, entry_of(1, DSR_CONN_ESTABLISHED, 1)),
			DSR_ADDED_A_ADDED);
	conn = fixture_find(f, &pkt.tuple);
	pkt.proof = 0x8000;
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, dsr_conn_proves(conn, &pkt));
	dsr_conn_note(&f->dn, conn, &pkt);
	KUNIT_EXPECT_EQ(test, conn->proof, 0x8000);
	pkt.proof = 0x1000;
	KUNIT_EXPECT_FALSE(test, dsr_conn_proves(conn, &pkt));
	dsr_conn_note(&f->dn, conn, &pkt);
	KUNIT_EXPECT_EQ(test, conn->proof, 0x8000);
	rcu_read_unlock();
	/* or the first packet is the last one */
	KUNIT_ASSERT_EQ(test, restore(f, entry_of(2, DSR_CONN_ESTABLISHED, 1)),
			DSR_ADDED_A_ADDED);
	pkt.tuple = fixture_tuple(2);
	pkt.event = dsr_event_tcp(TCPHDR_RST);
	rcu_read_lock();
	dsr_conn_advance(&f->dn, fixture_find(f, &pkt.tuple), &pkt);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, fixture_find(f, &pkt.tuple)->state,
			DSR_CONN_CLOSED);
}

/* So does the first packet of the next connection of the tuple. */
static void restore_learns_the_proof_of_the_next(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_packet pkt = { .tuple = fixture_tuple(1) };
	struct dsr_restore entry = entry_of(1, DSR_CONN_FIN, 1);
	struct dsr_conn *conn;

	fixture_backend(test, f, 1, 1);
	/* silent for longer than DSR_CONN_SPENT */
	entry.left = dsr_state_timeout(DSR_CONN_FIN) - 60 * HZ;
	KUNIT_ASSERT_EQ(test, restore(f, entry), DSR_ADDED_A_ADDED);
	pkt.event = dsr_event_tcp(TCPHDR_SYN);
	pkt.proof = 0x8000;
	fixture_come(f, &pkt);
	conn = fixture_find(f, &pkt.tuple);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_SYN);
	KUNIT_EXPECT_EQ(test, conn->proof, 0x8000);
	pkt.event = dsr_event_tcp(TCPHDR_RST);
	pkt.proof = 0x1000;
	fixture_come(f, &pkt);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_SYN);
}

static void restore_brings_clients_back(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_restore entry = entry_of(1, DSR_CONN_PERSISTENT, 2);
	struct dsr_backend *two, *found;

	fixture_backend(test, f, 1, 1);
	two = fixture_backend(test, f, 2, 1);
	entry.tuple.proto = 0;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_NO_SERVICE);
	f->service.persist = 300 * HZ;
	f->service.persist_prefix = 24;
	KUNIT_EXPECT_EQ(test, restore(f, entry), DSR_ADDED_A_ADDED);
	KUNIT_EXPECT_EQ(test, atomic_read(&two->persistent), 1);
	entry.tuple.v4.saddr ^= htonl(0xff);
	rcu_read_lock();
	found = dsr_schedule_persistent(&f->dn, &entry.tuple, &f->service);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, found, two);
}

static void restore_knows_states(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, dsr_restore_is_state(IPPROTO_TCP,
						     DSR_CONN_ESTABLISHED));
	KUNIT_EXPECT_TRUE(test, dsr_restore_is_state(IPPROTO_UDP,
						     DSR_CONN_CLOSED));
	KUNIT_EXPECT_FALSE(test, dsr_restore_is_state(IPPROTO_UDP,
						      DSR_CONN_FIN));
	KUNIT_EXPECT_FALSE(test, dsr_restore_is_state(IPPROTO_TCP,
						      DSR_CONN_UDP));
	KUNIT_EXPECT_FALSE(test, dsr_restore_is_state(IPPROTO_TCP,
						      DSR_CONN_PERSISTENT));
	KUNIT_EXPECT_FALSE(test, dsr_restore_is_state(0, DSR_CONN_CLOSED));
	KUNIT_EXPECT_FALSE(test, dsr_restore_is_state(IPPROTO_TCP,
						      DSR_CONN_STATE_MAX + 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(restore_keeps_state_time_and_backend),
	KUNIT_CASE(restore_never_replaces),
	KUNIT_CASE(restore_checks_what_packets_pass),
	KUNIT_CASE(restore_leaves_room_as_packets_do),
	KUNIT_CASE(restore_learns_the_proof),
	KUNIT_CASE(restore_learns_the_proof_of_the_next),
	KUNIT_CASE(restore_brings_clients_back),
	KUNIT_CASE(restore_knows_states),
	{}
};

FIXTURE_SUITE("dsr_restore");
