// SPDX-License-Identifier: GPL-2.0
/* Parsing of packets, without reading past the end. */

#include <kunit/test.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/tcp.h>

#include "core/packet.h"

#define CLIENT	htonl(0x0a0a1fc8)
#define VIP	htonl(0x0a0a1f64)

/* A packet under construction. */
struct bytes {
	u8 data[256];
	u32 len;
};

static void *append(struct bytes *bytes, u32 len)
{
	void *start = bytes->data + bytes->len;

	bytes->len += len;
	return start;
}

static struct iphdr *append_ip(struct bytes *bytes, u8 proto, __be32 saddr,
			       __be32 daddr, u8 options)
{
	struct iphdr *iph = append(bytes, sizeof(*iph) + options);

	iph->version = 4;
	iph->ihl = (sizeof(*iph) + options) / 4;
	iph->ttl = 64;
	iph->protocol = proto;
	iph->saddr = saddr;
	iph->daddr = daddr;
	return iph;
}

static struct tcphdr *append_tcp(struct bytes *bytes, u16 source, u16 dest)
{
	struct tcphdr *tcph = append(bytes, sizeof(*tcph));

	tcph->source = htons(source);
	tcph->dest = htons(dest);
	tcph->doff = sizeof(*tcph) / 4;
	return tcph;
}

static struct udphdr *append_udp(struct bytes *bytes, u16 source, u16 dest)
{
	struct udphdr *udph = append(bytes, sizeof(*udph));

	udph->source = htons(source);
	udph->dest = htons(dest);
	udph->len = htons(sizeof(*udph));
	return udph;
}

/* Parse the first @len bytes, as a packet whose first @linear bytes are in the
 * head. The buffer ends where the packet ends, so that KASAN finds a read past
 * the end.
 */
static bool parse(struct kunit *test, const struct bytes *bytes, u32 len,
		  u32 linear, struct dsr_packet *pkt,
		  enum dsr_reason *reason)
{
	struct sk_buff *skb = alloc_skb(linear, GFP_KERNEL);
	struct page *page;
	bool ret;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_data(skb, bytes->data, linear);
	if (len > linear) {
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		memcpy(page_address(page), bytes->data + linear, len - linear);
		skb_add_rx_frag(skb, 0, page, 0, len - linear, PAGE_SIZE);
	}
	skb_reset_network_header(skb);
	*reason = DSR_REASON_COUNT;
	ret = dsr_packet_parse(skb, bytes->data[0] >> 4 == 6 ? AF_INET6 :
							       AF_INET,
			       pkt, reason);
	kfree_skb(skb);
	return ret;
}

static bool parse_all(struct kunit *test, const struct bytes *bytes,
		      struct dsr_packet *pkt, enum dsr_reason *reason)
{
	return parse(test, bytes, bytes->len, bytes->len, pkt, reason);
}

static void expect_tuple(struct kunit *test, const struct dsr_packet *pkt,
			 u8 proto, u16 sport, u16 dport)
{
	struct dsr_tuple tuple = {
		.sport = htons(sport),
		.dport = htons(dport),
		.proto = proto,
		.family = AF_INET,
		.v4.saddr = CLIENT,
		.v4.daddr = VIP,
	};

	KUNIT_EXPECT_TRUE(test, dsr_tuple_equal(&pkt->tuple, &tuple));
}

static void tcp(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct tcphdr *tcph;
	u32 len, linear;

	append_ip(&bytes, IPPROTO_TCP, CLIENT, VIP, 8);
	tcph = append_tcp(&bytes, 40000, 80);
	tcph->syn = 1;
	tcph->ece = 1;
	for (linear = 28; linear <= bytes.len; linear++) {
		memset(&pkt, 0xa5, sizeof(pkt));
		KUNIT_EXPECT_TRUE(test, parse(test, &bytes, bytes.len, linear,
					      &pkt, &reason));
		expect_tuple(test, &pkt, IPPROTO_TCP, 40000, 80);
		KUNIT_EXPECT_EQ(test, pkt.event, DSR_EVENT_OPEN);
		KUNIT_EXPECT_EQ(test, pkt.kind, DSR_PACKET_FLOW);
	}
	for (len = 28; len < bytes.len; len++) {
		KUNIT_EXPECT_FALSE(test, parse(test, &bytes, len, len, &pkt,
					       &reason));
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
	}
	tcph->doff = 4;
	KUNIT_EXPECT_FALSE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
}

static void udp(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct udphdr *udph;
	u32 len;

	append_ip(&bytes, IPPROTO_UDP, CLIENT, VIP, 0);
	udph = append_udp(&bytes, 5353, 53);
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	expect_tuple(test, &pkt, IPPROTO_UDP, 5353, 53);
	KUNIT_EXPECT_EQ(test, pkt.event, DSR_EVENT_DATA);
	for (len = 20; len < bytes.len; len++) {
		KUNIT_EXPECT_FALSE(test, parse(test, &bytes, len, len, &pkt,
					       &reason));
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
	}
	udph->len = htons(7);
	KUNIT_EXPECT_FALSE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
}

static void fragments(struct kunit *test)
{
	static const u16 frag_offs[] = { IP_MF, 1, IP_MF | 100 };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct iphdr *iph;
	int i;

	for (i = 0; i < ARRAY_SIZE(frag_offs); i++) {
		struct bytes bytes = { };

		iph = append_ip(&bytes, IPPROTO_UDP, CLIENT, VIP, 0);
		append_udp(&bytes, 5353, 53);
		iph->frag_off = htons(frag_offs[i]);
		KUNIT_EXPECT_FALSE_MSG(test,
				       parse_all(test, &bytes, &pkt, &reason),
				       "frag_offs[%d]", i);
		KUNIT_EXPECT_EQ_MSG(test, reason, DSR_DROP_FRAGMENT,
				    "frag_offs[%d]", i);
		iph->frag_off = htons(IP_DF);
		KUNIT_EXPECT_TRUE_MSG(test,
				      parse_all(test, &bytes, &pkt, &reason),
				      "frag_offs[%d]", i);
	}
}

static void others(struct kunit *test)
{
	struct bytes bytes = { }, echo = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct icmphdr *icmph;

	append_ip(&bytes, IPPROTO_GRE, CLIENT, VIP, 0);
	append(&bytes, 40);
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, pkt.kind, DSR_PACKET_PORTLESS);
	expect_tuple(test, &pkt, IPPROTO_GRE, 0, 0);
	/* only the IP header is read */
	KUNIT_EXPECT_TRUE(test, parse(test, &bytes, 20, 20, &pkt, &reason));

	append_ip(&echo, IPPROTO_ICMP, CLIENT, VIP, 0);
	icmph = append(&echo, sizeof(*icmph));
	icmph->type = ICMP_ECHO;
	icmph->un.echo.id = htons(77);
	KUNIT_EXPECT_TRUE(test, parse_all(test, &echo, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, pkt.kind, DSR_PACKET_ECHO);
	expect_tuple(test, &pkt, IPPROTO_ICMP, 0, 77);
	icmph->type = ICMP_ECHOREPLY;
	KUNIT_EXPECT_FALSE(test, parse_all(test, &echo, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, reason, DSR_PASS_NO_SERVICE);
}

struct icmp_case {
	const char *name;
	u8 type;
	__be32 inner_saddr;
	u16 inner_frag_off;
	u8 inner_proto;
	u8 inner_options;
	u8 cut;
	bool parsed;
	enum dsr_reason reason;
};

static const struct icmp_case icmp_cases[] = {
	{ "unreachable, TCP", ICMP_DEST_UNREACH, VIP, 0, IPPROTO_TCP, 0, 0,
	  true },
	{ "time exceeded, UDP", ICMP_TIME_EXCEEDED, VIP, 0, IPPROTO_UDP, 0, 0,
	  true },
	{ "parameter problem, options quoted", ICMP_PARAMETERPROB, VIP, 0,
	  IPPROTO_TCP, 12, 0, true },
	{ "first fragment quoted", ICMP_DEST_UNREACH, VIP, IP_MF, IPPROTO_UDP,
	  0, 0, true },
	{ "eight bytes quoted", ICMP_DEST_UNREACH, VIP, 0, IPPROTO_TCP, 0, 12,
	  true },
	{ "four bytes quoted, ports and no more", ICMP_DEST_UNREACH, VIP, 0,
	  IPPROTO_TCP, 0, 16, true },
	{ "three bytes quoted", ICMP_DEST_UNREACH, VIP, 0, IPPROTO_TCP, 0, 17,
	  false, DSR_DROP_MALFORMED },
	{ "no whole IP header quoted", ICMP_DEST_UNREACH, VIP, 0, IPPROTO_TCP,
	  0, 21, false, DSR_DROP_MALFORMED },
	{ "not sent by the VIP", ICMP_DEST_UNREACH, CLIENT, 0, IPPROTO_TCP, 0,
	  0, false, DSR_PASS_ICMP_UNRELATED },
	{ "later fragment quoted", ICMP_DEST_UNREACH, VIP, 5, IPPROTO_UDP, 0,
	  0, false, DSR_PASS_ICMP_UNRELATED },
	{ "ping quoted", ICMP_DEST_UNREACH, VIP, 0, IPPROTO_ICMP, 0, 0, false,
	  DSR_PASS_ICMP_UNRELATED },
};

static void icmp_case_to_desc(const struct icmp_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(icmp, icmp_cases, icmp_case_to_desc);

static void icmp_error(struct kunit *test)
{
	const struct icmp_case *c = test->param_value;
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct icmphdr *icmph;
	struct iphdr *iph;

	append_ip(&bytes, IPPROTO_ICMP, htonl(0x01020304), VIP, 0);
	icmph = append(&bytes, sizeof(*icmph));
	icmph->type = c->type;
	iph = append_ip(&bytes, c->inner_proto, c->inner_saddr, CLIENT,
			c->inner_options);
	iph->frag_off = htons(c->inner_frag_off);
	append_tcp(&bytes, 80, 40000);
	bytes.len -= c->cut;

	KUNIT_EXPECT_EQ(test, parse_all(test, &bytes, &pkt, &reason),
			c->parsed);
	if (c->parsed) {
		expect_tuple(test, &pkt, c->inner_proto, 40000, 80);
		KUNIT_EXPECT_EQ(test, pkt.kind, DSR_PACKET_ICMP_ERROR);
	} else {
		KUNIT_EXPECT_EQ(test, reason, c->reason);
	}
}

static void icmp_error_without_ports(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct icmphdr *icmph;

	append_ip(&bytes, IPPROTO_ICMP, htonl(0x01020304), VIP, 0);
	icmph = append(&bytes, sizeof(*icmph));
	icmph->type = ICMP_DEST_UNREACH;
	append_ip(&bytes, IPPROTO_ESP, VIP, CLIENT, 0);
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, pkt.kind, DSR_PACKET_ICMP_ERROR);
	expect_tuple(test, &pkt, IPPROTO_ESP, 0, 0);
}

static void icmp_cut_short(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	u32 len;

	append_ip(&bytes, IPPROTO_ICMP, CLIENT, VIP, 0);
	*(u8 *)append(&bytes, sizeof(struct icmphdr)) = ICMP_DEST_UNREACH;
	for (len = 20; len <= bytes.len; len++) {
		KUNIT_EXPECT_FALSE(test, parse(test, &bytes, len, len, &pkt,
					       &reason));
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
	}
}

static void sctp(struct kunit *test)
{
	struct bytes bytes = { };
	struct sctp_chunkhdr *chunk;
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct sctphdr *head;
	u32 len;

	append_ip(&bytes, IPPROTO_SCTP, CLIENT, VIP, 0);
	head = append(&bytes, sizeof(*head));
	head->source = htons(40000);
	head->dest = htons(3868);
	chunk = append(&bytes, sizeof(*chunk));
	chunk->type = SCTP_CID_INIT;
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	expect_tuple(test, &pkt, IPPROTO_SCTP, 40000, 3868);
	KUNIT_EXPECT_EQ(test, pkt.event, DSR_EVENT_OPEN);
	chunk->type = SCTP_CID_ABORT;
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, pkt.event, DSR_EVENT_ABORT);
	for (len = 20; len < bytes.len; len++) {
		KUNIT_EXPECT_FALSE(test, parse(test, &bytes, len, len, &pkt,
					       &reason));
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
	}
}

static const struct in6_addr client6 = { { .u6_addr8 = { 0x20, 1, 0xd, 0xb8,
	[15] = 0xc8 } } };
static const struct in6_addr vip6 = { { .u6_addr8 = { 0x20, 1, 0xd, 0xb8,
	[15] = 0x64 } } };

static struct ipv6hdr *append_ip6(struct bytes *bytes, u8 nexthdr,
				  const struct in6_addr *saddr,
				  const struct in6_addr *daddr)
{
	struct ipv6hdr *ip6h = append(bytes, sizeof(*ip6h));

	ip6h->version = 6;
	ip6h->hop_limit = 64;
	ip6h->nexthdr = nexthdr;
	ip6h->saddr = *saddr;
	ip6h->daddr = *daddr;
	return ip6h;
}

/* Append an extension header of 8 bytes plus @units times 8. */
static void append_extension(struct bytes *bytes, u8 nexthdr, u8 units)
{
	u8 *header = append(bytes, 8 + 8 * units);

	header[0] = nexthdr;
	header[1] = units;
}

static void expect_tuple6(struct kunit *test, const struct dsr_packet *pkt,
			  u8 proto, u16 sport, u16 dport)
{
	struct dsr_tuple tuple = {
		.sport = htons(sport),
		.dport = htons(dport),
		.proto = proto,
		.family = AF_INET6,
		.v6.saddr = client6,
		.v6.daddr = vip6,
	};

	KUNIT_EXPECT_TRUE(test, dsr_tuple_equal(&pkt->tuple, &tuple));
	/* all bits of both addresses are compared */
	tuple.v6.daddr.s6_addr[0] ^= 1;
	KUNIT_EXPECT_FALSE(test, dsr_tuple_equal(&pkt->tuple, &tuple));
	tuple.v6.daddr.s6_addr[0] ^= 1;
	tuple.v6.saddr.s6_addr[15] ^= 1;
	KUNIT_EXPECT_FALSE(test, dsr_tuple_equal(&pkt->tuple, &tuple));
}

static void tcp6(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct tcphdr *tcph;
	u32 len;

	append_ip6(&bytes, IPPROTO_TCP, &client6, &vip6);
	tcph = append_tcp(&bytes, 40000, 80);
	tcph->fin = 1;
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	expect_tuple6(test, &pkt, IPPROTO_TCP, 40000, 80);
	KUNIT_EXPECT_EQ(test, pkt.event, DSR_EVENT_CLOSE);
	for (len = 40; len < bytes.len; len++) {
		KUNIT_EXPECT_FALSE(test, parse(test, &bytes, len, len, &pkt,
					       &reason));
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
	}
}

static void extension_headers(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	u32 len;

	append_ip6(&bytes, NEXTHDR_HOP, &client6, &vip6);
	append_extension(&bytes, NEXTHDR_DEST, 0);
	append_extension(&bytes, IPPROTO_UDP, 2);
	append_udp(&bytes, 5353, 53);
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	expect_tuple6(test, &pkt, IPPROTO_UDP, 5353, 53);
	for (len = 40; len < bytes.len; len++) {
		KUNIT_EXPECT_FALSE(test, parse(test, &bytes, len, len, &pkt,
					       &reason));
		KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
	}
	/* the length in the header exceeds the packet */
	bytes.data[49] = 0xff;
	KUNIT_EXPECT_FALSE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, reason, DSR_DROP_MALFORMED);
}

static void fragments6(struct kunit *test)
{
	static const u16 frag_offs[] = { IP6_MF, 8, 800 | IP6_MF };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct frag_hdr *head;
	int i;

	for (i = 0; i < ARRAY_SIZE(frag_offs); i++) {
		struct bytes bytes = { };

		append_ip6(&bytes, NEXTHDR_FRAGMENT, &client6, &vip6);
		head = append(&bytes, sizeof(*head));
		head->nexthdr = IPPROTO_UDP;
		head->frag_off = htons(frag_offs[i]);
		append_udp(&bytes, 5353, 53);
		KUNIT_EXPECT_FALSE_MSG(test,
				       parse_all(test, &bytes, &pkt, &reason),
				       "frag_offs[%d]", i);
		KUNIT_EXPECT_EQ_MSG(test, reason, DSR_DROP_FRAGMENT,
				    "frag_offs[%d]", i);
	}
}

static void icmp6_error(struct kunit *test)
{
	static const u8 types[] = { ICMPV6_DEST_UNREACH, ICMPV6_PKT_TOOBIG,
				    ICMPV6_TIME_EXCEED, ICMPV6_PARAMPROB };
	static const struct in6_addr router = { { .u6_addr8 = { 0x20, 2 } } };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct ipv6hdr *ip6h;
	int i;
	u32 len;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct bytes bytes = { };

		append_ip6(&bytes, IPPROTO_ICMPV6, &router, &vip6);
		*(u8 *)append(&bytes, sizeof(struct icmp6hdr)) = types[i];
		ip6h = append_ip6(&bytes, NEXTHDR_DEST, &vip6, &client6);
		append_extension(&bytes, IPPROTO_TCP, 0);
		append_tcp(&bytes, 80, 40000);
		KUNIT_EXPECT_TRUE_MSG(test,
				      parse_all(test, &bytes, &pkt, &reason),
				      "types[%d]", i);
		expect_tuple6(test, &pkt, IPPROTO_TCP, 40000, 80);
		KUNIT_EXPECT_EQ_MSG(test, pkt.kind, DSR_PACKET_ICMP_ERROR,
				    "types[%d]", i);
		/* the ports are the first four bytes of the quoted segment */
		for (len = 40; len < bytes.len - 16; len++)
			KUNIT_EXPECT_FALSE_MSG(test,
					       parse(test, &bytes, len, len,
						     &pkt, &reason),
					       "types[%d]", i);
		/* the quoted packet was not sent by the VIP */
		ip6h->saddr.s6_addr[15]++;
		KUNIT_EXPECT_FALSE_MSG(test,
				       parse_all(test, &bytes, &pkt, &reason),
				       "types[%d]", i);
		KUNIT_EXPECT_EQ_MSG(test, reason, DSR_PASS_ICMP_UNRELATED,
				    "types[%d]", i);
	}
}

static void others6(struct kunit *test)
{
	struct bytes bytes = { };
	struct dsr_packet pkt;
	enum dsr_reason reason;
	struct icmp6hdr *icmph;

	append_ip6(&bytes, IPPROTO_ICMPV6, &client6, &vip6);
	icmph = append(&bytes, sizeof(*icmph));
	icmph->icmp6_type = ICMPV6_ECHO_REQUEST;
	icmph->icmp6_identifier = htons(77);
	KUNIT_EXPECT_TRUE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, pkt.kind, DSR_PACKET_ECHO);
	expect_tuple6(test, &pkt, IPPROTO_ICMPV6, 0, 77);
	icmph->icmp6_type = NDISC_NEIGHBOUR_SOLICITATION;
	KUNIT_EXPECT_FALSE(test, parse_all(test, &bytes, &pkt, &reason));
	KUNIT_EXPECT_EQ(test, reason, DSR_PASS_NO_SERVICE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tcp),
	KUNIT_CASE(sctp),
	KUNIT_CASE(tcp6),
	KUNIT_CASE(extension_headers),
	KUNIT_CASE(fragments6),
	KUNIT_CASE(icmp6_error),
	KUNIT_CASE(others6),
	KUNIT_CASE(udp),
	KUNIT_CASE(fragments),
	KUNIT_CASE(others),
	KUNIT_CASE_PARAM(icmp_error, icmp_gen_params),
	KUNIT_CASE(icmp_error_without_ports),
	KUNIT_CASE(icmp_cut_short),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_packet",
	.test_cases = cases,
};

kunit_test_suites(&suite);
