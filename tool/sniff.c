// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of the packets that begin connections, as this machine gets and sends them,
 * from a packet socket; and those of UDP, from another one. A filter in the kernel
 * leaves out all others.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "dsrctl.h"
#include "packet_socket.h"
#include "watch.h"

#define TCP_SIZE	20
#define TCP_OFFSET	12
#define TCP_FLAGS	13
#define TCP_SYN		0x02
#define TCP_ACK		0x10
#define SCTP_CHUNK	12
#define SCTP_INIT	1
#define SCTP_INIT_ACK	2
#define UDP_SIZE	8
#define IPV4_MIN	20
#define IPV6_SIZE	40

/* as much of a packet as is looked at */
#define PACKET_SIZE	128

/* TCP with SYN and SCTP with INIT or INIT ACK, of either family, no fragment, and no
 * frame with a VLAN tag: the device of the VLAN has that, too.
 */
static struct sock_filter first_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 26),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 12),
	/* IPv4 */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_SCTP, 0, 20),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 18, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 2),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, TCP_FLAGS),
	BPF_JUMP(BPF_JMP | BPF_JA, 11, 0, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, SCTP_CHUNK),
	BPF_JUMP(BPF_JMP | BPF_JA, 7, 0, 0),
	/* IPv6 */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 10),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 2),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_SIZE + TCP_FLAGS),
	BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_SCTP, 0, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_SIZE + SCTP_CHUNK),
	/* SCTP of both */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SCTP_INIT, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SCTP_INIT_ACK, 1, 2),
	/* TCP of both */
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TCP_SYN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, PACKET_SIZE),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* UDP, likewise: no field says which datagram is the first */
static struct sock_filter udp_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 11),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 4),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 3),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, PACKET_SIZE),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/**
 * sniff_open() - begin to get packets
 * @udp: those of UDP; else those that begin connections
 *
 * Return: the socket; -1 if there is none, as without CAP_NET_RAW.
 */
int sniff_open(bool udp)
{
	const struct sock_fprog program = {
		.len = udp ? ARRAY_SIZE(udp_filter) : ARRAY_SIZE(first_filter),
		.filter = udp ? udp_filter : first_filter,
	};

	return packet_socket_open(ETH_P_ALL, &program);
}

static void set_addr(struct addr *addr, int family, const uint8_t *from)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = family;
	memcpy(&addr->in6, from, family == AF_INET6 ? sizeof(addr->in6) :
						      sizeof(addr->in));
}

/* Return the MSS that options of TCP name, or 0. */
static uint16_t find_mss(const uint8_t *option, size_t size)
{
	while (size > 1 && *option != TCPOPT_EOL) {
		if (*option == TCPOPT_NOP) {
			option++;
			size--;
			continue;
		}
		if (option[1] < 2 || option[1] > size)
			return 0;
		if (*option == TCPOPT_MAXSEG && option[1] == TCPOLEN_MAXSEG)
			return option[2] << 8 | option[3];
		size -= option[1];
		option += option[1];
	}
	return 0;
}

/* Parse TCP behind its ports. */
static void parse_tcp(const uint8_t *data, size_t size, struct seen *seen)
{
	size_t header = 4 * (data[TCP_OFFSET] >> 4);

	seen->answer = data[TCP_FLAGS] & TCP_ACK;
	if (header > size)
		header = size;
	if (header > TCP_SIZE)
		seen->mss = find_mss(data + TCP_SIZE, header - TCP_SIZE);
}

static bool parse(const uint8_t *data, size_t size, struct seen *seen)
{
	size_t header;

	if (size >= IPV4_MIN && data[0] >> 4 == 4) {
		header = 4 * (data[0] & 0xf);
		seen->tos = data[1];
		seen->proto = data[9];
		set_addr(&seen->src, AF_INET, data + 12);
		set_addr(&seen->dst, AF_INET, data + 16);
	} else if (size >= IPV6_SIZE && data[0] >> 4 == 6) {
		header = IPV6_SIZE;
		seen->tos = (data[0] << 4 | data[1] >> 4) & 0xff;
		seen->proto = data[6];
		set_addr(&seen->src, AF_INET6, data + 8);
		set_addr(&seen->dst, AF_INET6, data + 24);
	} else {
		return false;
	}
	if (size < header + (seen->proto == IPPROTO_UDP ? UDP_SIZE :
						       TCP_FLAGS + 1))
		return false;
	data += header;
	seen->sport = data[0] << 8 | data[1];
	seen->dport = data[2] << 8 | data[3];
	if (seen->proto == IPPROTO_TCP)
		parse_tcp(data, size - header, seen);
	else if (seen->proto == IPPROTO_SCTP)
		seen->answer = data[SCTP_CHUNK] == SCTP_INIT_ACK;
	return true;
}

/**
 * sniff_read() - read one packet that is there already
 * @fd: from sniff_open()
 * @seen: set; of family 0 if the packet is not one to look at
 *
 * Return: whether there was a packet.
 */
bool sniff_read(int fd, struct seen *seen)
{
	uint8_t data[PACKET_SIZE];
	struct sockaddr_ll from;
	socklen_t length = sizeof(from);
	ssize_t n;

	memset(seen, 0, sizeof(*seen));
	n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
		     (struct sockaddr *)&from, &length);
	if (n < 0)
		return false;
	if (from.sll_pkttype != PACKET_HOST &&
	    from.sll_pkttype != PACKET_OUTGOING)
		return true;
	if (!parse(data, n, seen))
		memset(seen, 0, sizeof(*seen));
	seen->out = from.sll_pkttype == PACKET_OUTGOING;
	seen->ifindex = from.sll_ifindex;
	seen->has_mac = from.sll_halen == sizeof(seen->mac);
	if (seen->has_mac)
		memcpy(seen->mac, from.sll_addr, sizeof(seen->mac));
	seen->times = 1;
	return true;
}
