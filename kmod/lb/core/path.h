/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path - a device whose packets may take the short way, see ingress.h
 *
 * As long as there is a service, each such device has a hook at its ingress.
 *
 * Owner: the balancer of its namespace, until the user deletes it, or the
 * device goes away or to another namespace. The device is not pinned: who
 * takes it away tells so first, by a notifier that waits for struct
 * dsr_net.paths_lock, and finds the path in the list or not at all.
 *
 * Locking: the list under struct dsr_net.paths_lock. Packets use a path under
 * RCU; it is freed a grace period after its hook was taken away.
 */
#ifndef _DSR_PATH_H
#define _DSR_PATH_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>

#include "core/net.h"

/* How long the short way may be taken before the rules are asked again. */
#define DSR_PATH_RECHECK	(10 * HZ)
#define DSR_PATH_RECHECK_MAX	(3600 * HZ)

/* The verdict of ingress.c on a packet: forwarded, or left to the slow path and
 * why. Counted per device and per CPU, shown by "dsrctl path show". The slow path
 * counts its packets by the reasons of reason.h all the same. Name, and text for
 * the user.
 */
#define DSR_INGRESS_VERDICTS(W)							\
	W(FORWARDED, "forwarded")					\
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

/** enum dsr_ingress_verdict - see DSR_INGRESS_VERDICTS */
enum dsr_ingress_verdict {
#define DSR_INGRESS_ENUM(name, text) DSR_INGRESS_##name,
	DSR_INGRESS_VERDICTS(DSR_INGRESS_ENUM)
#undef DSR_INGRESS_ENUM
	DSR_INGRESS_COUNT
};

/**
 * struct dsr_path_dev - a device whose packets may take the short way
 * @dn: balancer
 * @verdicts: per CPU, packets by enum dsr_ingress_verdict
 * @recheck: jiffies after which a connection has to pass PRE_ROUTING again
 * @hooked: @hook is registered
 * @hook: at the ingress of the device, which it names
 * @list: in dsr_net.paths, in the order of their addition
 * @rcu: to free it after its last reader
 */
struct dsr_path_dev {
	struct dsr_net *dn;
	u64 __percpu *verdicts;
	u32 recheck;

	bool hooked;
	struct nf_hook_ops hook;
	struct list_head list;
	struct rcu_head rcu;
};

extern const char *const dsr_path_verdict_names[DSR_INGRESS_COUNT];

u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_ingress_verdict verdict);

#endif /* _DSR_PATH_H */
