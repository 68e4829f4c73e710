// SPDX-License-Identifier: GPL-2.0
/*
 * socket - ask the machine's TCP sockets; see socket.h
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
	/* As the stack does: with both indices if the device is in a VRF. */
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

/* Return true if @th continues after the SYN of @req, or is that SYN: another
 * sender would have to guess a 32-bit number.
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

/* Return true if @th is in the windows of @sk (RFC 9293, section 3.4). Read
 * without the socket's lock: an error of a few bytes is harmless.
 */
static bool socket_expects(struct sock *sk, const struct tcphdr *th)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rcv_nxt, rcv_wnd, snd_nxt;

	if (sk->sk_state == TCP_NEW_SYN_RECV)
		return request_expects(tcp_rsk(inet_reqsk(sk)), th);
	/* A socket in TIME_WAIT has no windows. */
	if (!sk_fullsock(sk) || th->syn || !th->ack)
		return false;
	rcv_nxt = READ_ONCE(tp->rcv_nxt);
	rcv_wnd = READ_ONCE(tp->rcv_wnd) + 1;
	snd_nxt = READ_ONCE(tp->snd_nxt);
	return between(ntohl(th->seq), rcv_nxt - rcv_wnd, rcv_nxt + rcv_wnd) &&
	       between(ntohl(th->ack_seq),
		       snd_nxt - READ_ONCE(tp->max_window) - 1, snd_nxt);
}

/* Return true if @th has a valid SYN cookie: the listener has kept nothing of
 * the SYN, and creates the socket once @th is delivered.
 */
static bool is_cookie(const struct net *net, const struct dsr_rs_tuple *tuple,
		      const struct tcphdr *th)
{
	/* The header as the stack will see it. */
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
 * dsr_rs_socket_exists() - true if a TCP connection has these ends
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local address
 * @ifindex: ingress device, for sockets that are bound to one
 *
 * A request socket and a socket in TIME_WAIT count, a listener does not.
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: true if there is such a socket.
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
 * dsr_rs_socket_is_open() - true if a TCP connection with these ends is open
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local address
 * @ifindex: ingress device, for sockets that are bound to one
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: true if there is a socket that may still send or receive: neither a
 * request socket nor in TIME_WAIT.
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
 * dsr_rs_socket_receives() - true if the client has not closed its connection
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local address
 * @ifindex: ingress device, for sockets that are bound to one
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
 * dsr_rs_socket_ask() - ask the sockets about a segment
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local address
 * @ifindex: ingress device
 * @th: segment for these ends, or %NULL for a segment that no socket can expect
 *
 * A socket expects a segment whose flow was forgotten, as after a reload of
 * this module. A valid SYN cookie proves as much as a request socket: its
 * sender has seen the answer to the SYN.
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: enum dsr_rs_socket.
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

/* Return true if @th is in the window of a socket in TIME_WAIT, as a FIN that
 * the client retransmits.
 */
static bool timewait_takes(const struct tcp_timewait_sock *tw,
			   const struct tcphdr *th)
{
	u32 window = max_t(u32, READ_ONCE(tw->tw_rcv_wnd), U16_MAX) + 1;

	return between(ntohl(th->seq), tw->tw_rcv_nxt - window,
		       tw->tw_rcv_nxt + window) &&
	       !(th->ack && after(ntohl(th->ack_seq), tw->tw_snd_nxt));
}

/* Return true if @th is in the windows of @sk. Unlike socket_expects(), accept
 * segments that are easily forged: the result creates no flow.
 */
static bool socket_takes(struct sock *sk, const struct tcphdr *th)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 before, rcv_nxt, window;

	if (sk->sk_state == TCP_NEW_SYN_RECV)
		return request_expects(tcp_rsk(inet_reqsk(sk)), th);
	if (sk->sk_state == TCP_TIME_WAIT)
		return timewait_takes(tcp_twsk(sk), th);
	rcv_nxt = READ_ONCE(tp->rcv_nxt);
	window = READ_ONCE(tp->rcv_wnd) + 1;
	/* The client may send again what came before the window has shrunk. */
	before = max_t(u32, window, READ_ONCE(tp->window_clamp));
	if (!between(ntohl(th->seq), rcv_nxt - before, rcv_nxt + window))
		return false;
	/* The kernel sets snd_nxt after it has sent. The client's answer may be here
	 * before that, so compare with all that was written.
	 */
	return !th->ack ||
	       between(ntohl(th->ack_seq), READ_ONCE(tp->snd_una) -
		       READ_ONCE(tp->max_window) - 1, READ_ONCE(tp->write_seq));
}

/**
 * dsr_rs_socket_takes() - true if a segment is for a socket of this machine
 * @net: network namespace
 * @tuple: ends; @tuple->server is the local address
 * @ifindex: ingress device
 * @th: segment without SYN
 *
 * Compare the sequence numbers: the socket may belong to an older connection
 * with the same ends.
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: true if a socket takes the segment, or the segment creates one by its
 * SYN cookie.
 */
bool dsr_rs_socket_takes(struct net *net, const struct dsr_rs_tuple *tuple,
			 int ifindex, const struct tcphdr *th)
{
	struct sock *sk = socket_get(net, tuple, ifindex);
	bool takes;

	if (!sk)
		return is_cookie(net, tuple, th);
	takes = socket_takes(sk, th);
	sock_gen_put(sk);
	return takes;
}
