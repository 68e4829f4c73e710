/* SPDX-License-Identifier: GPL-2.0 */
/* flow - TOS byte of a route lookup: a DSCP since 6.18 */
#ifndef _DSR_COMPAT_FLOW_H
#define _DSR_COMPAT_FLOW_H

#include <net/flow.h>
#include <net/inet_dscp.h>
#include <net/ip.h>
#include <net/route.h>

/** dsr_flow4_set_tos() - set the TOS byte of a route lookup */
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
