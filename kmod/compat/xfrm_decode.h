/* SPDX-License-Identifier: GPL-2.0 */
/* xfrm_decode - xfrm_decode_session() takes the namespace since Linux 6.7 */
#ifndef _DSR_COMPAT_XFRM_DECODE_H
#define _DSR_COMPAT_XFRM_DECODE_H

#include <linux/version.h>
#include <net/xfrm.h>

#ifdef CONFIG_XFRM

/** dsr_compat_xfrm_decode() - decode the flow of a packet for IPsec */
static inline int dsr_compat_xfrm_decode(struct net *net, struct sk_buff *skb,
					 struct flowi *fl, u8 family)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	return xfrm_decode_session(skb, fl, family);
#else
	return xfrm_decode_session(net, skb, fl, family);
#endif
}

#endif

#endif /* _DSR_COMPAT_XFRM_DECODE_H */
