// SPDX-License-Identifier: GPL-2.0
/* What the connection table remembers, and what the backends count of it. */

#include "fixture.h"

static struct dsr_conn *add(struct fixture *f, u32 n, u8 state,
			    struct dsr_backend *backend)
{
	struct dsr_tuple tuple = fixture_tuple(n);
	struct dsr_conn *conn;

	rcu_read_lock_bh();
	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &tuple,
			    dsr_conn_hash(&f->dn.table, &tuple), state,
			    backend);
	rcu_read_unlock();
	rcu_read_unlock_bh();
	return conn;
}

static struct dsr_conn *find(struct fixture *f, u32 n)
{
	struct dsr_tuple tuple = fixture_tuple(n);
	struct dsr_conn *conn;

	rcu_read_lock();
	conn = dsr_conn_find(&f->dn, &tuple,
			     dsr_conn_hash(&f->dn.table, &tuple));
	rcu_read_unlock();
	return conn;
}

static void expect_counts(struct kunit *test, struct dsr_backend *backend,
			  int active, int inactive)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), active);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->inactive), inactive);
	KUNIT_EXPECT_EQ(test, refcount_read(&backend->ref),
			1 + active + inactive);
}

static void conn_is_found_by_its_tuple_only(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_tuple tuple = fixture_tuple(1), other;
	struct dsr_conn *conn;

	conn = add(f, 1, DSR_CONN_SYN, backend);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 1), conn);
	KUNIT_EXPECT_NULL(test, find(f, 2));
	/* whatever the hash says */
	other = tuple;
	other.proto = IPPROTO_UDP;
	KUNIT_EXPECT_FALSE(test, dsr_conn_match(&conn->node, &other));
	other = tuple;
	other.dport = htons(81);
	KUNIT_EXPECT_FALSE(test, dsr_conn_match(&conn->node, &other));
	other = tuple;
	other.saddr = htonl(1);
	KUNIT_EXPECT_FALSE(test, dsr_conn_match(&conn->node, &other));
	KUNIT_EXPECT_TRUE(test, dsr_conn_match(&conn->node, &tuple));
}

static void conn_is_added_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);
	struct dsr_conn *conn = add(f, 1, DSR_CONN_SYN, one);

	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_PTR_EQ(test, add(f, 1, DSR_CONN_SYN, two), conn);
	expect_counts(test, one, 0, 1);
	expect_counts(test, two, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 1);
}

static void conn_counts_follow_state_and_backend(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *two = fixture_backend(test, f, 2, 1);
	struct dsr_conn *conn = add(f, 1, DSR_CONN_SYN, one);

	KUNIT_ASSERT_NOT_NULL(test, conn);
	expect_counts(test, one, 0, 1);
	dsr_conn_change(&f->dn, conn, DSR_CONN_ESTABLISHED, one);
	expect_counts(test, one, 1, 0);
	dsr_conn_change(&f->dn, conn, DSR_CONN_FIN, one);
	expect_counts(test, one, 0, 1);
	dsr_conn_change(&f->dn, conn, DSR_CONN_SYN, two);
	expect_counts(test, one, 0, 0);
	expect_counts(test, two, 0, 1);
	KUNIT_ASSERT_NOT_NULL(test, add(f, 2, DSR_CONN_UDP, two));
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

	/* Arrange: found, and then unlinked before it is changed */
	conn = add(f, 1, DSR_CONN_SYN, one);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	rcu_read_lock();
	conn->unlinked = true;

	/* Act */
	dsr_conn_change(&f->dn, conn, DSR_CONN_ESTABLISHED, two);

	/* Assert */
	expect_counts(test, one, 0, 1);
	expect_counts(test, two, 0, 0);
	conn->unlinked = false;
	rcu_read_unlock();
}

static void conn_needs_a_living_backend(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);

	/* as a packet sees it that found the pool before the removal */
	refcount_set(&backend->ref, 0);
	KUNIT_EXPECT_NULL(test, add(f, 1, DSR_CONN_SYN, backend));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries), 0);
	refcount_set(&backend->ref, 1);
}

static void conn_cap_is_hard(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	u32 i;

	for (i = 0; i < f->dn.conn_max; i++)
		KUNIT_ASSERT_NOT_NULL(test, add(f, i, DSR_CONN_SYN, backend));
	KUNIT_EXPECT_TRUE(test, dsr_table_is_full(&f->dn.table));
	KUNIT_EXPECT_NULL(test, add(f, i, DSR_CONN_SYN, backend));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.table.entries),
			f->dn.conn_max);
	expect_counts(test, backend, 0, f->dn.conn_max);
}

static void conn_expires_by_state(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	u32 now = jiffies;
	struct dsr_conn *syn = add(f, 1, DSR_CONN_SYN, backend);
	struct dsr_conn *talk = add(f, 2, DSR_CONN_ESTABLISHED, backend);

	KUNIT_ASSERT_NOT_NULL(test, syn);
	KUNIT_ASSERT_NOT_NULL(test, talk);
	syn->node.seen = now;
	talk->node.seen = now;
	KUNIT_EXPECT_EQ(test, dsr_conn_expires(syn, now + HZ), 59000);
	dsr_table_tidy(&f->dn.table, now + 60 * HZ, true);
	KUNIT_EXPECT_NOT_NULL(test, find(f, 1));
	dsr_table_tidy(&f->dn.table, now + 60 * HZ + 1, true);
	KUNIT_EXPECT_NULL(test, find(f, 1));
	KUNIT_EXPECT_NOT_NULL(test, find(f, 2));
	dsr_table_tidy(&f->dn.table, now + 900 * HZ + 1, true);
	KUNIT_EXPECT_NULL(test, find(f, 2));
	expect_counts(test, backend, 0, 0);
}

static void conn_seen_after_now_stays(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_conn *conn = add(f, 1, DSR_CONN_SYN, backend);

	/* the janitor reads the clock, then a packet comes */
	KUNIT_ASSERT_NOT_NULL(test, conn);
	dsr_table_tidy(&f->dn.table, conn->node.seen - 5, true);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 1), conn);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(conn_is_found_by_its_tuple_only),
	KUNIT_CASE(conn_is_added_once),
	KUNIT_CASE(conn_counts_follow_state_and_backend),
	KUNIT_CASE(conn_that_was_unlinked_changes_nothing),
	KUNIT_CASE(conn_needs_a_living_backend),
	KUNIT_CASE(conn_cap_is_hard),
	KUNIT_CASE(conn_expires_by_state),
	KUNIT_CASE(conn_seen_after_now_stays),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_conn",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suites(&suite);
