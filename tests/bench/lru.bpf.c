// SPDX-License-Identifier: GPL-2.0
/*
 * The least that a balancer by XDP does, to compare with: it looks a flow up in an
 * LRU map, writes the MAC addresses, and redirects the frame. A new flow's
 * backend comes from a ring.
 *
 * Only TCP and UDP over IPv4 without options are balanced. The program has no
 * fragments, TTL, MTU, neighbours, states, thresholds, counters nor
 * ICMP.
 */
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#define SEC(name)	__attribute__((section(name), used))
#define be16(x)		__builtin_bswap16(x)
#define FOUR(x)		x, x, x, x

/* As in bench.py. */
#define VIP		0x0a020001	/* 10.2.0.1 */
#define LB1		101		/* the interface's index */
#define LB2		102
#define FLOWS		2000000
#define RING		256

struct flow {
	__be32 client;
	__be32 vip;
	__be32 ports;
	__u32 protocol;
};

struct backend {
	__u8 to[ETH_ALEN];
	__u8 from[ETH_ALEN];
	__u32 ifindex;
};

struct {
	int (*type)[BPF_MAP_TYPE_LRU_HASH];
	int (*max_entries)[FLOWS];
	struct flow *key;
	__u32 *value;
} flows SEC(".maps");

static const struct backend backends[] = {
	{ { 2, 0, 0, 0, 0, 7 }, { 2, 0, 0, 0, 0, 5 }, LB1 },
	{ { 2, 0, 0, 0, 0, 8 }, { 2, 0, 0, 0, 0, 6 }, LB2 },
};

#define PART	0, 1, 1, 0, 1, 0, 0, 1
static const __u8 ring[RING] = {
	FOUR(FOUR(PART)), FOUR(FOUR(PART))
};

static void *(*const lookup)(void *map, const void *key) =
	(void *)BPF_FUNC_map_lookup_elem;
static long (*const update)(void *map, const void *key, const void *value,
			    __u64 flags) = (void *)BPF_FUNC_map_update_elem;
static long (*const redirect)(__u32 ifindex, __u64 flags) =
	(void *)BPF_FUNC_redirect;

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	const struct backend *backend;
	struct flow flow;
	__u32 *found, number;

	if ((void *)(ip + 1) + sizeof(flow.ports) > end ||
	    eth->h_proto != be16(ETH_P_IP) || ip->ihl != 5 ||
	    ip->daddr != __builtin_bswap32(VIP) ||
	    (ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP))
		return XDP_PASS;

	flow.client = ip->saddr;
	flow.vip = ip->daddr;
	flow.ports = *(__be32 *)(ip + 1);
	flow.protocol = ip->protocol;
	found = lookup(&flows, &flow);
	if (found) {
		number = *found;
	} else {
		number = ring[((flow.client ^ flow.ports) * 0x9e3779b1) >> 24];
		update(&flows, &flow, &number, BPF_ANY);
	}
	backend = &backends[number & 1];
	__builtin_memcpy(eth->h_dest, backend->to, ETH_ALEN);
	__builtin_memcpy(eth->h_source, backend->from, ETH_ALEN);
	return redirect(backend->ifindex, 0);
}

static const char gpl[] SEC("license") = "GPL";
