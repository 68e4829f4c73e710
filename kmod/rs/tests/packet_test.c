// SPDX-License-Identifier: GPL-2.0
/* Test the parser with valid packets, and with every shorter one. */

#include "fixture.h"

static void packet_ends(struct kunit *test)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct dsr_rs_packet pkt;
	struct sk_buff *skb;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		skb = fixture_packet(test, protos[i], CLIENT, 5000, VIP, 80, 9);
		KUNIT_EXPECT_EQ_MSG(test, (int)DSR_RS_PACKET_FLOW,
				    (int)dsr_rs_packet_parse(skb, AF_INET, true,
							     0, &pkt),
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, (__force u32)CLIENT,
				    (__force u32)pkt.tuple.client.ip,
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, (__force u32)VIP,
				    (__force u32)pkt.tuple.server.ip,
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, 5000, ntohs(pkt.tuple.cport),
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, 80, ntohs(pkt.tuple.sport),
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, !i, !!pkt.th, "protos[%u]", i);
		kfree_skb(skb);

		skb = fixture_packet(test, protos[i], LOCAL, 80, CLIENT, 5000,
				     0);
		dsr_rs_packet_parse(skb, AF_INET, false, 0, &pkt);
		KUNIT_EXPECT_EQ_MSG(test, (__force u32)CLIENT,
				    (__force u32)pkt.tuple.client.ip,
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, (__force u32)LOCAL,
				    (__force u32)pkt.tuple.server.ip,
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, 5000, ntohs(pkt.tuple.cport),
				    "protos[%u]", i);
		KUNIT_EXPECT_EQ_MSG(test, 80, ntohs(pkt.tuple.sport),
				    "protos[%u]", i);
		kfree_skb(skb);
	}
}

static void packet_truncated(struct kunit *test)
{
	struct dsr_rs_packet pkt;
	struct sk_buff *skb;
	unsigned int len;

	for (len = 20; len < 40; len++) {
		skb = fixture_packet(test, IPPROTO_TCP, CLIENT, 5000, VIP, 80,
				     0);
		skb_trim(skb, len);
		KUNIT_EXPECT_EQ(test, (int)DSR_RS_PACKET_MALFORMED,
				(int)dsr_rs_packet_parse(skb, AF_INET, true, 0,
							 &pkt));
		kfree_skb(skb);
	}
	for (len = 20; len < 28 + 5; len++) {
		skb = fixture_packet(test, IPPROTO_UDP, CLIENT, 5000, VIP, 80,
				     5);
		skb_trim(skb, len);
		KUNIT_EXPECT_EQ(test, (int)DSR_RS_PACKET_MALFORMED,
				(int)dsr_rs_packet_parse(skb, AF_INET, true, 0,
							 &pkt));
		kfree_skb(skb);
	}
}

/* Expect a result of parsing a valid packet with one byte replaced. */
static void expect_kind(struct kunit *test, u8 proto, unsigned int at, u8 value,
			enum dsr_rs_packet_kind kind)
{
	struct sk_buff *skb = fixture_packet(test, proto, CLIENT, 5000, VIP, 80,
					     9);
	struct dsr_rs_packet pkt;

	skb->data[at] = value;
	KUNIT_EXPECT_EQ(test, (int)kind,
			(int)dsr_rs_packet_parse(skb, AF_INET, true, 0,
							 &pkt));
	kfree_skb(skb);
}

static void packet_kinds(struct kunit *test)
{
	const u8 tcp = IPPROTO_TCP, udp = IPPROTO_UDP;

	expect_kind(test, tcp, 9, IPPROTO_ICMP, DSR_RS_PACKET_ICMP);
	expect_kind(test, tcp, 9, IPPROTO_GRE, DSR_RS_PACKET_OTHER);
	expect_kind(test, tcp, 6, 0x20, DSR_RS_PACKET_FRAGMENT);
	expect_kind(test, udp, 7, 0x01, DSR_RS_PACKET_FRAGMENT);
	expect_kind(test, tcp, 6, 0x40, DSR_RS_PACKET_FLOW);	/* DF */
	expect_kind(test, tcp, 0, 0x44, DSR_RS_PACKET_MALFORMED);
	expect_kind(test, tcp, 0, 0x4f, DSR_RS_PACKET_MALFORMED);
	expect_kind(test, tcp, 32, 0x40, DSR_RS_PACKET_MALFORMED); /* doff */
	expect_kind(test, tcp, 32, 0x70, DSR_RS_PACKET_FLOW);
	expect_kind(test, tcp, 32, 0x80, DSR_RS_PACKET_MALFORMED);
	expect_kind(test, udp, 25, 7, DSR_RS_PACKET_MALFORMED);	/* length */
	expect_kind(test, udp, 25, 8, DSR_RS_PACKET_FLOW);
	expect_kind(test, udp, 25, 17, DSR_RS_PACKET_FLOW);
	expect_kind(test, udp, 25, 18, DSR_RS_PACKET_MALFORMED);
}

static struct kunit_case packet_cases[] = {
	KUNIT_CASE(packet_ends),
	KUNIT_CASE(packet_truncated),
	KUNIT_CASE(packet_kinds),
	{}
};

static struct kunit_suite packet_suite = {
	.name = "dsr_rs_packet",
	.test_cases = packet_cases,
};

kunit_test_suite(packet_suite);
