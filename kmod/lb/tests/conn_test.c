// SPDX-License-Identifier: GPL-2.0
/* Entries of the connection table, and the connection counts of backends. */

#include "fixture.h"

static struct dsr_conn *find(struct fixture *f, u32 n)
{
	struct dsr_tuple tuple = fixture_tuple(n);

	return fixture_find(f, &tuple);
}

/* Make a packet of connection @n: a segment, or a datagram if @flags is UDP. */
#define UDP	0xff

static struct dsr_packet packet_of(u32 n, u8 flags)
{
	struct dsr_packet pkt = { .tuple = fixture_tuple(n) };

	if (flags == UDP)
		pkt.tuple.proto = IPPROTO_UDP;
	else
		pkt.event = dsr_event_tcp(flags);
	return pkt;
}

static bool add(struct fixture *f, u32 n, u8 flags, struct dsr_backend *backend)
{
	struct dsr_packet pkt = packet_of(n, flags);
	bool added;

	rcu_read_lock();
	dsr_conn_add(&f->dn, &pkt.tuple,
		     dsr_conn_hash(&f->dn.table, &pkt.tuple),
		     dsr_conn_state(DSR_CONN_SYN, &pkt), backend, &added);
	rcu_read_unlock();
	return added;
}

static void expect_counts(struct kunit *test, struct dsr_backend *backend,
			  int active, int inactive)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), active);
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(backend), inactive);
	KUNIT_EXPECT_EQ(test, refcount_read(&backend->ref),
			1 + active + inactive);
}

static void conn_is_found_by_its_tuple_only(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_tuple tuple = fixture_tuple(1), other;
	struct dsr_conn *conn;

	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_SYN, backend));
	conn = find(f, 1);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_NULL(test, find(f, 2));
	/* the match compares the tuple, not only the hash */
	other = tuple;
	other.proto = IPPROTO_UDP;
	KUNIT_EXPECT_FALSE(test, dsr_conn_match(&conn->node, &other));
	other = tuple;
	other.dport = htons(81);
	KUNIT_EXPECT_FALSE(test, dsr_conn_match(&conn->node, &other));
	other = tuple;
	other.v4.saddr = htonl(1);
	KUNIT_EXPECT_FALSE(test, dsr_conn_match(&conn->node, &other));
	KUNIT_EXPECT_TRUE(test, dsr_conn_match(&conn->node, &tuple));
}

static void conn_is_added_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);

	KUNIT_EXPECT_TRUE(test, add(f, 1, TCPHDR_SYN, one));
	KUNIT_EXPECT_FALSE(test, add(f, 1, TCPHDR_SYN, two));
	expect_counts(test, one, 0, 1);
	expect_counts(test, two, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 1);
}

static void advance(struct fixture *f, u32 n, u8 flags)
{
	struct dsr_packet pkt = packet_of(n, flags);

	dsr_conn_advance(&f->dn, find(f, n), &pkt);
}

static bool move(struct fixture *f, u32 n, u8 flags,
		 struct dsr_backend *backend)
{
	struct dsr_packet pkt = packet_of(n, flags);
	bool moved;

	rcu_read_lock();
	moved = dsr_conn_move(&f->dn, find(f, n),
			      dsr_conn_state(DSR_CONN_SYN, &pkt), backend);
	rcu_read_unlock();
	return moved;
}

static void conn_counts_follow_state_and_backend(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);

	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_SYN, one));
	expect_counts(test, one, 0, 1);
	advance(f, 1, TCPHDR_ACK);
	expect_counts(test, one, 1, 0);
	advance(f, 1, TCPHDR_FIN | TCPHDR_ACK);
	expect_counts(test, one, 0, 1);
	KUNIT_EXPECT_TRUE(test, move(f, 1, TCPHDR_SYN, two));
	expect_counts(test, one, 0, 0);
	expect_counts(test, two, 0, 1);
	KUNIT_EXPECT_EQ(test, find(f, 1)->state, DSR_CONN_SYN);
	KUNIT_ASSERT_TRUE(test, add(f, 2, UDP, two));
	expect_counts(test, two, 1, 1);
	dsr_table_flush(&f->dn.table);
	expect_counts(test, two, 0, 0);
}

static void conn_that_was_unlinked_changes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);
	struct dsr_conn *conn;

	/* Arrange: a packet has found the entry, then the entry is unlinked */
	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_SYN, one));
	conn = find(f, 1);
	conn->unlinked = true;

	/* Act */
	advance(f, 1, TCPHDR_ACK);
	KUNIT_EXPECT_FALSE(test, move(f, 1, TCPHDR_SYN, two));

	/* Assert */
	expect_counts(test, one, 0, 1);
	expect_counts(test, two, 0, 0);
	conn->unlinked = false;
}

static void conn_needs_a_living_backend(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);

	/* as for a packet that found the pool before the removal */
	refcount_set(&one->ref, 0);
	KUNIT_EXPECT_FALSE(test, add(f, 1, TCPHDR_SYN, one));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 0);
	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_SYN, two));
	KUNIT_EXPECT_FALSE(test, move(f, 1, TCPHDR_SYN, one));
	expect_counts(test, two, 0, 1);
	refcount_set(&one->ref, 1);
}

static void conn_cap_is_hard(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	u32 i;

	for (i = 0; i < f->dn.conn_max; i++)
		KUNIT_ASSERT_TRUE(test, add(f, i, TCPHDR_SYN, backend));
	KUNIT_EXPECT_TRUE(test, dsr_table_is_full(&f->dn.table));
	KUNIT_EXPECT_FALSE(test, add(f, i, TCPHDR_SYN, backend));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries),
			f->dn.conn_max);
	expect_counts(test, backend, 0, f->dn.conn_max);
}

static void conn_expires_by_state(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	u32 now = jiffies;

	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_SYN, backend));
	KUNIT_ASSERT_TRUE(test, add(f, 2, TCPHDR_ACK, backend));
	find(f, 1)->node.seen = now;
	find(f, 2)->node.seen = now;
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, dsr_conn_expires(&f->dn, find(f, 1), now + HZ),
			59000);
	rcu_read_unlock();
	/* a second later, since the time stamp may be a second too old */
	dsr_table_gc(&f->dn.table, now + 61 * HZ, true);
	KUNIT_EXPECT_NOT_NULL(test, find(f, 1));
	dsr_table_gc(&f->dn.table, now + 61 * HZ + 1, true);
	KUNIT_EXPECT_NULL(test, find(f, 1));
	KUNIT_EXPECT_NOT_NULL(test, find(f, 2));
	dsr_table_gc(&f->dn.table, now + 901 * HZ + 1, true);
	KUNIT_EXPECT_NULL(test, find(f, 2));
	expect_counts(test, backend, 0, 0);
}

static void conn_seen_after_now_stays(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);

	/* garbage collection reads the clock, then a packet comes */
	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_SYN, backend));
	dsr_table_gc(&f->dn.table, find(f, 1)->node.seen - 5, true);
	KUNIT_EXPECT_NOT_NULL(test, find(f, 1));
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, 60000,
			dsr_conn_expires(&f->dn, find(f, 1),
					 find(f, 1)->node.seen - 5));
	rcu_read_unlock();
}

/* dsr_table_touch() updates @seen and not @checked. */
static void conn_is_checked_apart_from_seen(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_conn *conn;
	u32 begin;

	KUNIT_ASSERT_TRUE(test, add(f, 1, TCPHDR_ACK, backend));
	conn = find(f, 1);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	begin = conn->node.seen;
	KUNIT_EXPECT_EQ(test, conn->checked, begin);
	KUNIT_EXPECT_FALSE(test, dsr_conn_touch(conn, begin + HZ - 1));
	KUNIT_EXPECT_TRUE(test, dsr_table_touch(&conn->node, begin + HZ));
	KUNIT_EXPECT_EQ(test, conn->checked, begin);
	KUNIT_EXPECT_TRUE(test, dsr_conn_touch(conn, begin + HZ + 1));
	KUNIT_EXPECT_EQ(test, conn->checked, begin + HZ + 1);
	KUNIT_EXPECT_EQ(test, conn->node.seen, begin + HZ + 1);
}

static void prove(struct fixture *f, u32 n, u8 proto, u8 event, u16 proof)
{
	struct dsr_packet pkt = {
		.tuple = fixture_tuple(n), .event = event, .proof = proof,
	};

	pkt.tuple.proto = proto;
	rcu_read_lock();
	dsr_conn_advance(&f->dn, find(f, n), &pkt);
	rcu_read_unlock();
}

/* Addresses and ports are not enough to end a connection. */
static void conn_is_ended_by_its_client(struct kunit *test)
{
	static const u8 ends[] = { DSR_EVENT_CLOSE, DSR_EVENT_ABORT };
	static const u16 far[] = { 0x1101, 0x8000, 0xffff, 0, 0x0ffe };
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_conn *conn;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		KUNIT_ASSERT_TRUE_MSG(test, add(f, i, TCPHDR_ACK, backend),
				      "ends[%u]", i);
		conn = find(f, i);
		conn->proof = 0x1000;
		for (n = 0; n < ARRAY_SIZE(far); n++) {
			prove(f, i, IPPROTO_TCP, ends[i], far[n]);
			KUNIT_EXPECT_EQ_MSG(test, conn->state,
					    (u8)DSR_CONN_ESTABLISHED,
					    "ends[%u], far[%u]", i, n);
		}
		/* 16 MiB ahead, or a little behind: the client's last packet */
		prove(f, i, IPPROTO_TCP, ends[i], i ? 0x0fff : 0x1100);
		KUNIT_EXPECT_EQ_MSG(test, conn->state,
				    i ? (u8)DSR_CONN_CLOSED : (u8)DSR_CONN_FIN,
				    "ends[%u]", i);
	}
	/* The window may wrap; a packet outside of it is not recorded. */
	KUNIT_ASSERT_TRUE(test, add(f, 7, TCPHDR_ACK, backend));
	conn = find(f, 7);
	conn->proof = 0xfff0;
	prove(f, 7, IPPROTO_TCP, DSR_EVENT_DATA, 0x0010);
	KUNIT_EXPECT_EQ(test, conn->proof, 0x0010);
	prove(f, 7, IPPROTO_TCP, DSR_EVENT_DATA, 0x4000);
	KUNIT_EXPECT_EQ(test, conn->proof, 0x0010);
}

/* An SCTP association has one tag, taken from the first packet with a tag. */
static void conn_is_aborted_with_its_tag(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_packet init = { .tuple = fixture_tuple(1) };
	struct dsr_conn *conn;
	bool added;

	init.tuple.proto = IPPROTO_SCTP;
	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &init.tuple,
			    dsr_conn_hash(&f->dn.table, &init.tuple),
			    DSR_CONN_SYN, backend, &added);
	KUNIT_ASSERT_TRUE(test, added);
	init.proof = 4711;
	init.event = DSR_EVENT_DATA;
	dsr_conn_advance(&f->dn, conn, &init);
	init.proof = 4712;
	init.event = DSR_EVENT_ABORT;
	dsr_conn_advance(&f->dn, conn, &init);
	KUNIT_EXPECT_EQ(test, conn->state, (u8)DSR_CONN_ESTABLISHED);
	init.event = DSR_EVENT_DATA;
	dsr_conn_note(&f->dn, conn, &init);
	KUNIT_EXPECT_EQ(test, conn->proof, 4711);
	init.proof = 4711;
	init.event = DSR_EVENT_ABORT;
	dsr_conn_advance(&f->dn, conn, &init);
	KUNIT_EXPECT_EQ(test, conn->state, (u8)DSR_CONN_CLOSED);
	rcu_read_unlock();
}

/* The connection of client 1, which has ended in @state, as far as @proof tells. */
static struct dsr_conn *ended(struct kunit *test, struct fixture *f, u8 event,
			      u16 proof)
{
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_tuple tuple = fixture_tuple(1);
	struct dsr_conn *conn;
	bool added;

	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &tuple, dsr_conn_hash(&f->dn.table, &tuple),
			    DSR_CONN_ESTABLISHED, backend, &added);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, conn);
	conn->proof = 0x1000;
	prove(f, 1, IPPROTO_TCP, event, proof);
	return conn;
}

static void conn_that_a_forger_ends_stays(struct kunit *test)
{
	struct dsr_packet syn = {
		.tuple = fixture_tuple(1), .event = DSR_EVENT_OPEN,
	};
	struct fixture *f = test->priv;
	struct dsr_conn *conn = ended(test, f, DSR_EVENT_CLOSE, 0x1010);

	rcu_read_lock();
	/* the client goes on counting, and begins anew */
	syn.proof = 0x1011;
	KUNIT_EXPECT_FALSE(test, dsr_conn_stays(&f->dn, conn, &syn));
	conn->node.seen = jiffies - 4 * HZ;
	syn.proof = 0x1010 + 4 * 238;
	KUNIT_EXPECT_FALSE(test, dsr_conn_stays(&f->dn, conn, &syn));
	/* one that does not is no client, unless the end is long ago */
	syn.proof = 0x4000;
	conn->node.seen = jiffies - 11 * HZ;
	KUNIT_EXPECT_FALSE(test, dsr_conn_stays(&f->dn, conn, &syn));
	conn->node.seen = jiffies - 9 * HZ;
	KUNIT_EXPECT_TRUE(test, dsr_conn_stays(&f->dn, conn, &syn));
	KUNIT_EXPECT_EQ(test, conn->state, (u8)DSR_CONN_SYN);
	KUNIT_EXPECT_EQ(test, conn->proof, 0x1010);
	/* it is no end that it comes behind any more */
	KUNIT_EXPECT_FALSE(test, dsr_conn_stays(&f->dn, conn, &syn));
	/* one that has missed and then hit the window is believed no more */
	prove(f, 1, IPPROTO_TCP, DSR_EVENT_CLOSE, 0x4000);
	prove(f, 1, IPPROTO_TCP, DSR_EVENT_CLOSE, 0x1011);
	KUNIT_EXPECT_EQ(test, conn->state, (u8)DSR_CONN_FIN);
	syn.proof = 0x1011;
	KUNIT_EXPECT_TRUE(test, dsr_conn_stays(&f->dn, conn, &syn));
	rcu_read_unlock();
}

static void conn_goes_on_behind_a_forged_reset(struct kunit *test)
{
	struct dsr_packet pkt = {
		.tuple = fixture_tuple(1), .event = DSR_EVENT_DATA,
		.proof = 0x4000,
	};
	struct fixture *f = test->priv;
	struct dsr_conn *conn = ended(test, f, DSR_EVENT_ABORT, 0x1010);

	KUNIT_ASSERT_EQ(test, conn->state, (u8)DSR_CONN_CLOSED);
	rcu_read_lock();
	dsr_conn_revive(&f->dn, conn, &pkt);
	KUNIT_EXPECT_EQ(test, conn->state, (u8)DSR_CONN_CLOSED);
	pkt.proof = 0x1010;
	dsr_conn_revive(&f->dn, conn, &pkt);
	KUNIT_EXPECT_EQ(test, conn->state, (u8)DSR_CONN_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, atomic_read(&dsr_conn_backend(conn)->active), 1);
	/* and whatever ends it now, a SYN does not move it */
	prove(f, 1, IPPROTO_TCP, DSR_EVENT_ABORT, 0x1010);
	pkt.event = DSR_EVENT_OPEN;
	KUNIT_EXPECT_TRUE(test, dsr_conn_stays(&f->dn, conn, &pkt));
	rcu_read_unlock();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(conn_that_a_forger_ends_stays),
	KUNIT_CASE(conn_goes_on_behind_a_forged_reset),
	KUNIT_CASE(conn_is_found_by_its_tuple_only),
	KUNIT_CASE(conn_is_added_once),
	KUNIT_CASE(conn_counts_follow_state_and_backend),
	KUNIT_CASE(conn_that_was_unlinked_changes_nothing),
	KUNIT_CASE(conn_needs_a_living_backend),
	KUNIT_CASE(conn_cap_is_hard),
	KUNIT_CASE(conn_expires_by_state),
	KUNIT_CASE(conn_seen_after_now_stays),
	KUNIT_CASE(conn_is_checked_apart_from_seen),
	KUNIT_CASE(conn_is_ended_by_its_client),
	KUNIT_CASE(conn_is_aborted_with_its_tag),
	{ }
};

FIXTURE_SUITE("dsr_conn");
