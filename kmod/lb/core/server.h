/* SPDX-License-Identifier: GPL-2.0 */
/*
 * server - an address, shared by the backends of a namespace that have it
 *
 * The kernel notifies of each change of a neighbour in softirq context, and any
 * host on the segment can cause such changes. So the lookup is a hash lookup,
 * and a change is recorded once for all services with that backend address.
 *
 * Owner: the backends of its address and namespace; removed with the last one.
 * Locking: @backends under struct dsr_net.lock. Found under RCU; freed after a
 * grace period.
 */
#ifndef _DSR_SERVER_H
#define _DSR_SERVER_H

#include <linux/netfilter.h>
#include <linux/rhashtable-types.h>
#include <net/net_namespace.h>

/**
 * struct dsr_server_key - key of a server
 * @net: namespace
 * @addr: address; unused bytes are 0
 * @family: address family of @addr
 * @zero: always 0, so that keys compare as memory
 */
struct dsr_server_key {
	const struct net *net;
	union nf_inet_addr addr;
	u32 family;
	u32 zero;
};

/**
 * struct dsr_server - an address, shared by the backends that have it
 * @node: in the hash table of all namespaces
 * @key: its key
 * @backends: number of backends that have this address
 * @unresolved: number of failed address resolutions
 * @lost: the last address resolution failed
 * @noted: a change of the neighbour entry is still to be announced
 * @told: the change is being announced; guarded by struct dsr_net.lock
 * @sought: struct dsr_net.seek_round in which its address was last looked for;
 *	guarded by struct dsr_net.lock
 * @rcu: for the grace period before it is freed
 */
struct dsr_server {
	struct rhash_head node;
	struct dsr_server_key key;
	u32 backends;
	atomic_t unresolved;
	bool lost;
	bool noted;
	bool told;
	u32 sought;
	struct rcu_head rcu;
};

struct dsr_server *dsr_server_find(const struct net *net, u8 family,
				   const void *addr);
struct dsr_server *dsr_server_get(const struct net *net, u8 family,
				  const union nf_inet_addr *addr);
void dsr_server_put(struct dsr_server *server);
int dsr_server_init(void);
void dsr_server_exit(void);

#endif /* _DSR_SERVER_H */
