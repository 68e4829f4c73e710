// SPDX-License-Identifier: GPL-2.0
/*
 * socket - asking the machine's TCP sockets; see socket.h
 */

#include <linux/bottom_half.h>
#include <net/inet_hashtables.h>
#include <net/l3mdev.h>
#include <net/tcp.h>

#include "core/socket.h"
#include "syncookie.h"
#include "tcp_lookup.h"

static struct sock *socket_get(struct net *net,
			       const struct dsr_rs_tuple *tuple, int ifindex)
{
	/* As the stack asks: for what comes in by a VRF, with both indices. */
	int vrf = l3mdev_master_ifindex_by_index(net, ifindex);
	int sdif = vrf && vrf != ifindex ? ifindex : 0;
	int dif = vrf ?: ifindex;
	struct sock *sk;

	local_bh_disable();
	if (tuple->family == AF_INET)
		sk = dsr_compat_tcp_lookup(net, tuple->client.ip, tuple->cport,
					   tuple->server.ip, tuple->sport,
					   dif, sdif);
	else
		sk = dsr_compat_tcp_lookup6(net, &tuple->client.in6,
					    tuple->cport, &tuple->server.in6,
					    tuple->sport, dif, sdif);
	local_bh_enable();
	return sk;
}

/* Whether @th goes on where the SYN of @req has left off, or is that SYN: a
 * foreigner would have to guess a number of 32 bits.
 */
static bool request_expects(const struct tcp_request_sock *req,
			    const struct tcphdr *th)
{
	if (th->syn)
		return !th->ack && ntohl(th->seq) == req->rcv_isn;
	if (!th->ack)
		return th->rst && ntohl(th->seq) == req->rcv_isn + 1;
	return ntohl(th->ack_seq) == req->snt_isn + 1;
}

/* Whether @th is in the windows of @sk (RFC 9293, section 3.4), read without
 * its lock: a miss by a few bytes is harmless.
 */
static bool socket_expects(struct sock *sk, const struct tcphdr *th)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rcv_nxt, rcv_wnd, snd_nxt;

	if (sk->sk_state == TCP_NEW_SYN_RECV)
		return request_expects(tcp_rsk(inet_reqsk(sk)), th);
	/* One in TIME_WAIT has no windows. */
	if (!sk_fullsock(sk) || th->syn || !th->ack)
		return false;
	rcv_nxt = READ_ONCE(tp->rcv_nxt);
	rcv_wnd = READ_ONCE(tp->rcv_wnd) + 1;
	snd_nxt = READ_ONCE(tp->snd_nxt);
	return between(ntohl(th->seq), rcv_nxt - rcv_wnd, rcv_nxt + rcv_wnd) &&
	       between(ntohl(th->ack_seq),
		       snd_nxt - READ_ONCE(tp->max_window) - 1, snd_nxt);
}

/* Whether @th makes a connection of a SYN cookie: then the listening socket has
 * kept nothing of the SYN, and there is a socket once @th has been delivered.
 */
static bool is_cookie(const struct net *net, const struct dsr_rs_tuple *tuple,
		      const struct tcphdr *th)
{
	/* As the stack will see it. */
	struct tcphdr at_socket = {
		.source = tuple->cport, .dest = tuple->sport,
		.seq = th->seq, .ack_seq = th->ack_seq,
	};
	struct ipv6hdr ip6h = {};
	struct iphdr iph = {};

	if (!READ_ONCE(net->ipv4.sysctl_tcp_syncookies) || !th->ack ||
	    th->syn || th->rst)
		return false;
	if (tuple->family == AF_INET) {
		iph.saddr = tuple->client.ip;
		iph.daddr = tuple->server.ip;
		return dsr_compat_cookie_check(&iph, &at_socket);
	}
	ip6h.saddr = tuple->client.in6;
	ip6h.daddr = tuple->server.in6;
	return dsr_compat_cookie_check6(&ip6h, &at_socket);
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
 * dsr_rs_socket_is_open() - whether a TCP connection with these ends goes on
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local one
 * @ifindex: incoming device, for sockets that are bound to one
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: whether there is a socket that has something to send or to get: neither
 * a request, nor in TIME_WAIT.
 */
bool dsr_rs_socket_is_open(struct net *net, const struct dsr_rs_tuple *tuple,
			   int ifindex)
{
	struct sock *sk = socket_get(net, tuple, ifindex);
	bool open;

	if (!sk)
		return false;
	open = sk_fullsock(sk) && sk->sk_state != TCP_CLOSE;
	sock_gen_put(sk);
	return open;
}

/**
 * dsr_rs_socket_receives() - whether the client of a TCP connection with these ends
 *	has not finished it
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local one
 * @ifindex: incoming device, for sockets that are bound to one
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 */
bool dsr_rs_socket_receives(struct net *net, const struct dsr_rs_tuple *tuple,
			    int ifindex)
{
	struct sock *sk = socket_get(net, tuple, ifindex);
	bool receives;

	if (!sk)
		return false;
	receives = sk_fullsock(sk) &&
		   (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 |
					  TCPF_FIN_WAIT2);
	sock_gen_put(sk);
	return receives;
}

/**
 * dsr_rs_socket_ask() - whose these ends are
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local one
 * @ifindex: incoming device
 * @th: segment that is to be delivered to these ends, or %NULL for one that
 *	is new to all sockets
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: enum dsr_rs_socket. A socket waits for the segment where a flow was
 * forgotten, as when this module has been loaded anew. The sender of the answer to
 * a SYN cookie has seen that, which is as good as a request that waits for it.
 */
enum dsr_rs_socket dsr_rs_socket_ask(struct net *net,
				     const struct dsr_rs_tuple *tuple,
				     int ifindex, const struct tcphdr *th)
{
	struct sock *sk = socket_get(net, tuple, ifindex);
	bool expects;

	if (!sk)
		return th && is_cookie(net, tuple, th) ?
		       DSR_RS_SOCKET_EXPECTS : DSR_RS_SOCKET_NONE;
	expects = th && socket_expects(sk, th);
	sock_gen_put(sk);
	return expects ? DSR_RS_SOCKET_EXPECTS : DSR_RS_SOCKET_FOREIGN;
}
