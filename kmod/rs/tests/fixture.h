/* SPDX-License-Identifier: GPL-2.0 */
/* fixture - shared by the suites: packets, and a namespace without hooks */
#ifndef _DSR_RS_TESTS_FIXTURE_H
#define _DSR_RS_TESTS_FIXTURE_H

#include <kunit/test.h>
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>

#include "core/pending.h"
#include "core/flow.h"
#include "core/net.h"
#include "core/packet.h"
#include "datapath/rewrite.h"

#define ADDR(a, b, c, d) htonl((a) << 24 | (b) << 16 | (c) << 8 | (d))
#define CLIENT	ADDR(10, 10, 31, 200)
#define VIP	ADDR(10, 10, 31, 100)
#define VIP2	ADDR(10, 10, 31, 110)
#define LOCAL	ADDR(10, 10, 30, 101)
#define ROUTER	ADDR(10, 10, 30, 10)

#define IP4(addr)	((union nf_inet_addr) { .ip = (addr) })
#define TO_PORT(to)	((struct dsr_rs_rule_to) { .port = htons(to) })

/**
 * fixture_skb() - allocate an empty packet
 * @test: test; fails if there is no memory
 *
 * Return: the packet, for the caller to free.
 */
static inline struct sk_buff *fixture_skb(struct kunit *test)
{
	struct sk_buff *skb = alloc_skb(4096, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, 128);
	skb_reset_network_header(skb);
	return skb;
}

/* Sum up the transport part, with or without the pseudo header: 0 if the
 * checksum in the header is right.
 */
static inline __sum16 fixture_l4_sum(const struct sk_buff *skb,
				     unsigned int thoff, bool pseudo)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int len = skb->len - thoff;
	__wsum sum = skb_checksum(skb, thoff, len, 0);

	if (!pseudo)
		return csum_fold(sum);
	return csum_tcpudp_magic(iph->saddr, iph->daddr, len, iph->protocol,
				 sum);
}

/* Append an IP header; fixture_finish() sets its length. */
static inline void fixture_ip(struct sk_buff *skb, __be32 saddr, __be32 daddr,
			      u8 proto, unsigned int options)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph) + options);

	iph->version = 4;
	iph->ihl = 5 + options / 4;
	iph->ttl = 64;
	iph->protocol = proto;
	iph->saddr = saddr;
	iph->daddr = daddr;
	memset(iph + 1, IPOPT_NOOP, options);
}

/* Append a TCP or UDP header and @len random bytes. */
static inline void fixture_l4(struct sk_buff *skb, u8 proto, __be16 source,
			      __be16 dest, unsigned int len)
{
	if (proto == IPPROTO_TCP) {
		struct tcphdr *th = skb_put_zero(skb, sizeof(*th));

		th->source = source;
		th->dest = dest;
		th->doff = 5;
		th->ack = 1;
	} else {
		struct udphdr *uh = skb_put_zero(skb, sizeof(*uh));

		uh->source = source;
		uh->dest = dest;
		uh->len = htons(sizeof(*uh) + len);
	}
	get_random_bytes(skb_put(skb, len), len);
}

static inline __sum16 *fixture_check(const struct sk_buff *skb)
{
	void *th = (void *)ip_hdr(skb) + ip_hdrlen(skb);

	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_TCP:
		return &((struct tcphdr *)th)->check;
	case IPPROTO_UDP:
		return &((struct udphdr *)th)->check;
	default:
		return &((struct icmphdr *)th)->checksum;
	}
}

/* Fill in the length and the checksums of a packet. */
static inline void fixture_finish(struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);
	__sum16 *check = fixture_check(skb);

	iph->tot_len = htons(skb->len);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
	*check = 0;
	*check = fixture_l4_sum(skb, iph->ihl * 4,
				iph->protocol != IPPROTO_ICMP);
	if (iph->protocol == IPPROTO_UDP && !*check)
		*check = CSUM_MANGLED_0;
}

/**
 * fixture_packet() - build a TCP or UDP packet with right checksums
 * @test: test
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @saddr: source
 * @source: source port
 * @daddr: destination
 * @dest: destination port
 * @len: bytes of payload, random
 */
static inline struct sk_buff *fixture_packet(struct kunit *test, u8 proto,
					     __be32 saddr, u16 source,
					     __be32 daddr, u16 dest,
					     unsigned int len)
{
	struct sk_buff *skb = fixture_skb(test);

	fixture_ip(skb, saddr, daddr, proto, 0);
	fixture_l4(skb, proto, htons(source), htons(dest), len);
	fixture_finish(skb);
	return skb;
}

/** fixture_net() - create a namespace with a table, but no hooks; or assert */
static inline struct dsr_rs_net *fixture_net(struct kunit *test, u32 max)
{
	struct dsr_rs_net *rs = kunit_kzalloc(test, sizeof(*rs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rs);
	rs->recent = kunit_kzalloc(test, sizeof(*rs->recent), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rs->recent);
	rs->pendings = dsr_rs_pending_alloc();
	KUNIT_ASSERT_NOT_NULL(test, rs->pendings);
	KUNIT_ASSERT_EQ(test, 0, dsr_rs_flow_init());
	rs->net = &init_net;
	atomic_set(&rs->entries6, 0);
	dsr_rs_rule_init(&rs->rules);
	mutex_init(&rs->lock);
	KUNIT_ASSERT_EQ(test, 0, dsr_table_init(&rs->table, &dsr_rs_flow_ops,
						system_unbound_wq, max, NULL));
	return rs;
}

static inline void fixture_net_free(struct dsr_rs_net *rs)
{
	dsr_table_exit(&rs->table);
	kvfree(rs->pendings);
	rcu_barrier();
}

#endif /* _DSR_RS_TESTS_FIXTURE_H */
