/* SPDX-License-Identifier: GPL-2.0 */
/*
 * socket - what the machine's TCP sockets know of a conversation
 *
 * The sockets are the stack's: a reference is held within a call only.
 */
#ifndef _DSR_RS_SOCKET_H
#define _DSR_RS_SOCKET_H

#include <linux/tcp.h>
#include <net/net_namespace.h>

#include "core/tuple.h"

/**
 * enum dsr_rs_socket - what a socket says of a segment that is new to us
 * @DSR_RS_SOCKET_NONE: there is no socket past LISTEN with these ends
 * @DSR_RS_SOCKET_EXPECTS: there is one, which waits for it, or will be with it
 * @DSR_RS_SOCKET_FOREIGN: there is one, of another conversation
 */
enum dsr_rs_socket {
	DSR_RS_SOCKET_NONE,
	DSR_RS_SOCKET_EXPECTS,
	DSR_RS_SOCKET_FOREIGN,
};

bool dsr_rs_socket_exists(struct net *net, const struct dsr_rs_tuple *tuple,
			  int ifindex);
bool dsr_rs_socket_is_open(struct net *net, const struct dsr_rs_tuple *tuple,
			   int ifindex);
bool dsr_rs_socket_receives(struct net *net, const struct dsr_rs_tuple *tuple,
			    int ifindex);
enum dsr_rs_socket dsr_rs_socket_ask(struct net *net,
				     const struct dsr_rs_tuple *tuple,
				     int ifindex, const struct tcphdr *th);

#endif /* _DSR_RS_SOCKET_H */
