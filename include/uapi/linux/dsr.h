/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * dsr - layer-4 load balancing by direct server return
 *
 * The generic netlink interface of dsr_lb.ko (family "dsr", on balancers) and
 * of dsr_rs.ko (family "dsr_rs", on real servers).
 *
 * Both families are per network namespace. Every command but STATS_GET needs
 * CAP_NET_ADMIN in the user namespace that owns the network namespace: which
 * clients talk to which server is nobody else's business. Every refusal
 * carries an extended ack with one sentence.
 *
 * A request holds one object, as the nested attribute of its kind; a backend
 * comes with its service, in requests and in replies. An object is named by
 * its key attributes; ADD refuses one that is there, SET one that is not, and
 * changes only what the request names; REPLACE does either and resets what the
 * request leaves out. GET with NLM_F_DUMP lists all, as messages of the command
 * of the request.
 *
 * "be" attributes are in network byte order, all others in host byte order.
 */
#ifndef _UAPI_LINUX_DSR_H
#define _UAPI_LINUX_DSR_H

#define DSR_GENL_NAME		"dsr"
#define DSR_GENL_VERSION	1

#define DSR_RS_GENL_NAME	"dsr_rs"
#define DSR_RS_GENL_VERSION	1

#define DSR_WEIGHT_MAX		65535
#define DSR_TABLE_MAX_MIN	16	/* bounds of DSR_TABLE_A_MAX */
#define DSR_TABLE_MAX_MAX	(1 << 26)

/**
 * enum dsr_cmd - commands of the family "dsr"
 * @DSR_CMD_UNSPEC: never sent
 * @DSR_CMD_SERVICE_ADD: DSR_A_SERVICE: FWMARK; SCHEDULER, PATH, TOS, HASH,
 *	TABLE_SIZE optional
 * @DSR_CMD_SERVICE_SET: as ADD
 * @DSR_CMD_SERVICE_REPLACE: as ADD; the backends stay
 * @DSR_CMD_SERVICE_DELETE: DSR_A_SERVICE: FWMARK
 * @DSR_CMD_SERVICE_GET: one by DSR_A_SERVICE: FWMARK, or a dump of all
 * @DSR_CMD_SERVICE_FLUSH: no attributes; deletes every service
 * @DSR_CMD_BACKEND_ADD: DSR_A_SERVICE: FWMARK, and DSR_A_BACKEND: ADDR4;
 *	WEIGHT optional, 1 if absent; UPPER, LOWER optional
 * @DSR_CMD_BACKEND_SET: as ADD
 * @DSR_CMD_BACKEND_REPLACE: as ADD
 * @DSR_CMD_BACKEND_DELETE: as ADD, without what is optional there
 * @DSR_CMD_BACKEND_GET: dump; of one service if DSR_A_SERVICE is given
 * @DSR_CMD_CONNECTION_GET: dump of the connection table
 * @DSR_CMD_CONNECTION_SET: DSR_A_TABLE: MAX
 * @DSR_CMD_CONNECTION_FLUSH: no attributes; forgets every connection
 * @DSR_CMD_STATS_GET: one reply: DSR_A_TABLE and DSR_A_REASON, repeated
 */
enum dsr_cmd {
	DSR_CMD_UNSPEC,
	DSR_CMD_SERVICE_ADD,
	DSR_CMD_SERVICE_SET,
	DSR_CMD_SERVICE_REPLACE,
	DSR_CMD_SERVICE_DELETE,
	DSR_CMD_SERVICE_GET,
	DSR_CMD_SERVICE_FLUSH,
	DSR_CMD_BACKEND_ADD,
	DSR_CMD_BACKEND_SET,
	DSR_CMD_BACKEND_REPLACE,
	DSR_CMD_BACKEND_DELETE,
	DSR_CMD_BACKEND_GET,
	DSR_CMD_CONNECTION_GET,
	DSR_CMD_CONNECTION_SET,
	DSR_CMD_CONNECTION_FLUSH,
	DSR_CMD_STATS_GET,

	__DSR_CMD_MAX,
	DSR_CMD_MAX = __DSR_CMD_MAX - 1
};

/**
 * enum dsr_attr - top level of both families
 * @DSR_A_UNSPEC: never sent
 * @DSR_A_SERVICE: nest of enum dsr_service_attr
 * @DSR_A_BACKEND: nest of enum dsr_backend_attr
 * @DSR_A_CONNECTION: nest of enum dsr_connection_attr
 * @DSR_A_RULE: nest of enum dsr_rule_attr
 * @DSR_A_FLOW: nest of enum dsr_flow_attr
 * @DSR_A_TABLE: nest of enum dsr_table_attr
 * @DSR_A_REASON: nest of enum dsr_reason_attr, once for each reason
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

	__DSR_A_MAX,
	DSR_A_MAX = __DSR_A_MAX - 1
};

/**
 * enum dsr_path - how a packet leaves the balancer
 * @DSR_PATH_STACK: through FORWARD and POSTROUTING; the default
 * @DSR_PATH_DIRECT: straight to the device of the backend
 */
enum dsr_path {
	DSR_PATH_STACK,
	DSR_PATH_DIRECT,

	__DSR_PATH_MAX,
	DSR_PATH_MAX = __DSR_PATH_MAX - 1
};

/**
 * enum dsr_hash - what of a flow a scheduler hashes
 * @DSR_HASH_DEFAULT: what is usual for the scheduler; in requests only
 * @DSR_HASH_SOURCE: the client's address
 * @DSR_HASH_SOURCE_PORT: the client's address and port
 */
enum dsr_hash {
	DSR_HASH_DEFAULT,
	DSR_HASH_SOURCE,
	DSR_HASH_SOURCE_PORT,

	__DSR_HASH_MAX,
	DSR_HASH_MAX = __DSR_HASH_MAX - 1
};

/**
 * enum dsr_service_attr - what clients connect to
 * @DSR_SERVICE_A_UNSPEC: never sent
 * @DSR_SERVICE_A_FWMARK: u32, the key: the mark that selects the traffic, not 0
 * @DSR_SERVICE_A_SCHEDULER: string, "rr" if absent
 * @DSR_SERVICE_A_PATH: u8, enum dsr_path
 * @DSR_SERVICE_A_TOS: u8, the bits of the TOS byte to set on the way out
 * @DSR_SERVICE_A_TOS_MASK: u8, which bits TOS governs; 0: leave the byte alone.
 *	TOS and TOS_MASK come together, and TOS has no bit outside of TOS_MASK
 * @DSR_SERVICE_A_BACKENDS: u32, how many it has (reply only)
 * @DSR_SERVICE_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_SERVICE_A_HASH: u8, enum dsr_hash, for the schedulers sh ("source" if
 *	absent) and maglev ("source and port" if absent); in replies for these
 * @DSR_SERVICE_A_TABLE_SIZE: u32, slots of the table of the scheduler maglev:
 *	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521 (if absent, or 0),
 *	131071, 262139, 524287 or 1048573; in replies for this one
 */
enum dsr_service_attr {
	DSR_SERVICE_A_UNSPEC,
	DSR_SERVICE_A_FWMARK,
	DSR_SERVICE_A_SCHEDULER,
	DSR_SERVICE_A_PATH,
	DSR_SERVICE_A_TOS,
	DSR_SERVICE_A_TOS_MASK,
	DSR_SERVICE_A_BACKENDS,
	DSR_SERVICE_A_STATS,
	DSR_SERVICE_A_HASH,
	DSR_SERVICE_A_TABLE_SIZE,

	__DSR_SERVICE_A_MAX,
	DSR_SERVICE_A_MAX = __DSR_SERVICE_A_MAX - 1
};

/**
 * enum dsr_backend_state - whether packets can reach a backend
 * @DSR_BACKEND_UNKNOWN: no packet has needed its MAC address so far
 * @DSR_BACKEND_REACHABLE: its MAC address is known
 * @DSR_BACKEND_INCOMPLETE: it was asked for its MAC address, no answer yet
 * @DSR_BACKEND_UNREACHABLE: it does not answer for its address
 * @DSR_BACKEND_NO_ROUTE: no device leads to it without a gateway
 */
enum dsr_backend_state {
	DSR_BACKEND_UNKNOWN,
	DSR_BACKEND_REACHABLE,
	DSR_BACKEND_INCOMPLETE,
	DSR_BACKEND_UNREACHABLE,
	DSR_BACKEND_NO_ROUTE,

	__DSR_BACKEND_STATE_MAX,
	DSR_BACKEND_STATE_MAX = __DSR_BACKEND_STATE_MAX - 1
};

/**
 * enum dsr_backend_attr - a real server in a service
 * @DSR_BACKEND_A_UNSPEC: never sent
 * @DSR_BACKEND_A_ADDR4: be32, the key: the next hop, on-link
 * @DSR_BACKEND_A_WEIGHT: u32, 0 to DSR_WEIGHT_MAX; 0: no new connections
 * @DSR_BACKEND_A_ACTIVE: u32, established connections (reply only)
 * @DSR_BACKEND_A_INACTIVE: u32, other connections in the table (reply only)
 * @DSR_BACKEND_A_STATE: u8, enum dsr_backend_state (reply only)
 * @DSR_BACKEND_A_IFINDEX: u32, device towards it (reply only, if there is one)
 * @DSR_BACKEND_A_MAC: binary, its link-layer address (reply only, if known)
 * @DSR_BACKEND_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_BACKEND_A_UPPER: u32, from this many connections in the table on,
 *	established and others, it is overloaded; 0: never
 * @DSR_BACKEND_A_LOWER: u32, below this many it is no longer overloaded, at
 *	most UPPER; 0: below three quarters of UPPER
 * @DSR_BACKEND_A_OVERLOADED: u8, 1: it gets no new connections until there are
 *	fewer (reply only)
 */
enum dsr_backend_attr {
	DSR_BACKEND_A_UNSPEC,
	DSR_BACKEND_A_ADDR4,
	DSR_BACKEND_A_WEIGHT,
	DSR_BACKEND_A_ACTIVE,
	DSR_BACKEND_A_INACTIVE,
	DSR_BACKEND_A_STATE,
	DSR_BACKEND_A_IFINDEX,
	DSR_BACKEND_A_MAC,
	DSR_BACKEND_A_STATS,
	DSR_BACKEND_A_UPPER,
	DSR_BACKEND_A_LOWER,
	DSR_BACKEND_A_OVERLOADED,

	__DSR_BACKEND_A_MAX,
	DSR_BACKEND_A_MAX = __DSR_BACKEND_A_MAX - 1
};

/**
 * enum dsr_conn_state - a connection as the client's half of it shows
 * @DSR_CONN_SYN: TCP: a SYN was seen, nothing after it
 * @DSR_CONN_ESTABLISHED: TCP: the client has sent something else than a SYN
 * @DSR_CONN_FIN: TCP: the client has sent a FIN
 * @DSR_CONN_CLOSED: TCP: the client has sent a RST
 * @DSR_CONN_UDP: UDP: datagrams were seen
 */
enum dsr_conn_state {
	DSR_CONN_SYN,
	DSR_CONN_ESTABLISHED,
	DSR_CONN_FIN,
	DSR_CONN_CLOSED,
	DSR_CONN_UDP,

	__DSR_CONN_STATE_MAX,
	DSR_CONN_STATE_MAX = __DSR_CONN_STATE_MAX - 1
};

/**
 * enum dsr_connection_attr - an entry of the balancer's table (reply only)
 * @DSR_CONNECTION_A_UNSPEC: never sent
 * @DSR_CONNECTION_A_PROTO: u8, IPPROTO_TCP or IPPROTO_UDP
 * @DSR_CONNECTION_A_SRC4: be32, client
 * @DSR_CONNECTION_A_SPORT: be16
 * @DSR_CONNECTION_A_DST4: be32, VIP
 * @DSR_CONNECTION_A_DPORT: be16
 * @DSR_CONNECTION_A_STATE: u8, enum dsr_conn_state
 * @DSR_CONNECTION_A_EXPIRES: u32, milliseconds until it is forgotten if
 *	no packet comes
 * @DSR_CONNECTION_A_FWMARK: u32, the service
 * @DSR_CONNECTION_A_BACKEND4: be32, the backend
 */
enum dsr_connection_attr {
	DSR_CONNECTION_A_UNSPEC,
	DSR_CONNECTION_A_PROTO,
	DSR_CONNECTION_A_SRC4,
	DSR_CONNECTION_A_SPORT,
	DSR_CONNECTION_A_DST4,
	DSR_CONNECTION_A_DPORT,
	DSR_CONNECTION_A_STATE,
	DSR_CONNECTION_A_EXPIRES,
	DSR_CONNECTION_A_FWMARK,
	DSR_CONNECTION_A_BACKEND4,

	__DSR_CONNECTION_A_MAX,
	DSR_CONNECTION_A_MAX = __DSR_CONNECTION_A_MAX - 1
};

/**
 * enum dsr_table_attr - the connection table or the flow table
 * @DSR_TABLE_A_UNSPEC: never sent
 * @DSR_TABLE_A_PAD: alignment
 * @DSR_TABLE_A_ENTRIES: u32, entries in it (reply only)
 * @DSR_TABLE_A_MAX: u32, its hard cap, in entries
 * @DSR_TABLE_A_BUCKETS: u32, hash buckets (reply only)
 * @DSR_TABLE_A_BYTES: u64, memory of entries and buckets (reply only)
 */
enum dsr_table_attr {
	DSR_TABLE_A_UNSPEC,
	DSR_TABLE_A_PAD,
	DSR_TABLE_A_ENTRIES,
	DSR_TABLE_A_MAX,
	DSR_TABLE_A_BUCKETS,
	DSR_TABLE_A_BYTES,

	__DSR_TABLE_A_LAST,
	DSR_TABLE_A_LAST = __DSR_TABLE_A_LAST - 1
};

/**
 * enum dsr_reason_attr - why packets left the module as they did (reply only)
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

/**
 * enum dsr_rs_cmd - commands of the family "dsr_rs"
 * @DSR_RS_CMD_UNSPEC: never sent
 * @DSR_RS_CMD_RULE_ADD: DSR_A_RULE: the key, VIP4 with optional PROTO and PORT
 *	or TOS and TOS_MASK; TO_PORT optional
 * @DSR_RS_CMD_RULE_REPLACE: as ADD
 * @DSR_RS_CMD_RULE_DELETE: DSR_A_RULE: the key
 * @DSR_RS_CMD_RULE_GET: dump
 * @DSR_RS_CMD_RULE_FLUSH: no attributes; deletes every rule
 * @DSR_RS_CMD_FLOW_GET: dump of the flow table
 * @DSR_RS_CMD_FLOW_SET: DSR_A_TABLE: MAX
 * @DSR_RS_CMD_STATS_GET: one reply: DSR_A_TABLE and DSR_A_REASON, repeated
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

	__DSR_RS_CMD_MAX,
	DSR_RS_CMD_MAX = __DSR_RS_CMD_MAX - 1
};

/**
 * enum dsr_rule_attr - real server rule: what is delivered to a local socket
 * @DSR_RULE_A_UNSPEC: never sent
 * @DSR_RULE_A_VIP4: be32, key: destination address, unicast
 * @DSR_RULE_A_PROTO: u8, key: IPPROTO_TCP or IPPROTO_UDP; absent: both
 * @DSR_RULE_A_PORT: be16, key: destination port, not 0, with PROTO; absent: all
 * @DSR_RULE_A_TOS: u8, key, instead of VIP4: TOS byte of the packet
 * @DSR_RULE_A_TOS_MASK: u8, key, with TOS: the bits that are compared, not 0
 * @DSR_RULE_A_TO_PORT: be16, local port, not 0; absent: the packet's own
 * @DSR_RULE_A_STATS: nest of enum dsr_stats_attr (reply only)
 */
enum dsr_rule_attr {
	DSR_RULE_A_UNSPEC,
	DSR_RULE_A_VIP4,
	DSR_RULE_A_PROTO,
	DSR_RULE_A_PORT,
	DSR_RULE_A_TOS,
	DSR_RULE_A_TOS_MASK,
	DSR_RULE_A_TO_PORT,
	DSR_RULE_A_STATS,

	__DSR_RULE_A_MAX,
	DSR_RULE_A_MAX = __DSR_RULE_A_MAX - 1
};

/**
 * enum dsr_flow_attr - an entry of the real server's table (reply only)
 * @DSR_FLOW_A_UNSPEC: never sent
 * @DSR_FLOW_A_PROTO: u8
 * @DSR_FLOW_A_SRC4: be32, client
 * @DSR_FLOW_A_SPORT: be16, the client's port on the wire
 * @DSR_FLOW_A_DST4: be32, VIP
 * @DSR_FLOW_A_DPORT: be16, port of the VIP
 * @DSR_FLOW_A_TO4: be32, local address
 * @DSR_FLOW_A_TO_PORT: be16, local port
 * @DSR_FLOW_A_SOCKET_SPORT: be16, the client's port as the local socket sees
 *	it; differs from SPORT only where the socket has another flow with it
 * @DSR_FLOW_A_STATE: u8, enum dsr_conn_state
 * @DSR_FLOW_A_EXPIRES: u32, milliseconds
 */
enum dsr_flow_attr {
	DSR_FLOW_A_UNSPEC,
	DSR_FLOW_A_PROTO,
	DSR_FLOW_A_SRC4,
	DSR_FLOW_A_SPORT,
	DSR_FLOW_A_DST4,
	DSR_FLOW_A_DPORT,
	DSR_FLOW_A_TO4,
	DSR_FLOW_A_TO_PORT,
	DSR_FLOW_A_SOCKET_SPORT,
	DSR_FLOW_A_STATE,
	DSR_FLOW_A_EXPIRES,

	__DSR_FLOW_A_MAX,
	DSR_FLOW_A_MAX = __DSR_FLOW_A_MAX - 1
};

#endif /* _UAPI_LINUX_DSR_H */
