// SPDX-License-Identifier: GPL-2.0
/* Test pending flows: their number is fixed, the oldest is evicted, datagrams
 * are evicted before others, and no two share a place at the socket.
 */

#include "fixture.h"

#define NOW	100000U

static struct dsr_rs_pending pending(u32 hash, __be32 vip, u16 cport, u32 now)
{
	struct dsr_rs_pending made = {
		.flow = {
			.node = { .hash = hash, .seen = now },
			.cport = htons(cport), .vport = htons(80),
			.local_cport = htons(cport), .lport = htons(80),
			.proto = IPPROTO_TCP, .family = AF_INET,
			.roles = DSR_RS_WIRE | DSR_RS_SOCKET,
		},
	};

	made.flow.v4.client = CLIENT;
	made.flow.v4.vip = vip;
	made.flow.v4.local = LOCAL;
	return made;
}

static bool find(struct dsr_rs_pendings *pendings,
		 const struct dsr_rs_pending *wanted, bool wire, u32 now)
{
	struct dsr_rs_tuple tuple = wire ? dsr_rs_flow_wire(&wanted->flow) :
					   dsr_rs_flow_socket(&wanted->flow);
	struct dsr_rs_pending copy;

	return dsr_rs_pending_find(pendings, wanted->flow.node.hash,
				   wire ? dsr_rs_flow_match_wire :
					 dsr_rs_flow_match_socket,
				   &tuple, now, &copy);
}

static int pending_test_init(struct kunit *test)
{
	test->priv = dsr_rs_pending_alloc();
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return 0;
}

static void pending_test_exit(struct kunit *test)
{
	kvfree(test->priv);
}

static void pending_found_until_expired(struct kunit *test)
{
	struct dsr_rs_pending one = pending(7, VIP, 5000, NOW);
	u32 timeout = dsr_state_timeout(DSR_CONN_SYN);

	KUNIT_EXPECT_TRUE(test, dsr_rs_pending_keep(test->priv, &one));
	KUNIT_EXPECT_TRUE(test, find(test->priv, &one, true, NOW));
	KUNIT_EXPECT_TRUE(test, find(test->priv, &one, false, NOW + HZ));
	/* The lookup before has refreshed it. */
	KUNIT_EXPECT_TRUE(test, find(test->priv, &one, true,
				     NOW + HZ + timeout - 1));
	KUNIT_EXPECT_FALSE(test, find(test->priv, &one, true,
				      NOW + HZ + 2 * timeout));
}

static void pending_oldest_gives_way(struct kunit *test)
{
	struct dsr_rs_pending some[DSR_RS_PENDING_WAYS + 1];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		some[i] = pending(7 + i * DSR_RS_PENDING_BUCKETS, VIP, 5000 + i,
				  NOW + i);
		KUNIT_EXPECT_TRUE_MSG(test,
				      dsr_rs_pending_keep(test->priv, &some[i]),
				      "some[%u]", i);
	}
	KUNIT_EXPECT_FALSE(test, find(test->priv, &some[0], true, NOW + i));
	for (i = 1; i < ARRAY_SIZE(some); i++)
		KUNIT_EXPECT_TRUE(test, find(test->priv, &some[i], true,
					     NOW + i));
}

/* Fill the bucket of @kept with datagrams, one a jiffy; return how many of
 * @kept are left.
 */
static u32 left_after_datagrams(struct dsr_rs_pendings *pendings,
				const struct dsr_rs_pending *kept, u32 number,
				u32 from)
{
	u32 i, left = 0;

	for (i = 0; i < 4 * DSR_RS_PENDING_WAYS; i++) {
		struct dsr_rs_pending one =
			pending(7 + (100 + i) * DSR_RS_PENDING_BUCKETS, VIP,
				6000 + i, from + i);

		one.flow.proto = IPPROTO_UDP;
		dsr_rs_pending_keep(pendings, &one);
	}
	for (i = 0; i < number; i++)
		left += find(pendings, &kept[i], true, from);
	return left;
}

static void pending_safe_from_datagrams(struct kunit *test)
{
	struct dsr_rs_pending some[DSR_RS_PENDING_WAYS - 1];
	struct dsr_rs_tuple wire;
	u32 i;

	/* A handshake, an answered client, and one that is not answered. */
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		some[i] = pending(7 + i * DSR_RS_PENDING_BUCKETS, VIP, 5000 + i,
				  NOW);
		some[i].flow.proto = i ? IPPROTO_UDP : IPPROTO_TCP;
		dsr_rs_pending_keep(test->priv, &some[i]);
	}
	wire = dsr_rs_flow_wire(&some[1].flow);
	dsr_rs_pending_mark(test->priv, some[1].flow.node.hash, &wire,
			    DSR_RS_ANSWERED);
	KUNIT_EXPECT_EQ(test, 2, left_after_datagrams(test->priv, some,
						      ARRAY_SIZE(some), NOW));
	KUNIT_EXPECT_FALSE(test, find(test->priv, &some[2], true, NOW));
	/* Their time is over: they may have been forged as well. */
	KUNIT_EXPECT_EQ(test, 0, left_after_datagrams(test->priv, some,
						      ARRAY_SIZE(some),
						      NOW + 2 * HZ));
}

static void pending_one_place_at_the_socket(struct kunit *test)
{
	struct dsr_rs_pending one = pending(7, VIP, 5000, NOW);
	struct dsr_rs_pending two = pending(7, VIP2, 5000, NOW);

	KUNIT_EXPECT_TRUE(test, dsr_rs_pending_keep(test->priv, &one));
	KUNIT_EXPECT_TRUE(test, dsr_rs_pending_keep(test->priv, &one));
	KUNIT_EXPECT_FALSE(test, dsr_rs_pending_keep(test->priv, &two));
	/* With another port at the socket it has a place of its own. */
	two.flow.roles = DSR_RS_WIRE;
	two.flow.local_cport = htons(5001);
	KUNIT_EXPECT_TRUE(test, dsr_rs_pending_keep(test->priv, &two));
	KUNIT_EXPECT_TRUE(test, find(test->priv, &one, false, NOW));
	KUNIT_EXPECT_TRUE(test, find(test->priv, &two, true, NOW));
	KUNIT_EXPECT_FALSE(test, find(test->priv, &two, false, NOW));
}

static void pending_promoted_soon_gone(struct kunit *test)
{
	struct dsr_rs_pending one = pending(7, VIP, 5000, NOW);

	KUNIT_EXPECT_TRUE(test, dsr_rs_pending_keep(test->priv, &one));
	dsr_rs_pending_promote(test->priv, &one, NOW);
	KUNIT_EXPECT_TRUE(test, find(test->priv, &one, true, NOW + HZ / 2));
	KUNIT_EXPECT_FALSE(test, find(test->priv, &one, true, NOW + HZ));
}

/* Test an old entry: after 2^31 jiffies without a packet, the difference of two
 * times has the sign of a future time.
 */
static void pending_of_another_day(struct kunit *test)
{
	struct dsr_rs_pending old = pending(7, VIP, 5000, NOW);
	struct dsr_rs_pendings *pendings = test->priv;
	u32 i;

	KUNIT_EXPECT_TRUE(test, dsr_rs_pending_keep(pendings, &old));
	KUNIT_EXPECT_TRUE(test, find(pendings, &old, true, NOW));
	for (i = 0; i < DSR_RS_PENDING_WAYS; i++)
		pendings->bucket[7].way[i].day -= 1 << 7;
	KUNIT_EXPECT_FALSE(test, find(pendings, &old, true, NOW + BIT(31) + 1));
	KUNIT_EXPECT_FALSE(test, find(pendings, &old, false, NOW));
}

static struct kunit_case pending_cases[] = {
	KUNIT_CASE(pending_found_until_expired),
	KUNIT_CASE(pending_oldest_gives_way),
	KUNIT_CASE(pending_safe_from_datagrams),
	KUNIT_CASE(pending_one_place_at_the_socket),
	KUNIT_CASE(pending_promoted_soon_gone),
	KUNIT_CASE(pending_of_another_day),
	{}
};

static struct kunit_suite pending_suite = {
	.name = "dsr_rs_pending",
	.init = pending_test_init,
	.exit = pending_test_exit,
	.test_cases = pending_cases,
};

kunit_test_suite(pending_suite);
