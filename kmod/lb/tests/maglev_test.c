// SPDX-License-Identifier: GPL-2.0
/*
 * The table of the scheduler maglev. All slots are equally likely for a flow,
 * so the share of the slots is the share of the flows. The tests count all
 * slots.
 */

#include "fixture.h"
#include "sched/sched.h"

#define SLOTS	65521	/* the default */
#define USUAL	((struct dsr_pool_options) { })

/* Return the owners of all slots: N for 10.0.0.N. */
static u8 *owners(struct kunit *test, struct fixture *f)
{
	struct dsr_pool *pool = fixture_pool(f);
	u8 *owner = kunit_kmalloc(test, pool->slots, GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, owner);
	for (i = 0; i < pool->slots; i++) {
		KUNIT_ASSERT_LT(test, pool->table[i], pool->count);
		owner[i] = fixture_host(pool->member[pool->table[i]].backend);
	}
	return owner;
}

static u32 share(const u8 *owner, u32 slots, u8 host)
{
	u32 i, sum = 0;

	for (i = 0; i < slots; i++)
		sum += owner[i] == host;
	return sum;
}

/* Count the slots that have moved, and in @others those that have moved between
 * backends other than @host.
 */
static u32 moved(const u8 *before, const u8 *after, u8 host, u32 *others)
{
	u32 i, sum = 0;

	*others = 0;
	for (i = 0; i < SLOTS; i++) {
		sum += before[i] != after[i];
		*others += before[i] != after[i] && before[i] != host &&
			   after[i] != host;
	}
	return sum;
}

static void backends(struct kunit *test, struct fixture *f, u8 count,
		     u32 weight)
{
	u8 i;

	for (i = 1; i <= count; i++)
		fixture_backend(test, f, i, weight);
	fixture_schedule(test, f, "maglev", USUAL);
}

/* Return the backend 10.0.0.@host. */
static struct dsr_backend *nth(struct kunit *test, struct fixture *f, u8 host)
{
	struct dsr_backend *backend;

	list_for_each_entry(backend, &f->service.backends, list)
		if (!--host)
			return backend;
	KUNIT_ASSERT_TRUE(test, false);
	return NULL;
}

static void maglev_defaults(struct kunit *test)
{
	struct dsr_tuple tuple = fixture_tuple(0);
	struct fixture *f = test->priv;
	struct dsr_pool *pool;
	u32 slot;

	/* no backend to fill the table with */
	fixture_schedule(test, f, "maglev", USUAL);
	fixture_backend(test, f, 1, 0);
	fixture_backend(test, f, 2, 1);
	pool = fixture_pool(f);
	KUNIT_EXPECT_EQ(test, pool->slots, SLOTS);
	KUNIT_EXPECT_EQ(test, pool->hash, DSR_HASH_SOURCE_PORT);
	KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), 2);
	KUNIT_EXPECT_EQ(test, share(owners(test, f), SLOTS, 2), SLOTS);

	slot = dsr_maglev_slot(pool, &tuple);
	KUNIT_EXPECT_LT(test, slot, pool->slots);
	KUNIT_EXPECT_EQ(test, f->dn.slots, SLOTS);
	fixture_schedule(test, f, "sh", USUAL);
	KUNIT_EXPECT_EQ(test, f->dn.slots, 0);
}

/* Each backend has its share to within a slot: with 100 backends, 0.2 %. */
static void maglev_is_even(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 i, slots, sum, others;
	u8 *owner;

	backends(test, f, 100, 1);
	owner = owners(test, f);
	for (i = 1; i <= 100; i++) {
		slots = share(owner, SLOTS, i);
		KUNIT_EXPECT_GE(test, slots, SLOTS / 100);
		KUNIT_EXPECT_LE(test, slots, SLOTS / 100 + 1);
	}

	/* At most 1.1/N of the flows move between the other 99 backends. Most
	 * of these moves are the price of an even table.
	 */
	fixture_weight(test, f, nth(test, f, 50), 0);
	sum = moved(owner, owners(test, f), 50, &others);
	kunit_info(test, "one of 100 less or more: %u of %u move, %u between the others\n",
		   sum, SLOTS, others);
	KUNIT_EXPECT_LE(test, others * 100, SLOTS * 11 / 10);
}

/* Adding or removing one of 10 backends moves at most 1.1/10 of the flows. At
 * most 0.1/10 of the flows move without need.
 */
static void maglev_moves_few(struct kunit *test)
{
	static const u8 hosts[] = { 1, 4, 10 };
	struct fixture *f = test->priv;
	u32 i, sum, others;
	u8 *all, *less;

	backends(test, f, 10, 1);
	all = owners(test, f);
	for (i = 0; i < ARRAY_SIZE(hosts); i++) {
		fixture_weight(test, f, nth(test, f, hosts[i]), 0);
		less = owners(test, f);
		sum = moved(all, less, hosts[i], &others);
		kunit_info(test, "one of 10 less or more: %u of %u move, %u between the others\n",
			   sum, SLOTS, others);
		KUNIT_EXPECT_GE_MSG(test, sum * 10, SLOTS - 10, "hosts[%u]", i);
		KUNIT_EXPECT_LE_MSG(test, sum * 10, SLOTS * 11 / 10,
				    "hosts[%u]", i);
		KUNIT_EXPECT_LE_MSG(test, others * 10, SLOTS / 10, "hosts[%u]",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, share(less, SLOTS, hosts[i]), 0,
				    "hosts[%u]", i);
		/* undoing the change restores the table */
		fixture_weight(test, f, nth(test, f, hosts[i]), 1);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(all, owners(test, f), SLOTS),
				    0, "hosts[%u]", i);
	}
}

static void maglev_follows_weights(struct kunit *test)
{
	static const u32 weights[] = { 0, 1, 20, 300, 3, 65535 };
	struct fixture *f = test->priv;
	u32 i, sum = 0, expected;
	u8 *owner;

	for (i = 1; i <= 5; i++) {
		fixture_backend(test, f, i, weights[i]);
		sum += weights[i];
	}
	fixture_schedule(test, f, "maglev", USUAL);
	owner = owners(test, f);
	for (i = 1; i <= 5; i++) {
		/* each to within a slot; the heaviest gets the rest */
		expected = (u64)SLOTS * weights[i] / sum;
		KUNIT_EXPECT_GE_MSG(test, share(owner, SLOTS, i),
				    expected - min(expected, i), "%u", i);
		KUNIT_EXPECT_LE_MSG(test, share(owner, SLOTS, i), expected + i,
				    "%u", i);
	}
}

/* One of 10 backends of weight 2 gets weight 3: 1/21 * 9/10 of the flows have
 * to move, and a tenth more may.
 */
static void maglev_weight_moves_few(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 i, sum, others, least;
	u8 *before, *after;

	backends(test, f, 10, 2);
	before = owners(test, f);
	fixture_weight(test, f, nth(test, f, 3), 3);
	after = owners(test, f);
	least = share(after, SLOTS, 3) - share(before, SLOTS, 3);
	sum = moved(before, after, 3, &others);
	kunit_info(test, "a weight of 10 is 3/2 of what it was: %u of %u move, %u have to\n",
		   sum, SLOTS, least);
	KUNIT_EXPECT_LE(test, sum, least * 11 / 10);
	/* only the proportion of the weights counts */
	for (i = 1; i <= 10; i++)
		fixture_weight(test, f, nth(test, f, i),
			       4000 + 2000 * (i == 3));
	KUNIT_EXPECT_EQ(test, memcmp(after, owners(test, f), SLOTS), 0);
}

/* With more backends than slots, some backends have no slot. */
static void maglev_small_table(struct kunit *test)
{
	struct dsr_pool_options options = { .slots = 251 };
	struct fixture *f = test->priv;
	u8 *owner;
	int i;

	for (i = 1; i <= 255; i++)
		fixture_backend(test, f, i, 1);
	fixture_schedule(test, f, "maglev", options);
	owner = owners(test, f);
	for (i = 1; i <= 255; i++)
		KUNIT_EXPECT_EQ(test, share(owner, 251, i), i <= 251);
}

/* A flow of an overloaded backend goes to another one, always the same. All
 * other flows stay.
 */
static void maglev_passes_over_the_overloaded(struct kunit *test)
{
	struct dsr_pool_options options = { .slots = 1021 };
	u32 i, counts[6] = { }, moved = 0;
	struct fixture *f = test->priv;
	struct dsr_backend *second;
	struct dsr_tuple tuple;
	u8 home, host;

	backends(test, f, 5, 1);
	fixture_schedule(test, f, "maglev", options);
	second = nth(test, f, 2);
	fixture_limit(test, f, second, 10, 0);
	for (i = 0; i < 2000; i++) {
		tuple = fixture_tuple(i);
		fixture_load(second, 0, 0);
		home = fixture_choose(f, &tuple, false);
		fixture_load(second, 0, 10);
		host = fixture_choose(f, &tuple, false);
		KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), host);
		moved += host != home && home != 2;
		if (home == 2)
			counts[host]++;
	}
	KUNIT_EXPECT_EQ(test, moved, 0);
	KUNIT_EXPECT_EQ(test, counts[2], 0);
	/* 400 flows for 4 backends */
	for (i = 1; i <= 5; i++)
		KUNIT_EXPECT_GE(test, counts[i], i == 2 ? 0 : 50);
}

/* The hash is the same on every balancer and in every version: while one of two
 * balancers is updated, the other one takes over its flows.
 */
static void maglev_is_the_same_for_ever(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 i, hash = 0;
	u8 *owner;

	backends(test, f, 3, 1);
	owner = owners(test, f);
	for (i = 0; i < SLOTS; i++)
		hash = hash * 31 + owner[i];
	KUNIT_EXPECT_EQ(test, hash, 0xe580df81U);
	for (hash = 0, i = 0; i < 1000; i++) {
		struct dsr_tuple tuple = fixture_tuple(i);

		hash = hash * 31 + dsr_maglev_slot(fixture_pool(f), &tuple);
	}
	KUNIT_EXPECT_EQ(test, hash, 0x6ddd34f4U);
}

/* Return the two candidates of a flow as bits: BIT(N) for 10.0.0.N. */
static u32 candidates(struct fixture *f, u32 n, struct dsr_backend **home,
		      struct dsr_backend **other)
{
	struct dsr_tuple tuple = fixture_tuple(n);

	rcu_read_lock();
	dsr_schedule_candidates(&f->service, &tuple, home, other);
	rcu_read_unlock();
	return (*home ? BIT(fixture_host(*home)) : 0) |
	       (*other ? BIT(fixture_host(*other)) : 0);
}

/* A flow has two candidates, and goes to the one with less load, whatever the
 * load of all others.
 */
static void maglev_offers_two(struct kunit *test)
{
	struct dsr_pool_options options = { .choices = 2 };
	struct dsr_backend *home, *other;
	struct fixture *f = test->priv;
	struct dsr_tuple tuple;
	u32 i;

	backends(test, f, 5, 1);
	KUNIT_EXPECT_EQ(test, candidates(f, 0, &home, &other), 0);
	fixture_schedule(test, f, "maglev", options);
	for (i = 0; i < 1000; i++) {
		tuple = fixture_tuple(i);
		KUNIT_ASSERT_EQ(test,
				hweight32(candidates(f, i, &home, &other)), 2);
		KUNIT_EXPECT_PTR_EQ(test, home,
				    dsr_sched_lookup(fixture_pool(f), &tuple));
		fixture_load(home, 7, 0);
		fixture_load(other, 7, 0);
		KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false),
				fixture_host(home));
		fixture_load(other, 6, 255);
		KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false),
				fixture_host(other));
		/* packets without an entry go home all the same */
		KUNIT_EXPECT_PTR_EQ(test, home,
				    dsr_sched_lookup(fixture_pool(f), &tuple));
		fixture_load(home, 0, 0);
		fixture_load(other, 0, 0);
	}
}

/* Give connections to 10.0.0.1 to 10.0.0.N, each of which stays. Return the
 * distance of the loads from each other.
 */
static u32 uneven(struct kunit *test, struct fixture *f, u32 flows, u32 *counts,
		  u32 hosts)
{
	u32 i, least = U32_MAX, most = 0;
	struct dsr_tuple tuple;
	u8 host;

	memset(counts, 0, (hosts + 1) * sizeof(*counts));
	for (i = 1; i <= hosts; i++)
		fixture_load(nth(test, f, i), 0, 0);
	for (i = 0; i < flows; i++) {
		tuple = fixture_tuple(i);
		host = fixture_choose(f, &tuple, false);
		KUNIT_ASSERT_TRUE(test, host && host <= hosts);
		fixture_load(nth(test, f, host), ++counts[host], 0);
	}
	for (i = 1; i <= hosts; i++) {
		least = min(least, counts[i]);
		most = max(most, counts[i]);
	}
	return most - least;
}

/* 10,000 flows for 10 backends: nearly least connections. */
static void maglev_choice_is_even(struct kunit *test)
{
	struct dsr_pool_options options = { .choices = 2 };
	struct fixture *f = test->priv;
	u32 one, two, counts[11];

	backends(test, f, 10, 1);
	one = uneven(test, f, 10000, counts, 10);
	fixture_schedule(test, f, "maglev", options);
	two = uneven(test, f, 10000, counts, 10);
	kunit_info(test, "10000 flows, 10 backends: most and least differ by %u with a choice, by %u without\n",
		   two, one);
	KUNIT_EXPECT_LE(test, two, 10);
	KUNIT_EXPECT_GE(test, one, 50);

	/* the load counts in proportion to the weight */
	fixture_weight(test, f, nth(test, f, 4), 3);
	uneven(test, f, 12000, counts, 10);
	KUNIT_EXPECT_GE(test, counts[4], 2950);
	KUNIT_EXPECT_LE(test, counts[4], 3050);
	KUNIT_EXPECT_GE(test, counts[5], 980);
	KUNIT_EXPECT_LE(test, counts[5], 1020);
}

/* One of 10 backends goes: a flow that it was no candidate of keeps both, but
 * for one in 50. A flow that it was a candidate of keeps the other one, but for
 * one in 20.
 */
static void maglev_choice_moves_few(struct kunit *test)
{
	struct dsr_pool_options options = { .choices = 2 };
	struct dsr_backend *home, *other, *gone;
	u32 i, after, moved = 0, lost = 0, kept = 0, touched = 0;
	struct fixture *f = test->priv;
	u32 *before;

	before = kunit_kmalloc_array(test, 5000, sizeof(*before), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	backends(test, f, 10, 1);
	fixture_schedule(test, f, "maglev", options);
	for (i = 0; i < 5000; i++)
		before[i] = candidates(f, i, &home, &other);
	gone = nth(test, f, 3);
	fixture_weight(test, f, gone, 0);
	for (i = 0; i < 5000; i++) {
		after = candidates(f, i, &home, &other);
		KUNIT_ASSERT_EQ(test, hweight32(after), 2);
		KUNIT_ASSERT_FALSE(test, after & BIT(3));
		if (before[i] & BIT(3)) {
			touched++;
			lost += !(after & before[i]);
		} else {
			kept++;
			moved += after != before[i];
		}
	}
	kunit_info(test, "one of 10 less: %u of %u flows lose both, %u of the other %u one\n",
		   lost, touched, moved, kept);
	KUNIT_EXPECT_GE(test, touched, 900);
	KUNIT_EXPECT_LE(test, touched, 1100);
	KUNIT_EXPECT_LE(test, lost * 20, touched);
	KUNIT_EXPECT_LE(test, moved * 50, kept);
}

/* An overloaded candidate gets nothing: the next slot offers another one. */
static void maglev_choice_passes_over_the_overloaded(struct kunit *test)
{
	struct dsr_pool_options options = { .choices = 2 };
	struct dsr_backend *home, *other, *second;
	u32 i, bits, counts[6] = { };
	struct fixture *f = test->priv;
	struct dsr_tuple tuple;
	u8 host;

	backends(test, f, 5, 1);
	fixture_schedule(test, f, "maglev", options);
	second = nth(test, f, 2);
	fixture_limit(test, f, second, 1, 0);
	fixture_load(second, 0, 1);
	for (i = 0; i < 1000; i++) {
		tuple = fixture_tuple(i);
		bits = candidates(f, i, &home, &other);
		host = fixture_choose(f, &tuple, false);
		counts[host]++;
		if (!(bits & BIT(2)))
			KUNIT_EXPECT_TRUE(test, bits & BIT(host));
	}
	KUNIT_EXPECT_EQ(test, counts[2], 0);
	/* all loads are equal: a flow goes home */
	for (i = 1; i <= 5; i++)
		KUNIT_EXPECT_GE(test, counts[i], i == 2 ? 0 : 150);
	for (i = 1; i <= 5; i++)
		if (i != 2)
			fixture_limit(test, f, nth(test, f, i), 1, 0);
	for (i = 1; i <= 4; i++)
		fixture_load(nth(test, f, i), 0, 1);
	/* the only one that is left is a choice, too */
	for (i = 0; i < 100; i++) {
		tuple = fixture_tuple(i);
		KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), 5);
	}
}

/* With one backend there is nothing to choose. */
static void maglev_choice_of_one(struct kunit *test)
{
	struct dsr_pool_options options = { .choices = 2 };
	struct dsr_tuple tuple = fixture_tuple(0);
	struct dsr_backend *home, *other;
	struct fixture *f = test->priv;

	fixture_schedule(test, f, "maglev", options);
	KUNIT_EXPECT_EQ(test, candidates(f, 0, &home, &other), 0);
	fixture_backend(test, f, 1, 1);
	KUNIT_EXPECT_EQ(test, candidates(f, 0, &home, &other), 0);
	KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), 1);
}

static void maglev_sizes(struct kunit *test)
{
	u32 slots, divisor, sizes = 0;

	for (slots = 0; slots < 1 << 20; slots++) {
		if (!dsr_pool_check_slots(slots))
			continue;
		sizes++;
		for (divisor = 2; divisor * divisor <= slots; divisor++)
			KUNIT_EXPECT_NE_MSG(test, slots % divisor, 0, "%u",
					    slots);
	}
	KUNIT_EXPECT_EQ(test, sizes, 13);
	KUNIT_EXPECT_FALSE(test, dsr_pool_check_slots(0));
	KUNIT_EXPECT_FALSE(test, dsr_pool_check_slots(U32_MAX));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(maglev_defaults),
	KUNIT_CASE(maglev_is_even),
	KUNIT_CASE(maglev_moves_few),
	KUNIT_CASE(maglev_follows_weights),
	KUNIT_CASE(maglev_weight_moves_few),
	KUNIT_CASE(maglev_small_table),
	KUNIT_CASE(maglev_passes_over_the_overloaded),
	KUNIT_CASE(maglev_is_the_same_for_ever),
	KUNIT_CASE(maglev_offers_two),
	KUNIT_CASE(maglev_choice_is_even),
	KUNIT_CASE(maglev_choice_moves_few),
	KUNIT_CASE(maglev_choice_passes_over_the_overloaded),
	KUNIT_CASE(maglev_choice_of_one),
	KUNIT_CASE(maglev_sizes),
	{ }
};

FIXTURE_SUITE("dsr_maglev");
