// SPDX-License-Identifier: GPL-2.0
/* The thresholds of a backend, with every scheduler. */

#include "fixture.h"
#include "sched/sched.h"

static const char *const schedulers[] = {
	"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "fo", "ovf", "twos",
	"maglev",
};

struct threshold {
	const char *name;
	u32 upper;
	u32 lower;
	struct {
		u32 active;
		u32 inactive;
		bool overloaded;
	} step[6];
};

static const struct threshold thresholds[] = {
	{
		.name = "none",
		.step = { { U32_MAX, U32_MAX, false }, { U32_MAX, 0, false } },
	}, {
		.name = "both kinds of connections count",
		.upper = 10,
		.lower = 10,
		.step = { { 5, 4, false }, { 5, 5, true }, { 0, 10, true },
			  { 9, 0, false }, { 10, 0, true }, { 0, 0, false } },
	}, {
		.name = "in between it stays what it is",
		.upper = 10,
		.lower = 5,
		.step = { { 9, 0, false }, { 0, 11, true }, { 9, 0, true },
			  { 5, 0, true }, { 4, 0, false }, { 9, 0, false } },
	}, {
		.name = "three quarters",
		.upper = 10,
		.step = { { 10, 0, true }, { 8, 0, true }, { 7, 0, false },
			  { 9, 0, false }, { 10, 0, true }, { 0, 0, false } },
	}, {
		.name = "one connection at a time",
		.upper = 1,
		.step = { { 0, 1, true }, { 0, 0, false }, { 1, 0, true },
			  { 1, 1, true }, { 0, 1, true }, { 0, 0, false } },
	}, {
		.name = "the greatest figures",
		.upper = U32_MAX,
		.lower = U32_MAX,
		.step = { { U32_MAX / 2, U32_MAX / 2, false },
			  { U32_MAX / 2, U32_MAX / 2 + 1, true },
			  { U32_MAX, U32_MAX, true }, { U32_MAX, 0, true },
			  { U32_MAX - 1, 0, false }, { 0, 0, false } },
	},
};

static void threshold_to_desc(const struct threshold *threshold, char *desc)
{
	strscpy(desc, threshold->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(threshold, thresholds, threshold_to_desc);

static void threshold_steps(struct kunit *test)
{
	const struct threshold *threshold = test->param_value;
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	int i;

	fixture_limit(test, f, backend, threshold->upper, threshold->lower);
	for (i = 0; i < ARRAY_SIZE(threshold->step); i++) {
		fixture_load(backend, threshold->step[i].active,
			     threshold->step[i].inactive);
		KUNIT_EXPECT_EQ_MSG(test, backend->overloaded,
				    threshold->step[i].overloaded, "step %d",
				    i);
	}
}

/* A change of the thresholds takes effect at once. */
static void threshold_change(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend = fixture_backend(test, f, 1, 1);
	struct dsr_backend_config config = { .weight = 1, .lower = 1 };
	struct netlink_ext_ack extack = { };

	fixture_load(backend, 3, 3);
	KUNIT_EXPECT_FALSE(test, fixture_pool(f)->limited);
	fixture_limit(test, f, backend, 7, 0);
	KUNIT_EXPECT_FALSE(test, backend->overloaded);
	KUNIT_EXPECT_TRUE(test, fixture_pool(f)->limited);
	fixture_limit(test, f, backend, 6, 0);
	KUNIT_EXPECT_TRUE(test, backend->overloaded);
	fixture_limit(test, f, backend, 0, 0);
	KUNIT_EXPECT_FALSE(test, backend->overloaded);
	KUNIT_EXPECT_FALSE(test, fixture_pool(f)->limited);

	KUNIT_EXPECT_EQ(test, dsr_backend_set(&f->dn, backend, &config,
					      &extack), -ERANGE);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, backend->config.lower, 0);
}

/* Connections are added, change their state, move and are removed. */
static void threshold_counted(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = fixture_backend(test, f, 1, 1);
	struct dsr_backend *other = fixture_backend(test, f, 2, 1);
	struct dsr_packet pkt = { .event = DSR_EVENT_DATA };
	struct dsr_conn *conn[2];
	bool added;
	u32 i, hash;

	fixture_limit(test, f, one, 2, 2);
	fixture_limit(test, f, other, 1, 1);
	rcu_read_lock();
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, one->overloaded);
		pkt.tuple = fixture_tuple(i);
		hash = dsr_conn_hash(&f->dn.table, &pkt.tuple);
		conn[i] = dsr_conn_add(&f->dn, &pkt.tuple, hash,
				       DSR_CONN_SYN, one, &added);
		KUNIT_EXPECT_TRUE(test, added);
	}
	/* a SYN may be forged: it counts only after the next packet */
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(one), 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, one->overloaded);
		dsr_conn_advance(&f->dn, conn[i], &pkt);
	}
	KUNIT_EXPECT_TRUE(test, one->overloaded);
	pkt.event = DSR_EVENT_CLOSE;
	dsr_conn_advance(&f->dn, conn[1], &pkt);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->active), 1);
	KUNIT_EXPECT_TRUE(test, one->overloaded);
	KUNIT_EXPECT_TRUE(test, dsr_conn_move(&f->dn, conn[1], DSR_CONN_FIN,
					      other));
	KUNIT_EXPECT_FALSE(test, one->overloaded);
	KUNIT_EXPECT_TRUE(test, other->overloaded);
	/* the client begins a new connection with the same ports */
	KUNIT_EXPECT_TRUE(test, dsr_conn_move(&f->dn, conn[1], DSR_CONN_SYN,
					      other));
	KUNIT_EXPECT_FALSE(test, other->overloaded);
	rcu_read_unlock();
	dsr_table_flush(&f->dn.table);
	KUNIT_EXPECT_FALSE(test, other->overloaded);
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(one), 0);
	KUNIT_EXPECT_EQ(test, dsr_backend_inactive(other), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->dn.half), 0);
}

static void threshold_schedulers(struct kunit *test)
{
	struct dsr_tuple tuple = fixture_tuple(0);
	struct fixture *f = test->priv;
	struct dsr_backend *one, *other;
	int i, j;

	one = fixture_backend(test, f, 1, 3);
	other = fixture_backend(test, f, 2, 6);
	fixture_limit(test, f, one, 1, 0);
	fixture_limit(test, f, other, 1, 0);
	for (i = 0; i < ARRAY_SIZE(schedulers); i++) {
		fixture_schedule(test, f, schedulers[i],
				 (struct dsr_pool_options) { });
		for (j = 0; j < 5; j++) {
			fixture_load(one, 0, 1);
			fixture_load(other, 1, 0);
			KUNIT_EXPECT_EQ_MSG(test,
					    fixture_choose(f, &tuple, false),
					    0, "%s", schedulers[i]);
			fixture_load(other, 0, 0);
			KUNIT_EXPECT_EQ_MSG(test,
					    fixture_choose(f, &tuple, false),
					    2, "%s", schedulers[i]);
			fixture_load(one, 0, 0);
			fixture_load(other, 0, 1);
			KUNIT_EXPECT_EQ_MSG(test,
					    fixture_choose(f, &tuple, false),
					    1, "%s", schedulers[i]);
			tuple.sport = htons(2000 + j);
		}
	}
}

/* A flow without an entry keeps its backend, even while that backend is
 * overloaded, and has the same backend as with an entry.
 */
static void threshold_home(struct kunit *test)
{
	const struct dsr_scheduler *scheduler;
	struct fixture *f = test->priv;
	struct dsr_backend *one, *home, *found;
	struct dsr_tuple tuple;
	int i, j;

	one = fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	fixture_limit(test, f, one, 1, 0);
	for (i = 0; i < ARRAY_SIZE(schedulers); i++) {
		fixture_schedule(test, f, schedulers[i],
				 (struct dsr_pool_options) { });
		scheduler = fixture_pool(f)->scheduler;
		KUNIT_EXPECT_EQ_MSG(test, scheduler->hashes,
				    !!scheduler->lookup, "%s", schedulers[i]);
		for (j = 0; j < 50; j++) {
			tuple = fixture_tuple(j);
			tuple.v4.saddr = htonl(0xc0000200 + j);
			fixture_load(one, 0, 0);
			home = dsr_sched_lookup(fixture_pool(f), &tuple);
			if (scheduler->hashes)
				KUNIT_EXPECT_EQ_MSG(test,
						    fixture_choose(f, &tuple,
								   false),
						    fixture_host(home) &
						    0xff, "%s", schedulers[i]);
			fixture_load(one, 0, 1);
			found = dsr_sched_lookup(fixture_pool(f), &tuple);
			KUNIT_EXPECT_PTR_EQ_MSG(test, found, home, "%s",
						schedulers[i]);
		}
	}
}

/* A dry run changes nothing, and the next packet gets the same backend. */
static void threshold_dry(struct kunit *test)
{
	struct dsr_tuple tuple = fixture_tuple(0);
	struct fixture *f = test->priv;
	struct dsr_backend *second;
	struct dsr_pool_member copy[3];
	struct dsr_pool *pool;
	int i, j, turn;
	u8 host;

	fixture_backend(test, f, 1, 3);
	second = fixture_backend(test, f, 2, 4);
	fixture_backend(test, f, 3, 5);
	fixture_limit(test, f, second, 1, 0);
	fixture_load(second, 0, 1);
	for (i = 0; i < ARRAY_SIZE(schedulers); i++) {
		fixture_schedule(test, f, schedulers[i],
				 (struct dsr_pool_options) { });
		pool = fixture_pool(f);
		for (j = 0; j < 5; j++) {
			turn = atomic_read(&pool->turn);
			memcpy(copy, pool->member, sizeof(copy));
			host = fixture_choose(f, &tuple, true);
			KUNIT_EXPECT_EQ_MSG(test,
					    memcmp(copy, pool->member,
						   sizeof(copy)), 0, "%s",
					    schedulers[i]);
			KUNIT_EXPECT_EQ_MSG(test, atomic_read(&pool->turn),
					    turn, "%s", schedulers[i]);
			if (!strcmp(schedulers[i], "twos"))
				continue;
			KUNIT_EXPECT_EQ_MSG(test,
					    fixture_choose(f, &tuple, false),
					    host, "%s", schedulers[i]);
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(threshold_steps, threshold_gen_params),
	KUNIT_CASE(threshold_change),
	KUNIT_CASE(threshold_counted),
	KUNIT_CASE(threshold_schedulers),
	KUNIT_CASE(threshold_home),
	KUNIT_CASE(threshold_dry),
	{ }
};

FIXTURE_SUITE("dsr_threshold");
