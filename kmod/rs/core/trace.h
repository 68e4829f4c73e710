/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace - the tracepoints dsr_rs:dsr_rs_packet and dsr_rs:dsr_rs_silence
 *
 * dsr_rs_packet fires once for each packet that the hooks of deliver.c and
 * reply.c have handled, with the addresses that the packet left the hook with.
 * dsr_rs_silence fires for each ARP or neighbour discovery message that the
 * hooks for silenced addresses have judged, with the address that the message
 * is about, in daddr. IPv4 addresses are shown in IPv6 form; saddr4 and daddr4
 * have them as numbers in host order, for filters, and are 0 for IPv6. netns is
 * the inode of the network namespace, as /proc/PID/ns/net has it.
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
#include <net/net_namespace.h>

#include "addr.h"
#include "core/reason.h"
#include "ports.h"

struct dsr_rs_net;

#define DSR_RS_TRACE_ENUM(name, text, verdict) TRACE_DEFINE_ENUM(DSR_RS_##name);
DSR_RS_REASONS(DSR_RS_TRACE_ENUM)
#undef DSR_RS_TRACE_ENUM

#ifndef DSR_RS_TRACE_SYMBOL
#define DSR_RS_TRACE_SYMBOL(name, text, verdict) { DSR_RS_##name, text },
#endif

TRACE_EVENT(dsr_rs_packet,
	/* Pass @rs and not its namespace. A caller would load the namespace even
	 * while the tracepoint is off.
	 */
	TP_PROTO(const struct dsr_rs_net *rs, const struct sk_buff *skb,
		 u8 family, unsigned int hook, enum dsr_rs_reason reason),
	TP_ARGS(rs, skb, family, hook, reason),
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
		__field(u8, family)
		__field(u8, protocol)
		__field(u8, tcp_flags)
		__field(u8, hook)
	),
	TP_fast_assign(
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);
		const struct iphdr *iph = ip_hdr(skb);
		bool v4 = family == AF_INET;
		struct dsr_ports ports;

		dsr_ports_read(skb, family, &ports);
		__entry->skbaddr = skb;
		__entry->netns = rs->net->ns.inum;
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
		__entry->family = family;
		__entry->protocol = ports.protocol;
		__entry->tcp_flags = ports.tcp_flags;
		__entry->hook = hook;
	),
	TP_printk("skbaddr=%p netns=%u hook=%u ifindex=%d mark=%#x len=%u protocol=%u saddr=%pI6c daddr=%pI6c sport=%u dport=%u reason=%s",
		  __entry->skbaddr, __entry->netns, __entry->hook,
		  __entry->ifindex, __entry->mark, __entry->len,
		  __entry->protocol, __entry->saddr, __entry->daddr,
		  __entry->sport, __entry->dport,
		  __print_symbolic(__entry->reason,
				   DSR_RS_REASONS(DSR_RS_TRACE_SYMBOL)
				   { -1, "" }))
);

TRACE_EVENT(dsr_rs_silence,
	TP_PROTO(const struct net_device *dev, u8 family, const void *addr,
		 enum dsr_rs_reason reason),
	TP_ARGS(dev, family, addr, reason),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(unsigned int, reason)
		__field(int, ifindex)
		__field(u32, daddr4)
		__array(u8, daddr, 16)
		__field(u8, family)
	),
	TP_fast_assign(
		__entry->netns = dev_net(dev)->ns.inum;
		__entry->reason = reason;
		__entry->ifindex = dev->ifindex;
		__entry->daddr4 = family == AF_INET ?
				  ntohl(*(const __be32 *)addr) : 0;
		dsr_addr_map(__entry->daddr, family, addr);
		__entry->family = family;
	),
	TP_printk("netns=%u ifindex=%d daddr=%pI6c reason=%s",
		  __entry->netns, __entry->ifindex, __entry->daddr,
		  __print_symbolic(__entry->reason,
				   DSR_RS_REASONS(DSR_RS_TRACE_SYMBOL)
				   { -1, "" }))
);

#endif /* _DSR_RS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
