/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace - the tracepoint dsr:dsr_packet: each packet and its reason
 *
 * IPv4 addresses are shown in IPv6 form; saddr4 and daddr4 have them as numbers in
 * host order, for filters, and are 0 for IPv6. netns is the inode of the network
 * namespace, as /proc/PID/ns/net has it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dsr

#if !defined(_DSR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DSR_TRACE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include "core/backend.h"
#include "core/net.h"
#include "core/reason.h"
#include "ports.h"

#define DSR_REASON_TRACE(name, text, verdict) TRACE_DEFINE_ENUM(DSR_##name);
DSR_REASONS(DSR_REASON_TRACE)
#undef DSR_REASON_TRACE

#define DSR_REASON_SYMBOL(name, text, verdict) { DSR_##name, text },

TRACE_EVENT(dsr_packet,

	/* Pass @dn and not its namespace. A caller would load the namespace even
	 * while the tracepoint is off. @skb may be a copy of the packet at @skbaddr.
	 */
	TP_PROTO(const struct dsr_net *dn, const struct sk_buff *skb,
		 const void *skbaddr, u8 family,
		 const struct dsr_backend *backend, enum dsr_reason reason),

	TP_ARGS(dn, skb, skbaddr, family, backend, reason),

	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(unsigned int, netns)
		__field(unsigned int, reason)
		__field(int, ifindex)
		__field(u32, mark)
		__field(u32, len)
		__field(u32, saddr4)
		__field(u32, daddr4)
		__field(u16, sport)
		__field(u16, dport)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__array(u8, backend, 16)
		__field(u8, family)
		__field(u8, protocol)
		__field(u8, tcp_flags)
	),

	TP_fast_assign(
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);
		const struct iphdr *iph = ip_hdr(skb);
		bool v4 = family == AF_INET;
		struct dsr_ports ports;

		dsr_ports_read(skb, family, &ports);
		__entry->skbaddr = skbaddr;
		__entry->netns = dn->net->ns.inum;
		__entry->reason = reason;
		__entry->ifindex = skb->dev ? skb->dev->ifindex : 0;
		__entry->mark = skb->mark;
		__entry->len = skb->len;
		__entry->saddr4 = v4 ? ntohl(iph->saddr) : 0;
		__entry->daddr4 = v4 ? ntohl(iph->daddr) : 0;
		__entry->sport = ports.sport;
		__entry->dport = ports.dport;
		dsr_addr_map(__entry->saddr, family,
			     v4 ? (const void *)&iph->saddr : &ip6h->saddr);
		dsr_addr_map(__entry->daddr, family,
			     v4 ? (const void *)&iph->daddr : &ip6h->daddr);
		dsr_addr_map(__entry->backend, family,
			     backend ? &backend->nexthop.addr : NULL);
		__entry->family = family;
		__entry->protocol = ports.protocol;
		__entry->tcp_flags = ports.tcp_flags;
	),

	TP_printk("skbaddr=%p netns=%u ifindex=%d mark=%#x len=%u protocol=%u saddr=%pI6c daddr=%pI6c sport=%u dport=%u backend=%pI6c reason=%s",
		  __entry->skbaddr, __entry->netns, __entry->ifindex,
		  __entry->mark, __entry->len, __entry->protocol,
		  __entry->saddr, __entry->daddr, __entry->sport,
		  __entry->dport, __entry->backend,
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
