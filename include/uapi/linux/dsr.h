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
 * of the request; one without attributes says that a part of a table had nothing.
 *
 * "be" attributes and addresses are in network byte order, all others in host byte order.
 */
#ifndef _UAPI_LINUX_DSR_H
#define _UAPI_LINUX_DSR_H

/* of the modules and of the tool, which are made for each other */
#define DSR_VERSION		"0.1"

#define DSR_GENL_NAME		"dsr"
#define DSR_GENL_VERSION	1
#define DSR_GENL_MCGRP_EVENTS	"events"	/* changes; of both families */

#define DSR_RS_GENL_NAME	"dsr_rs"
#define DSR_RS_GENL_VERSION	1

#define DSR_WEIGHT_MAX		65535
#define DSR_TABLE_MAX_MIN	16	/* bounds of DSR_TABLE_A_MAX */
#define DSR_TABLE_MAX_MAX	(1 << 26)
#define DSR_PROBE_MARKS		256	/* from DSR_SERVICE_A_PROBE_MARKS on */
#define DSR_SILENCE_DEVS_MAX	16
#define DSR_RULE_FROM_MAX	8

/* rtm_protocol of the routes that dsrctl makes for rules in mode local */
#define DSR_ROUTE_PROTOCOL	213

/**
 * enum dsr_cmd - commands of the family "dsr"
 * @DSR_CMD_UNSPEC: never sent
 * @DSR_CMD_SERVICE_ADD: DSR_A_SERVICE: its key, and any of the rest
 * @DSR_CMD_SERVICE_SET: as ADD
 * @DSR_CMD_SERVICE_REPLACE: as ADD; the backends stay
 * @DSR_CMD_SERVICE_DELETE: DSR_A_SERVICE: its key
 * @DSR_CMD_SERVICE_GET: one by DSR_A_SERVICE: its key, or a dump of all
 * @DSR_CMD_SERVICE_FLUSH: no attributes; deletes every service
 * @DSR_CMD_BACKEND_ADD: DSR_A_SERVICE: its key, and DSR_A_BACKEND: ADDR;
 *	the rest optional
 * @DSR_CMD_BACKEND_SET: as ADD
 * @DSR_CMD_BACKEND_REPLACE: as ADD
 * @DSR_CMD_BACKEND_DELETE: as ADD, without what is optional there
 * @DSR_CMD_BACKEND_GET: dump; of one service if DSR_A_SERVICE is given
 * @DSR_CMD_CONNECTION_GET: dump of the connection table; of the entries that
 *	have all the attributes of DSR_A_CONNECTION, if that is given
 * @DSR_CMD_CONNECTION_SET: DSR_A_TABLE: MAX, TIMEOUTS
 * @DSR_CMD_CONNECTION_FLUSH: no attributes; forgets every connection
 * @DSR_CMD_STATS_GET: one reply: DSR_A_TABLE and DSR_A_REASON, repeated
 * @DSR_CMD_EXPLAIN: what would become of a packet: DSR_A_EXPLAIN: SRC, SPORT,
 *	DST, DPORT, PROTO, and FWMARK if it has a mark. Changes nothing. One
 *	reply: DSR_A_EXPLAIN, and as far as it comes to them DSR_A_SERVICE,
 *	DSR_A_BACKEND and DSR_A_CONNECTION
 * @DSR_CMD_BACKEND_STATE: never sent to the kernel: what happened to a backend
 *	by itself: its STATE, OVERLOADED, or ADMIN has changed
 * @DSR_CMD_PATH_ADD: DSR_A_PATH: IFINDEX; RECHECK optional
 * @DSR_CMD_PATH_SET: as ADD
 * @DSR_CMD_PATH_REPLACE: as ADD
 * @DSR_CMD_PATH_DELETE: DSR_A_PATH: IFINDEX
 * @DSR_CMD_PATH_GET: dump
 * @DSR_CMD_PATH_FLUSH: no attributes; deletes every path
 *
 * The multicast group DSR_GENL_MCGRP_EVENTS gets each change once, after it and as
 * the command that made it: what SERVICE_GET, BACKEND_GET and PATH_GET would say for
 * ADD, SET and REPLACE; the key alone for DELETE; DSR_A_TABLE of STATS_GET for
 * CONNECTION_SET; nothing for FLUSH, which takes all; and BACKEND_STATE. The backends
 * of a service go with the service, untold. A change that was made through dsr_ipvs
 * is told as that of the family "dsr" which does the same; a flush of IPVS that
 * leaves services which IPVS does not show has DSR_A_IPVS_ONLY. Joining the group
 * takes CAP_NET_ADMIN, as the dumps do. After ENOBUFS events are missing: ask for
 * all objects again.
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
 * enum dsr_attr - top level of both families
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
 * @DSR_A_IPVS_ONLY: flag, of the event SERVICE_FLUSH: only those services went that
 *	IPVS shows: of a fwmark; of a VIP with a protocol, and one port or all
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
 * enum dsr_path - how a packet leaves the balancer
 * @DSR_PATH_STACK: through FORWARD and POSTROUTING; the default
 * @DSR_PATH_DIRECT: straight to the device of the backend, and that from the
 *	ingress of devices that have a path: see enum dsr_path_attr
 */
enum dsr_path {
	DSR_PATH_STACK,
	DSR_PATH_DIRECT,

	__DSR_PATH_MAX,
	DSR_PATH_MAX = __DSR_PATH_MAX - 1
};

/**
 * enum dsr_ping - what becomes of an ICMP echo request to a service's address
 * @DSR_PING_REPLY: the balancer answers while a backend is up; the default
 * @DSR_PING_FORWARD: a backend gets it
 * @DSR_PING_IGNORE: nobody answers
 */
enum dsr_ping {
	DSR_PING_REPLY,
	DSR_PING_FORWARD,
	DSR_PING_IGNORE,

	__DSR_PING_MAX,
	DSR_PING_MAX = __DSR_PING_MAX - 1
};

/**
 * enum dsr_on_down - what becomes of the connections of a backend that is down
 *	or was deleted, with their next packet
 * @DSR_ON_DOWN_RESCHEDULE: another backend gets them; the default
 * @DSR_ON_DOWN_RESET: the client gets a TCP reset, or ICMP port unreachable
 * @DSR_ON_DOWN_DROP: their packets are dropped
 */
enum dsr_on_down {
	DSR_ON_DOWN_RESCHEDULE,
	DSR_ON_DOWN_RESET,
	DSR_ON_DOWN_DROP,

	__DSR_ON_DOWN_MAX,
	DSR_ON_DOWN_MAX = __DSR_ON_DOWN_MAX - 1
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
 *
 * The key is FWMARK and FAMILY; or VIP, PROTO, PORT and PORT_LAST. A packet
 * belongs to the service of its mark; if there is none, to that one of its
 * destination which names its port most exactly.
 *
 * @DSR_SERVICE_A_UNSPEC: never sent
 * @DSR_SERVICE_A_FWMARK: u32, key: the mark that selects the traffic, not 0
 * @DSR_SERVICE_A_SCHEDULER: string, "rr" if absent
 * @DSR_SERVICE_A_PATH: u8, enum dsr_path
 * @DSR_SERVICE_A_TOS: u8, the bits of the TOS byte to set on the way out
 * @DSR_SERVICE_A_TOS_MASK: u8, which bits TOS governs; 0: leave the byte alone.
 *	TOS and TOS_MASK come together, and TOS has no bit outside of TOS_MASK
 * @DSR_SERVICE_A_BACKENDS: u32, how many it has (reply only)
 * @DSR_SERVICE_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_SERVICE_A_FAMILY: u8, key, with FWMARK: AF_INET (if absent) or AF_INET6
 * @DSR_SERVICE_A_VIP: 4 or 16 bytes, key: the address that clients connect to
 * @DSR_SERVICE_A_PROTO: u8, key, with VIP: IPPROTO_TCP, _UDP or _SCTP; absent:
 *	all of them
 * @DSR_SERVICE_A_PORT: be16, key, with PROTO: the port; absent: all ports
 * @DSR_SERVICE_A_PORT_LAST: be16, key, with PORT: last port of a range
 * @DSR_SERVICE_A_PING: u8, enum dsr_ping
 * @DSR_SERVICE_A_ONE_PACKET: u8, 1: each UDP datagram is scheduled by itself
 * @DSR_SERVICE_A_ON_DOWN: u8, enum dsr_on_down
 * @DSR_SERVICE_A_PERSIST: u32, milliseconds for which a client that has no
 *	connection any more gets the same backend again; 0: not at all
 * @DSR_SERVICE_A_PERSIST_PREFIX: u8, with PERSIST: clients whose addresses
 *	agree in as many bits are one; 32 or 128 if absent
 * @DSR_SERVICE_A_TIMEOUTS: nest of enum dsr_timeout_attr: of its connections;
 *	0 or absent: that of the table
 * @DSR_SERVICE_A_HASH: u8, enum dsr_hash, for the schedulers sh ("source" if
 *	absent) and maglev ("source and port" if absent); in replies for these
 * @DSR_SERVICE_A_TABLE_SIZE: u32, slots of the table of the scheduler maglev:
 *	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521 (if absent, or 0),
 *	131071, 262139, 524287 or 1048573; in replies for this one
 * @DSR_SERVICE_A_PROBE_MARKS: u32, the first of DSR_PROBE_MARKS marks of which
 *	each names a backend, that whose address ends in as many as it is behind
 *	the first: packets with that mark go to that backend. 0: none; absent
 *	from replies then
 * @DSR_SERVICE_A_FWMARK_MASK: u32, bits of a packet's mark that are compared
 *	with FWMARK: the others are another user's; all 32 if absent. It is no
 *	part of the key
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
 * @DSR_BACKEND_LOCAL: its address is this machine's own: what it gets is
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
 * enum dsr_backend_admin - what the operator wants of a backend
 * @DSR_BACKEND_UP: new connections, according to its weight
 * @DSR_BACKEND_DRAINING: no new connections; those it has live on, at most
 *	until the deadline: then it is down
 * @DSR_BACKEND_DOWN: nothing, see enum dsr_on_down
 */
enum dsr_backend_admin {
	DSR_BACKEND_UP,
	DSR_BACKEND_DRAINING,
	DSR_BACKEND_DOWN,

	__DSR_BACKEND_ADMIN_MAX,
	DSR_BACKEND_ADMIN_MAX = __DSR_BACKEND_ADMIN_MAX - 1
};

/**
 * enum dsr_backend_attr - a real server in a service
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
 * @DSR_BACKEND_A_PERSISTENT: u32, clients that come back to it for
 *	persistence's sake (reply only)
 * @DSR_BACKEND_A_UNRESOLVED: u32, how often nobody has answered when its MAC
 *	address was asked for (reply only)
 * @DSR_BACKEND_A_UPPER: u32, from this many connections in the table on,
 *	established and ended, it is overloaded; 0: never. Those that have not
 *	gone on after their first packet do not count
 * @DSR_BACKEND_A_LOWER: u32, below this many it is no longer overloaded, at
 *	most UPPER; 0: below three quarters of UPPER
 * @DSR_BACKEND_A_OVERLOADED: u8, 1: it gets no new connections until there are
 *	fewer (reply only)
 * @DSR_BACKEND_A_PROBE_MARK: u32, the mark that names it (reply only, if its
 *	service has such)
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
 * enum dsr_conn_state - a connection as the client's half of it shows
 * @DSR_CONN_SYN: a SYN (SCTP: INIT) was seen, nothing after it
 * @DSR_CONN_ESTABLISHED: the client has sent something else than that
 * @DSR_CONN_FIN: the client has sent a FIN (SCTP: SHUTDOWN)
 * @DSR_CONN_CLOSED: the client has sent a RST (SCTP: ABORT)
 * @DSR_CONN_UDP: UDP: datagrams were seen
 * @DSR_CONN_PERSISTENT: no connection: where a client's next one goes
 * @DSR_CONN_UNPROVEN: one packet was seen, and its source may be made up: a
 *	segment from the middle of a connection, or a first datagram; or, of
 *	protocol 0, where the next connection of a client goes that has not gone
 *	on after its first packet
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
 * enum dsr_timeout_attr - how long an entry outlives its last packet, by state
 *
 * All are u32, in milliseconds; what is left out stays as it is.
 *
 * @DSR_TIMEOUT_A_UNSPEC: never sent
 * @DSR_TIMEOUT_A_SYN: in DSR_CONN_SYN, and in DSR_CONN_UNPROVEN but for UDP
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
 * enum dsr_connection_attr - an entry of the balancer's table
 *
 * In a request it says which entries are asked for, by any of the attributes
 * but EXPIRES.
 *
 * @DSR_CONNECTION_A_UNSPEC: never sent
 * @DSR_CONNECTION_A_PROTO: u8, IPPROTO_*
 * @DSR_CONNECTION_A_SRC: 4 or 16 bytes, client
 * @DSR_CONNECTION_A_SPORT: be16
 * @DSR_CONNECTION_A_DST: 4 or 16 bytes, VIP
 * @DSR_CONNECTION_A_DPORT: be16
 * @DSR_CONNECTION_A_STATE: u8, enum dsr_conn_state
 * @DSR_CONNECTION_A_EXPIRES: u32, milliseconds until it is forgotten if
 *	no packet comes (reply only)
 * @DSR_CONNECTION_A_FWMARK: u32, the mark of its service, if that has one
 * @DSR_CONNECTION_A_BACKEND: 4 or 16 bytes, the backend
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
 * @DSR_TABLE_A_ENTRIES: u32, entries in it (reply only)
 * @DSR_TABLE_A_MAX: u32, its hard cap, in entries
 * @DSR_TABLE_A_BUCKETS: u32, hash buckets (reply only)
 * @DSR_TABLE_A_BYTES: u64, memory of entries and buckets (reply only)
 * @DSR_TABLE_A_TIMEOUTS: nest of enum dsr_timeout_attr. 0: the default
 * @DSR_TABLE_A_EVICTED: u64, entries that have given way to others (reply only)
 * @DSR_TABLE_A_PENDING_EVICTED: u64, the same of what is not in the table so far;
 *	the real server's only (reply only)
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
 * enum dsr_choice - how the backend of a packet is found
 * @DSR_CHOICE_NONE: not at all: the packet is not forwarded
 * @DSR_CHOICE_CONNECTION: its connection is in the table
 * @DSR_CHOICE_SCHEDULER: the scheduler chooses; what it would choose now
 * @DSR_CHOICE_PERSISTENCE: its client was there before
 * @DSR_CHOICE_HASH: by weighted rendezvous hashing, as the table is full or
 *	the packet is from the middle of a connection
 * @DSR_CHOICE_QUOTED: ICMP error: that of the connection that it quotes
 * @DSR_CHOICE_PROBE: its mark names the backend
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
 * enum dsr_explain_attr - a packet, and what would become of it
 * @DSR_EXPLAIN_A_UNSPEC: never sent
 * @DSR_EXPLAIN_A_SRC: 4 or 16 bytes
 * @DSR_EXPLAIN_A_SPORT: be16
 * @DSR_EXPLAIN_A_DST: 4 or 16 bytes
 * @DSR_EXPLAIN_A_DPORT: be16
 * @DSR_EXPLAIN_A_PROTO: u8, IPPROTO_TCP (if absent), _UDP or _SCTP
 * @DSR_EXPLAIN_A_FWMARK: u32, its mark; absent: none
 * @DSR_EXPLAIN_A_REASON: string, as DSR_REASON_A_NAME (reply only)
 * @DSR_EXPLAIN_A_CHOICE: u8, enum dsr_choice (reply only)
 * @DSR_EXPLAIN_A_SLOT: u32, slot of the scheduler's table (reply only, of
 *	schedulers that have one)
 * @DSR_EXPLAIN_A_MIDDLE: flag: it is not the first packet of its connection
 * @DSR_EXPLAIN_A_IFINDEX: u32, the device that it comes in by; absent: the one
 *	that leads back to its source
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
 * enum dsr_path_attr - a device whose packets may take the short way
 *
 * Packets of known connections of services with DSR_PATH_DIRECT are sent on
 * from the ingress of the device, before the IP stack sees them; what takes more
 * than sending on goes the long way. A path goes away with its device.
 *
 * @DSR_PATH_A_UNSPEC: never sent
 * @DSR_PATH_A_IFINDEX: u32, the key: the device
 * @DSR_PATH_A_RECHECK: u32, milliseconds, 1 second to 1 hour, after which a
 *	packet of a connection has to pass the rules of PREROUTING again; 10
 *	seconds if absent
 * @DSR_PATH_A_REASON: nest of enum dsr_reason_attr, once for each (reply only):
 *	"forwarded", or why packets went the long way
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
 * @DSR_RS_CMD_RULE_ADD: DSR_A_RULE: the key, VIP with optional PROTO and PORT
 *	or TOS and TOS_MASK; TO and TO_PORT optional
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
 * @DSR_RS_CMD_SILENCE_FLUSH: no attributes; deletes all that were added
 *
 * The multicast group DSR_GENL_MCGRP_EVENTS of this family gets each change once, as
 * that of the family "dsr" does: what RULE_GET and SILENCE_GET would say for ADD and
 * REPLACE; the key alone for DELETE; DSR_A_TABLE of STATS_GET for FLOW_SET; nothing
 * for FLUSH. That an address is silenced for the sake of a rule in mode local is told
 * by the rule.
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
 * enum dsr_rule_mode - how a real server rule delivers
 * @DSR_RULE_MODE_REDIRECT: to an address that the machine has besides, so that
 *	the VIP is nobody's; the default
 * @DSR_RULE_MODE_LOCAL: as it is: the VIP is an address of the machine, by a
 *	route that whoever adds the rule takes care of, and is silenced while the
 *	rule is there
 */
enum dsr_rule_mode {
	DSR_RULE_MODE_REDIRECT,
	DSR_RULE_MODE_LOCAL,

	__DSR_RULE_MODE_MAX,
	DSR_RULE_MODE_MAX = __DSR_RULE_MODE_MAX - 1
};

/**
 * enum dsr_rule_attr - real server rule: what is delivered to a local socket
 *
 * Of several rules for one packet the most specific is taken: VIP, PROTO and
 * PORT before VIP and PROTO, that before VIP alone, that before TOS; of those,
 * the mask with more bits, then the one that was there first.
 *
 * @DSR_RULE_A_UNSPEC: never sent
 * @DSR_RULE_A_VIP: 4 or 16 bytes, key: destination address, unicast
 * @DSR_RULE_A_PROTO: u8, key: IPPROTO_TCP, _UDP or _SCTP; absent: all of them
 * @DSR_RULE_A_PORT: be16, key: destination port, not 0, with PROTO; absent: all
 * @DSR_RULE_A_TOS: u8, key, instead of VIP: TOS byte or traffic class of the
 *	packet
 * @DSR_RULE_A_TOS_MASK: u8, key, with TOS: the bits that are compared, not 0
 * @DSR_RULE_A_TO_PORT: be16, local port, not 0; absent: the packet's own
 * @DSR_RULE_A_STATS: nest of enum dsr_stats_attr (reply only)
 * @DSR_RULE_A_TO: 4 or 16 bytes, address of this machine, of the VIP's family;
 *	with TOS, the rule is for packets of its family only. Absent: the
 *	source address of the route back to the client
 * @DSR_RULE_A_MODE: u8, enum dsr_rule_mode; DSR_RULE_MODE_LOCAL with VIP
 *	alone
 * @DSR_RULE_A_ROUTED: u8, in mode local, 1: there is a local route for the VIP;
 *	without it nothing is delivered (reply only)
 * @DSR_RULE_A_FROM: with TOS, DSR_RULE_FROM_MAX times at most: 6 bytes, a MAC
 *	address, or 4 or 16 bytes, the address of a neighbour: only frames of
 *	these begin a flow. Absent: those of everybody
 * @DSR_RULE_A_CLEAR: u8, with TOS, 1: the bits of TOS_MASK are 0 in what is
 *	delivered
 * @DSR_RULE_A_MARK: u32, not 0: the mark of what is delivered. Absent: it keeps
 *	its own
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
 * enum dsr_silence_attr - an address that the real server is silent about
 *
 * Nothing leaves by ARP or neighbour discovery that says where it is.
 *
 * @DSR_SILENCE_A_UNSPEC: never sent
 * @DSR_SILENCE_A_PAD: alignment
 * @DSR_SILENCE_A_ADDR: 4 or 16 bytes, the key
 * @DSR_SILENCE_A_DEV: string, once for each device, DSR_SILENCE_DEVS_MAX at
 *	most: the name of a device that need not be there so far, or the
 *	beginning of names and a '+'; absent: all devices
 * @DSR_SILENCE_A_RULES: u32, how many rules in mode local want it silenced, on
 *	all devices (reply only)
 * @DSR_SILENCE_A_WANTED: u8, 0: for the rules' sake only (reply only)
 * @DSR_SILENCE_A_MESSAGES: u64, messages that were stopped or changed (reply
 *	only)
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
 * enum dsr_flow_attr - an entry of the real server's table (reply only)
 * @DSR_FLOW_A_UNSPEC: never sent
 * @DSR_FLOW_A_PROTO: u8
 * @DSR_FLOW_A_SRC: 4 or 16 bytes, client
 * @DSR_FLOW_A_SPORT: be16, the client's port on the wire
 * @DSR_FLOW_A_DST: 4 or 16 bytes, VIP
 * @DSR_FLOW_A_DPORT: be16, port of the VIP
 * @DSR_FLOW_A_TO: 4 or 16 bytes, local address
 * @DSR_FLOW_A_TO_PORT: be16, local port
 * @DSR_FLOW_A_SOCKET_SPORT: be16, the client's port as the local socket sees
 *	it; differs from SPORT only where the socket has another flow with it
 * @DSR_FLOW_A_STATE: u8, enum dsr_conn_state
 * @DSR_FLOW_A_EXPIRES: u32, milliseconds
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
