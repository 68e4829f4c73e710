/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stats - per-CPU counters of a service, a backend or a rule
 *
 * The object that is counted owns them. Any context writes them with this_cpu
 * operations, without a lock; a reader adds up all CPUs. On a 32-bit machine a
 * reader can see half of a carry.
 */
#ifndef _DSR_STATS_H
#define _DSR_STATS_H

#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <net/netlink.h>
#include <linux/dsr_common.h>

/**
 * struct dsr_stats - counters
 * @packets: packets; a packet that GRO has merged counts as its segments
 * @bytes: bytes from the network header on
 * @connections: connections or flows begun
 */
struct dsr_stats {
	u64 packets;
	u64 bytes;
	u64 connections;
};

/** dsr_stats_count_bytes() - count packets of @bytes from the IP header on */
static inline void dsr_stats_count_bytes(struct dsr_stats __percpu *stats,
					 u64 packets, u64 bytes)
{
	this_cpu_add(stats->packets, packets);
	this_cpu_add(stats->bytes, bytes);
}

/** dsr_stats_count() - count a packet, data at the IP header */
static inline void dsr_stats_count(struct dsr_stats __percpu *stats,
				   const struct sk_buff *skb)
{
	dsr_stats_count_bytes(stats, max_t(u16, skb_shinfo(skb)->gso_segs, 1),
			      skb->len);
}

/** dsr_stats_add() - add all CPUs of @stats to @sum */
static inline void dsr_stats_add(struct dsr_stats *sum,
				 const struct dsr_stats __percpu *stats)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct dsr_stats *s = per_cpu_ptr(stats, cpu);

		sum->packets += READ_ONCE(s->packets);
		sum->bytes += READ_ONCE(s->bytes);
		sum->connections += READ_ONCE(s->connections);
	}
}

/**
 * dsr_stats_put() - append counters to a netlink message
 * @skb: message
 * @attr: attribute for the nest of enum dsr_stats_attr
 * @sum: counters
 *
 * Return: 0 or -%EMSGSIZE.
 */
static inline int dsr_stats_put(struct sk_buff *skb, int attr,
				const struct dsr_stats *sum)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, DSR_STATS_A_PACKETS, sum->packets,
			      DSR_STATS_A_PAD) ||
	    nla_put_u64_64bit(skb, DSR_STATS_A_BYTES, sum->bytes,
			      DSR_STATS_A_PAD) ||
	    nla_put_u64_64bit(skb, DSR_STATS_A_CONNECTIONS, sum->connections,
			      DSR_STATS_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

#endif /* _DSR_STATS_H */
