// SPDX-License-Identifier: GPL-2.0
/* Ports and flags for tracepoints, read without passing the end of a packet. */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ipv6.h>

#include "ports.h"

#define SYN_ACK	0x12

/* A packet under construction. */
struct bytes {
	u8 data[128];
	u32 len;
};

static void *append(struct bytes *bytes, u32 len)
{
	void *start = bytes->data + bytes->len;

	bytes->len += len;
	return start;
}

static struct iphdr *append_ip(struct bytes *bytes, u8 proto, u8 options)
{
	struct iphdr *iph = append(bytes, sizeof(*iph) + options);

	iph->version = 4;
	iph->ihl = (sizeof(*iph) + options) / 4;
	iph->protocol = proto;
	return iph;
}

/* An IPv6 header, and a header of options behind it. */
static void append_ip6(struct bytes *bytes, u8 proto)
{
	struct ipv6hdr *ip6h = append(bytes, sizeof(*ip6h));
	struct ipv6_opt_hdr *options;

	ip6h->version = 6;
	ip6h->nexthdr = IPPROTO_DSTOPTS;
	options = append(bytes, 8);
	options->nexthdr = proto;
}

static void append_tcp(struct bytes *bytes)
{
	struct tcphdr *tcph = append(bytes, sizeof(*tcph));

	tcph->source = htons(40000);
	tcph->dest = htons(80);
	tcph->doff = sizeof(*tcph) / 4;
	tcph->syn = 1;
	tcph->ack = 1;
}

/* Read the first @len bytes, as a packet whose first @linear bytes are in the head.
 * The buffer ends where the packet ends, so that KASAN finds a read past the end.
 */
static struct dsr_ports read(struct kunit *test, const struct bytes *bytes,
			     u32 len, u32 linear)
{
	struct sk_buff *skb = alloc_skb(linear, GFP_KERNEL);
	struct dsr_ports ports;
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_data(skb, bytes->data, linear);
	if (len > linear) {
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		memcpy(page_address(page), bytes->data + linear, len - linear);
		skb_add_rx_frag(skb, 0, page, 0, len - linear, PAGE_SIZE);
	}
	skb_reset_network_header(skb);
	memset(&ports, 0xa5, sizeof(ports));
	dsr_ports_read(skb, bytes->data[0] >> 4 == 6 ? AF_INET6 : AF_INET,
		       &ports);
	kfree_skb(skb);
	return ports;
}

static void expect(struct kunit *test, struct dsr_ports ports, u8 protocol,
		   u16 sport, u16 dport, u8 flags)
{
	KUNIT_EXPECT_EQ(test, ports.protocol, protocol);
	KUNIT_EXPECT_EQ(test, ports.sport, sport);
	KUNIT_EXPECT_EQ(test, ports.dport, dport);
	KUNIT_EXPECT_EQ(test, ports.tcp_flags, flags);
}

/* Let the packet end at each byte, and its linear part at each byte before. */
static void expect_cut(struct kunit *test, const struct bytes *bytes,
		       u32 first, u32 transport)
{
	u32 len, linear;

	for (len = first; len <= bytes->len; len++)
		for (linear = first; linear <= len; linear++)
			expect(test, read(test, bytes, len, linear),
			       IPPROTO_TCP,
			       len < transport + 4 ? 0 : 40000,
			       len < transport + 4 ? 0 : 80,
			       len < transport + 14 ? 0 : SYN_ACK);
}

static void cut_ipv4(struct kunit *test)
{
	struct bytes bytes = { };

	append_ip(&bytes, IPPROTO_TCP, 8);
	append_tcp(&bytes);
	expect_cut(test, &bytes, 28, 28);
}

static void cut_ipv6(struct kunit *test)
{
	struct bytes bytes = { };
	u32 len;

	append_ip6(&bytes, IPPROTO_TCP);
	append_tcp(&bytes);
	expect_cut(test, &bytes, 48, 48);
	/* within the options */
	for (len = sizeof(struct ipv6hdr); len < 42; len++)
		expect(test, read(test, &bytes, len, len), IPPROTO_DSTOPTS, 0,
		       0, 0);
}

/* The first fragment has ports; in the others these bytes are data. */
static void fragments(struct kunit *test)
{
	struct bytes bytes = { };
	struct bytes bytes6 = { };
	struct frag_hdr *fragment;
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	iph = append_ip(&bytes, IPPROTO_TCP, 0);
	append_tcp(&bytes);
	iph->frag_off = htons(IP_MF);
	expect(test, read(test, &bytes, bytes.len, bytes.len), IPPROTO_TCP,
	       40000, 80, SYN_ACK);
	iph->frag_off = htons(IP_MF | 100);
	expect(test, read(test, &bytes, bytes.len, bytes.len), IPPROTO_TCP, 0,
	       0, 0);

	ip6h = append(&bytes6, sizeof(*ip6h));
	ip6h->version = 6;
	ip6h->nexthdr = NEXTHDR_FRAGMENT;
	fragment = append(&bytes6, sizeof(*fragment));
	fragment->nexthdr = IPPROTO_TCP;
	append_tcp(&bytes6);
	fragment->frag_off = htons(IP6_MF);
	expect(test, read(test, &bytes6, bytes6.len, bytes6.len), IPPROTO_TCP,
	       40000, 80, SYN_ACK);
	fragment->frag_off = htons(100 << 3);
	expect(test, read(test, &bytes6, bytes6.len, bytes6.len),
	       NEXTHDR_FRAGMENT, 0, 0, 0);
}

/* Flags are TCP's, and ports are of those that have any. */
static void protocols(struct kunit *test)
{
	static const u8 without[] = { IPPROTO_ICMP, IPPROTO_ESP, IPPROTO_GRE };
	struct bytes bytes = { };
	struct iphdr *iph;
	int i;

	iph = append_ip(&bytes, IPPROTO_UDP, 0);
	append_tcp(&bytes);
	expect(test, read(test, &bytes, bytes.len, bytes.len), IPPROTO_UDP,
	       40000, 80, 0);
	for (i = 0; i < ARRAY_SIZE(without); i++) {
		iph->protocol = without[i];
		expect(test, read(test, &bytes, bytes.len, bytes.len),
		       without[i], 0, 0, 0);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cut_ipv4),
	KUNIT_CASE(cut_ipv6),
	KUNIT_CASE(fragments),
	KUNIT_CASE(protocols),
	{ }
};

static struct kunit_suite suite = {
	.name = "dsr_ports",
	.test_cases = cases,
};

kunit_test_suites(&suite);
