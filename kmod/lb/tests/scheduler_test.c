// SPDX-License-Identifier: GPL-2.0
/* The shares of new connections. */

#include "fixture.h"
#include "sched/sched.h"

#define FLOWS	20000
#define HOSTS	4	/* 10.0.0.1 to 10.0.0.3, and none */
#define USUAL	((struct dsr_pool_options) { })

/* Count the connections that each backend 10.0.0.N gets of the next @turns. */
static void count(struct fixture *f, u32 turns, u32 *counts)
{
	struct dsr_tuple tuple;
	u32 i;

	local_bh_disable();
	for (i = 0; i < turns; i++) {
		tuple = fixture_tuple(i);
		counts[fixture_choose(f, &tuple, false) % HOSTS]++;
	}
	local_bh_enable();
}

static void rr_is_even(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { };

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 9);
	fixture_backend(test, f, 3, 1);
	count(f, 3 * 100, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 100);
	KUNIT_EXPECT_EQ(test, counts[2], 100);
	KUNIT_EXPECT_EQ(test, counts[3], 100);
}

static void rr_skips_weight_0(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { };

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 0);
	fixture_backend(test, f, 3, 1);
	count(f, 100, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 50);
	KUNIT_EXPECT_EQ(test, counts[2], 0);
	KUNIT_EXPECT_EQ(test, counts[3], 50);
}

static void rr_goes_on_after_a_change(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { };

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	count(f, 1, counts);
	KUNIT_ASSERT_EQ(test, dsr_pool_rebuild(&f->dn, &f->service), 0);
	count(f, 1, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 1);
	KUNIT_EXPECT_EQ(test, counts[2], 1);
}

static void rr_passes_over_the_overloaded(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *second;
	u32 counts[HOSTS] = { };

	fixture_backend(test, f, 1, 1);
	second = fixture_backend(test, f, 2, 1);
	fixture_backend(test, f, 3, 1);
	fixture_limit(test, f, second, 10, 0);
	fixture_load(second, 6, 4);
	/* the share of the overloaded backend is split evenly */
	count(f, 2 * 50, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 50);
	KUNIT_EXPECT_EQ(test, counts[2], 0);
	KUNIT_EXPECT_EQ(test, counts[3], 50);
	fixture_load(second, 2, 2);
	count(f, 3 * 50, counts);
	KUNIT_EXPECT_EQ(test, counts[2], 50);
}

static void rr_wraps_around(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { };

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	atomic_set(&fixture_pool(f)->turn, INT_MAX - 1);
	count(f, 4, counts);
	atomic_set(&fixture_pool(f)->turn, -2);
	count(f, 4, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 4);
	KUNIT_EXPECT_EQ(test, counts[2], 4);
}

static void wrr_passes_over_the_overloaded(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *first;
	u32 counts[HOSTS] = { };

	fixture_schedule(test, f, "wrr", USUAL);
	first = fixture_backend(test, f, 1, 5);
	fixture_backend(test, f, 2, 1);
	fixture_backend(test, f, 3, 3);
	fixture_limit(test, f, first, 1, 0);
	fixture_load(first, 0, 1);
	count(f, 4 * 10, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 0);
	KUNIT_EXPECT_EQ(test, counts[2], 10);
	KUNIT_EXPECT_EQ(test, counts[3], 30);
	fixture_load(first, 0, 0);
	count(f, 9 * 10, counts);
	KUNIT_EXPECT_EQ(test, counts[1], 50);
}

static void wrr_is_exact_and_smooth(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { }, i;

	fixture_schedule(test, f, "wrr", USUAL);
	fixture_backend(test, f, 1, 5);
	fixture_backend(test, f, 2, 1);
	fixture_backend(test, f, 3, 2);
	/* In each round of 8, each backend gets exactly its share. */
	for (i = 1; i <= 10; i++) {
		count(f, 8, counts);
		KUNIT_EXPECT_EQ(test, counts[1], 5 * i);
		KUNIT_EXPECT_EQ(test, counts[2], 1 * i);
		KUNIT_EXPECT_EQ(test, counts[3], 2 * i);
	}
	memset(counts, 0, sizeof(counts));
	count(f, 4, counts);
	KUNIT_EXPECT_LE(test, counts[1], 3);
	KUNIT_EXPECT_GE(test, counts[3], 1);
}

static void wrr_takes_the_greatest_weights(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { };

	fixture_schedule(test, f, "wrr", USUAL);
	fixture_backend(test, f, 1, DSR_WEIGHT_MAX);
	fixture_backend(test, f, 2, DSR_WEIGHT_MAX);
	fixture_backend(test, f, 3, 1);
	count(f, 2 * DSR_WEIGHT_MAX + 1, counts);
	KUNIT_EXPECT_EQ(test, counts[1], DSR_WEIGHT_MAX);
	KUNIT_EXPECT_EQ(test, counts[2], DSR_WEIGHT_MAX);
	KUNIT_EXPECT_EQ(test, counts[3], 1);
}

static u8 rendezvous(struct fixture *f, u32 flow)
{
	struct dsr_tuple tuple = fixture_tuple(flow);

	return fixture_host(dsr_sched_lookup(fixture_pool(f), &tuple)) %
	       HOSTS;
}

static void rendezvous_follows_weights(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 counts[HOSTS] = { }, i;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 2);
	fixture_backend(test, f, 3, 5);
	for (i = 0; i < FLOWS; i++)
		counts[rendezvous(f, i)]++;
	/* within a tenth of 1/8, 2/8, 5/8 */
	KUNIT_EXPECT_GT(test, counts[1], FLOWS * 9 / 80);
	KUNIT_EXPECT_LT(test, counts[1], FLOWS * 11 / 80);
	KUNIT_EXPECT_GT(test, counts[2], FLOWS * 18 / 80);
	KUNIT_EXPECT_LT(test, counts[2], FLOWS * 22 / 80);
	KUNIT_EXPECT_GT(test, counts[3], FLOWS * 45 / 80);
	KUNIT_EXPECT_LT(test, counts[3], FLOWS * 55 / 80);
}

static void rendezvous_moves_only_what_it_must(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *second;
	u32 i, moved = 0;
	u8 *before;

	before = kunit_kmalloc(test, FLOWS, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	fixture_backend(test, f, 1, 1);
	second = fixture_backend(test, f, 2, 1);
	fixture_backend(test, f, 3, 1);
	for (i = 0; i < FLOWS; i++)
		before[i] = rendezvous(f, i);
	fixture_weight(test, f, second, 0);
	for (i = 0; i < FLOWS; i++)
		moved += before[i] != 2 && rendezvous(f, i) != before[i];
	KUNIT_EXPECT_EQ(test, moved, 0);
}

static void names(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, dsr_sched_find("rr"), &dsr_sched_rr);
	KUNIT_EXPECT_PTR_EQ(test, dsr_sched_find("wrr"), &dsr_sched_wrr);
	KUNIT_EXPECT_PTR_EQ(test, dsr_sched_find("maglev"),
			    &dsr_sched_maglev);
	KUNIT_EXPECT_PTR_EQ(test, dsr_sched_find("mh"),
			    &dsr_sched_maglev);
	KUNIT_EXPECT_NULL(test, dsr_sched_find("r"));
	KUNIT_EXPECT_NULL(test, dsr_sched_find(""));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rr_is_even),
	KUNIT_CASE(rr_skips_weight_0),
	KUNIT_CASE(rr_goes_on_after_a_change),
	KUNIT_CASE(rr_passes_over_the_overloaded),
	KUNIT_CASE(rr_wraps_around),
	KUNIT_CASE(wrr_is_exact_and_smooth),
	KUNIT_CASE(wrr_takes_the_greatest_weights),
	KUNIT_CASE(wrr_passes_over_the_overloaded),
	KUNIT_CASE(rendezvous_follows_weights),
	KUNIT_CASE(rendezvous_moves_only_what_it_must),
	KUNIT_CASE(names),
	{ }
};

FIXTURE_SUITE("dsr_scheduler");
