// SPDX-License-Identifier: GPL-2.0
/* dsr_decide(): connections whose backend is down or deleted. */

#include "datapath/schedule.h"
#include "fixture.h"

static void removed_backend_is_left(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);
}

/* Packets of a connection whose backend is down, for each value of @on_down. */
static void backend_down(struct kunit *test)
{
	static const enum dsr_reason reasons[] = {
		[DSR_ON_DOWN_RESCHEDULE] = DSR_FORWARDED,
		[DSR_ON_DOWN_RESET] = DSR_ANSWERED_RESET,
		[DSR_ON_DOWN_DROP] = DSR_DROP_BACKEND_DOWN,
	};
	struct dsr_packet ack = fixture_segment(1, TCPHDR_ACK);
	struct dsr_packet syn = fixture_segment(1, TCPHDR_SYN);
	struct fixture *f = test->priv;
	struct dsr_backend_config config;
	struct dsr_backend *backend;
	struct dsr_decision d;
	struct dsr_conn *conn;
	int i;

	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	conn = fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	config = backend->config;
	config.admin = DSR_BACKEND_DRAINING;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
	KUNIT_EXPECT_EQ(test, fixture_pool(f)->count, 1);
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);

	config.admin = DSR_BACKEND_DOWN;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		f->service.on_down = i;
		fixture_decide(f, &ack, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, reasons[i], "reasons[%d]",
				    i);
		KUNIT_EXPECT_NULL_MSG(test, d.backend, "reasons[%d]", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.conn, conn, "reasons[%d]", i);
		/* a new connection does not depend on the old one */
		fixture_decide(f, &syn, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED,
				    "reasons[%d]", i);
	}
	f->service.on_down = DSR_ON_DOWN_RESET;
	rcu_read_lock();
	dsr_conn_close(&f->dn, conn);	/* as the hook does after the reset */
	rcu_read_unlock();
	/* packets that were in flight do not begin a connection elsewhere */
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_ANSWERED_RESET);
	fixture_decide(f, &syn, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
}

/* UDP has no SYN: any datagram may begin a new flow. */
static void backend_down_udp(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend_config config;
	struct dsr_backend *backend;
	struct dsr_decision d;
	struct dsr_conn *conn;

	pkt.tuple.proto = IPPROTO_UDP;
	f->service.on_down = DSR_ON_DOWN_RESET;
	backend = fixture_backend(test, f, 1, 1);
	rcu_read_lock();
	dsr_decide(&f->dn, f->service.frontend, &pkt, &d);
	dsr_schedule(&f->dn, &pkt, &d);
	rcu_read_unlock();
	KUNIT_ASSERT_PTR_EQ(test, d.backend, backend);
	config = backend->config;
	config.admin = DSR_BACKEND_DOWN;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, backend, &config, NULL),
			0);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_ANSWERED_RESET);
	conn = d.conn;
	KUNIT_ASSERT_NOT_NULL(test, conn);
	rcu_read_lock();
	dsr_conn_close(&f->dn, conn);
	rcu_read_unlock();
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
}

/* A backend that is deleted and added again gets its connections back. */
static void backend_comes_back(struct kunit *test)
{
	struct dsr_packet pkt = fixture_segment(1, TCPHDR_ACK);
	struct fixture *f = test->priv;
	struct dsr_backend *backend, *again;
	struct dsr_decision d;

	f->service.on_down = DSR_ON_DOWN_DROP;
	fixture_backend(test, f, 1, 1);
	backend = fixture_backend(test, f, 2, 1);
	fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_DROP_BACKEND_DOWN);
	again = fixture_backend(test, f, 2, 0);	/* even with weight 0 */
	fixture_decide(f, &pkt, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, again);
}

/* A tool of IPVS may add a deleted backend again. For a second, packets that
 * only that backend can answer are dropped, unless @on_down is set otherwise.
 */
static void backend_is_held(struct kunit *test)
{
	static const enum dsr_reason reasons[] = {
		[DSR_ON_DOWN_RESCHEDULE] = DSR_DROP_BACKEND_JUST_DELETED,
		[DSR_ON_DOWN_RESET] = DSR_ANSWERED_RESET,
		[DSR_ON_DOWN_DROP] = DSR_DROP_BACKEND_DOWN,
	};
	struct dsr_packet ack = fixture_segment(1, TCPHDR_ACK);
	struct dsr_packet syn = fixture_segment(1, TCPHDR_SYN);
	struct dsr_packet udp = fixture_segment(1, 0);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;
	int i;

	udp.tuple.proto = IPPROTO_UDP;
	backend = fixture_backend(test, f, 1, 1);
	fixture_connect(test, f, 1, TCPHDR_ACK, backend);
	rcu_read_lock();
	dsr_decide(&f->dn, f->service.frontend, &udp, &d);
	dsr_schedule(&f->dn, &udp, &d);
	rcu_read_unlock();
	KUNIT_ASSERT_PTR_EQ(test, d.backend, backend);
	dsr_service_hold(&f->service);
	/* no effect before the backend is deleted */
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, backend);

	fixture_backend(test, f, 2, 1);
	KUNIT_ASSERT_EQ(test, dsr_backend_remove(&f->dn, backend, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		f->service.on_down = i;
		fixture_decide(f, &ack, FIXTURE_MARK, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, reasons[i], "reasons[%d]",
				    i);
		KUNIT_EXPECT_NULL_MSG(test, d.backend, "reasons[%d]", i);
	}
	f->service.on_down = DSR_ON_DOWN_RESCHEDULE;
	fixture_decide(f, &syn, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	fixture_decide(f, &udp, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NOT_NULL(test, d.conn);

	f->service.held_until = get_jiffies_64();
	fixture_decide(f, &ack, FIXTURE_MARK, &d);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_NULL(test, d.backend);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(removed_backend_is_left),
	KUNIT_CASE(backend_down),
	KUNIT_CASE(backend_down_udp),
	KUNIT_CASE(backend_comes_back),
	KUNIT_CASE(backend_is_held),
	{ }
};

FIXTURE_SUITE("dsr_down");
