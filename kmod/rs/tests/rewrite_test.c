// SPDX-License-Identifier: GPL-2.0
/* Test rewriting random packets by full computation of every checksum. */

#include <linux/random.h>
#include <net/dsfield.h>
#include <net/ipv6.h>

#include "fixture.h"

#define ROUNDS	100

/* Checksum modes that a device or GRO can leave. */
static const u8 modes[] = {
	CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE,
	CHECKSUM_PARTIAL,
};

static void random_ends(struct dsr_rs_ends *ends)
{
	get_random_bytes(ends, sizeof(*ends));
}

/* Convert a packet with right checksums to a checksum mode. */
static void set_mode(struct sk_buff *skb, u8 mode)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int thoff = ip_hdrlen(skb);
	__sum16 *check = fixture_check(skb);

	skb->ip_summed = mode;
	if (mode == CHECKSUM_COMPLETE)
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
	if (mode == CHECKSUM_PARTIAL) {
		skb->csum_start = skb_headroom(skb) + thoff;
		skb->csum_offset = (u8 *)check - (skb->data + thoff);
		*check = ~csum_tcpudp_magic(iph->saddr, iph->daddr,
					    skb->len - thoff, iph->protocol, 0);
	}
}

static void expect_right(struct kunit *test, struct sk_buff *skb, u8 mode)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int thoff = ip_hdrlen(skb);
	__sum16 *check = fixture_check(skb);

	KUNIT_EXPECT_EQ(test, 0, (__force u16)ip_fast_csum(iph, iph->ihl));
	KUNIT_EXPECT_EQ(test, mode, (u8)skb->ip_summed);
	if (mode == CHECKSUM_COMPLETE) {
		__wsum sum = skb_checksum(skb, 0, skb->len, 0);

		KUNIT_EXPECT_EQ(test, (__force u16)csum_fold(sum),
				(__force u16)csum_fold(skb->csum));
	}
	if (mode == CHECKSUM_PARTIAL) {
		/* Complete the checksum like a device, or the stack. */
		KUNIT_EXPECT_EQ(test, 0, skb_checksum_help(skb));
		check = fixture_check(skb);
	}
	if (iph->protocol == IPPROTO_UDP)
		KUNIT_EXPECT_NE(test, 0, (__force u16)*check);
	KUNIT_EXPECT_EQ(test, 0,
			(__force u16)fixture_l4_sum(skb, thoff, true));
}

static void expect_ends(struct kunit *test, const struct sk_buff *skb,
			const struct dsr_rs_ends *to)
{
	const struct iphdr *iph = ip_hdr(skb);
	const __be16 *ports = (void *)iph + ip_hdrlen(skb);

	KUNIT_EXPECT_EQ(test, (__force u32)to->saddr.ip, (__force u32)iph->saddr);
	KUNIT_EXPECT_EQ(test, (__force u32)to->daddr.ip, (__force u32)iph->daddr);
	KUNIT_EXPECT_EQ(test, (__force u16)to->source, (__force u16)ports[0]);
	KUNIT_EXPECT_EQ(test, (__force u16)to->dest, (__force u16)ports[1]);
}

static struct sk_buff *random_packet(struct kunit *test, u8 proto)
{
	struct sk_buff *skb = fixture_skb(test);
	struct dsr_rs_ends ends;

	random_ends(&ends);
	fixture_ip(skb, ends.saddr.ip, ends.daddr.ip, proto,
		   get_random_u32() % 3 * 4);
	fixture_l4(skb, proto, ends.source, ends.dest, get_random_u32() % 1400);
	fixture_finish(skb);
	return skb;
}

static int rewrite(struct sk_buff *skb, const struct dsr_rs_ends *to)
{
	return dsr_rs_rewrite_packet(skb, AF_INET, ip_hdr(skb)->protocol,
				     ip_hdrlen(skb), to);
}

static void rewrite_packet_modes(struct kunit *test)
{
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	u32 i, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < ARRAY_SIZE(modes); i++) {
			skb = random_packet(test, round % 2 ? IPPROTO_TCP :
							      IPPROTO_UDP);
			set_mode(skb, modes[i]);
			random_ends(&to);
			KUNIT_EXPECT_EQ_MSG(test, 0, rewrite(skb, &to),
					    "modes[%u]", i);
			expect_ends(test, skb, &to);
			expect_right(test, skb, modes[i]);
			kfree_skb(skb);
		}
	}
}

/* Test a datagram whose checksum comes out as 0, which would mean none. */
static void rewrite_udp_to_zero(struct kunit *test)
{
	struct sk_buff *skb = fixture_packet(test, IPPROTO_UDP, CLIENT, 1, VIP,
					     80, 10);
	struct dsr_rs_ends to = {
		.saddr.ip = CLIENT, .daddr.ip = LOCAL, .dest = htons(80),
	};

	KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
	/* With this port the sum is 0xffff. */
	to.source = (__force __be16)*fixture_check(skb);
	KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
	KUNIT_EXPECT_EQ(test, 0xffff, (__force u16)*fixture_check(skb));
	expect_right(test, skb, CHECKSUM_NONE);
	/* And back again. */
	to.source = htons(1);
	KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
	expect_right(test, skb, CHECKSUM_NONE);
	kfree_skb(skb);
}

/* Test that a datagram without a checksum stays without one. */
static void rewrite_udp_unsummed(struct kunit *test)
{
	static const u8 unsummed[] = {
		CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE,
	};
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(unsummed); i++) {
		skb = random_packet(test, IPPROTO_UDP);
		*fixture_check(skb) = 0;
		set_mode(skb, unsummed[i]);
		random_ends(&to);
		KUNIT_EXPECT_EQ_MSG(test, 0, rewrite(skb, &to), "unsummed[%u]",
				    i);
		expect_ends(test, skb, &to);
		KUNIT_EXPECT_EQ_MSG(test, 0, (__force u16)*fixture_check(skb),
				    "unsummed[%u]", i);
		if (unsummed[i] == CHECKSUM_COMPLETE) {
			__wsum sum = skb_checksum(skb, 0, skb->len, 0);

			KUNIT_EXPECT_EQ_MSG(test, (__force u16)csum_fold(sum),
					    (__force u16)csum_fold(skb->csum),
					    "unsummed[%u]", i);
		}
		kfree_skb(skb);
	}
}

/* Test a tunnel such as VXLAN: the device may have to complete the checksum of
 * the inner packet. The outer datagram then has its checksum, or has none. Only
 * in a datagram that will be segmented is the outer checksum left to be
 * completed.
 */
static void rewrite_udp_around_packet(struct kunit *test)
{
	const unsigned int inside = sizeof(struct udphdr) + 50;
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	u32 round, thoff;

	for (round = 0; round < ROUNDS; round++) {
		skb = random_packet(test, IPPROTO_UDP);
		thoff = ip_hdrlen(skb);
		random_ends(&to);
		if (round % 3 == 0)
			*fixture_check(skb) = 0;
		if (round % 3 == 1) {
			set_mode(skb, CHECKSUM_PARTIAL);
			skb_shinfo(skb)->gso_type = SKB_GSO_UDP_TUNNEL_CSUM;
		}
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) + thoff + inside;
		skb->csum_offset = offsetof(struct tcphdr, check);
		KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
		expect_ends(test, skb, &to);
		if (round % 3 == 0)
			KUNIT_EXPECT_EQ(test, 0,
					(__force u16)*fixture_check(skb));
		if (round % 3 == 1) {
			skb->csum_start = skb_headroom(skb) + thoff;
			skb->csum_offset = offsetof(struct udphdr, check);
			expect_right(test, skb, CHECKSUM_PARTIAL);
		}
		if (round % 3 == 2) {
			skb->ip_summed = CHECKSUM_NONE;
			expect_right(test, skb, CHECKSUM_NONE);
		}
		kfree_skb(skb);
	}
}

/* Test that rewriting does not hide damage. */
static void rewrite_damaged(struct kunit *test)
{
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		skb = random_packet(test, round % 2 ? IPPROTO_TCP :
						      IPPROTO_UDP);
		skb->data[ip_hdrlen(skb) + 4] ^= 0x10;
		random_ends(&to);
		KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
		KUNIT_EXPECT_NE(test, 0,
				(__force u16)fixture_l4_sum(skb,
							    ip_hdrlen(skb),
							    true));
		kfree_skb(skb);
	}
}

/* Test that a clone, as tcpdump has one, keeps the old headers. The payload
 * remains shared.
 */
static void rewrite_clone(struct kunit *test)
{
	struct sk_buff *skb = fixture_packet(test, IPPROTO_TCP, CLIENT, 5000,
					     VIP, 80, 100);
	struct sk_buff *clone = skb_clone(skb, GFP_KERNEL);
	struct dsr_rs_ends to = {
		.saddr.ip = CLIENT, .daddr.ip = LOCAL,
		.source = htons(5000), .dest = htons(80),
	};

	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
	expect_ends(test, skb, &to);
	expect_right(test, skb, CHECKSUM_NONE);
	KUNIT_EXPECT_EQ(test, (__force u32)VIP,
			(__force u32)ip_hdr(clone)->daddr);
	KUNIT_EXPECT_EQ(test, 0,
			(__force u16)fixture_l4_sum(clone, 20, true));
	kfree_skb(clone);
	kfree_skb(skb);
}

/* Test headers in a page, as drivers that receive into pages deliver them. */
static void rewrite_paged(struct kunit *test)
{
	struct sk_buff *flat, *skb;
	struct dsr_rs_ends to;
	struct page *page;
	u32 round, linear;

	for (round = 0; round < ROUNDS; round++) {
		flat = random_packet(test, round % 2 ? IPPROTO_TCP :
						       IPPROTO_UDP);
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		skb = fixture_skb(test);
		/* The stack has at least the IP header in the linear part. */
		linear = ip_hdrlen(flat) + get_random_u32() % 8;
		skb_put_data(skb, flat->data, linear);
		memcpy(page_address(page), flat->data + linear,
		       flat->len - linear);
		skb_add_rx_frag(skb, 0, page, 0, flat->len - linear, PAGE_SIZE);
		random_ends(&to);
		KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
		expect_ends(test, skb, &to);
		expect_right(test, skb, CHECKSUM_NONE);
		kfree_skb(skb);
		kfree_skb(flat);
	}
}

/* Build an ICMP error that quotes @len bytes of @quoted. */
static struct sk_buff *icmp_error(struct kunit *test,
				  const struct sk_buff *quoted,
				  unsigned int options, unsigned int len)
{
	struct sk_buff *skb = fixture_skb(test);
	struct icmphdr *icmph;

	fixture_ip(skb, ROUTER, VIP, IPPROTO_ICMP, options);
	icmph = skb_put_zero(skb, sizeof(*icmph));
	icmph->type = ICMP_DEST_UNREACH;
	icmph->code = ICMP_FRAG_NEEDED;
	icmph->un.frag.mtu = htons(1400);
	skb_put_data(skb, quoted->data, len);
	fixture_finish(skb);
	return skb;
}

static void rewrite_icmp_random(struct kunit *test)
{
	unsigned int options, len, inner;
	struct dsr_rs_quoted at;
	struct sk_buff *quoted, *skb;
	struct dsr_rs_ends to;
	struct sk_buff *copy;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		quoted = random_packet(test, round % 2 ? IPPROTO_TCP :
							 IPPROTO_UDP);
		inner = ip_hdrlen(quoted);
		len = inner + 8 + get_random_u32() % (quoted->len - inner - 7);
		if (round % 3 == 0)
			len = quoted->len;
		options = get_random_u32() % 3 * 4;
		skb = icmp_error(test, quoted, options, len);
		at.icmp = ip_hdrlen(skb);
		at.ip = at.icmp + sizeof(struct icmphdr);
		at.th = at.ip + inner;
		at.proto = ip_hdr(quoted)->protocol;
		if (round % 4 == 0) {
			skb->ip_summed = CHECKSUM_COMPLETE;
			skb->csum = skb_checksum(skb, 0, skb->len, 0);
		}
		random_ends(&to);
		KUNIT_EXPECT_EQ(test, 0,
				dsr_rs_rewrite_icmp(skb, AF_INET, &at,
						    &IP4(ROUTER), &IP4(LOCAL),
						    &to));
		KUNIT_EXPECT_EQ(test, (__force u32)ROUTER,
				(__force u32)ip_hdr(skb)->saddr);
		KUNIT_EXPECT_EQ(test, (__force u32)LOCAL,
				(__force u32)ip_hdr(skb)->daddr);
		KUNIT_EXPECT_EQ(test, 0,
				(__force u16)ip_fast_csum(ip_hdr(skb),
							  ip_hdr(skb)->ihl));
		KUNIT_EXPECT_EQ(test, 0,
				(__force u16)fixture_l4_sum(skb, at.icmp,
							    false));
		if (skb->ip_summed == CHECKSUM_COMPLETE) {
			__wsum sum = skb_checksum(skb, 0, skb->len, 0);

			KUNIT_EXPECT_EQ(test, (__force u16)csum_fold(sum),
					(__force u16)csum_fold(skb->csum));
		}

		/* Check the quotation as a packet of its own. */
		copy = fixture_skb(test);
		skb_put_data(copy, skb->data + at.ip, skb->len - at.ip);
		expect_ends(test, copy, &to);
		KUNIT_EXPECT_EQ(test, 0,
				(__force u16)ip_fast_csum(ip_hdr(copy),
							  ip_hdr(copy)->ihl));
		if (len == quoted->len)
			expect_right(test, copy, CHECKSUM_NONE);
		kfree_skb(copy);
		kfree_skb(skb);
		kfree_skb(quoted);
	}
}

/* Test that bits of the TOS byte are cleared, and that CHECKSUM_COMPLETE stays
 * right.
 */
static void rewrite_tos(struct kunit *test)
{
	struct sk_buff *skb;
	u8 tos, bits;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		tos = get_random_u8();
		bits = get_random_u8();
		skb = fixture_packet(test, IPPROTO_UDP, CLIENT, 5000, VIP, 80,
				     10);
		ip_hdr(skb)->tos = tos;
		fixture_finish(skb);
		set_mode(skb, CHECKSUM_COMPLETE);
		dsr_rs_rewrite_tos(skb, AF_INET, bits);
		KUNIT_EXPECT_EQ(test, tos & ~bits, ip_hdr(skb)->tos);
		expect_right(test, skb, CHECKSUM_COMPLETE);
		kfree_skb(skb);
	}
}

static void rewrite_traffic_class(struct kunit *test)
{
	struct ipv6hdr *iph;
	struct sk_buff *skb;
	u8 tclass, bits;
	__be32 rest;
	__wsum sum;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		tclass = get_random_u8();
		bits = get_random_u8();
		skb = fixture_skb(test);
		iph = skb_put_zero(skb, sizeof(*iph));
		ip6_flow_hdr(iph, tclass, htonl(get_random_u32() & 0xfffff));
		rest = *(__be32 *)iph & htonl(0xf00fffff);
		get_random_bytes(&iph->saddr, 2 * sizeof(iph->saddr));
		skb->ip_summed = CHECKSUM_COMPLETE;
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
		dsr_rs_rewrite_tos(skb, AF_INET6, bits);
		iph = ipv6_hdr(skb);
		KUNIT_EXPECT_EQ(test, tclass & ~bits, ipv6_get_dsfield(iph));
		KUNIT_EXPECT_EQ(test, (__force u32)rest,
				(__force u32)(*(__be32 *)iph &
					      htonl(0xf00fffff)));
		sum = skb_checksum(skb, 0, skb->len, 0);
		KUNIT_EXPECT_EQ(test, (__force u16)csum_fold(sum),
				(__force u16)csum_fold(skb->csum));
		kfree_skb(skb);
	}
}

static struct kunit_case rewrite_cases[] = {
	KUNIT_CASE(rewrite_packet_modes),
	KUNIT_CASE(rewrite_udp_to_zero),
	KUNIT_CASE(rewrite_udp_unsummed),
	KUNIT_CASE(rewrite_udp_around_packet),
	KUNIT_CASE(rewrite_damaged),
	KUNIT_CASE(rewrite_clone),
	KUNIT_CASE(rewrite_paged),
	KUNIT_CASE(rewrite_icmp_random),
	KUNIT_CASE(rewrite_tos),
	KUNIT_CASE(rewrite_traffic_class),
	{}
};

static struct kunit_suite rewrite_suite = {
	.name = "dsr_rs_rewrite",
	.test_cases = rewrite_cases,
};

kunit_test_suite(rewrite_suite);
