/* SPDX-License-Identifier: GPL-2.0 */
/* fixture - a balancer that is not attached to packets, for the test suites */
#ifndef _DSR_FIXTURE_H
#define _DSR_FIXTURE_H

#include <kunit/test.h>
#include <linux/slab.h>

#include "core/conn.h"
#include "core/frontend.h"
#include "core/scheduler.h"
#include "core/service.h"
#include "datapath/decide.h"
#include "datapath/schedule.h"
#include "sched/sched.h"

#define FIXTURE_MARK	7

/**
 * struct fixture - a balancer with one service
 * @dn: balancer; its locks are held from fixture_init() to fixture_exit()
 * @service: the service of FIXTURE_MARK
 */
struct fixture {
	struct dsr_net dn;
	struct dsr_service service;
};

/** fixture_backend() - add backend 10.0.0.@host to the service of @f */
static inline struct dsr_backend *fixture_backend(struct kunit *test,
						  struct fixture *f, u8 host,
						  u32 weight)
{
	struct dsr_backend *backend = kzalloc(sizeof(*backend), GFP_KERNEL);
	union nf_inet_addr addr = { .ip = htonl(0x0a000000 + host) };

	KUNIT_ASSERT_NOT_NULL(test, backend);
	backend->stats = alloc_percpu(struct dsr_stats);
	KUNIT_ASSERT_NOT_NULL(test, backend->stats);
	backend->service = &f->service;
	backend->config.weight = weight;
	refcount_set(&backend->ref, 1);
	dsr_nexthop_init(&f->dn, &backend->nexthop, AF_INET, &addr);
	KUNIT_ASSERT_EQ(test, dsr_backend_link(backend), 0);
	KUNIT_ASSERT_EQ(test, dsr_pool_rebuild(&f->dn, &f->service), 0);
	return backend;
}

/** fixture_pool() - return the pool of the service of @f */
static inline struct dsr_pool *fixture_pool(struct fixture *f)
{
	return dsr_service_pool(&f->dn, &f->service);
}

/** fixture_schedule() - change the scheduler of the service of @f */
static inline void fixture_schedule(struct kunit *test, struct fixture *f,
				    const char *name,
				    struct dsr_pool_options options)
{
	const struct dsr_scheduler *scheduler = dsr_sched_find(name);

	KUNIT_ASSERT_NOT_NULL(test, scheduler);
	KUNIT_ASSERT_EQ(test, dsr_pool_build(&f->dn, &f->service, scheduler,
					     &options), 0);
}

/** fixture_decide() - decide about a packet with @mark */
static inline void fixture_decide(struct fixture *f,
				  const struct dsr_packet *pkt, u32 mark,
				  struct dsr_decision *decision)
{
	rcu_read_lock();
	dsr_decide(&f->dn, dsr_frontend_find(&f->dn, mark, &pkt->tuple),
		   pkt, decision);
	rcu_read_unlock();
}

/** fixture_load() - set the connection counts of a backend */
static inline void fixture_load(struct dsr_backend *backend, u32 active,
				u32 inactive)
{
	atomic_set(&backend->active, active);
	atomic_set(&backend->inactive, inactive);
	dsr_backend_conns_changed(backend);
}

/** fixture_limit() - set the thresholds of a backend, as a request would */
static inline void fixture_limit(struct kunit *test, struct fixture *f,
				 struct dsr_backend *backend, u32 upper,
				 u32 lower)
{
	struct dsr_backend_config config = backend->config;

	config.upper = upper;
	config.lower = lower;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
}

/** fixture_weight() - set the weight of a backend, as a request would */
static inline void fixture_weight(struct kunit *test, struct fixture *f,
				  struct dsr_backend *backend, u32 weight)
{
	struct dsr_backend_config config = backend->config;

	config.weight = weight;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
}

/** fixture_host() - return N for the backend 10.0.0.N */
static inline u8 fixture_host(const struct dsr_backend *backend)
{
	return ntohl(backend->nexthop.addr.ip);
}

/** fixture_choose() - return N of the backend 10.0.0.N for @tuple; 0: none */
static inline u8 fixture_choose(struct fixture *f,
				const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool *pool = fixture_pool(f);
	struct dsr_backend *backend;
	u8 host;

	rcu_read_lock();
	backend = pool->scheduler->select(pool, tuple, dry);
	host = backend ? fixture_host(backend) : 0;
	rcu_read_unlock();
	return host;
}

/** fixture_find() - return the connection of @tuple, or %NULL
 *
 * The pointer stays valid until the test removes the entry, or it expires.
 */
static inline struct dsr_conn *fixture_find(struct fixture *f,
					    const struct dsr_tuple *tuple)
{
	struct dsr_conn *conn;

	rcu_read_lock();
	conn = dsr_conn_find(&f->dn, tuple,
			     dsr_conn_hash(&f->dn.table, tuple));
	rcu_read_unlock();
	return conn;
}

/** fixture_come() - decide about a packet and schedule it, as the hook does */
static inline struct dsr_decision fixture_come(struct fixture *f,
					       const struct dsr_packet *pkt)
{
	struct dsr_decision d;
	u8 state;

	local_bh_disable();
	rcu_read_lock();
	dsr_decide(&f->dn, f->service.frontend, pkt, &d);
	if (!d.backend && d.reason == DSR_FORWARDED) {
		dsr_schedule(&f->dn, pkt, &d);
	} else if (d.choice == DSR_CHOICE_CONNECTION) {
		state = READ_ONCE(d.conn->state);
		if (dsr_conn_state(state, pkt) != state)
			dsr_schedule_advance(&f->dn, pkt, &d);
	}
	rcu_read_unlock();
	local_bh_enable();
	return d;
}

/** fixture_suite_init() - do the part of dsr_lb_init() that the suites need
 *
 * KUnit runs the suites before dsr_lb_init().
 */
static inline int fixture_suite_init(struct kunit_suite *suite)
{
	int err = dsr_backend_init();

	if (err)
		return err;
	err = dsr_conn_init();
	if (err)
		dsr_backend_exit();
	return err;
}

/** fixture_suite_exit() - undo fixture_suite_init() */
static inline void fixture_suite_exit(struct kunit_suite *suite)
{
	dsr_conn_exit();
	dsr_backend_exit();
}

/** fixture_init() - set up a fixture in test->priv */
static inline int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct dsr_pool_options options = { };
	int err;

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->dn.net = &init_net;
	f->dn.conn_max = 1000;
	mutex_init(&f->dn.writer);
	mutex_init(&f->dn.lock);
	spin_lock_init(&f->dn.routes_lock);
	spin_lock_init(&f->dn.gate);
	INIT_LIST_HEAD(&f->dn.routed);
	INIT_LIST_HEAD(&f->dn.services);
	dsr_net_writer_lock(&f->dn);
	err = dsr_conn_table_init(&f->dn);
	if (err)
		return err;
	f->dn.has_table = true;
	f->dn.live = true;
	f->service.key = (struct dsr_service_key) {
		.fwmark = FIXTURE_MARK,
		.family = AF_INET,
		.port_last = U16_MAX,
	};
	INIT_LIST_HEAD(&f->service.backends);
	err = dsr_frontend_link(&f->dn, &f->service);
	if (err)
		return err;
	return dsr_pool_build(&f->dn, &f->service, &dsr_sched_rr, &options);
}

/** fixture_exit() - undo fixture_init() */
static inline void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend, *next;

	dsr_table_exit(&f->dn.table);
	list_for_each_entry_safe(backend, next, &f->service.backends, list)
		dsr_backend_release(backend);
	dsr_pool_release(&f->dn, fixture_pool(f));
	dsr_frontend_unlink(&f->dn, &f->service);
	dsr_net_writer_unlock(&f->dn);
	/* wait for RCU callbacks: the service is part of the fixture */
	rcu_barrier();
}

/** fixture_tuple() - make the tuple number @n; each is different */
static inline struct dsr_tuple fixture_tuple(u32 n)
{
	return (struct dsr_tuple) {
		.sport = htons(1024 + (n & 0x3fff)),
		.dport = htons(80),
		.proto = IPPROTO_TCP,
		.family = AF_INET,
		.v4.saddr = htonl(0xc0000200 + (n >> 14)),
		.v4.daddr = htonl(0x0a0a1f64),
	};
}

/** fixture_packet() - make the packet of connection @n with a %DSR_EVENT_ */
static inline struct dsr_packet fixture_packet(u32 n, u8 event)
{
	return (struct dsr_packet) {
		.tuple = fixture_tuple(n),
		.kind = DSR_PACKET_FLOW,
		.event = event,
	};
}

/** fixture_segment() - make the TCP segment of connection @n with @flags */
static inline struct dsr_packet fixture_segment(u32 n, u8 flags)
{
	return fixture_packet(n, dsr_event_tcp(flags));
}

/** fixture_connect() - add connection @n, as a segment with @flags leaves it */
static inline struct dsr_conn *fixture_connect(struct kunit *test,
					       struct fixture *f, u32 n,
					       u8 flags,
					       struct dsr_backend *backend)
{
	struct dsr_packet pkt = fixture_segment(n, flags);
	u32 hash = dsr_conn_hash(&f->dn.table, &pkt.tuple);
	struct dsr_conn *conn;
	bool added;

	rcu_read_lock();
	conn = dsr_conn_add(&f->dn, &pkt.tuple, hash,
			    dsr_conn_state(DSR_CONN_SYN, &pkt), backend,
			    &added);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, conn);
	KUNIT_EXPECT_TRUE(test, added);
	return conn;
}

/** fixture_entries() - return the number of entries of the table */
static inline int fixture_entries(struct fixture *f)
{
	return atomic_read(&f->dn.table.entries);
}

/* FIXTURE_SUITE() - define the suite of the test cases in "cases", each with
 * its own fixture
 */
#define FIXTURE_SUITE(suite_name)					\
	static struct kunit_suite suite = {				\
		.name = suite_name,					\
		.suite_init = fixture_suite_init,			\
		.suite_exit = fixture_suite_exit,			\
		.init = fixture_init,					\
		.exit = fixture_exit,					\
		.test_cases = cases,					\
	};								\
	kunit_test_suites(&suite)

#endif /* _DSR_FIXTURE_H */
