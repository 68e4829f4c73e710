// SPDX-License-Identifier: GPL-2.0
/* Test that the fast path does as the slow path, and leaves odd packets. */

#include <linux/ipv6.h>

#include "datapath/fastpath.h"
#include "fixture.h"

#define ROUNDS	20

#define V6(n) ((struct in6_addr) { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = n } })

/* The client, the two VIPs, and the machine's own address. */
static const union nf_inet_addr addrs[2][4] = {
	{ { .ip = CLIENT }, { .ip = VIP }, { .ip = VIP2 }, { .ip = LOCAL } },
	{ { .in6 = V6(1) }, { .in6 = V6(2) }, { .in6 = V6(3) }, { .in6 = V6(4) } },
};

struct fixture {
	struct dsr_rs_net *rs;
	struct dsr_rs_rule *rule;
	/* By family, by protocol (TCP, UDP), by VIP; the second is ported. */
	struct dsr_rs_flow *flow[2][2][2];
};

static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };
static const u8 families[] = { AF_INET, AF_INET6 };

static struct dsr_rs_flow *make_flow(struct kunit *test, struct fixture *f,
				     u32 v6, u8 proto, u32 vip)
{
	struct dsr_rs_packet pkt = {
		.event = DSR_EVENT_DATA,
		.tuple = {
			.client = addrs[v6][0], .server = addrs[v6][1 + vip],
			.cport = htons(5000), .sport = htons(80),
			.proto = proto, .family = families[v6],
		},
	};
	struct dsr_rs_target target = {
		.rule = f->rule, .local = addrs[v6][3], .lport = htons(8080),
	};
	enum dsr_rs_reason reason;
	struct dsr_rs_pending pending;
	struct dsr_rs_flow *flow;

	rcu_read_lock();
	flow = dsr_rs_flow_create(f->rs, &pkt,
				  dsr_rs_tuple_hash(&pkt.tuple,
						    &f->rs->table.key),
				  &target, &pending, &reason);
	if (flow == &pending.flow)
		flow = dsr_rs_flow_promote(f->rs, &pending);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_ASSERT_EQ(test, vip == 1, dsr_rs_flow_ported(flow));
	return flow;
}

static int fastpath_test_init(struct kunit *test)
{
	struct dsr_rs_rule_key key = { .family = AF_INET, .vip.ip = VIP };
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	u32 v6, proto, vip;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->rs = fixture_net(test, 1000);
	f->rule = dsr_rs_rule_alloc(&key, &TO_PORT(0));
	KUNIT_ASSERT_NOT_NULL(test, f->rule);
	for (v6 = 0; v6 < 2; v6++)
		for (proto = 0; proto < 2; proto++)
			for (vip = 0; vip < 2; vip++)
				f->flow[v6][proto][vip] =
					make_flow(test, f, v6, protos[proto],
						  vip);
	test->priv = f;
	return 0;
}

static void fastpath_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	fixture_net_free(f->rs);
	dsr_rs_rule_put(f->rule);
}

/* Build a packet of a flow. Its checksums are random, but not 0. */
static struct sk_buff *packet(struct kunit *test,
			      const struct dsr_rs_flow *flow, bool wire)
{
	struct dsr_rs_tuple ends = wire ? dsr_rs_flow_wire(flow) :
					  dsr_rs_flow_socket(flow);
	struct sk_buff *skb = fixture_skb(test);
	unsigned int len = 20 + get_random_u32() % 1000;
	struct ipv6hdr *ip6h;

	if (flow->family == AF_INET) {
		fixture_ip(skb, wire ? ends.client.ip : ends.server.ip,
			   wire ? ends.server.ip : ends.client.ip, flow->proto,
			   0);
	} else {
		ip6h = skb_put_zero(skb, sizeof(*ip6h));
		ip6h->version = 6;
		ip6h->nexthdr = flow->proto;
		ip6h->saddr = wire ? ends.client.in6 : ends.server.in6;
		ip6h->daddr = wire ? ends.server.in6 : ends.client.in6;
	}
	skb_set_transport_header(skb, skb->len);
	fixture_l4(skb, flow->proto, wire ? ends.cport : ends.sport,
		   wire ? ends.sport : ends.cport, len);
	if (flow->proto == IPPROTO_TCP)
		tcp_hdr(skb)->check = (__force __sum16)(1 + get_random_u32() %
							    65534);
	else
		udp_hdr(skb)->check = (__force __sum16)(1 + get_random_u32() %
							    65534);
	if (flow->family == AF_INET)
		ip_hdr(skb)->check = (__force __sum16)get_random_u16();
	skb->csum = (__force __wsum)get_random_u32();
	return skb;
}

static struct dsr_rs_flow *find(struct fixture *f, const struct sk_buff *skb,
				u8 family, bool request)
{
	struct dsr_rs_flow *flow;

	rcu_read_lock();
	if (family == AF_INET)
		flow = request ?
		       dsr_rs_fastpath_find(&f->rs->table, skb, AF_INET, true) :
		       dsr_rs_fastpath_find(&f->rs->table, skb, AF_INET, false);
	else
		flow = request ?
		       dsr_rs_fastpath_find(&f->rs->table, skb, AF_INET6, true) :
		       dsr_rs_fastpath_find(&f->rs->table, skb, AF_INET6, false);
	rcu_read_unlock();
	return flow;
}

static void rewrite(struct sk_buff *skb, const struct dsr_rs_flow *flow,
		    bool request)
{
	if (flow->family == AF_INET && request)
		dsr_rs_fastpath_rewrite(skb, flow, AF_INET, true);
	else if (flow->family == AF_INET)
		dsr_rs_fastpath_rewrite(skb, flow, AF_INET, false);
	else if (request)
		dsr_rs_fastpath_rewrite(skb, flow, AF_INET6, true);
	else
		dsr_rs_fastpath_rewrite(skb, flow, AF_INET6, false);
}

/* Rewrite a packet as the slow path does. */
static void rewrite_long(struct sk_buff *skb, const struct dsr_rs_flow *flow,
			 bool request)
{
	struct dsr_rs_tuple t = request ? dsr_rs_flow_socket(flow) :
					  dsr_rs_flow_wire(flow);
	struct dsr_rs_ends to = {
		.saddr = request ? t.client : t.server,
		.daddr = request ? t.server : t.client,
		.source = request ? t.cport : t.sport,
		.dest = request ? t.sport : t.cport,
	};

	dsr_rs_rewrite_packet(skb, flow->family, flow->proto,
			      skb_transport_offset(skb), &to);
}

/* Compare both paths for one packet in a checksum mode. */
static void expect_same(struct kunit *test, const struct dsr_rs_flow *flow,
			bool request, u8 mode, bool summed)
{
	struct sk_buff *skb = packet(test, flow, request), *copy;
	struct dsr_rs_flow *found;

	skb->ip_summed = mode;
	if (mode == CHECKSUM_PARTIAL)
		/* The device completes the sum of this packet, or of an inner
		 * one.
		 */
		skb->csum_start = skb_headroom(skb) +
				  skb_transport_offset(skb) +
				  (flow->proto == IPPROTO_UDP &&
				   get_random_u32() % 2 ? 16 : 0);
	if (!summed)
		udp_hdr(skb)->check = 0;
	copy = skb_copy(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	found = find(test->priv, skb, flow->family, request);
	if (!summed && mode == CHECKSUM_COMPLETE) {
		KUNIT_EXPECT_NULL(test, found);
	} else {
		KUNIT_ASSERT_NOT_NULL(test, found);
		KUNIT_EXPECT_TRUE(test, found->wire == flow->wire &&
				  found->socket == flow->socket);
		rewrite(skb, found, request);
		rewrite_long(copy, flow, request);
		KUNIT_EXPECT_EQ(test, 0, memcmp(skb->data, copy->data,
						skb->len));
		KUNIT_EXPECT_EQ(test, (__force u16)csum_fold(skb->csum),
				(__force u16)csum_fold(copy->csum));
		KUNIT_EXPECT_EQ(test, mode, (u8)skb->ip_summed);
	}
	kfree_skb(copy);
	kfree_skb(skb);
}

static void prove(struct fixture *f, struct dsr_rs_flow *flow)
{
	rcu_read_lock();
	dsr_rs_flow_answer(&f->rs->table, flow);
	dsr_rs_flow_prove(f->rs, flow);
	rcu_read_unlock();
}

static void fastpath_is_the_same(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 round, proto;

	for (round = 0; round < 4; round++)
		prove(f, f->flow[round >> 1][1][round & 1]);
	/* The bits of @round choose; a datagram may have no checksum. */
	for (round = 0; round < 32 * ROUNDS; round++) {
		proto = round >> 3 & 1;
		expect_same(test, f->flow[round >> 4 & 1][proto][round >> 2 & 1],
			    round & 1, get_random_u32() % 4,
			    !proto || round >> 1 & 1);
	}
}

/* Deviations that need the slow path. */
enum odd {
	PLAIN, OPTIONS, FRAGMENT, SYN, FIN, RST, TINY, SHORT, LONG, PAGED,
	CLONED, SCTP, PORT, SERVER, LINK_LOCAL, ODDS
};

static void make_odd(struct sk_buff *skb, enum odd odd)
{
	struct iphdr *iph = ip_hdr(skb);
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct tcphdr *th = tcp_hdr(skb);
	bool v4 = iph->version == 4;
	bool tcp = (v4 ? iph->protocol : ip6h->nexthdr) == IPPROTO_TCP;

	switch (odd) {
	case OPTIONS:
		if (v4)
			iph->ihl++;
		else
			ip6h->nexthdr = NEXTHDR_DEST;
		break;
	case FRAGMENT:
		if (v4)
			iph->frag_off = htons(IP_MF);
		else
			ip6h->nexthdr = NEXTHDR_FRAGMENT;
		break;
	case SYN:
		th->syn = 1;
		break;
	case FIN:
		th->fin = 1;
		break;
	case RST:
		th->rst = 1;
		break;
	case TINY:
		if (tcp)
			th->doff = 4;
		else
			udp_hdr(skb)->len = htons(7);
		break;
	case SHORT:
		if (tcp)
			skb_trim(skb, skb_transport_offset(skb) + 19);
		else
			skb_trim(skb, skb_transport_offset(skb) + 7);
		break;
	case LONG:
		if (tcp) {
			th->doff = 15;
			skb_trim(skb, skb_transport_offset(skb) + 59);
		} else {
			udp_hdr(skb)->len = htons(ntohs(udp_hdr(skb)->len) + 1);
		}
		break;
	case PORT:
		th->source ^= htons(1);
		break;
	case SERVER:
		if (v4)
			iph->daddr ^= htonl(64);
		else
			ip6h->daddr.s6_addr[15] ^= 64;
		break;
	case SCTP:
		if (v4)
			iph->protocol = IPPROTO_SCTP;
		else
			ip6h->nexthdr = IPPROTO_SCTP;
		break;
	case LINK_LOCAL:
		if (!v4)
			ip6h->saddr.s6_addr32[0] = htonl(0xfe800000);
		break;
	default:
		break;
	}
}

static void fastpath_leaves_odd_packets(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb, *clone;
	struct dsr_rs_flow *flow;
	u32 v6, proto, odd;
	bool none;

	for (v6 = 0; v6 < 2; v6++)
		for (proto = 0; proto < 2; proto++)
			for (odd = 0; odd < ODDS; odd++) {
				flow = f->flow[v6][proto][0];
				skb = packet(test, flow, true);
				make_odd(skb, odd);
				clone = odd == CLONED ?
					skb_clone(skb, GFP_KERNEL) : NULL;
				/* As if pages held all behind the IP header. */
				if (odd == PAGED)
					skb->data_len = skb->len -
							skb_transport_offset(skb);
				none = odd != PLAIN && !(odd == LINK_LOCAL && !v6) &&
				       !(proto && (odd == SYN || odd == FIN ||
						   odd == RST));
				KUNIT_EXPECT_EQ_MSG(test, none,
						    !find(f, skb, families[v6],
							  true),
						    "v6 %u udp %u odd %u", v6,
						    proto, odd);
				skb->data_len = 0;
				kfree_skb(clone);
				kfree_skb(skb);
			}
}

/* Test that packets which prove more about a client take the slow path once. */
static void fastpath_waits_for_proof(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dsr_rs_flow *flow = f->flow[0][1][1], *socket;
	struct sk_buff *in = packet(test, flow, true);
	struct sk_buff *out = packet(test, flow, false);

	KUNIT_EXPECT_PTR_EQ(test, flow, find(f, in, AF_INET, true));
	KUNIT_EXPECT_NULL(test, find(f, out, AF_INET, false));

	rcu_read_lock();
	dsr_rs_flow_answer(&f->rs->table, flow);
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, find(f, in, AF_INET, true));
	socket = find(f, out, AF_INET, false);
	KUNIT_EXPECT_NOT_NULL(test, socket);

	rcu_read_lock();
	dsr_rs_flow_prove(f->rs, flow);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, flow, find(f, in, AF_INET, true));
	KUNIT_EXPECT_PTR_EQ(test, socket, find(f, out, AF_INET, false));
	kfree_skb(in);
	kfree_skb(out);
}

static struct kunit_case fastpath_cases[] = {
	KUNIT_CASE(fastpath_is_the_same),
	KUNIT_CASE(fastpath_leaves_odd_packets),
	KUNIT_CASE(fastpath_waits_for_proof),
	{}
};

static struct kunit_suite fastpath_suite = {
	.name = "dsr_rs_fastpath",
	.init = fastpath_test_init,
	.exit = fastpath_test_exit,
	.test_cases = fastpath_cases,
};

kunit_test_suite(fastpath_suite);
