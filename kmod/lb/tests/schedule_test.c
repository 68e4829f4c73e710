// SPDX-License-Identifier: GPL-2.0
/* The choice for a packet without a backend, and the entry for it. */

#include "datapath/schedule.h"
#include "fixture.h"

/* With a hashing scheduler a SYN needs no entry: a SYN flood takes no memory,
 * and the packet after a SYN finds the same backend.
 */
static void syn_is_not_remembered(struct kunit *test)
{
	static const char *const names[] = { "maglev", "sh", "dh" };
	struct dsr_packet syn = fixture_packet(1, DSR_EVENT_OPEN);
	struct dsr_packet ack = fixture_packet(1, DSR_EVENT_DATA);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_decision d;
	int i;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	fixture_backend(test, f, 3, 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fixture_schedule(test, f, names[i],
				 (struct dsr_pool_options) { });
		d = fixture_come(f, &syn);
		KUNIT_EXPECT_EQ_MSG(test, d.reason,
				    DSR_FORWARDED_SYN_UNREMEMBERED, "%s",
				    names[i]);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 0, "%s",
				    names[i]);
		backend = d.backend;
		d = fixture_come(f, &ack);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED, "%s",
				    names[i]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.backend, backend, "%s",
					names[i]);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 1, "%s",
				    names[i]);
		/* without an entry of the SYN the source may be forged */
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&backend->active), 0,
				    "%s", names[i]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, fixture_come(f, &ack).backend,
					backend, "%s", names[i]);
		KUNIT_EXPECT_EQ_MSG(test, fixture_entries(f), 1, "%s",
				    names[i]);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&backend->active), 1,
				    "%s", names[i]);
		dsr_table_flush(&f->dn.table);
	}
	/* with a threshold, overload may change the choice */
	fixture_limit(test, f, backend, 10, 0);
	KUNIT_EXPECT_EQ(test, fixture_come(f, &syn).reason, DSR_FORWARDED);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 1);
}

/* With a choice, the packet after a SYN finds its backend by the entry only. A
 * balancer without the entry sends it home.
 */
static void choice_is_remembered(struct kunit *test)
{
	struct dsr_pool_options options = { .choices = 2 };
	struct dsr_packet syn = fixture_packet(1, DSR_EVENT_OPEN);
	struct dsr_packet ack = fixture_packet(1, DSR_EVENT_DATA);
	struct fixture *f = test->priv;
	struct dsr_backend *home, *other;
	struct dsr_decision d;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	fixture_backend(test, f, 3, 1);
	fixture_schedule(test, f, "maglev", options);
	rcu_read_lock();
	dsr_schedule_candidates(&f->service, &syn.tuple, &home, &other);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, other);
	fixture_load(home, 1, 0);
	d = fixture_come(f, &syn);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, other);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 1);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &ack).backend, other);
	/* the load has changed, and the connection stays */
	fixture_load(home, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &ack).backend, other);
	dsr_table_flush(&f->dn.table);
	fixture_load(home, 1, 0);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &ack).backend, home);
	fixture_load(home, 0, 0);
	/* in a flood without room for SYNs, all go home */
	dsr_table_flush(&f->dn.table);
	fixture_load(home, 1, 0);
	WRITE_ONCE(f->dn.table.max, 3);
	d = fixture_come(f, &syn);
	KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_STATELESS);
	KUNIT_EXPECT_PTR_EQ(test, d.backend, home);
	fixture_load(home, 0, 0);
}

static void one_packet(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_DATA);
	struct fixture *f = test->priv;
	u32 counts[3] = { };
	struct dsr_decision d;
	int i;

	f->service.one_packet = true;
	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	pkt.tuple.proto = IPPROTO_UDP;
	for (i = 0; i < 10; i++) {
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED_ONE_PACKET);
		counts[fixture_host(d.backend)]++;
	}
	KUNIT_EXPECT_EQ(test, counts[1], 5);
	KUNIT_EXPECT_EQ(test, counts[2], 5);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 0);
	/* TCP connections still get an entry */
	pkt.tuple.proto = IPPROTO_TCP;
	pkt.event = DSR_EVENT_OPEN;
	KUNIT_EXPECT_EQ(test, fixture_come(f, &pkt).reason, DSR_FORWARDED);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 1);
}

/* Persistence: a client is a prefix of addresses. */
static void persistence(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_OPEN);
	struct fixture *f = test->priv;
	struct dsr_backend_config config;
	struct dsr_backend *first;
	struct dsr_decision d;
	int i;

	f->service.persist = 50 * HZ;
	f->service.persist_prefix = 24;
	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	d = fixture_come(f, &pkt);
	KUNIT_EXPECT_EQ(test, d.choice, DSR_CHOICE_SCHEDULER);
	first = d.backend;
	/* until the client sends again, the entry lasts for a minute */
	KUNIT_EXPECT_EQ(test, atomic_read(&first->persistent), 0);
	pkt.event = DSR_EVENT_DATA;
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &pkt).backend, first);
	KUNIT_EXPECT_EQ(test, atomic_read(&first->persistent), 1);
	pkt.event = DSR_EVENT_OPEN;
	for (i = 2; i < 6; i++) {
		pkt.tuple.sport = htons(5000 + i);
		pkt.tuple.v4.saddr = htonl(0xc0000200 + i);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ(test, d.choice, DSR_CHOICE_PERSISTENCE);
		KUNIT_EXPECT_PTR_EQ(test, d.backend, first);
	}
	/* the next prefix is another client, and gets the other backend */
	pkt.tuple.v4.saddr = htonl(0xc0000300);
	d = fixture_come(f, &pkt);
	KUNIT_EXPECT_PTR_NE(test, d.backend, first);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 5 + 1 + 2);

	/* a backend of weight 0 keeps its clients; a draining one does not */
	fixture_weight(test, f, first, 0);
	pkt = fixture_packet(100, DSR_EVENT_OPEN);
	KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &pkt).backend, first);
	config = first->config;
	config.admin = DSR_BACKEND_DRAINING;
	KUNIT_ASSERT_EQ(test, dsr_backend_set(&f->dn, first, &config, NULL), 0);
	pkt = fixture_packet(101, DSR_EVENT_OPEN);
	KUNIT_EXPECT_PTR_NE(test, fixture_come(f, &pkt).backend, first);
	KUNIT_EXPECT_EQ(test, atomic_read(&first->persistent), 0);

	/* connections and client time out separately */
	dsr_table_gc(&f->dn.table, jiffies + 51 * HZ + 5, true);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 8);
	dsr_table_gc(&f->dn.table, jiffies + 61 * HZ + 5, true);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 1);
	dsr_table_gc(&f->dn.table, jiffies + 901 * HZ + 5, true);
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 0);
}

static void nobody_asks_for_a_connection(struct kunit *test)
{
	static const u32 sources[] = { 0x00000001, 0x7f000001, 0xe0000001,
				       0xffffffff };
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_OPEN);
	struct fixture *f = test->priv;
	int i;

	fixture_backend(test, f, 1, 1);
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		pkt.tuple.v4.saddr = htonl(sources[i]);
		KUNIT_EXPECT_EQ_MSG(test, fixture_come(f, &pkt).reason,
				    DSR_DROP_BAD_SOURCE, "sources[%d]", i);
	}
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 0);
}

/* At the cap, all packets of a flow still get the same backend. */
static void full_table(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	struct dsr_packet pkt;
	struct dsr_decision d;
	u32 i, counts[3] = { };

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	WRITE_ONCE(f->dn.table.max, 16);
	for (i = 0; i < 216; i++) {
		pkt = fixture_packet(i, DSR_EVENT_OPEN);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ(test, d.reason, i < 16 ? DSR_FORWARDED :
						DSR_FORWARDED_STATELESS);
		backend = d.backend;
		pkt.event = DSR_EVENT_DATA;
		KUNIT_EXPECT_PTR_EQ(test, fixture_come(f, &pkt).backend,
				    backend);
		counts[fixture_host(backend)]++;
	}
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 16);
	KUNIT_EXPECT_GT(test, counts[1], 60);
	KUNIT_EXPECT_GT(test, counts[2], 60);
}

static void nobody_is_there(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_OPEN);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;

	KUNIT_EXPECT_EQ(test, fixture_come(f, &pkt).reason,
			DSR_DROP_NO_BACKEND);
	backend = fixture_backend(test, f, 1, 1);
	fixture_limit(test, f, backend, 1, 1);
	fixture_load(backend, 1, 0);
	KUNIT_EXPECT_EQ(test, fixture_come(f, &pkt).reason,
			DSR_DROP_NO_BACKEND);
	fixture_load(backend, 0, 0);
	KUNIT_EXPECT_EQ(test, fixture_come(f, &pkt).reason, DSR_FORWARDED);
}

/* A packet whose backend was removed meanwhile is scheduled again. */
static void removed_meanwhile(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_backend *removed;
	struct dsr_packet pkt;
	struct dsr_decision d;
	int i;

	removed = fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	removed->removed = true;
	refcount_set(&removed->ref, 0);
	for (i = 0; i < 4; i++) {
		pkt = fixture_packet(i, DSR_EVENT_OPEN);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ(test, d.reason, DSR_FORWARDED);
		KUNIT_EXPECT_EQ(test, fixture_host(d.backend), 2);
	}
	KUNIT_EXPECT_EQ(test, fixture_entries(f), 4);
	KUNIT_EXPECT_FALSE(test, dsr_net_was_crowded(&f->dn));
	removed->removed = false;
	refcount_set(&removed->ref, 1);
}

/* dsr_net_was_crowded() holds for the timeout of an established connection, and
 * not again after jiffies have wrapped.
 */
static void crowded_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_packet pkt;
	u32 i;

	fixture_backend(test, f, 1, 1);
	WRITE_ONCE(f->dn.table.max, 16);
	/* established, since half-open entries get a part of the table only */
	for (i = 0; i < 16; i++) {
		pkt = fixture_packet(i, DSR_EVENT_OPEN);
		fixture_come(f, &pkt);
		pkt.event = DSR_EVENT_DATA;
		fixture_come(f, &pkt);
	}
	KUNIT_EXPECT_FALSE(test, dsr_net_was_crowded(&f->dn));
	pkt = fixture_packet(i, DSR_EVENT_OPEN);
	fixture_come(f, &pkt);
	KUNIT_EXPECT_TRUE(test, dsr_net_was_crowded(&f->dn));
	f->dn.crowded -= 890;
	KUNIT_EXPECT_TRUE(test, dsr_net_was_crowded(&f->dn));
	f->dn.crowded -= 12;
	KUNIT_EXPECT_FALSE(test, dsr_net_was_crowded(&f->dn));
	f->dn.crowded -= (u32)(BIT_ULL(32) / HZ) - 902;
	KUNIT_EXPECT_FALSE(test, dsr_net_was_crowded(&f->dn));
}

/* A SYN that there was no place for finds its server again when there is one. */
static void syn_again_when_there_is_room(struct kunit *test)
{
	struct dsr_backend *home[8];
	struct fixture *f = test->priv;
	struct dsr_packet pkt;
	struct dsr_decision d;
	u32 i, turns = 0;

	fixture_backend(test, f, 1, 1);
	fixture_backend(test, f, 2, 1);
	WRITE_ONCE(f->dn.table.max, 0);
	for (i = 0; i < ARRAY_SIZE(home); i++) {
		pkt = fixture_packet(i, DSR_EVENT_OPEN);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED_STATELESS,
				    "home[%u]", i);
		home[i] = d.backend;
	}
	WRITE_ONCE(f->dn.table.max, 1000);
	for (i = 0; i < ARRAY_SIZE(home); i++) {
		pkt = fixture_packet(i, DSR_EVENT_OPEN);
		d = fixture_come(f, &pkt);
		KUNIT_EXPECT_EQ_MSG(test, d.reason, DSR_FORWARDED, "home[%u]",
				    i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, d.backend, home[i], "home[%u]",
					i);
	}
	KUNIT_EXPECT_EQ(test, fixture_entries(f), ARRAY_SIZE(home));
	/* a minute later it is each one's turn */
	f->dn.crowded -= 61;
	for (i = 100; i < 108; i++) {
		pkt = fixture_packet(i, DSR_EVENT_OPEN);
		turns += fixture_host(fixture_come(f, &pkt).backend) == 1;
	}
	KUNIT_EXPECT_EQ(test, turns, 4);
}

static void held_for_a_second(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_FALSE(test, dsr_service_is_held(&f->service));
	dsr_service_hold(&f->service);
	KUNIT_EXPECT_TRUE(test, dsr_service_is_held(&f->service));
	f->service.held_until -= HZ + 1;
	KUNIT_EXPECT_FALSE(test, dsr_service_is_held(&f->service));
	/* 32 bits of jiffies later */
	f->service.held_until -= BIT_ULL(31);
	KUNIT_EXPECT_FALSE(test, dsr_service_is_held(&f->service));
}

/* A client of two services, whose ports begin with the same one, has an entry for
 * each, as for two services with other ports.
 */
static void persistence_of_ranges(struct kunit *test)
{
	struct dsr_packet pkt = fixture_packet(1, DSR_EVENT_OPEN);
	struct fixture *f = test->priv;
	struct dsr_service wide = {
		.key = {
			.vip.ip = pkt.tuple.v4.daddr,
			.family = AF_INET,
			.proto = IPPROTO_TCP,
			.port = 80,
			.port_last = 90,
		},
		.persist = 50 * HZ,
		.persist_prefix = 32,
	};
	struct dsr_tuple one, other, again;

	f->service.persist_prefix = 32;
	f->service.key = wide.key;
	f->service.key.port_last = 80;
	dsr_schedule_client(&pkt.tuple, &f->service, &one);
	dsr_schedule_client(&pkt.tuple, &wide, &other);
	KUNIT_EXPECT_FALSE(test, dsr_tuple_equal(&one, &other));
	pkt = fixture_packet(2, DSR_EVENT_OPEN);
	dsr_schedule_client(&pkt.tuple, &wide, &again);
	KUNIT_EXPECT_TRUE(test, dsr_tuple_equal(&other, &again));
	f->service.key = (struct dsr_service_key) {
		.fwmark = FIXTURE_MARK,
		.family = AF_INET,
		.port_last = U16_MAX,
	};
}

static struct kunit_case cases[] = {
	KUNIT_CASE(removed_meanwhile),
	KUNIT_CASE(crowded_once),
	KUNIT_CASE(syn_again_when_there_is_room),
	KUNIT_CASE(held_for_a_second),
	KUNIT_CASE(syn_is_not_remembered),
	KUNIT_CASE(choice_is_remembered),
	KUNIT_CASE(one_packet),
	KUNIT_CASE(persistence),
	KUNIT_CASE(persistence_of_ranges),
	KUNIT_CASE(nobody_asks_for_a_connection),
	KUNIT_CASE(full_table),
	KUNIT_CASE(nobody_is_there),
	{ }
};

FIXTURE_SUITE("dsr_schedule");
