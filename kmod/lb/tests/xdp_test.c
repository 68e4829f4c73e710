// SPDX-License-Identifier: GPL-2.0
/* The fast path at ingress and the one by XDP check packets alike. */

#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/prandom.h>
#include <net/ip.h>

#include "core/path.h"
#include "datapath/ingress.h"
#include "datapath/xdp.h"
#include "fixture.h"

#define HEADROOM	64
#define LEN_MAX		256
#define PORTS		htonl(0xfa00050)	/* 4000 to 80 */

/**
 * struct ways - the same device with a path at ingress, and with one by XDP
 * @ingress: the one
 * @xdp: the other
 * @frame: Ethernet header and packet
 * @len: bytes of the packet
 */
struct ways {
	struct dsr_path_dev ingress;
	struct dsr_path_dev xdp;
	u8 frame[ETH_HLEN + LEN_MAX];
	u32 len;
};

static void path_init(struct kunit *test, struct dsr_path_dev *path, u8 via)
{
	struct fixture *f = test->priv;

	path->dn = &f->dn;
	path->via = via;
	path->recheck = U32_MAX / 2;
	path->hook.dev = init_net.loopback_dev;
	path->verdicts = __alloc_percpu(DSR_INGRESS_COUNT * sizeof(u64),
					sizeof(u64));
	KUNIT_ASSERT_NOT_NULL(test, path->verdicts);
}

/* Remember a connection of each protocol, all to one backend without a route.
 * So a packet that passes all checks of itself is "backend_unresolved".
 */
static void connect(struct kunit *test, u8 family, u8 proto, u8 state,
		    struct dsr_backend *backend)
{
	struct fixture *f = test->priv;
	struct dsr_tuple tuple = {
		.ports = PORTS,
		.proto = proto,
		.family = family,
	};
	bool added;

	if (family == AF_INET) {
		tuple.v4.saddr = htonl(0xc0000201);
		tuple.v4.daddr = htonl(0x0a0a1f64);
	} else {
		tuple.v6.saddr.s6_addr[15] = 1;
		tuple.v6.daddr.s6_addr[15] = 2;
	}
	rcu_read_lock();
	KUNIT_EXPECT_NOT_NULL(test, dsr_conn_add(&f->dn, &tuple,
						 dsr_conn_hash(&f->dn.table,
							       &tuple),
						 state, backend, &added));
	rcu_read_unlock();
}

static struct ways *ways_init(struct kunit *test)
{
	struct ways *ways = kunit_kzalloc(test, sizeof(*ways), GFP_KERNEL);
	struct fixture *f = test->priv;
	struct dsr_backend *backend;
	u8 family;

	KUNIT_ASSERT_NOT_NULL(test, ways);
	path_init(test, &ways->ingress, DSR_PATH_VIA_INGRESS);
	path_init(test, &ways->xdp, DSR_PATH_VIA_XDP);
	f->service.path = DSR_PATH_DIRECT;
	backend = fixture_backend(test, f, 1, 1);
	for (family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
		connect(test, family, IPPROTO_TCP, DSR_CONN_ESTABLISHED,
			backend);
		connect(test, family, IPPROTO_UDP, DSR_CONN_UDP, backend);
		connect(test, family, IPPROTO_SCTP, DSR_CONN_ESTABLISHED,
			backend);
	}
	return ways;
}

static void ways_exit(struct ways *ways)
{
	free_percpu(ways->ingress.verdicts);
	free_percpu(ways->xdp.verdicts);
}

static void ways_sum(struct ways *ways)
{
	struct iphdr *iph = (void *)(ways->frame + ETH_HLEN);

	iph->check = 0;
	iph->check = ip_fast_csum(iph, 5);
}

/* Make a packet with a payload of 20 bytes, of one of the connections. */
static void ways_packet(struct ways *ways, u8 family, u8 proto)
{
	struct ethhdr *eth = (void *)ways->frame;
	struct ipv6hdr *ip6h = (void *)(eth + 1);
	struct iphdr *iph = (void *)(eth + 1);
	union dsr_packet_transport *header;

	memset(ways->frame, 0, sizeof(ways->frame));
	ether_addr_copy(eth->h_dest, init_net.loopback_dev->dev_addr);
	if (family == AF_INET) {
		eth->h_proto = htons(ETH_P_IP);
		ways->len = sizeof(*iph) + sizeof(*header) + 20;
		iph->version = 4;
		iph->ihl = 5;
		iph->ttl = 64;
		iph->protocol = proto;
		iph->tot_len = htons(ways->len);
		iph->saddr = htonl(0xc0000201);
		iph->daddr = htonl(0x0a0a1f64);
		header = (void *)(iph + 1);
		ways_sum(ways);
	} else {
		eth->h_proto = htons(ETH_P_IPV6);
		ways->len = sizeof(*ip6h) + sizeof(*header) + 20;
		ip6h->version = 6;
		ip6h->hop_limit = 64;
		ip6h->nexthdr = proto;
		ip6h->payload_len = htons(ways->len - sizeof(*ip6h));
		ip6h->saddr.s6_addr[15] = 1;
		ip6h->daddr.s6_addr[15] = 2;
		header = (void *)(ip6h + 1);
	}
	header->ports = (__force u32)PORTS;
	switch (proto) {
	case IPPROTO_TCP:
		header->tcp.doff = 5;
		header->tcp.ack = 1;
		break;
	case IPPROTO_UDP:
		header->udp.len = htons(28);
		break;
	}
}

/* Return the verdict that @path has counted, and forget it. */
static int verdict_of(struct dsr_path_dev *path)
{
	int i, found = -1;

	for (i = 0; i < DSR_INGRESS_COUNT; i++)
		if (dsr_path_sum(path, i))
			found = i;
	for_each_possible_cpu(i)
		memset(per_cpu_ptr(path->verdicts, i), 0,
		       DSR_INGRESS_COUNT * sizeof(u64));
	return found;
}

/* Let ingress decide about the packet. */
static int by_ingress(struct kunit *test, struct ways *ways)
{
	struct ethhdr *eth = (void *)ways->frame;
	struct sk_buff *skb = alloc_skb(HEADROOM + LEN_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, HEADROOM);
	skb_put_data(skb, eth + 1, ways->len);
	skb_reset_network_header(skb);
	skb->dev = ways->ingress.hook.dev;
	skb->protocol = eth->h_proto;
	skb->pkt_type = PACKET_HOST;
	local_bh_disable();
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, dsr_ingress_hook(&ways->ingress, skb, NULL),
			NF_ACCEPT);
	rcu_read_unlock();
	local_bh_enable();
	kfree_skb(skb);
	return verdict_of(&ways->ingress);
}

/* Let XDP decide. The frame has no byte behind its end. */
static int by_xdp(struct kunit *test, struct ways *ways)
{
	struct xdp_rxq_info rxq = { .dev = ways->xdp.hook.dev };
	u32 len = ETH_HLEN + ways->len;
	void *data = kmemdup(ways->frame, len, GFP_KERNEL);
	struct xdp_buff xdp = {
		.data = data,
		.data_end = data + len,
		.data_meta = data,
		.data_hard_start = data,
		.rxq = &rxq,
		.frame_sz = PAGE_SIZE,
	};

	KUNIT_ASSERT_NOT_NULL(test, data);
	local_bh_disable();
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, dsr_xdp_forward(&ways->xdp, &xdp), DSR_XDP_PASS);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, memcmp(data, ways->frame, len), 0);
	KUNIT_EXPECT_PTR_EQ(test, xdp.data_end, data + len);
	kfree(data);
	return verdict_of(&ways->xdp);
}

/* Ingress reads on in an ICMP packet, and may find it cut off. */
static bool is_icmp(const struct ways *ways)
{
	const struct ethhdr *eth = (const void *)ways->frame;
	const struct ipv6hdr *ip6h = (const void *)(eth + 1);
	const struct iphdr *iph = (const void *)(eth + 1);

	return eth->h_proto == htons(ETH_P_IP) ?
	       iph->protocol == IPPROTO_ICMP : ip6h->nexthdr == IPPROTO_ICMPV6;
}

static const u8 families[] = { AF_INET, AF_INET6 };
static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

static void whole_packets(struct kunit *test)
{
	struct ways *ways = ways_init(test);
	int i, j;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		for (j = 0; j < ARRAY_SIZE(protos); j++) {
			ways_packet(ways, families[i], protos[j]);
			KUNIT_EXPECT_EQ_MSG(test, by_ingress(test, ways),
					    DSR_INGRESS_NEIGHBOUR,
					    "families[%d], protos[%d]", i, j);
			KUNIT_EXPECT_EQ_MSG(test, by_xdp(test, ways),
					    DSR_INGRESS_NEIGHBOUR,
					    "families[%d], protos[%d]", i, j);
		}
	}
	ways_exit(ways);
}

/* Change one or two bytes, or cut the packet off, in 20,000 ways. */
static void broken_packets(struct kunit *test)
{
	struct ways *ways = ways_init(test);
	struct rnd_state random;
	int i, n, ingress, xdp;
	u32 header, seen = 0;

	prandom_seed_state(&random, 42);
	for (i = 0; i < 20000; i++) {
		ways_packet(ways, families[i % 2], protos[i / 2 % 3]);
		header = i % 2 ? 60 : 40;
		for (n = prandom_u32_state(&random) % 3; n; n--)
			ways->frame[ETH_HLEN + prandom_u32_state(&random) %
				    header] = prandom_u32_state(&random);
		if (!(i % 2) && prandom_u32_state(&random) % 4)
			ways_sum(ways);
		if (!(prandom_u32_state(&random) % 4))
			ways->len = prandom_u32_state(&random) % LEN_MAX;
		ingress = by_ingress(test, ways);
		xdp = by_xdp(test, ways);
		if (is_icmp(ways) && ingress == DSR_INGRESS_MALFORMED)
			ingress = DSR_INGRESS_PROTOCOL;
		if (is_icmp(ways) && xdp == DSR_INGRESS_MALFORMED)
			xdp = DSR_INGRESS_PROTOCOL;
		seen |= BIT(xdp);
		KUNIT_ASSERT_EQ(test, ingress, xdp);
	}
	/* all that a packet itself can be */
	KUNIT_EXPECT_EQ(test, seen, BIT(DSR_INGRESS_MALFORMED) |
			BIT(DSR_INGRESS_OPTIONS) | BIT(DSR_INGRESS_FRAGMENT) |
			BIT(DSR_INGRESS_PROTOCOL) | BIT(DSR_INGRESS_UNKNOWN) |
			BIT(DSR_INGRESS_STATE) | BIT(DSR_INGRESS_NEIGHBOUR));
	ways_exit(ways);
}

/* Cases that only a frame can have, and no skb. */
static void frames(struct kunit *test)
{
	struct ways *ways = ways_init(test);
	struct ethhdr *eth = (void *)ways->frame;

	ways_packet(ways, AF_INET, IPPROTO_UDP);
	eth->h_dest[5] ^= 1;
	KUNIT_EXPECT_EQ(test, by_xdp(test, ways), DSR_INGRESS_NOT_HOST);
	eth->h_dest[5] ^= 1;
	eth->h_proto = htons(ETH_P_8021Q);
	KUNIT_EXPECT_EQ(test, by_xdp(test, ways), DSR_INGRESS_VLAN);
	eth->h_proto = htons(ETH_P_8021AD);
	KUNIT_EXPECT_EQ(test, by_xdp(test, ways), DSR_INGRESS_VLAN);
	eth->h_proto = htons(ETH_P_ARP);
	KUNIT_EXPECT_EQ(test, by_xdp(test, ways), DSR_INGRESS_NOT_IP);
	ways->len = 0;
	KUNIT_EXPECT_EQ(test, by_xdp(test, ways), DSR_INGRESS_NOT_IP);
	ways_exit(ways);
}

/* The words of a tuple have its hash, and equal it alone. */
static void words(struct kunit *test)
{
	struct dsr_tuple tuple __aligned(8), other;
	hsiphash_key_t key;
	struct dsr_words words;
	struct rnd_state random;
	int i, j;
	u8 family;

	prandom_seed_state(&random, 42);
	for (i = 0; i < 1000; i++) {
		family = families[i % 2];
		prandom_bytes_state(&random, &key, sizeof(key));
		prandom_bytes_state(&random, &tuple, sizeof(tuple));
		tuple.family = family;
		tuple.last = 0;
		words = dsr_words_of(family, tuple.proto, tuple.ports,
				     &tuple.v6);
		KUNIT_ASSERT_EQ(test, dsr_words_key_hash(&words, family, &key),
				dsr_tuple_key_hash(&tuple, &key));
		KUNIT_ASSERT_TRUE(test,
				  dsr_words_equal(&words, family, &tuple));
		for (j = 0; j < dsr_tuple_size(&tuple); j++) {
			other = tuple;
			((u8 *)&other)[j] ^= 1 << i % 8;
			KUNIT_ASSERT_FALSE(test,
					   dsr_words_equal(&words, family,
							   &other));
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(whole_packets),
	KUNIT_CASE(broken_packets),
	KUNIT_CASE(frames),
	KUNIT_CASE(words),
	{}
};

FIXTURE_SUITE("dsr_xdp");
