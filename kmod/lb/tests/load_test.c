// SPDX-License-Identifier: GPL-2.0
/* The schedulers that depend on the load of the backends. */

#include "fixture.h"

#define HOSTS	3	/* 10.0.0.1 to 10.0.0.3 */
#define TURNS	8000
#define USUAL	((struct dsr_pool_options) { })

/* The maximum number of connections. */
#define MANY	((u32)DSR_TABLE_MAX_MAX)

/**
 * struct choice - expected choice of a scheduler
 * @name: name of the test case
 * @scheduler: name of the scheduler
 * @weight: weight of each backend
 * @active: established connections of each backend
 * @inactive: other connections of each backend
 * @host: the backend that is chosen, from 1 on; 0: none
 */
struct choice {
	const char *name;
	const char *scheduler;
	u32 weight[HOSTS];
	u32 active[HOSTS];
	u32 inactive[HOSTS];
	u8 host;
};

static const struct choice choices[] = {
	{ "lc: the first of equals", "lc",
	  { 1, 2, 3 }, { 4, 4, 4 }, { 7, 7, 7 }, 1 },
	{ "lc: the fewest, whatever the weight", "lc",
	  { 1, 100, 1 }, { 5, 5, 4 }, { 0, 0, 0 }, 3 },
	{ "lc: an established one is as 256 others", "lc",
	  { 1, 1, 1 }, { 1, 0, 1 }, { 0, 255, 1 }, 2 },
	{ "lc: and not more", "lc",
	  { 1, 1, 1 }, { 1, 0, 1 }, { 0, 257, 1 }, 1 },
	{ "lc: weight 0", "lc",
	  { 0, 1, 1 }, { 0, 9, 8 }, { 0, 0, 0 }, 3 },
	{ "wlc: the first of equals", "wlc",
	  { 2, 4, 6 }, { 1, 2, 3 }, { 2, 4, 6 }, 1 },
	{ "wlc: the fewest for its weight", "wlc",
	  { 1, 3, 2 }, { 2, 5, 4 }, { 0, 0, 0 }, 2 },
	{ "wlc: others than established ones", "wlc",
	  { 1, 1, 2 }, { 1, 1, 2 }, { 2, 1, 3 }, 2 },
	{ "wlc: idle ones in their order", "wlc",
	  { 1, 100, 50 }, { 0, 0, 0 }, { 0, 0, 0 }, 1 },
	{ "wlc: weight 0", "wlc",
	  { 0, 1, 0 }, { 0, 9, 0 }, { 0, 0, 0 }, 2 },
	{ "wlc: the greatest figures", "wlc",
	  { DSR_WEIGHT_MAX - 1, DSR_WEIGHT_MAX, 1 }, { MANY, MANY, MANY },
	  { MANY, MANY, MANY }, 2 },
	{ "sed: this one would wait with a light one", "sed",
	  { 1, 3, 2 }, { 0, 1, 2 }, { 0, 0, 0 }, 2 },
	{ "sed: the first of equals", "sed",
	  { 1, 3, 2 }, { 0, 2, 1 }, { 0, 0, 0 }, 1 },
	{ "sed: established ones only", "sed",
	  { 1, 1, 1 }, { 2, 1, 1 }, { 0, 99, 0 }, 2 },
	{ "sed: weight 0", "sed",
	  { 1, 0, 1 }, { 5, 0, 4 }, { 0, 0, 0 }, 3 },
	{ "sed: the greatest figures", "sed",
	  { DSR_WEIGHT_MAX - 1, 1, DSR_WEIGHT_MAX }, { MANY, MANY, MANY },
	  { 0, 0, 0 }, 3 },
	{ "nq: an idle one, however light", "nq",
	  { 100, 3, 1 }, { 1, 1, 0 }, { 0, 0, 50 }, 3 },
	{ "nq: the first idle one", "nq",
	  { 1, 1, 9 }, { 1, 0, 0 }, { 0, 9, 0 }, 2 },
	{ "nq: else as sed", "nq",
	  { 1, 3, 2 }, { 1, 1, 2 }, { 0, 0, 0 }, 2 },
	{ "nq: weight 0", "nq",
	  { 1, 2, 0 }, { 1, 2, 0 }, { 0, 0, 0 }, 2 },
	{ "fo: the greatest weight, whatever it has to do", "fo",
	  { 1, 3, 2 }, { 0, 1000, 0 }, { 0, 1000, 0 }, 2 },
	{ "fo: the first of equals", "fo",
	  { 1, 2, 2 }, { 0, 1, 0 }, { 0, 0, 0 }, 2 },
	{ "ovf: the greatest weight", "ovf",
	  { 10, 30, 20 }, { 0, 29, 0 }, { 0, 99, 0 }, 2 },
	{ "ovf: the next when it is full", "ovf",
	  { 10, 30, 20 }, { 0, 30, 19 }, { 0, 0, 0 }, 3 },
	{ "ovf: the last", "ovf",
	  { 10, 30, 20 }, { 9, 30, 21 }, { 0, 0, 0 }, 1 },
	{ "ovf: all full", "ovf",
	  { 10, 30, 20 }, { 10, 31, 20 }, { 0, 0, 0 }, 0 },
	{ "ovf: the first of equals", "ovf",
	  { 10, 20, 20 }, { 0, 5, 4 }, { 0, 0, 0 }, 2 },
	{ "ovf: weight 0", "ovf",
	  { 0, 1, 0 }, { 0, 0, 0 }, { 0, 0, 0 }, 2 },
};

static void choice_to_desc(const struct choice *choice, char *desc)
{
	strscpy(desc, choice->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(choice, choices, choice_to_desc);

static void load_choice(struct kunit *test)
{
	const struct choice *choice = test->param_value;
	struct dsr_tuple tuple = fixture_tuple(0);
	struct fixture *f = test->priv;
	int i;

	for (i = HOSTS; i--;)
		fixture_load(fixture_backend(test, f, i + 1, choice->weight[i]),
			     choice->active[i], choice->inactive[i]);
	fixture_schedule(test, f, choice->scheduler, USUAL);
	KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), choice->host);
	/* the same choice again: only the connections count */
	KUNIT_EXPECT_EQ(test, fixture_choose(f, &tuple, false), choice->host);
}

/* Expected choices for a sequence of connections, none of which ends. */
struct sequence {
	const char *scheduler;
	u8 hosts[12];
};

static const struct sequence sequences[] = {
	{ "lc", { 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3 } },
	{ "wlc", { 1, 2, 3, 3, 2, 3, 1, 2, 3, 3, 2, 3 } },
	{ "sed", { 3, 2, 3, 1, 2, 3, 3, 2, 3, 1, 2, 3 } },
	{ "nq", { 1, 2, 3, 3, 2, 3, 3, 2, 3, 1, 2, 3 } },
	{ "fo", { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 } },
	{ "ovf", { 3, 3, 3, 2, 2, 1, 0, 0, 0, 0, 0, 0 } },
};

static void sequence_to_desc(const struct sequence *sequence, char *desc)
{
	strscpy(desc, sequence->scheduler, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sequence, sequences, sequence_to_desc);

static void load_sequence(struct kunit *test)
{
	const struct sequence *sequence = test->param_value;
	struct dsr_backend *backend[HOSTS + 1];
	struct fixture *f = test->priv;
	struct dsr_tuple tuple;
	u8 host;
	int i;

	for (i = 1; i <= HOSTS; i++)
		backend[i] = fixture_backend(test, f, i, i);
	fixture_schedule(test, f, sequence->scheduler, USUAL);
	for (i = 0; i < ARRAY_SIZE(sequence->hosts); i++) {
		tuple = fixture_tuple(i);
		host = fixture_choose(f, &tuple, false);
		KUNIT_EXPECT_EQ_MSG(test, host, sequence->hosts[i], "step %d",
				    i);
		if (host)
			atomic_inc(&backend[host]->active);
	}
}

/* Count how many of TURNS connections 10.0.0.1 gets. */
static u32 first_of_twos(struct fixture *f)
{
	struct dsr_tuple tuple = fixture_tuple(0);
	u32 i, first = 0;

	for (i = 0; i < TURNS; i++)
		first += fixture_choose(f, &tuple, false) == 1;
	return first;
}

/* The bounds are at least five standard deviations from the expected value. */
static void load_twos(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *one, *other;
	u32 first;

	one = fixture_backend(test, f, 1, 1);
	other = fixture_backend(test, f, 2, 3);
	fixture_schedule(test, f, "twos", USUAL);
	/* equal load: chosen if drawn first, 1/4 */
	first = first_of_twos(f);
	KUNIT_EXPECT_GT(test, first, TURNS / 4 - 200);
	KUNIT_EXPECT_LT(test, first, TURNS / 4 + 200);
	/* the first has more load: chosen only if drawn twice, 1/16 */
	fixture_load(one, 1, 0);
	fixture_load(other, 2, 255);
	first = first_of_twos(f);
	KUNIT_EXPECT_GT(test, first, TURNS / 16 - 110);
	KUNIT_EXPECT_LT(test, first, TURNS / 16 + 110);
	/* the first has less load: chosen if drawn at all, 7/16 */
	fixture_load(other, 3, 1);
	first = first_of_twos(f);
	KUNIT_EXPECT_GT(test, first, TURNS * 7 / 16 - 230);
	KUNIT_EXPECT_LT(test, first, TURNS * 7 / 16 + 230);
	fixture_weight(test, f, other, 0);
	KUNIT_EXPECT_EQ(test, first_of_twos(f), TURNS);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(load_choice, choice_gen_params),
	KUNIT_CASE_PARAM(load_sequence, sequence_gen_params),
	KUNIT_CASE(load_twos),
	{ }
};

FIXTURE_SUITE("dsr_load");
