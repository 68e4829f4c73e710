/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace - the tracepoints dsr_rs:dsr_rs_packet and dsr_rs:dsr_rs_silence
 *
 * dsr_rs_packet fires once for each packet that the hooks of deliver.c and
 * reply.c have handled, with the addresses that the packet left the hook with.
 * dsr_rs_silence fires for each ARP or neighbour discovery message that the
 * hooks for silenced addresses have judged, with the address that the message
 * is about. IPv4 addresses are shown in IPv6 form.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dsr_rs

#if !defined(_DSR_RS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DSR_RS_TRACE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#include "addr.h"
#include "core/reason.h"

#define DSR_RS_TRACE_ENUM(name, text, verdict) TRACE_DEFINE_ENUM(DSR_RS_##name);
DSR_RS_REASONS(DSR_RS_TRACE_ENUM)
#undef DSR_RS_TRACE_ENUM

#ifndef DSR_RS_TRACE_SYMBOL
#define DSR_RS_TRACE_SYMBOL(name, text, verdict) { DSR_RS_##name, text },
#endif

TRACE_EVENT(dsr_rs_packet,
	TP_PROTO(const struct sk_buff *skb, u8 family, unsigned int hook,
		 enum dsr_rs_reason reason),
	TP_ARGS(skb, family, hook, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(unsigned int, reason)
		__field(unsigned int, len)
		__field(int, ifindex)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__field(u8, hook)
		__field(u8, protocol)
	),
	TP_fast_assign(
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);
		const struct iphdr *iph = ip_hdr(skb);
		bool v4 = family == AF_INET;

		__entry->skbaddr = skb;
		__entry->reason = reason;
		__entry->len = skb->len;
		__entry->ifindex = skb->dev ? skb->dev->ifindex : 0;
		dsr_addr_map(__entry->saddr, family,
			     v4 ? (const void *)&iph->saddr : &ip6h->saddr);
		dsr_addr_map(__entry->daddr, family,
			     v4 ? (const void *)&iph->daddr : &ip6h->daddr);
		__entry->hook = hook;
		__entry->protocol = v4 ? iph->protocol : ip6h->nexthdr;
	),
	TP_printk("skbaddr=%p hook=%u ifindex=%d protocol=%u len=%u saddr=%pI6c daddr=%pI6c reason=%s",
		  __entry->skbaddr, __entry->hook, __entry->ifindex,
		  __entry->protocol, __entry->len, __entry->saddr,
		  __entry->daddr,
		  __print_symbolic(__entry->reason,
				   DSR_RS_REASONS(DSR_RS_TRACE_SYMBOL)
				   { -1, NULL }))
);

TRACE_EVENT(dsr_rs_silence,
	TP_PROTO(const struct net_device *dev, u8 family, const void *addr,
		 enum dsr_rs_reason reason),
	TP_ARGS(dev, family, addr, reason),
	TP_STRUCT__entry(
		__field(unsigned int, reason)
		__field(int, ifindex)
		__array(u8, addr, 16)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->ifindex = dev->ifindex;
		dsr_addr_map(__entry->addr, family, addr);
	),
	TP_printk("ifindex=%d addr=%pI6c reason=%s", __entry->ifindex,
		  __entry->addr,
		  __print_symbolic(__entry->reason,
				   DSR_RS_REASONS(DSR_RS_TRACE_SYMBOL)
				   { -1, NULL }))
);

#endif /* _DSR_RS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
