/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcp_lookup - __inet_lookup_established() and its IPv6 twin lost an argument
 * in 6.18
 */
#ifndef _DSR_COMPAT_TCP_LOOKUP_H
#define _DSR_COMPAT_TCP_LOOKUP_H

#include <linux/version.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

/**
 * dsr_compat_tcp_lookup() - find a TCP socket past LISTEN by its two ends
 * @net: network namespace
 * @saddr: remote address
 * @sport: remote port
 * @daddr: local address
 * @dport: local port
 * @dif: index of the ingress device, or of its VRF
 * @sdif: index of the ingress device, if it is in a VRF; else 0
 *
 * Context: rcu_read_lock() and bottom halves disabled.
 * Return: the socket, possibly a request or in TIME_WAIT, to release with
 * sock_gen_put(); or %NULL.
 */
static inline struct sock *dsr_compat_tcp_lookup(struct net *net, __be32 saddr,
						 __be16 sport, __be32 daddr,
						 __be16 dport, int dif,
						 int sdif)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	return __inet_lookup_established(net, saddr, sport, daddr, ntohs(dport),
					 dif, sdif);
#else
	return __inet_lookup_established(net,
					 net->ipv4.tcp_death_row.hashinfo,
					 saddr, sport, daddr, ntohs(dport),
					 dif, sdif);
#endif
}

/** dsr_compat_tcp_lookup6() - the same for IPv6 */
static inline struct sock *
dsr_compat_tcp_lookup6(struct net *net, const struct in6_addr *saddr,
		       __be16 sport, const struct in6_addr *daddr,
		       __be16 dport, int dif, int sdif)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	return __inet6_lookup_established(net, saddr, sport, daddr,
					  ntohs(dport), dif, sdif);
#else
	return __inet6_lookup_established(net,
					  net->ipv4.tcp_death_row.hashinfo,
					  saddr, sport, daddr, ntohs(dport),
					  dif, sdif);
#endif
}

#endif /* _DSR_COMPAT_TCP_LOOKUP_H */
