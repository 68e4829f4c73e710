// SPDX-License-Identifier: GPL-2.0
/*
 * ARP by a packet socket: asks for the machines that have an address, as arping(8)
 * does. The kernel's own table of neighbours has one of them at most.
 */
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "arp.h"
#include "dsrctl.h"
#include "packet_socket.h"

/* answers for IPv4 over Ethernet */
static struct sock_filter answer_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_ETHER << 16 | ETH_P_IP, 0, 3),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, sizeof(struct ether_arp)),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/**
 * arp_open() - begin to hear answers
 *
 * Return: the socket; -1 if there is none, as without CAP_NET_RAW.
 */
int arp_open(void)
{
	const struct sock_fprog program = {
		.len = ARRAY_SIZE(answer_filter),
		.filter = answer_filter,
	};

	return packet_socket_open(ETH_P_ARP, &program);
}

/**
 * arp_ask() - ask for the MAC address of an address
 * @fd: from arp_open()
 * @ifindex: the device to ask on
 * @mac: its MAC address
 * @from: its address
 * @addr: the address that is asked for
 */
void arp_ask(int fd, int ifindex, const uint8_t mac[6], struct in_addr from,
	     struct in_addr addr)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = ifindex,
		.sll_halen = ETH_ALEN,
	};
	struct ether_arp request = {
		.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN,
			.ar_pln = sizeof(addr),
			.ar_op = htons(ARPOP_REQUEST),
		},
	};

	memset(to.sll_addr, 0xff, ETH_ALEN);
	memcpy(request.arp_sha, mac, ETH_ALEN);
	memcpy(request.arp_spa, &from, sizeof(from));
	memcpy(request.arp_tpa, &addr, sizeof(addr));
	sendto(fd, &request, sizeof(request), MSG_DONTWAIT,
	       (struct sockaddr *)&to, sizeof(to));
}

/**
 * arp_read() - read one answer that is there already
 * @fd: from arp_open()
 * @answer: set
 *
 * Return: whether there was one.
 */
bool arp_read(int fd, struct arp_answer *answer)
{
	struct ether_arp reply;
	struct sockaddr_ll from;
	socklen_t length;
	ssize_t n;

	do {
		length = sizeof(from);
		n = recvfrom(fd, &reply, sizeof(reply), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &length);
		if (n < 0)
			return false;
	} while (n < (ssize_t)sizeof(reply) || from.sll_pkttype != PACKET_HOST);
	answer->ifindex = from.sll_ifindex;
	memcpy(&answer->addr, reply.arp_spa, sizeof(answer->addr));
	memcpy(answer->mac, reply.arp_sha, sizeof(answer->mac));
	return true;
}
