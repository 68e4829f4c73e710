// SPDX-License-Identifier: GPL-2.0
/* Test that ICMP errors are rewritten if they quote a flow, and only then. */

#include "datapath/icmp.h"
#include "fixture.h"

/* Build an ICMP message of @type that quotes @len bytes of @quoted. */
static struct sk_buff *message(struct kunit *test, u8 type, __be32 saddr,
			       __be32 daddr, const struct sk_buff *quoted,
			       unsigned int len)
{
	struct sk_buff *skb = fixture_skb(test);
	struct icmphdr *icmph;

	fixture_ip(skb, saddr, daddr, IPPROTO_ICMP, 0);
	icmph = skb_put_zero(skb, sizeof(*icmph));
	icmph->type = type;
	skb_put_data(skb, quoted->data, len);
	fixture_finish(skb);
	return skb;
}

static void begin(struct kunit *test, struct dsr_rs_net *rs, __be32 vip)
{
	struct dsr_rs_packet pkt = {
		.tuple = {
			.client.ip = CLIENT, .server.ip = vip,
			.proto = IPPROTO_UDP, .family = AF_INET,
			.cport = htons(5000), .sport = htons(53),
		},
	};
	struct dsr_rs_rule_key key = { .family = AF_INET, .vip.ip = vip };
	struct dsr_rs_rule *rule = dsr_rs_rule_alloc(&key, &TO_PORT(0));
	struct dsr_rs_target target = {
		.rule = rule, .local.ip = LOCAL, .lport = htons(8053),
	};
	struct dsr_rs_pending pending;
	enum dsr_rs_reason reason;

	KUNIT_ASSERT_NOT_NULL(test, rule);
	rcu_read_lock();
	KUNIT_EXPECT_NOT_NULL(test,
			      dsr_rs_flow_create(rs, &pkt,
						 dsr_rs_tuple_hash(&pkt.tuple,
								   &rs->table.key),
						 &target, &pending, &reason));
	rcu_read_unlock();
	dsr_rs_rule_put(rule);
}

static int icmp_test_init(struct kunit *test)
{
	struct dsr_rs_net *rs = fixture_net(test, 100);

	test->priv = rs;
	/* The second flow gets another client port. */
	begin(test, rs, VIP);
	begin(test, rs, VIP2);
	return 0;
}

static void icmp_test_exit(struct kunit *test)
{
	fixture_net_free(test->priv);
}

static enum dsr_rs_reason deliver(struct kunit *test, struct sk_buff *skb)
{
	enum dsr_rs_reason reason = DSR_RS_PASS_MALFORMED;
	struct dsr_rs_packet pkt;

	skb->dev = init_net.loopback_dev;
	rcu_read_lock();
	if (dsr_rs_packet_parse(skb, AF_INET, true, 0, &pkt) ==
	    DSR_RS_PACKET_ICMP)
		reason = dsr_rs_icmp_deliver(test->priv, skb, &pkt);
	rcu_read_unlock();
	return reason;
}

static enum dsr_rs_reason reply(struct kunit *test, struct sk_buff *skb)
{
	struct nf_hook_state state = {
		.hook = NF_INET_POST_ROUTING, .pf = NFPROTO_IPV4,
		.out = init_net.loopback_dev, .net = &init_net,
	};
	enum dsr_rs_reason reason = DSR_RS_PASS_MALFORMED;
	struct dsr_rs_packet pkt;

	rcu_read_lock();
	if (dsr_rs_packet_parse(skb, AF_INET, false, 0, &pkt) ==
	    DSR_RS_PACKET_ICMP)
		reason = dsr_rs_icmp_reply(test->priv, skb, &state, &pkt);
	rcu_read_unlock();
	return reason;
}

static const struct iphdr *quotation(const struct sk_buff *skb)
{
	return (void *)(ip_hdr(skb) + 1) + sizeof(struct icmphdr);
}

static void expect_sums(struct kunit *test, const struct sk_buff *skb)
{
	const struct iphdr *quoted = quotation(skb);

	KUNIT_EXPECT_EQ(test, 0, (__force u16)ip_fast_csum(ip_hdr(skb), 5));
	KUNIT_EXPECT_EQ(test, 0, (__force u16)ip_fast_csum(quoted, 5));
	KUNIT_EXPECT_EQ(test, 0, (__force u16)fixture_l4_sum(skb, 20, false));
}

static void icmp_deliver_for(struct kunit *test, __be32 vip, bool ported)
{
	struct sk_buff *sent = fixture_packet(test, IPPROTO_UDP, vip, 53,
					      CLIENT, 5000, 64);
	const struct udphdr *uh;
	struct sk_buff *skb;
	unsigned int len;

	for (len = 28; len <= sent->len; len++) {
		skb = message(test, ICMP_DEST_UNREACH, ROUTER, vip, sent, len);
		KUNIT_EXPECT_EQ(test, (int)DSR_RS_DELIVERED_ICMP_ERROR,
				(int)deliver(test, skb));
		expect_sums(test, skb);
		uh = (void *)(quotation(skb) + 1);
		KUNIT_EXPECT_EQ(test, (__force u32)LOCAL,
				(__force u32)ip_hdr(skb)->daddr);
		KUNIT_EXPECT_EQ(test, (__force u32)ROUTER,
				(__force u32)ip_hdr(skb)->saddr);
		KUNIT_EXPECT_EQ(test, (__force u32)LOCAL,
				(__force u32)quotation(skb)->saddr);
		KUNIT_EXPECT_EQ(test, (__force u32)CLIENT,
				(__force u32)quotation(skb)->daddr);
		KUNIT_EXPECT_EQ(test, 8053, ntohs(uh->source));
		KUNIT_EXPECT_EQ(test, ported, ntohs(uh->dest) != 5000);
		kfree_skb(skb);
	}
	kfree_skb(sent);
}

static void icmp_deliver(struct kunit *test)
{
	icmp_deliver_for(test, VIP, false);
	icmp_deliver_for(test, VIP2, true);
}

static void icmp_reply(struct kunit *test)
{
	struct sk_buff *got = fixture_packet(test, IPPROTO_UDP, CLIENT, 5000,
					     LOCAL, 8053, 64);
	const struct udphdr *uh;
	struct sk_buff *skb;

	skb = message(test, ICMP_DEST_UNREACH, LOCAL, CLIENT, got, got->len);
	KUNIT_EXPECT_EQ(test, (int)DSR_RS_REPLIED_ICMP_ERROR, (int)reply(test, skb));
	expect_sums(test, skb);
	uh = (void *)(quotation(skb) + 1);
	KUNIT_EXPECT_EQ(test, (__force u32)VIP, (__force u32)ip_hdr(skb)->saddr);
	KUNIT_EXPECT_EQ(test, (__force u32)CLIENT,
			(__force u32)ip_hdr(skb)->daddr);
	KUNIT_EXPECT_EQ(test, (__force u32)VIP,
			(__force u32)quotation(skb)->daddr);
	KUNIT_EXPECT_EQ(test, 53, ntohs(uh->dest));
	KUNIT_EXPECT_EQ(test, 5000, ntohs(uh->source));
	kfree_skb(skb);

	/* From another address of the machine: only the quotation changes. */
	skb = message(test, ICMP_DEST_UNREACH, ROUTER, CLIENT, got, 28);
	KUNIT_EXPECT_EQ(test, (int)DSR_RS_REPLIED_ICMP_ERROR, (int)reply(test, skb));
	expect_sums(test, skb);
	KUNIT_EXPECT_EQ(test, (__force u32)ROUTER,
			(__force u32)ip_hdr(skb)->saddr);
	kfree_skb(skb);
	kfree_skb(got);
}

/* Test quotations cut at every place before 8 bytes of the transport header. */
static void icmp_truncated(struct kunit *test)
{
	struct sk_buff *sent = fixture_packet(test, IPPROTO_UDP, VIP, 53,
					      CLIENT, 5000, 64);
	enum dsr_rs_reason reason;
	struct sk_buff *skb;
	unsigned int len;

	for (len = 0; len < 36; len++) {
		skb = message(test, ICMP_DEST_UNREACH, ROUTER, VIP, sent, 28);
		skb_trim(skb, 20 + len);
		reason = deliver(test, skb);
		KUNIT_EXPECT_EQ(test, (int)reason,
				len < 8 ? (int)DSR_RS_PASS_MALFORMED :
					  (int)DSR_RS_PASS_ICMP_UNRELATED);
		KUNIT_EXPECT_EQ(test, (__force u32)VIP,
				(__force u32)ip_hdr(skb)->daddr);
		kfree_skb(skb);
	}
	kfree_skb(sent);
}

/* Expect an error to be unrelated if byte @at of its quotation is @value. */
static void expect_unrelated(struct kunit *test, unsigned int at, u8 value)
{
	struct sk_buff *sent = fixture_packet(test, IPPROTO_UDP, VIP, 53,
					      CLIENT, 5000, 64);
	struct sk_buff *skb;

	sent->data[at] = value;
	skb = message(test, ICMP_DEST_UNREACH, ROUTER, VIP, sent, 40);
	KUNIT_EXPECT_EQ(test, (int)DSR_RS_PASS_ICMP_UNRELATED,
			(int)deliver(test, skb));
	kfree_skb(skb);
	kfree_skb(sent);
}

static void icmp_unrelated(struct kunit *test)
{
	struct sk_buff *sent = fixture_packet(test, IPPROTO_UDP, VIP, 53,
					      CLIENT, 5000, 64);
	struct sk_buff *skb;

	expect_unrelated(test, 0, 0x65);	/* IPv6 */
	expect_unrelated(test, 0, 0x44);	/* header too short */
	expect_unrelated(test, 0, 0x4f);	/* header longer than it is */
	expect_unrelated(test, 7, 0x01);	/* not the first fragment */
	expect_unrelated(test, 9, IPPROTO_TCP);
	expect_unrelated(test, 9, IPPROTO_ICMP);
	expect_unrelated(test, 15, 0x01);	/* source */
	expect_unrelated(test, 19, 0x01);	/* destination */
	expect_unrelated(test, 21, 0x01);	/* source port */
	expect_unrelated(test, 23, 0x01);	/* destination port */

	/* The error goes to another address than the quoted packet's source. */
	skb = message(test, ICMP_DEST_UNREACH, ROUTER, LOCAL, sent, 40);
	KUNIT_EXPECT_EQ(test, (int)DSR_RS_PASS_ICMP_UNRELATED,
			(int)deliver(test, skb));
	kfree_skb(skb);
	skb = message(test, ICMP_ECHO, ROUTER, VIP, sent, 40);
	KUNIT_EXPECT_EQ(test, (int)DSR_RS_PASS_ICMP_NOT_ERROR,
			(int)deliver(test, skb));
	kfree_skb(skb);
	kfree_skb(sent);
}

static struct kunit_case icmp_cases[] = {
	KUNIT_CASE(icmp_deliver),
	KUNIT_CASE(icmp_reply),
	KUNIT_CASE(icmp_truncated),
	KUNIT_CASE(icmp_unrelated),
	{}
};

static struct kunit_suite icmp_suite = {
	.name = "dsr_rs_icmp",
	.init = icmp_test_init,
	.exit = icmp_test_exit,
	.test_cases = icmp_cases,
};

kunit_test_suite(icmp_suite);
