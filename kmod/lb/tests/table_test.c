// SPDX-License-Identifier: GPL-2.0
/* The table compared with a simple model, at every size of the table. */

#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "../../common/table.h"

#define KEYS	12000

struct entry {
	struct dsr_node node;
	u32 key;
};

struct fixture {
	struct dsr_table table;
	struct workqueue_struct *wq;
	u32 released;
	u32 timeout;
	u32 colliding;
	u32 spent_from;
};

/* Time stamp of an entry that must not expire, however long a test takes. */
#define BUSY	((u32)jiffies + 1000 * HZ)

static bool match(const struct dsr_node *node, const void *key)
{
	return container_of(node, struct entry, node)->key == *(const u32 *)key;
}

static bool expired(struct dsr_table *table, struct dsr_node *node, u32 now)
{
	return (s32)(now - node->seen) >
	       (s32)container_of(table, struct fixture, table)->timeout;
}

static bool spent(struct dsr_table *table, struct dsr_node *node, u32 now)
{
	return container_of(node, struct entry, node)->key >=
	       container_of(table, struct fixture, table)->spent_from;
}

static void release(struct dsr_table *table, struct dsr_node *node)
{
	container_of(table, struct fixture, table)->released++;
}

static atomic_t freed;

static void free_node(struct dsr_node *node)
{
	atomic_inc(&freed);
	kfree(container_of(node, struct entry, node));
}

static const struct dsr_table_ops ops = {
	.expired = expired,
	.spent = spent,
	.name = "tests",
	.raise = "no command",
	.release = release,
	.free = free_node,
};

/* Every tenth key below @colliding is in one of two buckets, at every size of
 * the table.
 */
static u32 hash_of(const struct fixture *f, u32 key)
{
	return key < f->colliding && !(key % 10) ?
	       (key / 10 % 2) << 31 : hsiphash_1u32(key, &f->table.key);
}

static struct dsr_node *find(struct fixture *f, u32 key)
{
	struct dsr_node *node;

	rcu_read_lock();
	node = dsr_table_find(&f->table, hash_of(f, key), match, &key);
	rcu_read_unlock();
	return node;
}

static u32 size(struct fixture *f)
{
	return dsr_table_size(&f->table);
}

/* Return: whether @key was inserted. */
static bool insert(struct kunit *test, struct fixture *f, u32 key, u32 seen)
{
	struct entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	struct dsr_node *node;

	/* as garbage collection does when it is woken */
	if (atomic_read(&f->table.entries) > 10 * size(f))
		dsr_table_gc(&f->table, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	entry->key = key;
	entry->node.hash = hash_of(f, key);
	entry->node.seen = seen;
	rcu_read_lock();
	node = dsr_table_insert(&f->table, &entry->node, match, &key);
	rcu_read_unlock();
	if (node != &entry->node)
		kfree(entry);
	return node == &entry->node;
}

static void table_grows_and_shrinks(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key, lost = 0, i;

	for (key = 0; key < KEYS; key++) {
		KUNIT_ASSERT_TRUE(test, insert(test, f, key, 0));
		if (!(key % 512))
			dsr_table_gc(&f->table, 0, false);
	}
	dsr_table_gc(&f->table, 0, false);
	KUNIT_EXPECT_LE(test, KEYS, 6 * size(f));
	KUNIT_EXPECT_GE(test, KEYS, 4 * (size(f) - DSR_STRIPES));
	for (key = 0; key < KEYS; key++)
		lost += !find(f, key);
	KUNIT_EXPECT_EQ(test, lost, 0);
	KUNIT_EXPECT_NULL(test, find(f, KEYS));

	/* All but the last 100 entries expire, and the table shrinks. */
	for (key = 0; key < KEYS; key++)
		find(f, key)->seen = key < KEYS - 100 ? 0 : 1000;
	dsr_table_gc(&f->table, 1000, true);
	for (i = 0; i < 8; i++)
		dsr_table_gc(&f->table, 1000, false);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 100);
	KUNIT_EXPECT_EQ(test, f->released, KEYS - 100);
	KUNIT_EXPECT_EQ(test, size(f), 1024);
	for (key = 0; key < KEYS; key++)
		KUNIT_ASSERT_EQ(test, !!find(f, key), key >= KEYS - 100);
}

static void table_inserts_once(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_TRUE(test, insert(test, f, 7, 0));
	KUNIT_EXPECT_FALSE(test, insert(test, f, 7, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 1);
}

static void table_cap_is_hard(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key;

	f->table.max = 300;
	for (key = 0; key < 400; key++)
		KUNIT_EXPECT_EQ(test, insert(test, f, key, 0), key < 300);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 300);
	/* the entries are still found */
	KUNIT_EXPECT_FALSE(test, insert(test, f, 299, 0));
	KUNIT_EXPECT_NOT_NULL(test, find(f, 299));
}

/* A bucket that is full of busy entries takes no more. */
static void table_bucket_is_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key, inserted = 0;

	/* see hash_of() */
	f->colliding = 2000;
	for (key = 0; key < 2000; key += 10)
		inserted += insert(test, f, key, BUSY);
	KUNIT_EXPECT_EQ(test, inserted, 2 * 61);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 2 * 61);
}

/* While the table has room, a full bucket takes a new entry and evicts the
 * entry that has been silent for longest.
 */
static void table_full_bucket_gives_way_by_age(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key, now = jiffies;

	f->colliding = 2000;
	rcu_barrier();
	atomic_set(&freed, 0);
	for (key = 0; key < 2000; key += 10)
		KUNIT_EXPECT_TRUE(test, insert(test, f, key,
					       now - (3000 - key) * HZ));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 2 * 61);
	/* the keys alternate between the two buckets */
	for (key = 0; key < 2000; key += 10)
		KUNIT_EXPECT_EQ(test, !!find(f, key), key >= 2000 - 2 * 61 * 10);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->table.evicted), 200LL - 2 * 61);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&freed), 200 - 2 * 61);
	KUNIT_EXPECT_EQ(test, f->released, 200 - 2 * 61);
}

static bool key_is_odd(struct dsr_node *node, const void *arg)
{
	return container_of(node, struct entry, node)->key & 1;
}

/* At the cap, each new entry evicts one finished entry, and no other. */
static void table_spent_make_room(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key, made = 0;

	f->table.max = 1000;
	for (key = 0; key < 1000; key++)
		insert(test, f, key, BUSY);
	rcu_barrier();
	atomic_set(&freed, 0);
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, dsr_table_make_room(&f->table, 7, jiffies));
	f->spent_from = 400;
	for (key = 1000; key < 1100; key++)
		made += dsr_table_make_room(&f->table, hash_of(f, key),
					    jiffies);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, made, 100);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 900);
	for (key = 0; key < 400; key++)
		KUNIT_EXPECT_NOT_NULL(test, find(f, key));
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->table.evicted), 100LL);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&freed), 100);
	/* logged once; cleared, so that the next time is logged again */
	KUNIT_EXPECT_TRUE(test, f->table.full);
	dsr_table_remove_if(&f->table, key_is_odd, NULL);
	dsr_table_gc(&f->table, 0, false);
	KUNIT_EXPECT_FALSE(test, f->table.full);
}

/* Remove more entries than one RCU batch holds, even from one bucket: each
 * entry is freed, once.
 */
static void table_frees_removed(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key, inserted = 0, odd = 0;

	f->colliding = 2000;
	for (key = 0; key < 2000; key++) {
		if (!insert(test, f, key, BUSY))
			continue;
		inserted++;
		odd += key & 1;
	}
	rcu_barrier();
	atomic_set(&freed, 0);
	dsr_table_remove_if(&f->table, key_is_odd, NULL);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, f->released, odd);
	KUNIT_EXPECT_EQ(test, atomic_read(&freed), odd);
	dsr_table_flush(&f->table);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, f->released, inserted);
	KUNIT_EXPECT_EQ(test, atomic_read(&freed), inserted);
}

/* Readers may hold what is forgotten until a grace period has ended. */
static void table_frees_after_readers(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned long state;
	int tries, early;
	bool ended;

	for (tries = 0, ended = true; ended && tries < 1000; tries++) {
		insert(test, f, 1, BUSY);
		rcu_barrier();
		atomic_set(&freed, 0);
		state = get_state_synchronize_rcu();
		dsr_table_remove_if(&f->table, key_is_odd, NULL);
		early = atomic_read(&freed);
		ended = poll_state_synchronize_rcu(state);
	}
	KUNIT_EXPECT_FALSE(test, ended);
	KUNIT_EXPECT_EQ(test, early, 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&freed), 1);
}

static void table_removes_selected(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key;

	for (key = 0; key < KEYS; key++)
		insert(test, f, key, 0);
	dsr_table_remove_if(&f->table, key_is_odd, NULL);
	for (key = 0; key < KEYS; key++)
		KUNIT_ASSERT_EQ(test, !!find(f, key), !(key & 1));
}

/* A part of a flush removes a part only, and the next one goes on behind it, also if
 * the table was resized meanwhile.
 */
static void table_flushes_in_parts(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 key, left = KEYS, parts = 0;
	u64 cursor = 0;

	for (key = 0; key < KEYS; key++)
		insert(test, f, key, BUSY);
	while (cursor < DSR_TABLE_END) {
		cursor = dsr_table_flush_some(&f->table, cursor, 64);
		KUNIT_EXPECT_LE(test, atomic_read(&f->table.entries), left);
		left = atomic_read(&f->table.entries);
		if (!parts) {
			KUNIT_EXPECT_LT(test, left, KEYS);
			KUNIT_EXPECT_GT(test, left, 0);
		}
		dsr_table_gc(&f->table, jiffies, false);
		parts++;
	}
	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_GE(test, parts, 4);
}

/* Visit each entry of the bucket of @cursor; return the next cursor. */
static u64 walk_bucket(struct fixture *f, u64 cursor, u8 *times)
{
	struct dsr_node *node;

	mutex_lock(&f->table.gc_lock);
	rcu_read_lock();
	dsr_table_for_each_in(node, &f->table, cursor)
		times[container_of(node, struct entry, node)->key]++;
	rcu_read_unlock();
	cursor = dsr_table_next(&f->table, cursor);
	mutex_unlock(&f->table.gc_lock);
	return cursor;
}

/* A walk sees an entry that is there all the time exactly once, however often
 * the table is resized meanwhile.
 */
static void table_walk_is_exact_while_resizing(struct kunit *test)
{
	const u32 stable = 500, crowd = KEYS - 500;
	u32 key, steps = 0, changes = 0, wrong = 0;
	struct fixture *f = test->priv;
	u32 least = ~0, most = 0;
	u64 cursor = 0;
	u8 *times;

	times = kunit_kzalloc(test, stable + crowd, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, times);
	for (key = 0; key < stable; key++)
		insert(test, f, key, 1000);
	while (cursor < DSR_TABLE_END) {
		cursor = walk_bucket(f, cursor, times);
		least = min(least, size(f));
		most = max(most, size(f));
		if (++steps % 100 || changes++ >= 8)
			continue;
		if (changes % 2) {	/* grow; shrink at the next change */
			for (; key < stable + crowd; key++)
				insert(test, f, key, 0);
			dsr_table_gc(&f->table, 0, false);
		} else {
			dsr_table_gc(&f->table, 1000, true);
			key = stable;
		}
	}
	KUNIT_EXPECT_GE(test, changes, 4);
	KUNIT_EXPECT_GE(test, most, 2 * least);
	for (key = 0; key < stable; key++)
		wrong += times[key] != 1;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

struct reader {
	struct fixture *f;
	u32 rounds;
	u32 lost;
};

static int reader_run(void *arg)
{
	struct reader *reader = arg;
	u32 key;

	while (!kthread_should_stop()) {
		for (key = 0; key < 200; key++)
			reader->lost += !find(reader->f, key);
		reader->rounds++;
		cond_resched();
	}
	return 0;
}

/* Lookups never miss an entry while the table is resized. */
static void table_readers_are_undisturbed(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct reader reader = { .f = f };
	struct task_struct *task;
	u32 key, round;

	for (key = 0; key < 1000; key++)
		insert(test, f, key, 1000);
	dsr_table_gc(&f->table, 0, false);
	task = kthread_run(reader_run, &reader, "dsr_table_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (round = 0; round < 3; round++) {
		for (key = 1000; key < KEYS; key++)
			insert(test, f, key, 0);
		dsr_table_gc(&f->table, 0, false);	/* grows */
		dsr_table_gc(&f->table, 1000, true);	/* shrinks */
	}
	while (!READ_ONCE(reader.rounds))
		cond_resched();
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, reader.lost, 0);
}

static void no_work(struct work_struct *work)
{
}

static int table_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	f->wq = alloc_workqueue("dsr_table_test", WQ_UNBOUND, 0);
	if (!f->wq)
		return -ENOMEM;
	f->timeout = 500;
	f->colliding = 400;
	f->spent_from = U32_MAX;
	err = dsr_table_init(&f->table, &ops, f->wq, 1 << 20, NULL);
	if (err) {
		destroy_workqueue(f->wq);
		return err;
	}
	/* Garbage collection runs only when the test calls it. */
	cancel_delayed_work_sync(&f->table.work);
	INIT_DELAYED_WORK(&f->table.work, no_work);
	test->priv = f;
	return 0;
}

static void table_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	dsr_table_exit(&f->table);
	destroy_workqueue(f->wq);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->table.entries), 0);
	rcu_barrier();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(table_grows_and_shrinks),
	KUNIT_CASE(table_inserts_once),
	KUNIT_CASE(table_cap_is_hard),
	KUNIT_CASE(table_bucket_is_bounded),
	KUNIT_CASE(table_full_bucket_gives_way_by_age),
	KUNIT_CASE(table_spent_make_room),
	KUNIT_CASE(table_frees_removed),
	KUNIT_CASE(table_frees_after_readers),
	KUNIT_CASE(table_removes_selected),
	KUNIT_CASE(table_flushes_in_parts),
	KUNIT_CASE(table_walk_is_exact_while_resizing),
	KUNIT_CASE(table_readers_are_undisturbed),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_table",
	.init = table_init,
	.exit = table_exit,
	.test_cases = cases,
};

kunit_test_suites(&suite);
