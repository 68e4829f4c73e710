/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * dsr - the generic netlink family "dsr" of dsr_lb.ko, on balancers
 *
 * <linux/dsr_common.h> has what this family shares with the family "dsr_rs",
 * and the rules of requests and replies.
 */
#ifndef _UAPI_LINUX_DSR_H
#define _UAPI_LINUX_DSR_H

#include <linux/dsr_common.h>

#define DSR_GENL_NAME		"dsr"
#define DSR_GENL_VERSION	1

#define DSR_WEIGHT_MAX		65535
#define DSR_CHANCES_MAX		32	/* of DSR_SERVICE_A_CHANCES */
#define DSR_CHOICES_MAX		2	/* of DSR_SERVICE_A_CHOICES */
#define DSR_CHANGES_MAX		65536	/* of a transaction */
#define DSR_PROBE_MARKS		256	/* from DSR_SERVICE_A_PROBE_MARKS on */

/**
 * enum dsr_cmd - commands of the family "dsr"
 * @DSR_CMD_UNSPEC: never sent
 * @DSR_CMD_SERVICE_ADD: DSR_A_SERVICE: the key; other attributes optional
 * @DSR_CMD_SERVICE_SET: as ADD
 * @DSR_CMD_SERVICE_REPLACE: as ADD; the backends stay
 * @DSR_CMD_SERVICE_DELETE: DSR_A_SERVICE: the key
 * @DSR_CMD_SERVICE_GET: DSR_A_SERVICE: the key, for one service; or a dump
 * @DSR_CMD_SERVICE_FLUSH: no attributes; deletes every service. As a dump it
 *	does so in parts of bounded work, with replies without attributes
 * @DSR_CMD_BACKEND_ADD: DSR_A_SERVICE: the key, and DSR_A_BACKEND: ADDR; other
 *	attributes optional
 * @DSR_CMD_BACKEND_SET: as ADD
 * @DSR_CMD_BACKEND_REPLACE: as ADD
 * @DSR_CMD_BACKEND_DELETE: as ADD, without the optional attributes
 * @DSR_CMD_BACKEND_GET: dump; of one service if DSR_A_SERVICE is given
 * @DSR_CMD_CONNECTION_GET: dump of the connection table; if DSR_A_CONNECTION is
 *	given, only of the entries that have all of its attributes
 * @DSR_CMD_CONNECTION_SET: DSR_A_TABLE: MAX, TIMEOUTS
 * @DSR_CMD_CONNECTION_FLUSH: no attributes; forgets every connection; as a dump
 *	in parts, too
 * @DSR_CMD_STATS_GET: one reply: DSR_A_TABLE, DSR_A_GENERATION, and DSR_A_REASON,
 *	repeated
 * @DSR_CMD_EXPLAIN: find out what would happen to a packet, and change nothing
 *	but what rules do beside a verdict, if FIREWALL asks them.
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
 * @DSR_CMD_CONNECTION_ADD: put entries into the connection table that this
 *	table or another one has had. DSR_A_CONNECTION, once for each entry:
 *	PROTO, SRC, SPORT, DST, DPORT, BACKEND, and FWMARK if the service has
 *	one; STATE and EXPIRES optional. One reply: DSR_A_ADDED. An entry that
 *	is malformed ends the request; the entries before it are added
 * @DSR_CMD_TRANSACTION: make many changes at once, or none of them. DSR_A_CHANGE,
 *	once for each change, in their order, at most DSR_CHANGES_MAX; optional
 *	DSR_A_GENERATION: refuse with EAGAIN if the configuration is another one
 *	by now. A packet that begins a connection meets the configuration before
 *	all of the changes or after all of them. The extended ack of a refusal
 *	has the offset of the change, or of an attribute in the change
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
 * CONNECTION_ADD sends none, as packets that add connections do not. A
 * TRANSACTION sends the messages of its changes, a single one for an object that
 * it changes several times.
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
	DSR_CMD_CONNECTION_ADD,
	DSR_CMD_TRANSACTION,

	__DSR_CMD_MAX,
	DSR_CMD_MAX = __DSR_CMD_MAX - 1
};

/**
 * enum dsr_path - path of a packet through the balancer
 * @DSR_PATH_STACK: through FORWARD and POSTROUTING; the default
 * @DSR_PATH_DIRECT: straight to the device towards the backend; from the
 *	ingress or XDP on if the ingress device has a path, see enum
 *	dsr_path_attr
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
 * @DSR_SERVICE_A_CHANCES: u8, number of backends that may get a segment of TCP
 *	before it is dropped, if real servers give it back, at most
 *	DSR_CHANCES_MAX; 0, the default: ignore what they give back
 * @DSR_SERVICE_A_CHOICES: u8, for the scheduler maglev: number of backends that
 *	the hash offers a new connection, from 1 (if absent) to DSR_CHOICES_MAX;
 *	the one with less load for its weight gets the connection. In replies
 *	for this scheduler
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
	DSR_SERVICE_A_CHANCES,
	DSR_SERVICE_A_CHOICES,

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
 * enum dsr_connection_attr - an entry of the balancer's connection table
 *
 * In a request CONNECTION_GET any of the attributes except EXPIRES and NEWER selects
 * entries. A persistence entry has PROTO 0. With FWMARK its other attributes
 * but SRC and BACKEND have no meaning in CONNECTION_ADD; else DST is the VIP of
 * its service, SPORT the protocol and DPORT the first port, or 0.
 *
 * @DSR_CONNECTION_A_UNSPEC: never sent
 * @DSR_CONNECTION_A_PROTO: u8, IPPROTO_*
 * @DSR_CONNECTION_A_SRC: 4 or 16 bytes, client
 * @DSR_CONNECTION_A_SPORT: be16
 * @DSR_CONNECTION_A_DST: 4 or 16 bytes, VIP
 * @DSR_CONNECTION_A_DPORT: be16
 * @DSR_CONNECTION_A_STATE: u8, enum dsr_conn_state; in CONNECTION_ADD, if
 *	absent: established, udp or persistent
 * @DSR_CONNECTION_A_EXPIRES: u32, milliseconds until the entry expires if no
 *	packet comes; in CONNECTION_ADD at most, and if absent, the timeout of
 *	the state
 * @DSR_CONNECTION_A_FWMARK: u32, mark of its service, if the service has one
 * @DSR_CONNECTION_A_BACKEND: 4 or 16 bytes, address of the backend
 * @DSR_CONNECTION_A_EXCEPTION: flag, in CONNECTION_GET only: selects entries that
 *	another balancer with the same services would miss: persistence entries,
 *	and connections that would get another backend without their entry, now
 *	and from a packet in mid-stream. Not half-open or closed ones, and not TCP
 *	if the service has CHANCES
 * @DSR_CONNECTION_A_NEWER: flag, in CONNECTION_ADD only: if the table has an
 *	entry of this tuple, and the last packet of that entry is two seconds
 *	older or more, the entry becomes this one. It counts as added then
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
	DSR_CONNECTION_A_EXCEPTION,
	DSR_CONNECTION_A_NEWER,

	__DSR_CONNECTION_A_MAX,
	DSR_CONNECTION_A_MAX = __DSR_CONNECTION_A_MAX - 1
};

/**
 * enum dsr_added_attr - what has become of the entries of CONNECTION_ADD
 *
 * All are u32, numbers of entries (reply only).
 *
 * @DSR_ADDED_A_UNSPEC: never sent
 * @DSR_ADDED_A_ADDED: entries that were added
 * @DSR_ADDED_A_KNOWN: the table had an entry of this tuple, which stays as it is
 * @DSR_ADDED_A_NO_SERVICE: there is no such service, or it keeps no such entries
 * @DSR_ADDED_A_NO_BACKEND: the service has no such backend
 * @DSR_ADDED_A_BAD_SOURCE: the client's address cannot be answered
 * @DSR_ADDED_A_FULL: the table has no room for them
 */
enum dsr_added_attr {
	DSR_ADDED_A_UNSPEC,
	DSR_ADDED_A_ADDED,
	DSR_ADDED_A_KNOWN,
	DSR_ADDED_A_NO_SERVICE,
	DSR_ADDED_A_NO_BACKEND,
	DSR_ADDED_A_BAD_SOURCE,
	DSR_ADDED_A_FULL,

	__DSR_ADDED_A_MAX,
	DSR_ADDED_A_MAX = __DSR_ADDED_A_MAX - 1
};

/**
 * enum dsr_change_attr - one change of a transaction
 * @DSR_CHANGE_A_UNSPEC: never sent
 * @DSR_CHANGE_A_CMD: u8, enum dsr_cmd: SERVICE_ADD, _SET, _REPLACE or _DELETE;
 *	BACKEND_ADD, _SET, _REPLACE or _DELETE
 * @DSR_CHANGE_A_SERVICE: nest of enum dsr_service_attr, as in the command
 * @DSR_CHANGE_A_BACKEND: nest of enum dsr_backend_attr, as in the command
 */
enum dsr_change_attr {
	DSR_CHANGE_A_UNSPEC,
	DSR_CHANGE_A_CMD,
	DSR_CHANGE_A_SERVICE,
	DSR_CHANGE_A_BACKEND,

	__DSR_CHANGE_A_MAX,
	DSR_CHANGE_A_MAX = __DSR_CHANGE_A_MAX - 1
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
 * enum dsr_path_via - the place from which a path forwards packets
 * @DSR_PATH_VIA_INGRESS: the ingress of the device; the default
 * @DSR_PATH_VIA_XDP: XDP in the driver of the device
 * @DSR_PATH_VIA_XDP_GENERIC: XDP without the driver's help
 */
enum dsr_path_via {
	DSR_PATH_VIA_INGRESS,
	DSR_PATH_VIA_XDP,
	DSR_PATH_VIA_XDP_GENERIC,

	__DSR_PATH_VIA_MAX,
	DSR_PATH_VIA_MAX = __DSR_PATH_VIA_MAX - 1
};

/**
 * enum dsr_path_attr - a device whose packets may take the fast path
 *
 * Packets of known connections of services with DSR_PATH_DIRECT are forwarded
 * from the ingress of the device, or from XDP, before the IP stack sees them.
 * Packets that need more than forwarding take the slow path. A path disappears
 * with its device.
 *
 * An XDP program that calls bpf_dsr_forward() forwards via XDP. The requester
 * attaches it and passes the descriptor of its link. From then on the path holds
 * the link: the program is detached when the path is deleted.
 *
 * @DSR_PATH_A_UNSPEC: never sent
 * @DSR_PATH_A_IFINDEX: u32, the key: the device
 * @DSR_PATH_A_RECHECK: u32, milliseconds, 1 second to 1 hour, after which a
 *	packet of a connection has to pass the rules of PREROUTING again; 10
 *	seconds if absent
 * @DSR_PATH_A_REASON: nest of enum dsr_reason_attr, once for each (reply only):
 *	"forwarded", or a reason to take the slow path
 * @DSR_PATH_A_VIA: u8, enum dsr_path_via
 * @DSR_PATH_A_LINK: u32, descriptor of the link of an XDP program on the device
 *	(request only); needed if DSR_PATH_A_VIA changes to XDP, or if the program
 *	of a replaced path is no longer on the device
 */
enum dsr_path_attr {
	DSR_PATH_A_UNSPEC,
	DSR_PATH_A_IFINDEX,
	DSR_PATH_A_RECHECK,
	DSR_PATH_A_REASON,
	DSR_PATH_A_VIA,
	DSR_PATH_A_LINK,

	__DSR_PATH_A_MAX,
	DSR_PATH_A_MAX = __DSR_PATH_A_MAX - 1
};

#endif /* _UAPI_LINUX_DSR_H */
