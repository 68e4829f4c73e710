/* SPDX-License-Identifier: GPL-2.0 */
/*
 * server - an address that backends of a namespace have
 *
 * The kernel tells of each change of each neighbour, in softirq, and every host on
 * a segment can make it do so. So a server is found by a hash, and the change is
 * noted once for all services that have it as a backend.
 *
 * Owner: the backends of its address and namespace; the last one that goes
 * takes it along. Locking: @backends under struct dsr_net.lock. Found under RCU;
 * freed after a grace period.
 */
#ifndef _DSR_SERVER_H
#define _DSR_SERVER_H

#include <linux/netfilter.h>
#include <linux/rhashtable-types.h>
#include <net/net_namespace.h>

/**
 * struct dsr_server_key - what names a server
 * @net: its namespace
 * @addr: its address, of 16 bytes whatever @family
 * @family: of @addr
 * @zero: always 0, so that keys compare as memory
 */
struct dsr_server_key {
	const struct net *net;
	union nf_inet_addr addr;
	u32 family;
	u32 zero;
};

/**
 * struct dsr_server - an address that backends of a namespace have
 * @node: in the hash table of all namespaces
 * @key: its key
 * @backends: backends that have it
 * @unresolved: how often its MAC address was asked for in vain
 * @lost: it was so the last time
 * @noted: its neighbour entry has changed, and no listener has been told yet
 * @told: the listeners are just being told of that; with struct dsr_net.lock
 * @rcu: to free it after its last reader
 */
struct dsr_server {
	struct rhash_head node;
	struct dsr_server_key key;
	u32 backends;
	atomic_t unresolved;
	bool lost;
	bool noted;
	bool told;
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
