/* SPDX-License-Identifier: GPL-2.0 */
/* trace - the tracepoint dsr:dsr_packet: each packet and its reason */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dsr

#if !defined(_DSR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DSR_TRACE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#include "core/backend.h"
#include "core/reason.h"

#define DSR_REASON_TRACE(name, text, verdict) TRACE_DEFINE_ENUM(DSR_##name);
DSR_REASONS(DSR_REASON_TRACE)
#undef DSR_REASON_TRACE

#define DSR_REASON_SYMBOL(name, text, verdict) { DSR_##name, text },

TRACE_EVENT(dsr_packet,

	TP_PROTO(const struct sk_buff *skb, u8 family,
		 const struct dsr_backend *backend, enum dsr_reason reason),

	TP_ARGS(skb, family, backend, reason),

	TP_STRUCT__entry(
		__field(const void *, skb)
		__field(int, ifindex)
		__field(u32, mark)
		__field(u32, len)
		__field(u8, family)
		__field(u8, proto)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__array(u8, backend, 16)
		__field(int, reason)
	),

	TP_fast_assign(
		__entry->skb = skb;
		__entry->ifindex = skb->dev ? skb->dev->ifindex : 0;
		__entry->mark = skb->mark;
		__entry->len = skb->len;
		__entry->family = family;
		dsr_addr_map(__entry->saddr, family,
			       family == AF_INET ?
			       (const void *)&ip_hdr(skb)->saddr :
			       (const void *)&ipv6_hdr(skb)->saddr);
		dsr_addr_map(__entry->daddr, family,
			       family == AF_INET ?
			       (const void *)&ip_hdr(skb)->daddr :
			       (const void *)&ipv6_hdr(skb)->daddr);
		dsr_addr_map(__entry->backend, family,
			       backend ? &backend->nexthop.addr : NULL);
		__entry->proto = family == AF_INET ? ip_hdr(skb)->protocol :
						     ipv6_hdr(skb)->nexthdr;
		__entry->reason = reason;
	),

	TP_printk("skb=%p ifindex=%d mark=%#x len=%u proto=%u %pI6c > %pI6c backend=%pI6c reason=%s",
		  __entry->skb, __entry->ifindex, __entry->mark, __entry->len,
		  __entry->proto, __entry->saddr, __entry->daddr,
		  __entry->backend,
		  __print_symbolic(__entry->reason,
				   DSR_REASONS(DSR_REASON_SYMBOL)
				   { -1, "" }))
);

#endif /* _DSR_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
