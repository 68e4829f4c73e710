/* SPDX-License-Identifier: GPL-2.0 */
/*
 * socket - ask the machine's TCP sockets about a connection
 *
 * The stack owns the sockets: a reference is held within a call only.
 */
#ifndef _DSR_RS_SOCKET_H
#define _DSR_RS_SOCKET_H

#include <linux/tcp.h>
#include <net/net_namespace.h>

#include "core/tuple.h"

/**
 * enum dsr_rs_socket - a socket's answer about a segment without a flow
 * @DSR_RS_SOCKET_NONE: no socket past LISTEN has these ends
 * @DSR_RS_SOCKET_EXPECTS: a socket expects the segment, or the segment will
 *	create one by its SYN cookie
 * @DSR_RS_SOCKET_FOREIGN: a socket of another connection has these ends
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
bool dsr_rs_socket_takes(struct net *net, const struct dsr_rs_tuple *tuple,
			 int ifindex, const struct tcphdr *th);
enum dsr_rs_socket dsr_rs_socket_ask(struct net *net,
				     const struct dsr_rs_tuple *tuple,
				     int ifindex, const struct tcphdr *th);

#endif /* _DSR_RS_SOCKET_H */
