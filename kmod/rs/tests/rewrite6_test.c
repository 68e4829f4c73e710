// SPDX-License-Identifier: GPL-2.0
/* Test rewriting IPv6, and SCTP in both families, by full computation. */

#include <linux/ipv6.h>
#include <linux/random.h>
#include <linux/sctp.h>
#include <net/ip6_checksum.h>

#include "fixture.h"

#define ROUNDS	100

static const u8 modes[] = {
	CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE,
	CHECKSUM_PARTIAL,
};

static struct sk_buff *packet6(struct kunit *test, u8 proto)
{
	unsigned int len = get_random_u32() % 1400;
	struct sk_buff *skb = fixture_skb(test);
	struct ipv6hdr *ip6h = skb_put_zero(skb, sizeof(*ip6h));
	struct tcphdr *th;

	ip6h->version = 6;
	ip6h->nexthdr = proto;
	ip6h->hop_limit = 64;
	get_random_bytes(&ip6h->saddr, 2 * sizeof(ip6h->saddr));
	skb_set_transport_header(skb, skb->len);
	fixture_l4(skb, proto, (__force __be16)get_random_u16(),
		   (__force __be16)get_random_u16(), len);
	ip6h->payload_len = htons(skb->len - sizeof(*ip6h));
	th = tcp_hdr(skb);
	if (proto == IPPROTO_TCP)
		th->check = 0;
	return skb;
}

static __sum16 *check_of(const struct sk_buff *skb)
{
	return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP ? &tcp_hdr(skb)->check :
						       &udp_hdr(skb)->check;
}

/* Sum up the transport part and the pseudo header: 0 if it is right. */
static __sum16 sum6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int len = skb->len - sizeof(*ip6h);

	return csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len, ip6h->nexthdr,
			       skb_checksum(skb, sizeof(*ip6h), len, 0));
}

static void set_mode(struct sk_buff *skb, u8 mode)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	__sum16 *check = check_of(skb);

	*check = sum6(skb);
	if (!*check)
		*check = CSUM_MANGLED_0;
	skb->ip_summed = mode;
	if (mode == CHECKSUM_COMPLETE)
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
	if (mode == CHECKSUM_PARTIAL) {
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = (u8 *)check - skb_transport_header(skb);
		*check = ~csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr,
					  skb->len - sizeof(*ip6h),
					  ip6h->nexthdr, 0);
	}
}

static void expect_complete(struct kunit *test, const struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		KUNIT_EXPECT_EQ(test,
				(__force u16)csum_fold(skb_checksum(skb, 0,
								    skb->len,
								    0)),
				(__force u16)csum_fold(skb->csum));
}

static void expect_ends6(struct kunit *test, const struct sk_buff *skb,
			 const struct dsr_rs_ends *to)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const __be16 *ports = (void *)(ip6h + 1);

	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&ip6h->saddr, &to->saddr.in6));
	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&ip6h->daddr, &to->daddr.in6));
	KUNIT_EXPECT_EQ(test, (__force u16)to->source, (__force u16)ports[0]);
	KUNIT_EXPECT_EQ(test, (__force u16)to->dest, (__force u16)ports[1]);
}

static int rewrite(struct sk_buff *skb, const struct dsr_rs_ends *to)
{
	return dsr_rs_rewrite_packet(skb, AF_INET6, ipv6_hdr(skb)->nexthdr,
				     sizeof(struct ipv6hdr), to);
}

static void rewrite6_modes(struct kunit *test)
{
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	u32 i, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < ARRAY_SIZE(modes); i++) {
			skb = packet6(test, round % 2 ? IPPROTO_TCP :
							IPPROTO_UDP);
			set_mode(skb, modes[i]);
			get_random_bytes(&to, sizeof(to));
			KUNIT_EXPECT_EQ_MSG(test, 0, rewrite(skb, &to),
					    "modes[%u]", i);
			expect_ends6(test, skb, &to);
			expect_complete(test, skb);
			if (modes[i] == CHECKSUM_PARTIAL)
				KUNIT_EXPECT_EQ_MSG(test, 0,
						    skb_checksum_help(skb),
						    "modes[%u]", i);
			KUNIT_EXPECT_EQ_MSG(test, 0, (__force u16)sum6(skb),
					    "modes[%u]", i);
			KUNIT_EXPECT_NE_MSG(test, 0,
					    (__force u16)*check_of(skb),
					    "modes[%u]", i);
			kfree_skb(skb);
		}
	}
}

/* Test UDP without a checksum: nothing compensates for the change. */
static void rewrite6_udp_unsummed(struct kunit *test)
{
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		skb = packet6(test, IPPROTO_UDP);
		skb->ip_summed = CHECKSUM_COMPLETE;
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
		get_random_bytes(&to, sizeof(to));
		KUNIT_EXPECT_EQ(test, 0, rewrite(skb, &to));
		expect_ends6(test, skb, &to);
		expect_complete(test, skb);
		KUNIT_EXPECT_EQ(test, 0, (__force u16)udp_hdr(skb)->check);
		kfree_skb(skb);
	}
}

/* Compute a CRC32c bit by bit, as in RFC 9260, appendix A. */
static u32 crc32c_slow(const u8 *data, unsigned int len)
{
	u32 crc = ~0;
	int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static __le32 sctp_crc(const struct sk_buff *skb, unsigned int thoff)
{
	struct sctphdr *sh = (void *)skb->data + thoff;
	__le32 there = sh->checksum;
	u32 crc;

	sh->checksum = 0;
	crc = crc32c_slow((u8 *)sh, skb->len - thoff);
	sh->checksum = there;
	return cpu_to_le32(crc);
}

static struct sk_buff *sctp_packet(struct kunit *test, u8 family)
{
	unsigned int thoff = family == AF_INET ? sizeof(struct iphdr) :
						 sizeof(struct ipv6hdr);
	unsigned int len = 1 + get_random_u32() % 1400;
	struct sk_buff *skb = fixture_skb(test);
	struct sctphdr *sh;

	if (family == AF_INET)
		fixture_ip(skb, CLIENT, VIP, IPPROTO_SCTP, 0);
	else
		skb_put_zero(skb, thoff);
	sh = skb_put(skb, sizeof(*sh) + len);
	get_random_bytes(sh, sizeof(*sh) + len);
	sh->checksum = sctp_crc(skb, thoff);
	return skb;
}

static void rewrite_sctp(struct kunit *test)
{
	static const u8 families[] = { AF_INET, AF_INET6 };
	struct dsr_rs_ends to;
	struct sk_buff *skb;
	struct sctphdr *sh;
	unsigned int thoff;
	u32 round, i;
	__le32 there;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < 2 * ARRAY_SIZE(modes); i++) {
			u8 family = families[i % 2];

			skb = sctp_packet(test, family);
			thoff = family == AF_INET ? sizeof(struct iphdr) :
						    sizeof(struct ipv6hdr);
			sh = (void *)skb->data + thoff;
			there = sh->checksum;
			skb->ip_summed = modes[i / 2];
			get_random_bytes(&to, sizeof(to));
			KUNIT_EXPECT_EQ(test, 0,
					dsr_rs_rewrite_packet(skb, family,
							      IPPROTO_SCTP,
							      thoff, &to));
			sh = (void *)skb->data + thoff;
			KUNIT_EXPECT_EQ(test, (__force u16)to.source,
					(__force u16)sh->source);
			KUNIT_EXPECT_EQ(test, (__force u16)to.dest,
					(__force u16)sh->dest);
			/* A sum over the whole packet is no longer valid. */
			KUNIT_EXPECT_NE(test, (u8)skb->ip_summed,
					CHECKSUM_COMPLETE);
			if (modes[i / 2] != CHECKSUM_PARTIAL)
				there = sctp_crc(skb, thoff);
			KUNIT_EXPECT_EQ(test, (__force u32)there,
					(__force u32)sh->checksum);
			kfree_skb(skb);
		}
	}
}

static void rewrite_crc_lengths(struct kunit *test)
{
	u8 *data = kunit_kzalloc(test, 65536, GFP_KERNEL);
	unsigned int len, shift;
	u32 before, change;

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (shift = 3; shift <= 16; shift++) {
		len = (1 << shift) - 1;
		memset(data, 0, 4);
		before = crc32c_slow(data, len);
		get_random_bytes(data, 4);
		memcpy(&change, data, 4);
		KUNIT_EXPECT_EQ(test, before ^ crc32c_slow(data, len),
				dsr_rs_rewrite_crc(le32_to_cpu((__force __le32)
							       change), len));
	}
}

static struct kunit_case rewrite6_cases[] = {
	KUNIT_CASE(rewrite6_modes),
	KUNIT_CASE(rewrite6_udp_unsummed),
	KUNIT_CASE(rewrite_sctp),
	KUNIT_CASE(rewrite_crc_lengths),
	{}
};

static struct kunit_suite rewrite6_suite = {
	.name = "dsr_rs_rewrite6",
	.test_cases = rewrite6_cases,
};

kunit_test_suite(rewrite6_suite);
