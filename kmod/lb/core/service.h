/* SPDX-License-Identifier: GPL-2.0 */
/*
 * service - a mark, or an address with protocol and ports, that is balanced
 *
 * Owner: the balancer of its namespace. Read by packets under RCU; freed a
 * grace period after it was unlinked. Nothing refers to a service for longer: a
 * connection refers to a backend, and dsr_backend.service of a removed backend
 * is not dereferenced.
 *
 * Locking: changes under struct dsr_net.lock.
 */
#ifndef _DSR_SERVICE_H
#define _DSR_SERVICE_H

#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/rculist.h>

#include "addr.h"
#include "core/net.h"
#include "core/pool.h"
#include "host.h"
#include "stats.h"
#include "timeouts.h"

struct dsr_frontend;
struct dsr_probe;
struct dsr_scheduler;

/**
 * struct dsr_service_key - key of a service
 * @vip: address, if @fwmark is 0
 * @fwmark: mark, or 0
 * @port: first port, in host byte order; 0 for all ports
 * @port_last: last port; 65535 for all ports
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_*; 0: TCP, UDP and SCTP
 */
struct dsr_service_key {
	union nf_inet_addr vip;
	u32 fwmark;
	u16 port;
	u16 port_last;
	u8 family;
	u8 proto;
};

/**
 * struct dsr_service - a mark, or an address with ports, that is balanced
 * @node: in dsr_frontend.services
 * @frontend: its mark or address
 * @path: enum dsr_path
 * @ping: enum dsr_ping
 * @on_down: enum dsr_on_down
 * @one_packet: schedule each UDP datagram; make no entry for it
 * @here: number of its backends whose address is this machine's own; see
 *	nexthop.h
 * @tos: change of the TOS byte: mask in the high byte, value in the low byte
 * @pool: the backends that take new connections
 * @persist: persistence timeout in jiffies; 0: no persistence
 * @persist_prefix: prefix length for persistence: the client addresses of one
 *	prefix share a backend
 * @chances: maximum number of backends that get a packet which real servers deny;
 *	0: ignore denials
 * @timeouts: timeouts of its connections; 0: as dsr_net.timeouts
 * @key: its key
 * @backends: backends in ascending order of address; RCU
 * @backends_count: number of backends
 * @retired: statistics of removed backends
 * @probe: range of probe marks, or %NULL
 * @held_until: 64-bit jiffies until which packets wait whose backend was
 *	removed, or 0; see dsr_service_hold()
 * @ipvs: data of dsr_ipvs, guarded by struct dsr_net.lock; kfree()d with the
 *	service
 * @list: in dsr_net.services
 * @rcu: for the grace period before it is freed
 */
struct dsr_service {
	struct hlist_node node;
	struct dsr_frontend *frontend;
	u8 path;
	u8 ping;
	u8 on_down;
	bool one_packet;
	u16 here;
	u16 tos;
	struct dsr_pool __rcu *pool;
	u32 persist;
	u8 persist_prefix;
	u8 chances;
	struct dsr_timeouts timeouts;

	struct dsr_service_key key;
	struct list_head backends;
	u32 backends_count;
	struct dsr_stats retired;
	struct dsr_probe *probe;
	u64 held_until;
	void *ipvs;
	struct list_head list;
	struct rcu_head rcu;
};

/**
 * struct dsr_service_config - configuration of a service
 * @scheduler: scheduler
 * @path: as struct dsr_service.path
 * @ping: as struct dsr_service.ping
 * @on_down: as struct dsr_service.on_down
 * @one_packet: as struct dsr_service.one_packet
 * @tos: as struct dsr_service.tos
 * @persist: as struct dsr_service.persist
 * @persist_prefix: as struct dsr_service.persist_prefix
 * @chances: as struct dsr_service.chances
 * @timeouts: as struct dsr_service.timeouts
 * @probe_marks: first of DSR_PROBE_MARKS probe marks, see probe.h; 0: none
 * @fwmark_mask: as struct dsr_frontend.mask
 * @options: options of @scheduler
 */
struct dsr_service_config {
	const struct dsr_scheduler *scheduler;
	u8 path;
	u8 ping;
	u8 on_down;
	bool one_packet;
	u16 tos;
	u32 persist;
	u8 persist_prefix;
	u8 chances;
	struct dsr_timeouts timeouts;
	u32 probe_marks;
	u32 fwmark_mask;
	struct dsr_pool_options options;
};

/**
 * dsr_service_hold() - hold the connections of removed backends for a second
 * @service: service
 *
 * The tools of IPVS delete a backend and then add it again, and may do so with
 * all backends in turn. Moving the connections of the first backend to the
 * second would break them. So packets of connections whose backend was removed
 * are dropped for a second, and the clients retransmit them.
 *
 * Context: process context, holds struct dsr_net.lock.
 */
static inline void dsr_service_hold(struct dsr_service *service)
{
	WRITE_ONCE(service->held_until, get_jiffies_64() + HZ);
}

/** dsr_service_is_held() - true if connections wait for their backends */
static inline bool dsr_service_is_held(const struct dsr_service *service)
{
	u64 until = READ_ONCE(service->held_until);

	return until && time_before64(get_jiffies_64(), until);
}

/** dsr_service_is_vip() - true if clients can reach @vip
 *
 * Such an address is unicast and not loopback. In IPv6 it is neither link-local
 * nor IPv4-mapped.
 */
static inline bool dsr_service_is_vip(u8 family, const union nf_inet_addr *vip)
{
	if (family == AF_INET)
		return !dsr_is_nobody(vip->ip) && !ipv4_is_loopback(vip->ip);
	return (ipv6_addr_type(&vip->in6) & IPV6_ADDR_UNICAST) &&
	       !(ipv6_addr_type(&vip->in6) &
		 (IPV6_ADDR_LOOPBACK | IPV6_ADDR_LINKLOCAL | IPV6_ADDR_MAPPED));
}

/** dsr_service_pool() - return the pool of @service; holds dn->lock */
static inline struct dsr_pool *dsr_service_pool(struct dsr_net *dn,
						struct dsr_service *service)
{
	return rcu_dereference_protected(service->pool,
					 lockdep_is_held(&dn->lock));
}

/**
 * dsr_service_options_differ() - check if a configuration needs another pool
 * @pool: pool of the service
 * @config: configuration
 */
static inline bool
dsr_service_options_differ(const struct dsr_pool *pool,
			   const struct dsr_service_config *config)
{
	return config->scheduler != pool->scheduler ||
	       config->options.hash != pool->options.hash ||
	       config->options.on_unreachable != pool->options.on_unreachable ||
	       config->options.choices != pool->options.choices ||
	       config->options.slots != pool->options.slots;
}

struct dsr_service *dsr_service_find(struct dsr_net *dn,
				     const struct dsr_service_key *key);
struct dsr_service *dsr_service_clash(struct dsr_net *dn,
				      const struct dsr_service_key *key);
int dsr_service_compare(const struct dsr_service_key *a,
			const struct dsr_service_key *b);
bool dsr_service_key_clashes(const struct dsr_service_key *a,
			     const struct dsr_service_key *b);
struct dsr_service *dsr_service_new(const struct dsr_service_key *key,
				    const struct dsr_service_config *config);
void dsr_service_discard(struct dsr_service *service);
void dsr_service_apply(struct dsr_service *service,
		       const struct dsr_service_config *config);
void dsr_service_replace_probe(struct dsr_net *dn, struct dsr_service *service,
			       struct dsr_probe *probe);
void dsr_service_list(struct dsr_net *dn, struct dsr_service *service);
int dsr_service_add(struct dsr_net *dn, const struct dsr_service_key *key,
		    const struct dsr_service_config *config);
int dsr_service_set(struct dsr_net *dn, struct dsr_service *service,
		    const struct dsr_service_config *config);
struct dsr_service_config dsr_service_config(struct dsr_net *dn,
					     struct dsr_service *service);
void dsr_service_remove(struct dsr_net *dn, struct dsr_service *service);
void dsr_service_release(struct dsr_net *dn, struct dsr_service *service);
void dsr_service_sum(struct dsr_service *service, struct dsr_stats *sum);

#endif /* _DSR_SERVICE_H */
