/* SPDX-License-Identifier: GPL-2.0 */
/*
 * way - which way a packet takes that comes in by a device with a path
 *
 * The short one, or the long one and why: counted per device and per CPU, and
 * shown by "dsrctl path show". A packet that goes the long way leaves the
 * module for one of the reasons of reason.h all the same.
 */
#ifndef _DSR_WAY_H
#define _DSR_WAY_H

/* name, and what the user reads */
#define DSR_WAYS(W)							\
	W(SHORT, "forwarded")						\
	W(NOT_IP, "not_ip")						\
	W(NOT_HOST, "not_to_this_host")					\
	W(VLAN, "vlan_tag")						\
	W(PORT, "port_of_another_device")				\
	W(SHARED, "shared")						\
	W(MALFORMED, "malformed")					\
	W(OPTIONS, "options")						\
	W(FRAGMENT, "fragment")						\
	W(PROTOCOL, "protocol_not_balanced")				\
	W(UNKNOWN, "no_connection")					\
	W(STATE, "state_changes")					\
	W(BACKEND, "backend_down")					\
	W(STACK, "path_stack")						\
	W(PEER, "backend_is_here")					\
	W(RECHECK, "recheck")						\
	W(POLICY, "ipsec")						\
	W(NEIGHBOUR, "backend_unresolved")				\
	W(TTL, "ttl_exceeded")						\
	W(TOO_BIG, "too_big")						\
	W(NO_MEMORY, "no_memory")

/** enum dsr_way - see DSR_WAYS */
enum dsr_way {
#define DSR_WAY_ENUM(name, text) DSR_WAY_##name,
	DSR_WAYS(DSR_WAY_ENUM)
#undef DSR_WAY_ENUM
	DSR_WAY_COUNT
};

#endif /* _DSR_WAY_H */
