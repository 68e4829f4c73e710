// SPDX-License-Identifier: GPL-2.0
/*
 * Makes of pktgen's UDP what a client sends, and passes it on as a driver would.
 *
 * pktgen keeps a reference to each packet that it sends. Straight over a veth
 * they would arrive shared, which no driver's are; behind a redirect they arrive
 * like those of a network card.
 *
 * The destination port of what pktgen sends says what to make of it: the upper 4
 * bits are the kind, the lower 12 bits the client's number, which becomes the end
 * of the source address. So the flows of IPv4 and IPv6 are made in the same way,
 * and pktgen spends the same on each.
 */
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#define SEC(name)	__attribute__((section(name), used))
#define be16(x)		__builtin_bswap16(x)
#define be32(x)		__builtin_bswap32(x)

/* As in bench.py. */
#define OUT		100		/* the interface's index */
#define HOP		101		/* that of lb1 */
#define PORT		80
#define UDP6_SIZE	24		/* of pktgen's, in IPv6 */
enum { UDP, TCP_SYN, TCP_ACK };

static long (*const redirect)(__u32 ifindex, __u64 flags) =
	(void *)BPF_FUNC_redirect;

static __attribute__((always_inline)) __u32
sum(const void *data, __u32 bytes, __u32 sum)
{
	const __u16 *word = data;

#pragma unroll
	for (__u32 i = 0; i < bytes / 2; i++)
		sum += word[i];
	return sum;
}

static __attribute__((always_inline)) __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* @sum is that of the two addresses. */
static __attribute__((always_inline)) void
make_tcp(struct tcphdr *tcp, __u16 source, __u32 kind, __u32 pseudo)
{
	tcp->source = source;
	tcp->dest = be16(PORT);
	tcp->seq = be32(kind == TCP_SYN ? 1000 : 1001);
	tcp->ack_seq = kind == TCP_SYN ? 0 : be32(2000);
	((__u16 *)tcp)[6] = kind == TCP_SYN ? be16(0x5002) : be16(0x5010);
	tcp->window = be16(64000);
	tcp->check = 0;
	tcp->urg_ptr = 0;
	tcp->check = fold(sum(tcp, sizeof(*tcp),
			      pseudo + be16(IPPROTO_TCP) + be16(sizeof(*tcp))));
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	/* there is room for TCP's header where UDP's and pktgen's own are */
	struct tcphdr *tcp = (void *)(ip + 1), *tcp6 = (void *)(ip6 + 1);
	struct udphdr *udp;
	__u16 port;

	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	if (eth->h_proto == be16(ETH_P_IP)) {
		udp = (void *)tcp;
		port = be16(udp->dest);
		ip->saddr = be32(be32(ip->saddr) + (port & 0xfff));
		if (port >> 12 != UDP) {
			ip->protocol = IPPROTO_TCP;
			ip->tot_len = be16(sizeof(*ip) + sizeof(*tcp));
			make_tcp(tcp, udp->source, port >> 12,
				 sum(&ip->saddr, 8, 0));
		} else {
			udp->dest = be16(PORT);
		}
		ip->check = 0;
		ip->check = fold(sum(ip, sizeof(*ip), 0));
	} else if (eth->h_proto == be16(ETH_P_IPV6)) {
		if ((void *)tcp6 + UDP6_SIZE > end)
			return XDP_DROP;
		udp = (void *)tcp6;
		port = be16(udp->dest);
		ip6->saddr.s6_addr16[7] = be16(port & 0xfff);
		if (port >> 12 != UDP) {
			ip6->nexthdr = IPPROTO_TCP;
			ip6->payload_len = be16(sizeof(*tcp6));
			make_tcp(tcp6, udp->source, port >> 12,
				 sum(&ip6->saddr, 32, 0));
		} else {
			/* sockets want a checksum here, and 0 is none */
			udp->dest = be16(PORT);
			udp->check = 0;
			udp->check = fold(sum(udp, UDP6_SIZE,
					      sum(&ip6->saddr, 32, 0) +
					      be16(IPPROTO_UDP) +
					      be16(UDP6_SIZE))) ?: 0xffff;
		}
	} else {
		return XDP_DROP;
	}
	return redirect(OUT, 0);
}

/* What XDP itself costs: nothing but out of the other device again. */
SEC("hop")
int send_on(struct xdp_md *ctx)
{
	return redirect(HOP, 0);
}

/* What the driver has done before. */
SEC("drop")
int drop_all(struct xdp_md *ctx)
{
	return XDP_DROP;
}

static const char gpl[] SEC("license") = "GPL";
