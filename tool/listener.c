// SPDX-License-Identifier: GPL-2.0
/*
 * The sockets of this machine that clients can begin a connection with. libnl's
 * own module for sockets knows TCP only, so the request is made here.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "listener.h"
#include "report.h"
#include "socket.h"

/* states of a socket: TCP and SCTP listen; UDP has no peer */
#define STATE_LISTEN	10
#define STATE_CLOSE	7

#define LISTENERS_MAX	100000

/* a dump of one kind of sockets */
struct request {
	uint8_t proto;
	struct listeners *listeners;
};

static const uint8_t zeros[16];

static struct listener *add(struct listeners *all, uint8_t proto,
			    uint16_t port, int family, const void *addr)
{
	struct listener *one;

	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		all->one = report_alloc(all->one, all->room * sizeof(*one));
	}
	one = &all->one[all->count++];
	memset(one, 0, sizeof(*one));
	one->proto = proto;
	one->port = port;
	one->addr.family = family;
	memcpy(&one->addr.in6, addr,
	       family == AF_INET6 ? sizeof(one->addr.in6) :
				    sizeof(one->addr.in));
	one->any = !memcmp(&one->addr.in6, zeros, sizeof(zeros));
	return one;
}

/* A socket of SCTP has any number of addresses, of both families. */
static void add_locals(struct listeners *all, uint8_t proto, uint16_t port,
		       const struct nlattr *locals)
{
	const uint8_t *at = nla_data(locals);
	int left = nla_len(locals) / sizeof(struct sockaddr_storage);
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	struct listener *one;

	for (; left-- && all->count < LISTENERS_MAX;
	     at += sizeof(struct sockaddr_storage)) {
		memcpy(&in, at, sizeof(in));
		memcpy(&in6, at, sizeof(in6));
		if (in.sin_family == AF_INET) {
			add(all, proto, port, AF_INET, &in.sin_addr);
		} else if (in6.sin6_family == AF_INET6) {
			one = add(all, proto, port, AF_INET6, &in6.sin6_addr);
			one->both = one->any;
		}
	}
}

static int on_socket(struct nl_msg *msg, void *arg)
{
	const struct inet_diag_msg *found = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *v6only, *locals;
	struct request *request = arg;
	struct listeners *all = request->listeners;
	struct listener *one;
	uint16_t port;

	if (!nlmsg_valid_hdr(nlmsg_hdr(msg), sizeof(*found)) ||
	    all->count == LISTENERS_MAX)
		return NL_OK;
	port = ntohs(found->id.idiag_sport);
	locals = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*found),
				 INET_DIAG_LOCALS);
	if (locals) {
		add_locals(all, request->proto, port, locals);
		return NL_OK;
	}
	one = add(all, request->proto, port, found->idiag_family,
		  found->id.idiag_src);
	v6only = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*found),
				 INET_DIAG_SKV6ONLY);
	one->both = one->any && found->idiag_family == AF_INET6 &&
		    !(v6only && nla_get_u8(v6only));
	return NL_OK;
}

static int dump(struct nl_sock *sock, uint8_t proto, uint8_t family,
		struct listeners *listeners)
{
	struct request context = { .proto = proto, .listeners = listeners };
	struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = proto,
		.idiag_states = proto == IPPROTO_UDP ? 1 << STATE_CLOSE :
						       1 << STATE_LISTEN,
	};
	int err;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_socket,
			    &context);
	err = nl_send_simple(sock, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request,
			     sizeof(request));
	return err < 0 ? err : nl_recvmsgs_default(sock);
}

/**
 * listener_read() - read all of this network namespace
 * @listeners: set; for listener_free() in any case
 * @sctp: those of SCTP, too; the question has the kernel load its module
 *
 * Return: whether those of TCP could be read.
 */
bool listener_read(struct listeners *listeners, bool sctp)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
	};
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct nl_sock *sock = socket_open_diag();
	bool has_tcp = false;
	size_t i, j;
	int err;

	memset(listeners, 0, sizeof(*listeners));
	if (!sock)
		return false;
	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		if (protos[i] == IPPROTO_SCTP && !sctp)
			continue;
		err = 0;
		for (j = 0; err >= 0 && j < ARRAY_SIZE(families); j++)
			err = dump(sock, protos[i], families[j], listeners);
		if (protos[i] == IPPROTO_TCP)
			has_tcp = err >= 0;
		else if (protos[i] == IPPROTO_UDP)
			listeners->has_udp = err >= 0;
		else
			listeners->has_sctp = err >= 0;
	}
	socket_close(sock);
	return has_tcp;
}

/**
 * listener_knows() - check if the sockets of a protocol could be read
 * @listeners: from listener_read(), which could read those of TCP
 * @proto: IPPROTO_*
 */
bool listener_knows(const struct listeners *listeners, uint8_t proto)
{
	return proto == IPPROTO_TCP ||
	       (proto == IPPROTO_UDP && listeners->has_udp) ||
	       (proto == IPPROTO_SCTP && listeners->has_sctp);
}

/**
 * listener_free() - forget them
 * @listeners: from listener_read()
 */
void listener_free(struct listeners *listeners)
{
	free(listeners->one);
}

/**
 * listener_find() - find a listener for an address and a port
 * @listeners: all of them
 * @proto: IPPROTO_*
 * @addr: the address; of family 0: not known
 * @port: the port
 * @other: set to one that has the port and takes another address only, and not
 *	that of lo if there is a choice
 *
 * Return: the best fit.
 */
enum listener_match listener_find(const struct listeners *listeners,
				  uint8_t proto, const struct addr *addr,
				  uint16_t port, const struct listener **other)
{
	enum listener_match match = LISTENER_NONE;
	const struct listener *one;
	size_t i;

	for (i = 0; i < listeners->count; i++) {
		one = &listeners->one[i];
		if (one->proto != proto || one->port != port)
			continue;
		if (one->addr.family != addr->family &&
		    !(one->both && addr->family == AF_INET))
			continue;
		if (one->any || addr_same(&one->addr, addr))
			return LISTENER_TAKES;
		if (match == LISTENER_NONE || addr_is_loopback(&(*other)->addr))
			*other = one;
		match = LISTENER_OTHER;
	}
	return match;
}
