/* SPDX-License-Identifier: GPL-2.0 */
/*
 * syncookie - __cookie_v4_check() and its IPv6 twin lost an argument in 6.8
 */
#ifndef _DSR_COMPAT_SYNCOOKIE_H
#define _DSR_COMPAT_SYNCOOKIE_H

#include <linux/version.h>
#include <net/tcp.h>

/**
 * dsr_compat_cookie_check() - true if a segment has a valid SYN cookie
 * @iph: IPv4 header; only the addresses are read
 * @th: TCP header; only ports and sequence numbers are read
 *
 * Context: any.
 */
static inline bool dsr_compat_cookie_check(const struct iphdr *iph,
					   const struct tcphdr *th)
{
#if !IS_ENABLED(CONFIG_SYN_COOKIES)
	return false;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return __cookie_v4_check(iph, th);
#else
	return __cookie_v4_check(iph, th, ntohl(th->ack_seq) - 1);
#endif
}

/** dsr_compat_cookie_check6() - the same for IPv6 */
static inline bool dsr_compat_cookie_check6(const struct ipv6hdr *ip6h,
					    const struct tcphdr *th)
{
#if !IS_ENABLED(CONFIG_SYN_COOKIES) || !IS_ENABLED(CONFIG_IPV6)
	return false;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return __cookie_v6_check(ip6h, th);
#else
	return __cookie_v6_check(ip6h, th, ntohl(th->ack_seq) - 1);
#endif
}

#endif /* _DSR_COMPAT_SYNCOOKIE_H */
