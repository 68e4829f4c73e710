// SPDX-License-Identifier: GPL-2.0
/* The hashing schedulers: the same flow always gets the same backend. */

#include "core/rendezvous.h"
#include "fixture.h"
#include "sched/sched.h"

#define FLOWS	4000
#define USUAL	((struct dsr_pool_options) { })
#define SOURCE	((struct dsr_pool_options) { .hash = DSR_HASH_SOURCE })
#define PORT	((struct dsr_pool_options) { .hash = DSR_HASH_SOURCE_PORT })

/* Make flow @n: many clients, several VIPs. */
static struct dsr_tuple flow(u32 n)
{
	struct dsr_tuple tuple = fixture_tuple(n);

	tuple.v4.saddr = htonl(0xc0000200 + n / 4);
	tuple.v4.daddr = htonl(0x0a0a1f00 + n % 64);
	return tuple;
}

/* Return the backends of FLOWS flows by the current scheduler. */
static u8 *homes(struct kunit *test, struct fixture *f)
{
	u8 *home = kunit_kmalloc(test, FLOWS, GFP_KERNEL);
	struct dsr_tuple tuple;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, home);
	for (i = 0; i < FLOWS; i++) {
		tuple = flow(i);
		home[i] = fixture_choose(f, &tuple, false);
	}
	return home;
}

/* Count the flows that have moved and were not at 10.0.0.@host before. */
static u32 moved(const u8 *before, const u8 *after, u8 host)
{
	u32 i, sum = 0;

	for (i = 0; i < FLOWS; i++)
		sum += before[i] != after[i] && before[i] != host;
	return sum;
}

static u32 homes_of(const u8 *home, u8 host)
{
	u32 i, sum = 0;

	for (i = 0; i < FLOWS; i++)
		sum += home[i] == host;
	return sum;
}

/**
 * struct input - fields of a flow that a scheduler hashes
 * @name: name of the test case
 * @scheduler: its name
 * @options: its options
 * @source: another client address may get another backend
 * @port: another client port may get another backend
 * @dest: another VIP may get another backend
 */
struct input {
	const char *name;
	const char *scheduler;
	struct dsr_pool_options options;
	bool source;
	bool port;
	bool dest;
};

static const struct input inputs[] = {
	{ "sh", "sh", { }, true, false, false },
	{ "sh source", "sh", { .hash = DSR_HASH_SOURCE }, true, false, false },
	{ "sh source-port", "sh", { .hash = DSR_HASH_SOURCE_PORT }, true, true,
	  false },
	{ "dh", "dh", { }, false, false, true },
	{ "maglev", "maglev", { .slots = 1021 }, true, true, false },
	{ "maglev source", "maglev",
	  { .hash = DSR_HASH_SOURCE, .slots = 1021 }, true, false, false },
	{ "maglev source-port", "maglev",
	  { .hash = DSR_HASH_SOURCE_PORT, .slots = 1021 }, true, true, false },
};

static void input_to_desc(const struct input *input, char *desc)
{
	strscpy(desc, input->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(input, inputs, input_to_desc);

static void hash_input(struct kunit *test)
{
	const struct input *input = test->param_value;
	u32 i, source = 0, port = 0, dest = 0;
	struct fixture *f = test->priv;
	struct dsr_tuple tuple;
	u8 host;

	for (i = 1; i <= 4; i++)
		fixture_backend(test, f, i, 1);
	fixture_schedule(test, f, input->scheduler, input->options);
	for (i = 0; i < 200; i++) {
		tuple = flow(i);
		host = fixture_choose(f, &tuple, false);
		KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), host);
		tuple.v4.saddr ^= htonl(0x00010000);
		source += fixture_choose(f, &tuple, false) != host;
		tuple = flow(i);
		tuple.sport ^= htons(0x4000);
		port += fixture_choose(f, &tuple, false) != host;
		tuple = flow(i);
		tuple.v4.daddr ^= htonl(0x00010000);
		dest += fixture_choose(f, &tuple, false) != host;
	}
	/* three of four flows move, or none */
	KUNIT_EXPECT_EQ(test, source > 100, input->source);
	KUNIT_EXPECT_EQ(test, port > 100, input->port);
	KUNIT_EXPECT_EQ(test, dest > 100, input->dest);
	KUNIT_EXPECT_EQ(test, source > 0, input->source);
	KUNIT_EXPECT_EQ(test, port > 0, input->port);
	KUNIT_EXPECT_EQ(test, dest > 0, input->dest);
}

/* sh and dh: a change moves no more flows than it has to. */
static void hash_moves_least(struct kunit *test)
{
	static const char *const names[] = { "sh", "dh" };
	struct fixture *f = test->priv;
	struct dsr_backend *second;
	u8 *before, *after;
	int i;

	fixture_backend(test, f, 1, 1);
	second = fixture_backend(test, f, 2, 2);
	fixture_backend(test, f, 3, 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fixture_schedule(test, f, names[i], USUAL);
		before = homes(test, f);
		/* 1000 clients and 64 VIPs only, so the bounds are wide */
		KUNIT_EXPECT_GT_MSG(test, homes_of(before, 2), FLOWS * 3 / 8,
				    "%s", names[i]);
		KUNIT_EXPECT_LT_MSG(test, homes_of(before, 2), FLOWS * 5 / 8,
				    "%s", names[i]);

		fixture_weight(test, f, second, 0);
		after = homes(test, f);
		KUNIT_EXPECT_EQ_MSG(test, moved(before, after, 2), 0, "%s",
				    names[i]);
		KUNIT_EXPECT_EQ_MSG(test, homes_of(after, 2), 0, "%s",
				    names[i]);

		fixture_weight(test, f, second, 2);
		fixture_limit(test, f, second, 1, 0);
		fixture_load(second, 0, 1);
		after = homes(test, f);
		KUNIT_EXPECT_EQ_MSG(test, moved(before, after, 2), 0, "%s",
				    names[i]);
		KUNIT_EXPECT_EQ_MSG(test, homes_of(after, 2), 0, "%s",
				    names[i]);

		/* the backend gains flows and loses none */
		fixture_load(second, 0, 0);
		fixture_weight(test, f, second, 3);
		after = homes(test, f);
		KUNIT_EXPECT_GT_MSG(test, homes_of(after, 2),
				    homes_of(before, 2), "%s", names[i]);
		KUNIT_EXPECT_EQ_MSG(test, moved(after, before, 2), 0, "%s",
				    names[i]);
		fixture_weight(test, f, second, 2);
		fixture_limit(test, f, second, 0, 0);
	}
}

/* Return the nanoseconds to look up FLOWS flows, the best of several turns. */
static u64 cost(struct fixture *f, void (*look)(struct fixture *f, u32 n))
{
	u64 best = U64_MAX, start;
	u32 i, turn;

	for (turn = 0; turn < 8; turn++) {
		start = ktime_get_ns();
		for (i = 0; i < FLOWS; i++)
			look(f, i);
		best = min(best, ktime_get_ns() - start);
		cond_resched();
	}
	return best;
}

static void look_home(struct fixture *f, u32 n)
{
	struct dsr_tuple tuple = flow(n);

	rcu_read_lock();
	dsr_sched_lookup(fixture_pool(f), &tuple);
	rcu_read_unlock();
}

static void look_none(struct fixture *f, u32 n)
{
	union nf_inet_addr addr = { .ip = htonl(0x0b000000 + n) };

	rcu_read_lock();
	dsr_backend_find(&f->dn, &f->service, &addr);
	rcu_read_unlock();
}

/* The cost of a packet does not grow with the number of backends, neither for a
 * flow without an entry nor for a flow whose backend was deleted.
 */
static void many_cost_as_few(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 home, none;
	u32 i;

	for (i = 1; i <= 4; i++)
		fixture_backend(test, f, i, 1);
	home = cost(f, look_home);
	none = cost(f, look_none);
	for (; i <= 250; i++)
		fixture_backend(test, f, i, 1);
	/* without the cache the cost is 60 times as much */
	KUNIT_EXPECT_LT(test, cost(f, look_home), 8 * home);
	KUNIT_EXPECT_LT(test, cost(f, look_none), 8 * none);
}

/* Expect the cached backend of each flow to be the one found without cache. */
static void expect_exact(struct kunit *test, struct fixture *f)
{
	struct dsr_pool *pool = fixture_pool(f);
	struct dsr_backend *noted, *found;
	u32 i, wrong = 0;

	rcu_read_lock();
	for (i = 0; i < FLOWS; i++) {
		struct dsr_tuple tuple = flow(i);
		u32 hash = dsr_tuple_hash(&tuple, 0);

		noted = dsr_rendezvous_lookup(pool, hash);
		found = dsr_rendezvous_pick(pool, hash, false);
		wrong += noted != found;
	}
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* The cache stays right while backends are added and removed, and change their
 * weights, one or several at a time.
 */
static void noted_is_what_would_be_found(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backends[61];
	u32 i;

	for (i = 1; i <= 60; i += 2)
		backends[i] = fixture_backend(test, f, i, i);
	for (i = 2; i <= 60; i += 2) {
		expect_exact(test, f);
		backends[i] = fixture_backend(test, f, i, 40);
	}
	for (i = 1; i <= 60; i += 7) {
		expect_exact(test, f);
		fixture_weight(test, f, backends[i], i * 5 % 61);
	}
	expect_exact(test, f);
	backends[3]->config.weight = 2;
	fixture_weight(test, f, backends[50], 1);
	expect_exact(test, f);
	for (i = 60; i; i -= 3) {
		fixture_weight(test, f, backends[i], 0);
		expect_exact(test, f);
	}
}

/* The expected values were computed by other means, from the bytes as they are
 * on the wire.
 */
static void same_on_every_machine(struct kunit *test)
{
	static const struct in6_addr client = {
		.s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
	}, vip = {
		.s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [14] = 1 },
	};
	struct dsr_tuple tuple = fixture_tuple(5);
	union nf_inet_addr addr = { .ip = tuple.v4.saddr };

	KUNIT_EXPECT_EQ(test, dsr_tuple_hash(&tuple, 0), 0x44ee6544);
	KUNIT_EXPECT_EQ(test, dsr_tuple_source_hash(&tuple, tuple.sport, 0),
			0xe560248d);
	KUNIT_EXPECT_EQ(test, dsr_tuple_dest_hash(&tuple, 0), 0x9e53889c);
	KUNIT_EXPECT_EQ(test, dsr_addr_hash(&addr), 0xcf75b727);
	tuple.family = AF_INET6;
	tuple.v6.saddr = client;
	tuple.v6.daddr = vip;
	KUNIT_EXPECT_EQ(test, dsr_tuple_hash(&tuple, 0), 0x18b90da4);
	KUNIT_EXPECT_EQ(test, dsr_tuple_source_hash(&tuple, tuple.sport, 0),
			0xd755c297);
	KUNIT_EXPECT_EQ(test, dsr_tuple_dest_hash(&tuple, 0), 0x9e178740);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(same_on_every_machine),
	KUNIT_CASE(many_cost_as_few),
	KUNIT_CASE(noted_is_what_would_be_found),
	KUNIT_CASE_PARAM(hash_input, input_gen_params),
	KUNIT_CASE(hash_moves_least),
	{ }
};

FIXTURE_SUITE("dsr_hash");
