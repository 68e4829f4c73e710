// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink sockets. This file is independent of the rest of dsrctl, so that
 * the tests can replace it.
 */
#include <errno.h>
#include <limits.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#include "dsrctl.h"
#include "report.h"
#include "socket.h"

/* larger than any part of a dump that the kernel sends */
#define SOCKET_BUFFER	(64 * 1024)

/* receive buffer of a socket that gets events */
#define SOCKET_EVENTS	(1024 * 1024)

static int socket_option(struct nl_sock *sock, int option)
{
	int on = 1;

	return setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, option, &on,
			  sizeof(on));
}

/* Enable sentences in acks, acks without a copy of the request, and strict
 * checks of dump requests.
 */
static struct nl_sock *socket_open_protocol(int protocol)
{
	struct nl_sock *sock;
	int err;

	sock = nl_socket_alloc();
	if (!sock) {
		report_error(DSRCTL_REFUSED, "out of memory");
		return NULL;
	}

	err = nl_connect(sock, protocol);
	if (err) {
		report_error(DSRCTL_REFUSED,
			     "cannot open a netlink socket: %s",
			     nl_geterror(err));
		goto free_sock;
	}

	if (socket_option(sock, NETLINK_EXT_ACK) ||
	    socket_option(sock, NETLINK_CAP_ACK) ||
	    socket_option(sock, NETLINK_GET_STRICT_CHK)) {
		report_error(DSRCTL_REFUSED,
			     "cannot set up the netlink socket: %s",
			     strerror(errno));
		goto free_sock;
	}

	nl_socket_disable_msg_peek(sock);
	nl_socket_set_msg_buf_size(sock, SOCKET_BUFFER);
	return sock;

free_sock:
	nl_socket_free(sock);
	return NULL;
}

/**
 * socket_open() - connect to generic netlink in the current namespace
 *
 * Return: the socket, to be closed by socket_close(); NULL, reported, if there
 * is none.
 */
struct nl_sock *socket_open(void)
{
	return socket_open_protocol(NETLINK_GENERIC);
}

/**
 * socket_open_route() - connect to the kernel's routing (NETLINK_ROUTE)
 */
struct nl_sock *socket_open_route(void)
{
	return socket_open_protocol(NETLINK_ROUTE);
}

/**
 * socket_open_host() - the same, for libnl-route to read devices and addresses
 *
 * Its requests for dumps have shorter headers than strict checks want.
 */
struct nl_sock *socket_open_host(void)
{
	struct nl_sock *sock = socket_open_protocol(NETLINK_ROUTE);
	int off = 0;

	if (sock)
		setsockopt(nl_socket_get_fd(sock), SOL_NETLINK,
			   NETLINK_GET_STRICT_CHK, &off, sizeof(off));
	return sock;
}

/**
 * socket_open_netfilter() - the same, to where firewall rules are
 */
struct nl_sock *socket_open_netfilter(void)
{
	return socket_open_protocol(NETLINK_NETFILTER);
}

/**
 * socket_open_diag() - the same, to where sockets are looked at
 */
struct nl_sock *socket_open_diag(void)
{
	return socket_open_protocol(NETLINK_SOCK_DIAG);
}

/**
 * socket_join() - join a multicast group
 * @sock: from socket_open()
 * @group: number of the group
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int socket_join(struct nl_sock *sock, uint32_t group)
{
	int err;

	/* the kernel limits the size for an unprivileged process */
	nl_socket_set_buffer_size(sock, SOCKET_EVENTS, 0);
	err = nl_socket_add_membership(sock, group);
	if (!err)
		return DSRCTL_OK;
	if (err == -NLE_PERM || err == -NLE_NOACCESS)
		return report_error(DSRCTL_REFUSED,
				    "permission denied: this needs CAP_NET_ADMIN (run dsrctl as root)");
	return report_error(DSRCTL_REFUSED, "cannot watch the kernel: %s",
			    nl_geterror(err));
}

/**
 * socket_send_size() - make room for a long request
 * @sock: from socket_open()
 * @size: size of the request
 *
 * Without CAP_NET_ADMIN on the host the kernel limits the size. Sending then fails.
 */
void socket_send_size(struct nl_sock *sock, size_t size)
{
	int fd = nl_socket_get_fd(sock), room = size;

	/* every socket has this much */
	if (size <= SOCKET_BUFFER / 2 || size > INT_MAX / 2)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

/**
 * socket_close() - close a socket, and end any dump in progress
 * @sock: from socket_open()
 */
void socket_close(struct nl_sock *sock)
{
	nl_socket_free(sock);
}
