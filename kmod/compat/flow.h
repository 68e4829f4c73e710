/* SPDX-License-Identifier: GPL-2.0 */
/* flow - the TOS byte that routing rules are asked about: a DSCP since 6.18 */
#ifndef _DSR_COMPAT_FLOW_H
#define _DSR_COMPAT_FLOW_H

#include <net/flow.h>
#include <net/inet_dscp.h>
#include <net/ip.h>
#include <net/route.h>

/** dsr_flow4_set_tos() - look a route up for a packet with this TOS byte */
static inline void dsr_flow4_set_tos(struct flowi4 *fl4, u8 tos)
{
#if defined(flowi4_dscp)
	fl4->flowi4_dscp = inet_dsfield_to_dscp(tos);
#elif defined(IPTOS_RT_MASK)	/* until 6.11 */
	fl4->flowi4_tos = tos & IPTOS_RT_MASK;
#else
	fl4->flowi4_tos = tos & INET_DSCP_MASK;
#endif
}

#endif /* _DSR_COMPAT_FLOW_H */
