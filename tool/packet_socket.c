// SPDX-License-Identifier: GPL-2.0
/*
 * A packet socket with a filter in the kernel.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet_socket.h"

/**
 * packet_socket_open() - open a packet socket for the packets of all devices
 * @protocol: ETH_P_*, host byte order
 * @filter: filter of these; it sees them from the network header on
 *
 * Return: the socket; -1 if there is none, as without CAP_NET_RAW.
 */
int packet_socket_open(uint16_t protocol, const struct sock_fprog *filter)
{
	struct sockaddr_ll any = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
	};
	int fd;

	/* it gets nothing before bind(), that is, nothing past the filter */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter,
			sizeof(*filter)) &&
	    !bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return fd;
	close(fd);
	return -1;
}
