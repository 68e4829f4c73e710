/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path - a device whose packets may take the fast path, see ingress.h and xdp.h
 *
 * While there is a service, each such device has an ingress hook, or the XDP
 * program on it forwards.
 *
 * Owner: the balancer of its namespace, until the user deletes the path, or the
 * device is unregistered or moves to another namespace. The path does not pin
 * the device: a netdevice notifier announces that the device goes away. The
 * notifier takes struct dsr_net.paths_lock and removes the path, if listed.
 *
 * Locking: struct dsr_net.paths_lock guards the list. Packets use a path under
 * RCU; it is freed a grace period after its hook was unregistered. The paths by XDP
 * of all namespaces are in a table by device as well, which has a lock of its own.
 */
#ifndef _DSR_PATH_H
#define _DSR_PATH_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>

#include "core/net.h"

/* Time after which a connection has to take the slow path once, so that the
 * firewall rules see it again.
 */
#define DSR_PATH_RECHECK	(10 * HZ)
#define DSR_PATH_RECHECK_MAX	(3600 * HZ)

/* The verdict of ingress.c or xdp.c on a packet: forwarded, or left to the slow
 * path and why. Counted per device and per CPU, shown by "dsrctl path show". The slow
 * path also counts the packets that it gets, by the reasons of reason.h. Name,
 * and text for the user.
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
	W(NO_MEMORY, "no_memory")					\
	W(STALE, "backend_stale")					\
	W(PIECES, "frame_in_pieces")					\
	W(MERGED, "merged_by_gro")					\
	W(NO_XDP, "way_out_without_xdp")				\
	W(QDISC, "way_out_has_qdisc")					\
	W(OFFLOADS, "sender_offloads")

/** enum dsr_ingress_verdict - see DSR_INGRESS_VERDICTS */
enum dsr_ingress_verdict {
#define DSR_INGRESS_ENUM(name, text) DSR_INGRESS_##name,
	DSR_INGRESS_VERDICTS(DSR_INGRESS_ENUM)
#undef DSR_INGRESS_ENUM
	DSR_INGRESS_COUNT
};

/**
 * struct dsr_path_dev - a device whose packets may take the fast path
 * @node: in the table of dsr_path_by_device(), if @via is not ingress
 * @dn: balancer
 * @verdicts: per CPU, packets by enum dsr_ingress_verdict
 * @recheck: jiffies after which a connection has to pass PRE_ROUTING again
 * @via: enum dsr_path_via
 * @hooked: packets take the path: @hook is registered, or the XDP program on the
 *	device forwards. xdp.c reads it under RCU, and needs the table after that
 * @lacks: frames may lack what the XDP program needs, so @hooked is false
 * @link: the link of that program, or %NULL. Its end takes the program off
 * @hook: ingress hook; @hook.dev is the device also without the hook
 * @list: in dsr_net.paths, in the order of addition
 * @rcu: for the grace period before it is freed
 */
struct dsr_path_dev {
	struct hlist_node node;
	struct dsr_net *dn;
	u64 __percpu *verdicts;
	u32 recheck;
	u8 via;

	bool hooked;
	bool lacks;
	struct file *link;
	struct nf_hook_ops hook;
	struct list_head list;
	struct rcu_head rcu;
};

extern const char *const dsr_path_verdict_names[DSR_INGRESS_COUNT];

#define DSR_PATH_PLACES	64

extern struct hlist_head dsr_path_places[DSR_PATH_PLACES];

/** dsr_path_by_device() - return where the path by XDP of @dev is, and others
 *
 * For xdp.c, which is told nothing but the device. Read under RCU.
 */
static __always_inline struct hlist_head *
dsr_path_by_device(const struct net_device *dev)
{
	return &dsr_path_places[(u32)dev->ifindex % DSR_PATH_PLACES];
}

void dsr_path_publish(struct dsr_path_dev *path);
void dsr_path_retract(struct dsr_path_dev *path);
u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_ingress_verdict verdict);

#endif /* _DSR_PATH_H */
