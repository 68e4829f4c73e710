/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * dsr - layer-4 load balancing by direct server return
 *
 * The generic netlink interface of dsr_lb.ko (family "dsr", on balancers) and
 * of dsr_rs.ko (family "dsr_rs", on real servers).
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
#ifndef _UAPI_LINUX_DSR_H
#define _UAPI_LINUX_DSR_H

/* Version of the modules and of the tool, which are built for each other. */
#define DSR_VERSION		"0.1"

#define DSR_GENL_NAME		"dsr"
#define DSR_GENL_VERSION	1
#define DSR_GENL_MCGRP_EVENTS	"events"	/* changes; in both families */

#define DSR_RS_GENL_NAME	"dsr_rs"
#define DSR_RS_GENL_VERSION	1

#define DSR_WEIGHT_MAX		65535
#define DSR_TABLE_MAX_MIN	16	/* bounds of DSR_TABLE_A_MAX */
#define DSR_TABLE_MAX_MAX	(1 << 26)
#define DSR_PROBE_MARKS		256	/* from DSR_SERVICE_A_PROBE_MARKS on */
#define DSR_SILENCE_DEVS_MAX	16
#define DSR_RULE_FROM_MAX	8

/* rtm_protocol of the routes that dsrctl adds for rules in mode local. */
#define DSR_ROUTE_PROTOCOL	213

/**
 * enum dsr_cmd - commands of the family "dsr"
 * @DSR_CMD_UNSPEC: never sent
 * @DSR_CMD_SERVICE_ADD: DSR_A_SERVICE: the key; other attributes optional
 * @DSR_CMD_SERVICE_SET: as ADD
 * @DSR_CMD_SERVICE_REPLACE: as ADD; the backends stay
 * @DSR_CMD_SERVICE_DELETE: DSR_A_SERVICE: the key
 * @DSR_CMD_SERVICE_GET: DSR_A_SERVICE: the key, for one service; or a dump
 * @DSR_CMD_SERVICE_FLUSH: no attributes; deletes every service
 * @DSR_CMD_BACKEND_ADD: DSR_A_SERVICE: the key, and DSR_A_BACKEND: ADDR; other
 *	attributes optional
 * @DSR_CMD_BACKEND_SET: as ADD
 * @DSR_CMD_BACKEND_REPLACE: as ADD
 * @DSR_CMD_BACKEND_DELETE: as ADD, without the optional attributes
 * @DSR_CMD_BACKEND_GET: dump; of one service if DSR_A_SERVICE is given
 * @DSR_CMD_CONNECTION_GET: dump of the connection table; if DSR_A_CONNECTION is
 *	given, only of the entries that have all of its attributes
 * @DSR_CMD_CONNECTION_SET: DSR_A_TABLE: MAX, TIMEOUTS
 * @DSR_CMD_CONNECTION_FLUSH: no attributes; forgets every connection
 * @DSR_CMD_STATS_GET: one reply: DSR_A_TABLE and DSR_A_REASON, repeated
 * @DSR_CMD_EXPLAIN: find out what would happen to a packet, and change nothing.
 *	DSR_A_EXPLAIN: SRC, SPORT, DST, DPORT, PROTO, and FWMARK if the packet
 *	has a mark. One reply: DSR_A_EXPLAIN, and as far as the packet gets
 *	DSR_A_SERVICE, DSR_A_BACKEND and DSR_A_CONNECTION
 * @DSR_CMD_BACKEND_STATE: only from the kernel: STATE, OVERLOADED or ADMIN of a
 *	backend has changed without a request
 * @DSR_CMD_PATH_ADD: DSR_A_PATH: IFINDEX; RECHECK optional
 * @DSR_CMD_PATH_SET: as ADD
 * @DSR_CMD_PATH_REPLACE: as ADD
 * @DSR_CMD_PATH_DELETE: DSR_A_PATH: IFINDEX
 * @DSR_CMD_PATH_GET: dump
 * @DSR_CMD_PATH_FLUSH: no attributes; deletes every path
 *
 * The multicast group DSR_GENL_MCGRP_EVENTS gets a message after each change,
 * with the command that made it. The message contains:
 *
 * - for ADD, SET and REPLACE: the reply of SERVICE_GET, BACKEND_GET or
 *   PATH_GET;
 * - for DELETE: only the key. The backends of a deleted service go without
 *   messages of their own;
 * - for CONNECTION_SET: DSR_A_TABLE of STATS_GET;
 * - for FLUSH, which deletes all objects: nothing.
 *
 * The group also gets BACKEND_STATE. A change that was made through dsr_ipvs is
 * reported as the same change by this family. A flush by IPVS that keeps
 * services which IPVS does not show has DSR_A_IPVS_ONLY. Joining the group
 * takes CAP_NET_ADMIN, as the dumps do. ENOBUFS means that messages were lost:
 * request all objects again.
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
	DSR_CMD_EXPLAIN,
	DSR_CMD_BACKEND_STATE,
	DSR_CMD_PATH_ADD,
	DSR_CMD_PATH_SET,
	DSR_CMD_PATH_REPLACE,
	DSR_CMD_PATH_DELETE,
	DSR_CMD_PATH_GET,
	DSR_CMD_PATH_FLUSH,

	__DSR_CMD_MAX,
	DSR_CMD_MAX = __DSR_CMD_MAX - 1
};

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

	__DSR_A_MAX,
	DSR_A_MAX = __DSR_A_MAX - 1
};

/**
 * enum dsr_path - path of a packet through the balancer
 * @DSR_PATH_STACK: through FORWARD and POSTROUTING; the default
 * @DSR_PATH_DIRECT: straight to the device towards the backend; from the
 *	ingress on if the ingress device has a path, see enum dsr_path_attr
 */
enum dsr_path {
	DSR_PATH_STACK,
	DSR_PATH_DIRECT,

	__DSR_PATH_MAX,
	DSR_PATH_MAX = __DSR_PATH_MAX - 1
};

/**
 * enum dsr_ping - treatment of ICMP echo requests to a service's address
 * @DSR_PING_REPLY: the balancer answers while a backend is up; the default
 * @DSR_PING_FORWARD: a backend gets the request
 * @DSR_PING_IGNORE: the request is not answered
 */
enum dsr_ping {
	DSR_PING_REPLY,
	DSR_PING_FORWARD,
	DSR_PING_IGNORE,

	__DSR_PING_MAX,
	DSR_PING_MAX = __DSR_PING_MAX - 1
};

/**
 * enum dsr_on_down - treatment of the next packet of a connection whose backend
 *	is down or was deleted
 * @DSR_ON_DOWN_RESCHEDULE: another backend gets the connection; the default
 * @DSR_ON_DOWN_RESET: the client gets a TCP reset, or ICMP port unreachable
 * @DSR_ON_DOWN_DROP: the packet is dropped
 */
enum dsr_on_down {
	DSR_ON_DOWN_RESCHEDULE,
	DSR_ON_DOWN_RESET,
	DSR_ON_DOWN_DROP,

	__DSR_ON_DOWN_MAX,
	DSR_ON_DOWN_MAX = __DSR_ON_DOWN_MAX - 1
};

/**
 * enum dsr_on_unreachable - treatment of a backend that does not answer address
 *	resolution
 * @DSR_ON_UNREACHABLE_KEEP: it gets new connections as before; the default
 * @DSR_ON_UNREACHABLE_SKIP: it gets no new connections until it answers again,
 *	as long as the service has another backend that is up
 */
enum dsr_on_unreachable {
	DSR_ON_UNREACHABLE_KEEP,
	DSR_ON_UNREACHABLE_SKIP,

	__DSR_ON_UNREACHABLE_MAX,
	DSR_ON_UNREACHABLE_MAX = __DSR_ON_UNREACHABLE_MAX - 1
};

/**
 * enum dsr_hash - input of the hash of a scheduler
 * @DSR_HASH_DEFAULT: the scheduler's default; in requests only
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
 * enum dsr_service_attr - a service
 *
 * The key is FWMARK and FAMILY; or VIP, PROTO, PORT and PORT_LAST. A packet
 * belongs to the service of its mark; without such a service, to the service of
 * its destination with the narrowest match of its port.
 *
 * @DSR_SERVICE_A_UNSPEC: never sent
 * @DSR_SERVICE_A_FWMARK: u32, key: the mark that selects the traffic, not 0
 * @DSR_SERVICE_A_SCHEDULER: string, "rr" if absent
 * @DSR_SERVICE_A_PATH: u8, enum dsr_path
 * @DSR_SERVICE_A_TOS: u8, bits of the TOS byte to set in forwarded packets
 * @DSR_SERVICE_A_TOS_MASK: u8, bits that TOS governs; 0: leave the byte alone.
 *	TOS and TOS_MASK come together, and TOS has no bit outside of TOS_MASK
 * @DSR_SERVICE_A_BACKENDS: u32, number of backends (reply only)
 * @DSR_SERVICE_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_SERVICE_A_FAMILY: u8, key, with FWMARK: AF_INET (if absent) or AF_INET6
 * @DSR_SERVICE_A_VIP: 4 or 16 bytes, key: address that clients connect to
 * @DSR_SERVICE_A_PROTO: u8, key, with VIP: IPPROTO_TCP, _UDP or _SCTP; absent:
 *	all of them
 * @DSR_SERVICE_A_PORT: be16, key, with PROTO: the port; absent: all ports
 * @DSR_SERVICE_A_PORT_LAST: be16, key, with PORT: last port of a range
 * @DSR_SERVICE_A_PING: u8, enum dsr_ping
 * @DSR_SERVICE_A_ONE_PACKET: u8, 1: schedule each UDP datagram on its own
 * @DSR_SERVICE_A_ON_DOWN: u8, enum dsr_on_down
 * @DSR_SERVICE_A_PERSIST: u32, milliseconds for which a client without a
 *	connection gets the same backend again; 0: no persistence
 * @DSR_SERVICE_A_PERSIST_PREFIX: u8, with PERSIST: addresses with a common
 *	prefix of this length count as one client; 32 or 128 if absent
 * @DSR_SERVICE_A_TIMEOUTS: nest of enum dsr_timeout_attr: timeouts of its
 *	connections; 0 or absent: the table's timeout
 * @DSR_SERVICE_A_HASH: u8, enum dsr_hash, for the schedulers sh ("source" if
 *	absent) and maglev ("source and port" if absent); in replies for these
 * @DSR_SERVICE_A_TABLE_SIZE: u32, slots of the table of the scheduler maglev:
 *	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521 (if absent, or 0),
 *	131071, 262139, 524287 or 1048573; in replies for this scheduler
 * @DSR_SERVICE_A_PROBE_MARKS: u32, first of DSR_PROBE_MARKS marks that select a
 *	backend each. The offset from the first mark is the last byte of the
 *	backend's address. Packets with the mark go to that backend. 0: none,
 *	and then absent from replies
 * @DSR_SERVICE_A_FWMARK_MASK: u32, bits of a packet's mark to compare with
 *	FWMARK, because other users may use the other bits; all 32 if absent.
 *	Not part of the key
 * @DSR_SERVICE_A_ON_UNREACHABLE: u8, enum dsr_on_unreachable
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
	DSR_SERVICE_A_FAMILY,
	DSR_SERVICE_A_VIP,
	DSR_SERVICE_A_PROTO,
	DSR_SERVICE_A_PORT,
	DSR_SERVICE_A_PORT_LAST,
	DSR_SERVICE_A_PING,
	DSR_SERVICE_A_ONE_PACKET,
	DSR_SERVICE_A_ON_DOWN,
	DSR_SERVICE_A_PERSIST,
	DSR_SERVICE_A_PERSIST_PREFIX,
	DSR_SERVICE_A_TIMEOUTS,
	DSR_SERVICE_A_HASH,
	DSR_SERVICE_A_TABLE_SIZE,
	DSR_SERVICE_A_PROBE_MARKS,
	DSR_SERVICE_A_FWMARK_MASK,
	DSR_SERVICE_A_ON_UNREACHABLE,

	__DSR_SERVICE_A_MAX,
	DSR_SERVICE_A_MAX = __DSR_SERVICE_A_MAX - 1
};

/**
 * enum dsr_backend_state - reachability of a backend
 * @DSR_BACKEND_UNKNOWN: no packet has needed its MAC address so far
 * @DSR_BACKEND_REACHABLE: its MAC address is known
 * @DSR_BACKEND_INCOMPLETE: it was asked for its MAC address, no answer yet
 * @DSR_BACKEND_UNREACHABLE: it does not answer for its address
 * @DSR_BACKEND_NO_ROUTE: no device leads to it without a gateway
 * @DSR_BACKEND_LOCAL: its address is this machine's own, and its packets are
 *	delivered here
 */
enum dsr_backend_state {
	DSR_BACKEND_UNKNOWN,
	DSR_BACKEND_REACHABLE,
	DSR_BACKEND_INCOMPLETE,
	DSR_BACKEND_UNREACHABLE,
	DSR_BACKEND_NO_ROUTE,
	DSR_BACKEND_LOCAL,

	__DSR_BACKEND_STATE_MAX,
	DSR_BACKEND_STATE_MAX = __DSR_BACKEND_STATE_MAX - 1
};

/**
 * enum dsr_backend_admin - state that the operator has set for a backend
 * @DSR_BACKEND_UP: it gets new connections, according to its weight
 * @DSR_BACKEND_DRAINING: it gets no new connections, and keeps those that it
 *	has until the deadline at most; then it is down
 * @DSR_BACKEND_DOWN: it gets no packets, see enum dsr_on_down
 */
enum dsr_backend_admin {
	DSR_BACKEND_UP,
	DSR_BACKEND_DRAINING,
	DSR_BACKEND_DOWN,

	__DSR_BACKEND_ADMIN_MAX,
	DSR_BACKEND_ADMIN_MAX = __DSR_BACKEND_ADMIN_MAX - 1
};

/**
 * enum dsr_backend_attr - a backend, which is a real server in a service
 * @DSR_BACKEND_A_UNSPEC: never sent
 * @DSR_BACKEND_A_ADDR: 4 or 16 bytes, the key: the next hop, on-link, or an
 *	address of this machine; of the family of the service
 * @DSR_BACKEND_A_WEIGHT: u32, 0 to DSR_WEIGHT_MAX; 0: no new connections
 * @DSR_BACKEND_A_ACTIVE: u32, established connections (reply only)
 * @DSR_BACKEND_A_INACTIVE: u32, other connections in the table (reply only)
 * @DSR_BACKEND_A_STATE: u8, enum dsr_backend_state (reply only)
 * @DSR_BACKEND_A_IFINDEX: u32, device towards it (reply only, if there is one)
 * @DSR_BACKEND_A_MAC: binary, its link-layer address (reply only, if known)
 * @DSR_BACKEND_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_BACKEND_A_ADMIN: u8, enum dsr_backend_admin
 * @DSR_BACKEND_A_DEADLINE: u32, with DSR_BACKEND_DRAINING: milliseconds until
 *	it is down; 0 or absent: never
 * @DSR_BACKEND_A_PERSISTENT: u32, number of clients that persistence sends back
 *	to it (reply only)
 * @DSR_BACKEND_A_UNRESOLVED: u32, number of unanswered requests for its MAC
 *	address (reply only)
 * @DSR_BACKEND_A_UPPER: u32, number of connections in the table, established
 *	and ended, from which on it is overloaded; 0: never. Connections without
 *	a second packet do not count
 * @DSR_BACKEND_A_LOWER: u32, number of connections below which it is no longer
 *	overloaded, at most UPPER; 0: three quarters of UPPER
 * @DSR_BACKEND_A_OVERLOADED: u8, 1: it gets no new connections until it has
 *	fewer (reply only)
 * @DSR_BACKEND_A_PROBE_MARK: u32, the mark that selects it (reply only, if its
 *	service has PROBE_MARKS)
 */
enum dsr_backend_attr {
	DSR_BACKEND_A_UNSPEC,
	DSR_BACKEND_A_ADDR,
	DSR_BACKEND_A_WEIGHT,
	DSR_BACKEND_A_ACTIVE,
	DSR_BACKEND_A_INACTIVE,
	DSR_BACKEND_A_STATE,
	DSR_BACKEND_A_IFINDEX,
	DSR_BACKEND_A_MAC,
	DSR_BACKEND_A_STATS,
	DSR_BACKEND_A_ADMIN,
	DSR_BACKEND_A_DEADLINE,
	DSR_BACKEND_A_PERSISTENT,
	DSR_BACKEND_A_UNRESOLVED,
	DSR_BACKEND_A_UPPER,
	DSR_BACKEND_A_LOWER,
	DSR_BACKEND_A_OVERLOADED,
	DSR_BACKEND_A_PROBE_MARK,

	__DSR_BACKEND_A_MAX,
	DSR_BACKEND_A_MAX = __DSR_BACKEND_A_MAX - 1
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
 * enum dsr_connection_attr - an entry of the balancer's connection table
 *
 * In a request any of the attributes except EXPIRES selects entries.
 *
 * @DSR_CONNECTION_A_UNSPEC: never sent
 * @DSR_CONNECTION_A_PROTO: u8, IPPROTO_*
 * @DSR_CONNECTION_A_SRC: 4 or 16 bytes, client
 * @DSR_CONNECTION_A_SPORT: be16
 * @DSR_CONNECTION_A_DST: 4 or 16 bytes, VIP
 * @DSR_CONNECTION_A_DPORT: be16
 * @DSR_CONNECTION_A_STATE: u8, enum dsr_conn_state
 * @DSR_CONNECTION_A_EXPIRES: u32, milliseconds until the entry expires if no
 *	packet comes (reply only)
 * @DSR_CONNECTION_A_FWMARK: u32, mark of its service, if the service has one
 * @DSR_CONNECTION_A_BACKEND: 4 or 16 bytes, address of the backend
 */
enum dsr_connection_attr {
	DSR_CONNECTION_A_UNSPEC,
	DSR_CONNECTION_A_PROTO,
	DSR_CONNECTION_A_SRC,
	DSR_CONNECTION_A_SPORT,
	DSR_CONNECTION_A_DST,
	DSR_CONNECTION_A_DPORT,
	DSR_CONNECTION_A_STATE,
	DSR_CONNECTION_A_EXPIRES,
	DSR_CONNECTION_A_FWMARK,
	DSR_CONNECTION_A_BACKEND,

	__DSR_CONNECTION_A_MAX,
	DSR_CONNECTION_A_MAX = __DSR_CONNECTION_A_MAX - 1
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

/**
 * enum dsr_choice - way to choose the backend of a packet
 * @DSR_CHOICE_NONE: none: the packet is not forwarded
 * @DSR_CHOICE_CONNECTION: the packet's connection is in the table
 * @DSR_CHOICE_SCHEDULER: the scheduler; BACKEND is its choice at the moment
 * @DSR_CHOICE_PERSISTENCE: the client has a persistence entry
 * @DSR_CHOICE_HASH: weighted rendezvous hashing, as the table is full or the
 *	packet is from the middle of a connection
 * @DSR_CHOICE_QUOTED: for an ICMP error, the connection that it quotes
 * @DSR_CHOICE_PROBE: the mark selects the backend
 */
enum dsr_choice {
	DSR_CHOICE_NONE,
	DSR_CHOICE_CONNECTION,
	DSR_CHOICE_SCHEDULER,
	DSR_CHOICE_PERSISTENCE,
	DSR_CHOICE_HASH,
	DSR_CHOICE_QUOTED,
	DSR_CHOICE_PROBE,

	__DSR_CHOICE_MAX,
	DSR_CHOICE_MAX = __DSR_CHOICE_MAX - 1
};

/**
 * enum dsr_explain_attr - a packet, and its treatment
 * @DSR_EXPLAIN_A_UNSPEC: never sent
 * @DSR_EXPLAIN_A_SRC: 4 or 16 bytes
 * @DSR_EXPLAIN_A_SPORT: be16
 * @DSR_EXPLAIN_A_DST: 4 or 16 bytes
 * @DSR_EXPLAIN_A_DPORT: be16
 * @DSR_EXPLAIN_A_PROTO: u8, IPPROTO_TCP (if absent), _UDP or _SCTP
 * @DSR_EXPLAIN_A_FWMARK: u32, mark of the packet; absent: no mark
 * @DSR_EXPLAIN_A_REASON: string, as DSR_REASON_A_NAME (reply only)
 * @DSR_EXPLAIN_A_CHOICE: u8, enum dsr_choice (reply only)
 * @DSR_EXPLAIN_A_SLOT: u32, slot of the scheduler's table (reply only, for
 *	schedulers that have one)
 * @DSR_EXPLAIN_A_MIDDLE: flag: the packet is not the first of its connection
 * @DSR_EXPLAIN_A_IFINDEX: u32, ingress device; absent: the device of the route
 *	back to the source
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

	__DSR_EXPLAIN_A_MAX,
	DSR_EXPLAIN_A_MAX = __DSR_EXPLAIN_A_MAX - 1
};

/**
 * enum dsr_path_attr - a device whose packets may take the fast path
 *
 * Packets of known connections of services with DSR_PATH_DIRECT are forwarded
 * from the ingress of the device, before the IP stack sees them. Packets that
 * need more than forwarding take the slow path. A path disappears with its
 * device.
 *
 * @DSR_PATH_A_UNSPEC: never sent
 * @DSR_PATH_A_IFINDEX: u32, the key: the device
 * @DSR_PATH_A_RECHECK: u32, milliseconds, 1 second to 1 hour, after which a
 *	packet of a connection has to pass the rules of PREROUTING again; 10
 *	seconds if absent
 * @DSR_PATH_A_REASON: nest of enum dsr_reason_attr, once for each (reply only):
 *	"forwarded", or a reason to take the slow path
 */
enum dsr_path_attr {
	DSR_PATH_A_UNSPEC,
	DSR_PATH_A_IFINDEX,
	DSR_PATH_A_RECHECK,
	DSR_PATH_A_REASON,

	__DSR_PATH_A_MAX,
	DSR_PATH_A_MAX = __DSR_PATH_A_MAX - 1
};

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
 *	packets
 * @DSR_RULE_A_MARK: u32, not 0: mark to set on delivered packets. Absent: leave
 *	the mark
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

#endif /* _UAPI_LINUX_DSR_H */
