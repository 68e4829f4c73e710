/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * dsr - layer-4 load balancing by direct server return
 *
 * The part of the generic netlink interface that the families of dsr_lb.ko
 * ("dsr", on balancers, <linux/dsr.h>) and of dsr_rs.ko ("dsr_rs", on real
 * servers, <linux/dsr_rs.h>) share.
 *
 * Both families are per network namespace. Every command except STATS_GET needs
 * CAP_NET_ADMIN in the user namespace that owns the network namespace: other
 * users must not learn which client talks to which server. Every refusal
 * carries an extended ack with one sentence.
 *
 * A request holds one object, as the nested attribute of its kind; a backend
 * comes with its service, in requests and in replies. The key attributes
 * identify an object. ADD fails if the object exists. SET fails if it does not
 * exist, and changes only attributes that the request gives. REPLACE creates or
 * changes the object, and resets attributes that the request does not give. GET
 * with NLM_F_DUMP lists all objects, in messages with the command of the
 * request. A message without attributes reports a part of a table without
 * entries to show.
 *
 * "be" attributes and addresses are in network byte order, all others in host
 * byte order.
 */
#ifndef _UAPI_LINUX_DSR_COMMON_H
#define _UAPI_LINUX_DSR_COMMON_H

/* Version of the modules and of the tool, which are built for each other. */
#define DSR_VERSION		"0.1"

#define DSR_GENL_MCGRP_EVENTS	"events"	/* changes; in both families */

#define DSR_TABLE_MAX_MIN	16	/* bounds of DSR_TABLE_A_MAX */
#define DSR_TABLE_MAX_MAX	(1 << 26)

/**
 * enum dsr_attr - top-level attributes of both families
 * @DSR_A_UNSPEC: never sent
 * @DSR_A_SERVICE: nest of enum dsr_service_attr
 * @DSR_A_BACKEND: nest of enum dsr_backend_attr
 * @DSR_A_CONNECTION: nest of enum dsr_connection_attr
 * @DSR_A_RULE: nest of enum dsr_rule_attr
 * @DSR_A_FLOW: nest of enum dsr_flow_attr
 * @DSR_A_TABLE: nest of enum dsr_table_attr
 * @DSR_A_REASON: nest of enum dsr_reason_attr, once for each reason
 * @DSR_A_EXPLAIN: nest of enum dsr_explain_attr
 * @DSR_A_PATH: nest of enum dsr_path_attr
 * @DSR_A_SILENCE: nest of enum dsr_silence_attr
 * @DSR_A_IPVS_ONLY: flag, in the event SERVICE_FLUSH: only the services that
 *	IPVS shows were deleted: those of a fwmark, and those of a VIP with a
 *	protocol and one port or all ports
 * @DSR_A_ADDED: nest of enum dsr_added_attr
 * @DSR_A_CHANGE: nest of enum dsr_change_attr, once for each change
 * @DSR_A_GENERATION: u32, number of the configuration of services and backends:
 *	another one after each change
 */
enum dsr_attr {
	DSR_A_UNSPEC,
	DSR_A_SERVICE,
	DSR_A_BACKEND,
	DSR_A_CONNECTION,
	DSR_A_RULE,
	DSR_A_FLOW,
	DSR_A_TABLE,
	DSR_A_REASON,
	DSR_A_EXPLAIN,
	DSR_A_PATH,
	DSR_A_SILENCE,
	DSR_A_IPVS_ONLY,
	DSR_A_ADDED,
	DSR_A_CHANGE,
	DSR_A_GENERATION,

	__DSR_A_MAX,
	DSR_A_MAX = __DSR_A_MAX - 1
};

/**
 * enum dsr_conn_state - state of a connection, judged by the client's packets
 * @DSR_CONN_SYN: a SYN (SCTP: INIT) was seen, nothing after it
 * @DSR_CONN_ESTABLISHED: another packet of the client was seen
 * @DSR_CONN_FIN: the client has sent a FIN (SCTP: SHUTDOWN)
 * @DSR_CONN_CLOSED: the client has sent a RST (SCTP: ABORT)
 * @DSR_CONN_UDP: UDP: datagrams were seen
 * @DSR_CONN_PERSISTENT: not a connection, but a persistence entry: the backend
 *	for a client's next connection
 * @DSR_CONN_UNPROVEN: a single packet was seen, and its source may be forged: a
 *	segment from the middle of a connection, or a first datagram; with
 *	protocol 0, a persistence entry of a client without a second packet
 */
enum dsr_conn_state {
	DSR_CONN_SYN,
	DSR_CONN_ESTABLISHED,
	DSR_CONN_FIN,
	DSR_CONN_CLOSED,
	DSR_CONN_UDP,
	DSR_CONN_PERSISTENT,
	DSR_CONN_UNPROVEN,

	__DSR_CONN_STATE_MAX,
	DSR_CONN_STATE_MAX = __DSR_CONN_STATE_MAX - 1
};

/**
 * enum dsr_firewall_verdict - what the site's rules do with a packet
 * @DSR_FIREWALL_ACCEPT: they let it pass
 * @DSR_FIREWALL_DROP: they drop it
 * @DSR_FIREWALL_QUEUE: they give it to a program (NFQUEUE), which decides
 * @DSR_FIREWALL_TAKEN: they keep it, as synproxy does
 */
enum dsr_firewall_verdict {
	DSR_FIREWALL_ACCEPT,
	DSR_FIREWALL_DROP,
	DSR_FIREWALL_QUEUE,
	DSR_FIREWALL_TAKEN,

	__DSR_FIREWALL_MAX,
	DSR_FIREWALL_MAX = __DSR_FIREWALL_MAX - 1
};

/**
 * enum dsr_explain_attr - a packet, and its treatment
 *
 * A request of the family "dsr_rs" names a packet that the module has delivered: DST
 * and DPORT are the local address and port, and FWMARK is the mark of the rule.
 *
 * @DSR_EXPLAIN_A_UNSPEC: never sent
 * @DSR_EXPLAIN_A_SRC: 4 or 16 bytes
 * @DSR_EXPLAIN_A_SPORT: be16
 * @DSR_EXPLAIN_A_DST: 4 or 16 bytes
 * @DSR_EXPLAIN_A_DPORT: be16
 * @DSR_EXPLAIN_A_PROTO: u8, IPPROTO_TCP (if absent), _UDP or _SCTP
 * @DSR_EXPLAIN_A_FWMARK: u32, mark of the packet; absent: no mark
 * @DSR_EXPLAIN_A_REASON: string, as DSR_REASON_A_NAME (reply of "dsr" only)
 * @DSR_EXPLAIN_A_CHOICE: u8, enum dsr_choice (reply of "dsr" only)
 * @DSR_EXPLAIN_A_SLOT: u32, slot of the scheduler's table (reply of "dsr" only, for
 *	schedulers that have one)
 * @DSR_EXPLAIN_A_MIDDLE: flag: the packet is not the first of its connection
 *	("dsr" only)
 * @DSR_EXPLAIN_A_IFINDEX: u32, ingress device; absent: the device of the route
 *	back to the source
 * @DSR_EXPLAIN_A_FIREWALL: flag in a request: ask the rules of PREROUTING,
 *	FORWARD and POSTROUTING, by a test packet that is not sent. Needs IFINDEX,
 *	and no MIDDLE. Without FWMARK, the rules set the mark; FWMARK of the reply
 *	tells it ("dsr" only)
 * @DSR_EXPLAIN_A_VERDICT: u8, enum dsr_firewall_verdict (reply only, if the rules were
 *	asked)
 * @DSR_EXPLAIN_A_HOOK: u8, NF_INET_*, where the rules did not accept the packet
 *	(reply only)
 * @DSR_EXPLAIN_A_PRIORITY: s32, priority of the chain there (reply only)
 * @DSR_EXPLAIN_A_CHAIN: u64, handle of the chain, if it is one of nf_tables
 *	(reply only)
 * @DSR_EXPLAIN_A_PAD: for alignment
 */
enum dsr_explain_attr {
	DSR_EXPLAIN_A_UNSPEC,
	DSR_EXPLAIN_A_SRC,
	DSR_EXPLAIN_A_SPORT,
	DSR_EXPLAIN_A_DST,
	DSR_EXPLAIN_A_DPORT,
	DSR_EXPLAIN_A_PROTO,
	DSR_EXPLAIN_A_FWMARK,
	DSR_EXPLAIN_A_REASON,
	DSR_EXPLAIN_A_CHOICE,
	DSR_EXPLAIN_A_SLOT,
	DSR_EXPLAIN_A_MIDDLE,
	DSR_EXPLAIN_A_IFINDEX,
	DSR_EXPLAIN_A_FIREWALL,
	DSR_EXPLAIN_A_VERDICT,
	DSR_EXPLAIN_A_HOOK,
	DSR_EXPLAIN_A_PRIORITY,
	DSR_EXPLAIN_A_CHAIN,
	DSR_EXPLAIN_A_PAD,

	__DSR_EXPLAIN_A_MAX,
	DSR_EXPLAIN_A_MAX = __DSR_EXPLAIN_A_MAX - 1
};

/**
 * enum dsr_timeout_attr - idle timeouts by state
 *
 * All are u32, in milliseconds. An absent one keeps its value.
 *
 * @DSR_TIMEOUT_A_UNSPEC: never sent
 * @DSR_TIMEOUT_A_SYN: in DSR_CONN_SYN, and in DSR_CONN_UNPROVEN except for UDP
 * @DSR_TIMEOUT_A_ESTABLISHED: in DSR_CONN_ESTABLISHED
 * @DSR_TIMEOUT_A_FIN: in DSR_CONN_FIN
 * @DSR_TIMEOUT_A_CLOSED: in DSR_CONN_CLOSED
 * @DSR_TIMEOUT_A_UDP: in DSR_CONN_UDP
 */
enum dsr_timeout_attr {
	DSR_TIMEOUT_A_UNSPEC,
	DSR_TIMEOUT_A_SYN,
	DSR_TIMEOUT_A_ESTABLISHED,
	DSR_TIMEOUT_A_FIN,
	DSR_TIMEOUT_A_CLOSED,
	DSR_TIMEOUT_A_UDP,

	__DSR_TIMEOUT_A_MAX,
	DSR_TIMEOUT_A_MAX = __DSR_TIMEOUT_A_MAX - 1
};

/**
 * enum dsr_table_attr - the connection table or the flow table
 * @DSR_TABLE_A_UNSPEC: never sent
 * @DSR_TABLE_A_PAD: alignment
 * @DSR_TABLE_A_ENTRIES: u32, number of entries (reply only)
 * @DSR_TABLE_A_MAX: u32, hard cap on entries
 * @DSR_TABLE_A_BUCKETS: u32, number of hash buckets (reply only)
 * @DSR_TABLE_A_BYTES: u64, memory of entries and buckets (reply only)
 * @DSR_TABLE_A_TIMEOUTS: nest of enum dsr_timeout_attr. 0: the default
 * @DSR_TABLE_A_EVICTED: u64, entries that have given way to others (reply only)
 * @DSR_TABLE_A_PENDING_EVICTED: u64, the same of what is not in the table so far;
 *	the real server's only (reply only)
 * @DSR_TABLE_A_EXPIRE_QUIESCENT: flag: a client does not come back to a backend of
 *	weight 0 by persistence: net.ipv4.vs.expire_quiescent_template (reply only)
 * @DSR_TABLE_A_EXPIRE_NODEST: flag: what IPVS deletes leaves no connection that
 *	waits for it: net.ipv4.vs.expire_nodest_conn (reply only)
 */
enum dsr_table_attr {
	DSR_TABLE_A_UNSPEC,
	DSR_TABLE_A_PAD,
	DSR_TABLE_A_ENTRIES,
	DSR_TABLE_A_MAX,
	DSR_TABLE_A_BUCKETS,
	DSR_TABLE_A_BYTES,
	DSR_TABLE_A_TIMEOUTS,
	DSR_TABLE_A_EVICTED,
	DSR_TABLE_A_PENDING_EVICTED,
	DSR_TABLE_A_EXPIRE_QUIESCENT,
	DSR_TABLE_A_EXPIRE_NODEST,

	__DSR_TABLE_A_LAST,
	DSR_TABLE_A_LAST = __DSR_TABLE_A_LAST - 1
};

/**
 * enum dsr_reason_attr - packets by their outcome in the module (reply only)
 * @DSR_REASON_A_UNSPEC: never sent
 * @DSR_REASON_A_PAD: alignment
 * @DSR_REASON_A_NAME: string, such as "forwarded" or "drop_no_backend"
 * @DSR_REASON_A_PACKETS: u64
 */
enum dsr_reason_attr {
	DSR_REASON_A_UNSPEC,
	DSR_REASON_A_PAD,
	DSR_REASON_A_NAME,
	DSR_REASON_A_PACKETS,

	__DSR_REASON_A_MAX,
	DSR_REASON_A_MAX = __DSR_REASON_A_MAX - 1
};

/**
 * enum dsr_stats_attr - counters of a service, a backend or a rule (reply only)
 * @DSR_STATS_A_UNSPEC: never sent
 * @DSR_STATS_A_PAD: alignment
 * @DSR_STATS_A_PACKETS: u64, packets; a merged one (GRO) counts as its segments
 * @DSR_STATS_A_BYTES: u64, bytes from the network header on
 * @DSR_STATS_A_CONNECTIONS: u64, connections or flows begun
 */
enum dsr_stats_attr {
	DSR_STATS_A_UNSPEC,
	DSR_STATS_A_PAD,
	DSR_STATS_A_PACKETS,
	DSR_STATS_A_BYTES,
	DSR_STATS_A_CONNECTIONS,

	__DSR_STATS_A_MAX,
	DSR_STATS_A_MAX = __DSR_STATS_A_MAX - 1
};

#endif /* _UAPI_LINUX_DSR_COMMON_H */
