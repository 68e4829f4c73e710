/* SPDX-License-Identifier: GPL-2.0 */
/* sync - locks, RCU, lists and per-CPU memory of one thread */
#ifndef _FUZZ_SYNC_H
#define _FUZZ_SYNC_H

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	int refs;
} refcount_t;

typedef struct {
	int unused;
} spinlock_t;

struct mutex {
	int unused;
};

struct rcu_head {
	void *unused[2];
};

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct work_struct {
	int unused;
};

struct delayed_work {
	struct work_struct work;
};

struct workqueue_struct;

#define atomic_read(v)		((v)->counter)
#define atomic64_read(v)	((v)->counter)
#define smp_rmb()		barrier()
#define rcu_dereference(p)	(p)
#define rcu_access_pointer(p)	(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_assign_pointer(p, v)	((p) = (v))
#define lockdep_is_held(lock)	1
#define lockdep_assert_held(lock)	do { } while (0)
#define this_cpu_inc(x)		((x)++)
#define this_cpu_add(x, n)	((x) += (n))
#define per_cpu_ptr(p, cpu)	((void)(cpu), (p))
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < 1; (cpu)++)

static inline void queue_work(struct workqueue_struct *wq,
			      struct work_struct *work)
{
}

#define hlist_for_each_entry_rcu(pos, head, member, ...)		\
	for ((pos) = (head)->first ?					\
	     container_of((head)->first, typeof(*(pos)), member) : NULL; (pos); \
	     (pos) = (pos)->member.next ?				\
	     container_of((pos)->member.next, typeof(*(pos)), member) : NULL)

#define local_bh_disable()	do { } while (0)
#define local_bh_enable()	do { } while (0)

#endif /* _FUZZ_SYNC_H */
