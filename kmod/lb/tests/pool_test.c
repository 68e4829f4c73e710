// SPDX-License-Identifier: GPL-2.0
/* The members of a pool, while servers are lost and found. */

#include "core/server.h"
#include "fixture.h"

/* The fixture's backends have no servers, for no event is to find them. */
static struct dsr_backend *add(struct kunit *test, struct fixture *f, u8 host,
			       u32 weight)
{
	struct dsr_backend *backend = fixture_backend(test, f, host, weight);

	backend->server = kunit_kzalloc(test, sizeof(*backend->server),
					GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, backend->server);
	return backend;
}

static void pool_exit(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend;

	list_for_each_entry(backend, &f->service.backends, list)
		backend->server = NULL;
	fixture_exit(test);
}

/* Skip lost backends, and take up to date what has changed since. */
static void build(struct kunit *test, struct fixture *f)
{
	fixture_schedule(test, f, "rr", (struct dsr_pool_options) {
		.on_unreachable = DSR_ON_UNREACHABLE_SKIP,
	});
}

/* Return the members as bits: bit N for 10.0.0.N. */
static u32 members(struct fixture *f)
{
	const struct dsr_pool *pool = fixture_pool(f);
	u32 bits = 0, i;

	for (i = 0; i < pool->count; i++)
		bits |= BIT(fixture_host(pool->member[i].backend));
	return bits;
}

/* While all others are lost, a backend of weight 0 that answers changes nothing: it
 * is no reason to build the pool again at each event of its server.
 */
static void pool_of_lost_is_built_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one = add(test, f, 1, 1);
	struct dsr_backend *idle = add(test, f, 2, 0);

	one->server->lost = true;
	build(test, f);
	KUNIT_EXPECT_TRUE(test, fixture_pool(f)->all_lost);
	KUNIT_EXPECT_EQ(test, members(f), BIT(1));
	KUNIT_EXPECT_FALSE(test, dsr_pool_is_outdated(fixture_pool(f), idle));
	KUNIT_EXPECT_FALSE(test, dsr_pool_is_outdated(fixture_pool(f), one));

	one->server->lost = false;
	KUNIT_EXPECT_TRUE(test, dsr_pool_is_outdated(fixture_pool(f), one));
	build(test, f);
	KUNIT_EXPECT_FALSE(test, dsr_pool_is_outdated(fixture_pool(f), one));
	/* persistence has to know that its clients cannot come back */
	idle->server->lost = true;
	KUNIT_EXPECT_TRUE(test, dsr_pool_is_outdated(fixture_pool(f), idle));
	build(test, f);
	KUNIT_EXPECT_FALSE(test, dsr_pool_is_outdated(fixture_pool(f), idle));
	KUNIT_EXPECT_TRUE(test, idle->skipped);
}

/* A request that changes a weight leaves the pool as a new one would be, whether the
 * server is lost or not.
 */
static void pool_follows_weights(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend[2];
	u32 step, lost, was;

	backend[0] = add(test, f, 1, 1);
	backend[1] = add(test, f, 2, 1);
	for (step = 0; step < 4 * 16; step++) {
		lost = step / 16;
		backend[0]->server->lost = lost & 1;
		backend[1]->server->lost = lost & 2;
		build(test, f);
		fixture_weight(test, f, backend[step & 1],
			       step & 2 ? 0 : 1 + step / 4 % 4);
		was = members(f);
		build(test, f);
		KUNIT_EXPECT_EQ_MSG(test, was, members(f), "step %u", step);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pool_of_lost_is_built_once),
	KUNIT_CASE(pool_follows_weights),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_pool",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.init = fixture_init,
	.exit = pool_exit,
	.test_cases = cases,
};

kunit_test_suites(&suite);
