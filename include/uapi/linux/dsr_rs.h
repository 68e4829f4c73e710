/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * dsr_rs - the generic netlink family "dsr_rs" of dsr_rs.ko, on real servers
 *
 * <linux/dsr_common.h> has what this family shares with the family "dsr", and
 * the rules of requests and replies.
 */
#ifndef _UAPI_LINUX_DSR_RS_H
#define _UAPI_LINUX_DSR_RS_H

#include <linux/dsr_common.h>

#define DSR_RS_GENL_NAME	"dsr_rs"
#define DSR_RS_GENL_VERSION	1

#define DSR_SILENCE_DEVS_MAX	16
#define DSR_RULE_FROM_MAX	8

/* rtm_protocol of the routes that dsrctl adds for rules in mode local. */
#define DSR_ROUTE_PROTOCOL	213

/**
 * enum dsr_rs_cmd - commands of the family "dsr_rs"
 * @DSR_RS_CMD_UNSPEC: never sent
 * @DSR_RS_CMD_RULE_ADD: DSR_A_RULE: the key, which is VIP with optional PROTO
 *	and PORT, or TOS with optional TOS_MASK; other attributes optional
 * @DSR_RS_CMD_RULE_REPLACE: as ADD
 * @DSR_RS_CMD_RULE_DELETE: DSR_A_RULE: the key
 * @DSR_RS_CMD_RULE_GET: dump
 * @DSR_RS_CMD_RULE_FLUSH: no attributes; deletes every rule
 * @DSR_RS_CMD_FLOW_GET: dump of the flow table
 * @DSR_RS_CMD_FLOW_SET: DSR_A_TABLE: MAX, TIMEOUTS
 * @DSR_RS_CMD_STATS_GET: one reply: DSR_A_TABLE and DSR_A_REASON, repeated
 * @DSR_RS_CMD_SILENCE_ADD: DSR_A_SILENCE: ADDR, and DEV, repeated
 * @DSR_RS_CMD_SILENCE_REPLACE: as ADD
 * @DSR_RS_CMD_SILENCE_DELETE: DSR_A_SILENCE: ADDR
 * @DSR_RS_CMD_SILENCE_GET: dump
 * @DSR_RS_CMD_SILENCE_FLUSH: no attributes; deletes every address that was
 *	added
 * @DSR_RS_CMD_FLOW_FLUSH: no attributes; forgets every flow; as a dump, in
 *	parts of bounded work
 * @DSR_RS_CMD_EXPLAIN: ask the rules of PREROUTING behind the module, and those of
 *	INPUT, about a packet that the module has delivered; change nothing but what
 *	rules do beside a verdict. DSR_A_EXPLAIN: SRC, SPORT, DST, DPORT, IFINDEX;
 *	PROTO and FWMARK optional. One reply: DSR_A_EXPLAIN: VERDICT, and HOOK,
 *	PRIORITY and CHAIN if the rules do not accept the packet
 *
 * The multicast group DSR_GENL_MCGRP_EVENTS of this family gets a message after
 * each change, as that of the family "dsr" does. The message contains:
 *
 * - for ADD and REPLACE: the reply of RULE_GET or SILENCE_GET;
 * - for DELETE: only the key;
 * - for FLOW_SET: DSR_A_TABLE of STATS_GET;
 * - for FLUSH: nothing.
 *
 * A rule in mode local silences its VIP; only the rule's message reports that.
 */
enum dsr_rs_cmd {
	DSR_RS_CMD_UNSPEC,
	DSR_RS_CMD_RULE_ADD,
	DSR_RS_CMD_RULE_REPLACE,
	DSR_RS_CMD_RULE_DELETE,
	DSR_RS_CMD_RULE_GET,
	DSR_RS_CMD_RULE_FLUSH,
	DSR_RS_CMD_FLOW_GET,
	DSR_RS_CMD_FLOW_SET,
	DSR_RS_CMD_STATS_GET,
	DSR_RS_CMD_SILENCE_ADD,
	DSR_RS_CMD_SILENCE_REPLACE,
	DSR_RS_CMD_SILENCE_DELETE,
	DSR_RS_CMD_SILENCE_GET,
	DSR_RS_CMD_SILENCE_FLUSH,
	DSR_RS_CMD_FLOW_FLUSH,
	DSR_RS_CMD_EXPLAIN,

	__DSR_RS_CMD_MAX,
	DSR_RS_CMD_MAX = __DSR_RS_CMD_MAX - 1
};

/**
 * enum dsr_rule_mode - way of a real server rule to deliver packets
 * @DSR_RULE_MODE_REDIRECT: to another address of the machine, so that no device
 *	needs to have the VIP; the default
 * @DSR_RULE_MODE_LOCAL: unchanged. The VIP is an address of the machine, by a
 *	route that the program which adds the rule has to add. The rule silences
 *	the VIP
 */
enum dsr_rule_mode {
	DSR_RULE_MODE_REDIRECT,
	DSR_RULE_MODE_LOCAL,

	__DSR_RULE_MODE_MAX,
	DSR_RULE_MODE_MAX = __DSR_RULE_MODE_MAX - 1
};

/**
 * enum dsr_rule_attr - real server rule: packets for a local socket
 *
 * The most specific rule applies to a packet: VIP, PROTO and PORT before VIP
 * and PROTO, then VIP alone, then TOS. Of two TOS rules, the one whose mask has
 * more bits comes first; if both have as many, the older one.
 *
 * @DSR_RULE_A_UNSPEC: never sent
 * @DSR_RULE_A_VIP: 4 or 16 bytes, key: destination address, unicast
 * @DSR_RULE_A_PROTO: u8, key: IPPROTO_TCP, _UDP or _SCTP; absent: all of them
 * @DSR_RULE_A_PORT: be16, key: destination port, not 0, with PROTO; absent: all
 * @DSR_RULE_A_TOS: u8, key, instead of VIP: TOS byte or traffic class of the
 *	packet
 * @DSR_RULE_A_TOS_MASK: u8, key, with TOS: bits to compare, not 0; 255 if
 *	absent
 * @DSR_RULE_A_TO_PORT: be16, local port, not 0; absent: the packet's own
 * @DSR_RULE_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_RULE_A_TO: 4 or 16 bytes, address of this machine, of the VIP's family;
 *	with TOS, the rule is for packets of its family only. Absent: the
 *	source address of the route back to the client
 * @DSR_RULE_A_MODE: u8, enum dsr_rule_mode; DSR_RULE_MODE_LOCAL with VIP
 *	alone
 * @DSR_RULE_A_ROUTED: u8, in mode local, 1: there is a local route for the VIP;
 *	without it no packet is delivered (reply only)
 * @DSR_RULE_A_FROM: with TOS, DSR_RULE_FROM_MAX times at most: 6 bytes, a MAC
 *	address, or 4 or 16 bytes, the address of a neighbour: only frames from
 *	these begin a flow. Absent: frames from any neighbour
 * @DSR_RULE_A_CLEAR: u8, with TOS, 1: clear the bits of TOS_MASK in delivered
 *	packets; 0 as absent
 * @DSR_RULE_A_MARK: u32, not 0: mark to set on delivered packets. Absent: leave
 *	the mark
 * @DSR_RULE_A_BALANCER: DSR_RULE_FROM_MAX times at most, as FROM: a balancer that
 *	gets back segments of TCP that no socket of this machine takes
 */
enum dsr_rule_attr {
	DSR_RULE_A_UNSPEC,
	DSR_RULE_A_VIP,
	DSR_RULE_A_PROTO,
	DSR_RULE_A_PORT,
	DSR_RULE_A_TOS,
	DSR_RULE_A_TOS_MASK,
	DSR_RULE_A_TO_PORT,
	DSR_RULE_A_STATS,
	DSR_RULE_A_TO,
	DSR_RULE_A_MODE,
	DSR_RULE_A_ROUTED,
	DSR_RULE_A_FROM,
	DSR_RULE_A_CLEAR,
	DSR_RULE_A_MARK,
	DSR_RULE_A_BALANCER,

	__DSR_RULE_A_MAX,
	DSR_RULE_A_MAX = __DSR_RULE_A_MAX - 1
};

/**
 * enum dsr_silence_attr - an address that the real server does not answer for
 *
 * No ARP or neighbour discovery message that tells its location leaves.
 *
 * @DSR_SILENCE_A_UNSPEC: never sent
 * @DSR_SILENCE_A_PAD: alignment
 * @DSR_SILENCE_A_ADDR: 4 or 16 bytes, the key
 * @DSR_SILENCE_A_DEV: string, once for each device, DSR_SILENCE_DEVS_MAX at
 *	most: the name of a device, which need not exist yet, or a prefix of
 *	names and a '+'; absent: all devices
 * @DSR_SILENCE_A_RULES: u32, number of rules in mode local that want it
 *	silenced, on all devices (reply only)
 * @DSR_SILENCE_A_WANTED: u8, 0: only rules want it silenced (reply only)
 * @DSR_SILENCE_A_MESSAGES: u64, number of messages that were dropped or changed
 *	(reply only)
 */
enum dsr_silence_attr {
	DSR_SILENCE_A_UNSPEC,
	DSR_SILENCE_A_PAD,
	DSR_SILENCE_A_ADDR,
	DSR_SILENCE_A_DEV,
	DSR_SILENCE_A_RULES,
	DSR_SILENCE_A_WANTED,
	DSR_SILENCE_A_MESSAGES,

	__DSR_SILENCE_A_MAX,
	DSR_SILENCE_A_MAX = __DSR_SILENCE_A_MAX - 1
};

/**
 * enum dsr_flow_attr - an entry of the real server's flow table (reply only)
 * @DSR_FLOW_A_UNSPEC: never sent
 * @DSR_FLOW_A_PROTO: u8
 * @DSR_FLOW_A_SRC: 4 or 16 bytes, client
 * @DSR_FLOW_A_SPORT: be16, the client's port on the wire
 * @DSR_FLOW_A_DST: 4 or 16 bytes, VIP
 * @DSR_FLOW_A_DPORT: be16, port of the VIP
 * @DSR_FLOW_A_TO: 4 or 16 bytes, local address
 * @DSR_FLOW_A_TO_PORT: be16, local port
 * @DSR_FLOW_A_SOCKET_SPORT: be16, the client's port as the local socket sees
 *	it; differs from SPORT only if that port was taken at the socket
 * @DSR_FLOW_A_STATE: u8, enum dsr_conn_state
 * @DSR_FLOW_A_EXPIRES: u32, milliseconds until the entry expires
 */
enum dsr_flow_attr {
	DSR_FLOW_A_UNSPEC,
	DSR_FLOW_A_PROTO,
	DSR_FLOW_A_SRC,
	DSR_FLOW_A_SPORT,
	DSR_FLOW_A_DST,
	DSR_FLOW_A_DPORT,
	DSR_FLOW_A_TO,
	DSR_FLOW_A_TO_PORT,
	DSR_FLOW_A_SOCKET_SPORT,
	DSR_FLOW_A_STATE,
	DSR_FLOW_A_EXPIRES,

	__DSR_FLOW_A_MAX,
	DSR_FLOW_A_MAX = __DSR_FLOW_A_MAX - 1
};

#endif /* _UAPI_LINUX_DSR_RS_H */
