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

#include "tuple.h"

bool dsr_rs_socket_exists(struct net *net, const struct dsr_rs_tuple *tuple,
			  int ifindex);
bool dsr_rs_socket_foreign(struct net *net, const struct dsr_rs_tuple *tuple,
			   int ifindex, const struct tcphdr *th);

#endif /* _DSR_RS_SOCKET_H */
