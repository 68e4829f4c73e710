// SPDX-License-Identifier: GPL-2.0
/* Connections that their backends have denied. */

#include "core/chance.h"
#include "fixture.h"

/* Hosts that cannot be reached, as bits. */
static u32 cut_off;

/* The order in which backends are asked; a test may set candidates. */
static struct dsr_chance_order order;

static bool can_get(struct dsr_net *dn, struct dsr_backend *backend)
{
	return !dsr_backend_is_down(backend) &&
	       !(cut_off & BIT(fixture_host(backend)));
}

static struct dsr_chances *chances_of(struct fixture *f)
{
	return rcu_dereference_protected(f->dn.chances, true);
}

static int chance_init(struct kunit *test)
{
	int err = fixture_init(test);
	struct fixture *f = test->priv;

	cut_off = 0;
	order = (struct dsr_chance_order) { .can = can_get };
	if (err)
		return err;
	f->service.chances = DSR_CHANCES_MAX;
	return dsr_chance_start(&f->dn);
}

static void chance_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	dsr_chance_stop(&f->dn);
	fixture_exit(test);
}

static struct dsr_conn *add(struct kunit *test, u32 n,
			    struct dsr_backend *backend)
{
	struct fixture *f = test->priv;
	struct dsr_tuple tuple = fixture_tuple(n);
	struct dsr_conn *conn;
	bool added;

	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &tuple, dsr_conn_hash(&f->dn.table, &tuple),
			    DSR_CONN_ESTABLISHED, backend, &added);
	rcu_read_unlock();
	KUNIT_ASSERT_TRUE(test, added);
	return conn;
}

static u8 host_of(struct dsr_conn *conn)
{
	return fixture_host(rcu_dereference_protected(conn->backend, true));
}

/* Let a backend deny a packet of a connection; return N of the next backend
 * 10.0.0.N, or 0 with @reason set.
 */
static u8 deny(struct fixture *f, struct dsr_conn *conn,
	       struct dsr_backend *from, enum dsr_reason *reason)
{
	struct dsr_backend *to;
	u8 host;

	rcu_read_lock();
	*reason = dsr_chance_decide(&f->dn, chances_of(f), conn, from, &order,
				    &to);
	host = *reason == DSR_FORWARDED_DENIED ? fixture_host(to) : 0;
	rcu_read_unlock();
	return host;
}

static void expect_denied(struct kunit *test, struct dsr_conn *conn,
			  struct dsr_backend *from, enum dsr_reason expected,
			  u8 host)
{
	enum dsr_reason reason;

	KUNIT_EXPECT_EQ(test, deny(test->priv, conn, from, &reason), host);
	KUNIT_EXPECT_STREQ(test, dsr_reason_names[reason],
			   dsr_reason_names[expected]);
}

static void chance_goes_round_in_order_of_address(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *b3 = fixture_backend(test, f, 3, 1);
	struct dsr_backend *b1 = fixture_backend(test, f, 1, 1);
	struct dsr_backend *b2 = fixture_backend(test, f, 2, 1);
	struct dsr_conn *conn = add(test, 1, b2);

	expect_denied(test, conn, b2, DSR_FORWARDED_DENIED, 3);
	KUNIT_EXPECT_EQ(test, host_of(conn), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&b2->active), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&b3->active), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&b2->ref), 1);
	expect_denied(test, conn, b3, DSR_FORWARDED_DENIED, 1);
	/* the last one: drop, and begin again with the next segment */
	expect_denied(test, conn, b1, DSR_DROP_DENIED, 0);
	KUNIT_EXPECT_EQ(test, host_of(conn), 2);
	KUNIT_EXPECT_EQ(test, (u8)conn->tries, 0);
	KUNIT_EXPECT_EQ(test, conn->state, DSR_CONN_ESTABLISHED);
	expect_denied(test, conn, b2, DSR_FORWARDED_DENIED, 3);
}

/* The walk asks the home first, the other candidate next, then all others, each
 * once, from wherever the walk begins.
 */
static void chance_asks_the_other_candidate_next(struct kunit *test)
{
	static const u8 expected[][5] = {
		{ 4, 2, 5, 1, 3 }, { 2, 5, 1, 3, 4 }, { 5, 1, 3, 4, 2 },
		{ 1, 3, 4, 2, 5 }, { 3, 4, 2, 5, 1 },
	};
	struct fixture *f = test->priv;
	struct dsr_backend *b[6];
	struct dsr_conn *conn;
	u32 i, j, cut, seen;
	u8 host;

	for (i = 1; i <= 5; i++)
		b[i] = fixture_backend(test, f, i, 1);
	order.home = b[4];
	order.other = b[2];
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		conn = add(test, i, b[expected[i][0]]);
		for (j = 1; j < 5; j++)
			expect_denied(test, conn, b[expected[i][j - 1]],
				      DSR_FORWARDED_DENIED, expected[i][j]);
		expect_denied(test, conn, b[expected[i][4]], DSR_DROP_DENIED,
			      0);
		KUNIT_EXPECT_EQ(test, host_of(conn), expected[i][0]);
	}
	for (i = 1; i <= 5; i++) {
		for (cut = 1; cut <= 5; cut++) {
			if (cut == i)
				continue;
			cut_off = BIT(cut);
			host = i;
			for (seen = 0, j = 0; j < 4; j++) {
				seen |= BIT(host);
				rcu_read_lock();
				host = fixture_host(dsr_chance_next(&f->dn,
								    b[host],
								    &order));
				rcu_read_unlock();
			}
			KUNIT_EXPECT_EQ(test, host, i);
			KUNIT_EXPECT_EQ(test, seen, 0x3e & ~BIT(cut));
		}
	}
	cut_off = BIT(1) | BIT(2) | BIT(3) | BIT(5);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, dsr_chance_next(&f->dn, b[4], &order));
	KUNIT_EXPECT_PTR_EQ(test, dsr_chance_next(&f->dn, b[2], &order), b[4]);
	rcu_read_unlock();
}

static void chance_skips_backends_without_packets(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *b1 = fixture_backend(test, f, 1, 1);
	struct dsr_backend *b2 = fixture_backend(test, f, 2, 1);
	struct dsr_backend *b3 = fixture_backend(test, f, 3, 1);
	struct dsr_backend *b4 = fixture_backend(test, f, 4, 1);
	struct dsr_backend_config config = b2->config;
	struct dsr_conn *conn = add(test, 1, b1);

	config.admin = DSR_BACKEND_DOWN;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, b2, &config, NULL), 0);
	config.admin = DSR_BACKEND_DRAINING;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, b4, &config, NULL), 0);
	fixture_weight(test, f, b4, 0);
	cut_off = BIT(3);
	/* 4 drains and has weight 0, and still has connections */
	expect_denied(test, conn, b1, DSR_FORWARDED_DENIED, 4);
	cut_off = BIT(1) | BIT(3);
	expect_denied(test, conn, b4, DSR_DROP_DENIED, 0);
	KUNIT_EXPECT_EQ(test, host_of(conn), 4);
	KUNIT_EXPECT_NOT_NULL(test, b3);
}

static void chance_costs_no_more_than_its_limit(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend[8], *at;
	enum dsr_reason reason;
	struct dsr_conn *conn;
	u32 i, sent;
	u8 host;

	for (i = 0; i < 8; i++)
		backend[i] = fixture_backend(test, f, i + 1, 1);
	f->service.chances = 3;
	conn = add(test, 1, backend[0]);
	/* Each segment goes to three backends, three segments to all eight. */
	for (i = 0; i < 3; i++) {
		/* A slow machine must not see a second pass. */
		memset(chances_of(f)->silences, 0,
		       sizeof(chances_of(f)->silences));
		for (sent = 1;; sent++) {
			at = backend[host_of(conn) - 1];
			KUNIT_EXPECT_EQ(test, fixture_host(at),
					(3 * i + sent - 1) % 8 + 1);
			host = deny(f, conn, at, &reason);
			if (!host)
				break;
		}
		KUNIT_EXPECT_EQ(test, sent, 3);
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_DENIED);
	}
}

static void chance_of_late_packet_changes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *b1 = fixture_backend(test, f, 1, 1);
	struct dsr_backend *b2 = fixture_backend(test, f, 2, 1);
	struct dsr_backend *b3 = fixture_backend(test, f, 3, 1);
	struct dsr_conn *conn = add(test, 1, b1);
	u32 i;

	expect_denied(test, conn, b1, DSR_FORWARDED_DENIED, 2);
	for (i = 0; i < 100; i++) {
		expect_denied(test, conn, b1, DSR_FORWARDED_DENIED, 2);
		expect_denied(test, conn, b3, DSR_FORWARDED_DENIED, 2);
	}
	KUNIT_EXPECT_EQ(test, (u8)conn->tries, 1);
	KUNIT_EXPECT_EQ(test, host_of(conn), 2);
	expect_denied(test, conn, b2, DSR_FORWARDED_DENIED, 3);
}

static void chance_of_one_backend_is_none(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *b1 = fixture_backend(test, f, 1, 1);
	struct dsr_conn *conn = add(test, 1, b1);

	expect_denied(test, conn, b1, DSR_DROP_DENIED, 0);
	KUNIT_EXPECT_EQ(test, host_of(conn), 1);
}

static void chance_is_new_after_syn(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *b1 = fixture_backend(test, f, 1, 1);
	struct dsr_backend *b2 = fixture_backend(test, f, 2, 1);
	struct dsr_conn *conn = add(test, 1, b1);

	expect_denied(test, conn, b1, DSR_FORWARDED_DENIED, 2);
	KUNIT_EXPECT_EQ(test, (u8)conn->tries, 1);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, dsr_conn_move(&f->dn, conn, DSR_CONN_SYN, b2));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, (u8)conn->tries, 0);
}

static void chance_of_unlinked_entry_is_none(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *b1 = fixture_backend(test, f, 1, 1);
	struct dsr_conn *conn;

	fixture_backend(test, f, 2, 1);
	conn = add(test, 1, b1);
	conn->unlinked = true;
	expect_denied(test, conn, b1, DSR_DROP_DENIAL_UNKNOWN, 0);
	KUNIT_EXPECT_EQ(test, host_of(conn), 1);
	conn->unlinked = false;
}

/* Silence comes first, a RST after a second in which all were asked again. */
static void chance_ends_after_second(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_chances *chances = chances_of(f);
	u32 hash = 0x12345678, other = hash + 1, now = -HZ / 2;

	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 4, 4, now));
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 4, 4,
						    now + HZ - 1));
	KUNIT_EXPECT_TRUE(test, dsr_chance_give_up(chances, hash, 4, 4,
						   now + HZ));
	/* after the end, silence comes first again */
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 4, 4,
						    now + HZ));
	/* not before all have been asked */
	now += 10 * HZ;
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, other, 2, 5, now));
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, other, 2, 5,
						    now + 2 * HZ));
	KUNIT_EXPECT_TRUE(test, dsr_chance_give_up(chances, other, 2, 5,
						   now + 3 * HZ));
	/* a minute later, silence comes first again */
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 4, 4, now));
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 4, 4,
						    now + 61 * HZ));
}

/* Another processor has counted the first denials a jiffy later: none is forgotten. */
static void chance_ends_by_two_clocks(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_chances *chances = chances_of(f);
	u32 hash = 0x12345678, now = jiffies;

	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 2, 6,
						    now + 1));
	KUNIT_EXPECT_FALSE(test, dsr_chance_give_up(chances, hash, 2, 6, now));
	KUNIT_EXPECT_TRUE(test, dsr_chance_give_up(chances, hash, 2, 6,
						   now + 1 + HZ));
}

static u32 take_all(struct dsr_chances *chances, enum dsr_chance_budget budget,
		    u32 now)
{
	u32 taken = 0;

	while (dsr_chance_take(chances, budget, now))
		taken++;
	return taken;
}

static void chance_has_rate(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_chances *chances = chances_of(f);
	struct dsr_chance_bucket *bucket =
		&chances->buckets[DSR_CHANCE_FORWARD];
	u32 now = jiffies;

	bucket->tokens = 2;
	bucket->filled = now;
	KUNIT_EXPECT_EQ(test, take_all(chances, DSR_CHANCE_FORWARD, now), 2);
	/* 50,000 a second, 200,000 at most */
	KUNIT_EXPECT_EQ(test, take_all(chances, DSR_CHANCE_FORWARD, now + HZ),
			50000);
	KUNIT_EXPECT_TRUE(test, dsr_chance_take(chances, DSR_CHANCE_FORWARD,
						now + 100 * HZ));
	KUNIT_EXPECT_EQ(test, bucket->tokens, 199999);
}

/* A lower rate counts at once, also for tokens that are there. */
static void chance_keeps_to_lower_rate(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_chances *chances = chances_of(f);
	struct dsr_chance_bucket *bucket =
		&chances->buckets[DSR_CHANCE_FORWARD];
	u32 now = jiffies;

	bucket->tokens = 1000000;
	bucket->filled = now;
	KUNIT_EXPECT_TRUE(test, dsr_chance_take(chances, DSR_CHANCE_FORWARD,
						now));
	KUNIT_EXPECT_EQ(test, bucket->tokens, 199999);
}

/* Another processor has filled the bucket a jiffy later. */
static void chance_fills_nothing_in_no_time(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_chances *chances = chances_of(f);
	struct dsr_chance_bucket *bucket =
		&chances->buckets[DSR_CHANCE_FORWARD];
	u32 now = jiffies;

	bucket->tokens = 0;
	bucket->filled = now + 1;
	KUNIT_EXPECT_FALSE(test, dsr_chance_take(chances, DSR_CHANCE_FORWARD,
						 now));
	KUNIT_EXPECT_EQ(test, bucket->filled, now + 1);
}

/* A flood of one kind leaves the others alone. */
static void chance_has_budgets(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_chances *chances = chances_of(f);
	u32 now = chances->buckets[DSR_CHANCE_COPY].filled;

	KUNIT_EXPECT_EQ(test, take_all(chances, DSR_CHANCE_COPY, now), 1000);
	KUNIT_EXPECT_EQ(test, take_all(chances, DSR_CHANCE_COPY,
				       now + 100 * HZ), 4000);
	KUNIT_EXPECT_NE(test, take_all(chances, DSR_CHANCE_SEARCH, now), 0);
	KUNIT_EXPECT_TRUE(test, dsr_chance_take(chances, DSR_CHANCE_FORWARD,
						now));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(chance_goes_round_in_order_of_address),
	KUNIT_CASE(chance_asks_the_other_candidate_next),
	KUNIT_CASE(chance_skips_backends_without_packets),
	KUNIT_CASE(chance_costs_no_more_than_its_limit),
	KUNIT_CASE(chance_of_late_packet_changes_nothing),
	KUNIT_CASE(chance_of_one_backend_is_none),
	KUNIT_CASE(chance_is_new_after_syn),
	KUNIT_CASE(chance_of_unlinked_entry_is_none),
	KUNIT_CASE(chance_ends_after_second),
	KUNIT_CASE(chance_ends_by_two_clocks),
	KUNIT_CASE(chance_has_rate),
	KUNIT_CASE(chance_keeps_to_lower_rate),
	KUNIT_CASE(chance_fills_nothing_in_no_time),
	KUNIT_CASE(chance_has_budgets),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_chance",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = chance_init,
	.exit = chance_exit,
	.test_cases = cases,
};

kunit_test_suites(&suite);
