// SPDX-License-Identifier: GPL-2.0
/*
 * socket - asking the machine's TCP sockets; see socket.h
 */

#include <linux/bottom_half.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

#include "socket.h"
#include "tcp_lookup.h"

static struct sock *socket_get(struct net *net,
			       const struct dsr_rs_tuple *tuple, int ifindex)
{
	struct sock *sk;

	local_bh_disable();
	if (tuple->family == AF_INET)
		sk = dsr_compat_tcp_lookup(net, tuple->client.ip, tuple->cport,
					   tuple->server.ip, tuple->sport,
					   ifindex);
	else
		sk = dsr_compat_tcp_lookup6(net, &tuple->client.in6,
					    tuple->cport, &tuple->server.in6,
					    tuple->sport, ifindex);
	local_bh_enable();
	return sk;
}

/* Whether @th is in the windows of @sk (RFC 9293, section 3.4), read without
 * its lock: a miss by a few bytes is harmless.
 */
static bool socket_expects(const struct sock *sk, const struct tcphdr *th)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rcv_nxt, rcv_wnd, snd_nxt;

	/* Neither a request nor one in TIME_WAIT has the windows. */
	if (!sk_fullsock(sk) || th->syn || !th->ack)
		return false;
	rcv_nxt = READ_ONCE(tp->rcv_nxt);
	rcv_wnd = READ_ONCE(tp->rcv_wnd) + 1;
	snd_nxt = READ_ONCE(tp->snd_nxt);
	return between(ntohl(th->seq), rcv_nxt - rcv_wnd, rcv_nxt + rcv_wnd) &&
	       between(ntohl(th->ack_seq),
		       snd_nxt - READ_ONCE(tp->max_window) - 1, snd_nxt);
}

/**
 * dsr_rs_socket_exists() - whether a TCP connection has these ends
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local one
 * @ifindex: incoming device, for sockets that are bound to one
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: whether there is a socket past LISTEN, be it a request or in
 * TIME_WAIT.
 */
bool dsr_rs_socket_exists(struct net *net, const struct dsr_rs_tuple *tuple,
			  int ifindex)
{
	struct sock *sk = socket_get(net, tuple, ifindex);

	if (sk)
		sock_gen_put(sk);
	return sk;
}

/**
 * dsr_rs_socket_foreign() - whether these ends belong to another conversation
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local one
 * @ifindex: incoming device
 * @th: segment that is to be delivered to these ends, or %NULL for one that
 *	is new to all sockets
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: whether there is a socket that does not wait for @th. It does where
 * a flow was forgotten, as when this module has been loaded anew.
 */
bool dsr_rs_socket_foreign(struct net *net, const struct dsr_rs_tuple *tuple,
			   int ifindex, const struct tcphdr *th)
{
	struct sock *sk = socket_get(net, tuple, ifindex);
	bool foreign;

	if (!sk)
		return false;
	foreign = !th || !socket_expects(sk, th);
	sock_gen_put(sk);
	return foreign;
}
