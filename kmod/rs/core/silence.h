/* SPDX-License-Identifier: GPL-2.0 */
/*
 * silence - addresses of this machine that it does not answer for
 *
 * If a VIP is an address of this machine, on lo or elsewhere, or a local route,
 * the neighbours must not find it here: they would send to this machine packets
 * that belong to the balancer. So no ARP or neighbour discovery message that
 * tells them where such an address is may leave: see arp.c, nd.c.
 *
 * Devices are kept and compared by name, because they may appear later, go, and
 * be renamed. Names are compared only for the few messages that are about a
 * silenced address.
 *
 * Owner: struct dsr_rs_net. An address is listed while the user or a rule wants
 * it silenced; hush.h registers the hooks of a family while one of its
 * addresses is listed. Each listed address holds a reference to the module:
 * without the module the neighbours would learn of the address.
 *
 * Locking: hooks read the lists under rcu_read_lock(). The lists change under
 * dsr_rs_net.lock.
 */
#ifndef _DSR_RS_SILENCE_H
#define _DSR_RS_SILENCE_H

#include <linux/if.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>

#include "core/reason.h"

#define DSR_RS_SILENCE_BUCKETS	64

struct dsr_rs_net;

/**
 * struct dsr_rs_silence_devs - devices that an address is silenced on
 * @rcu: frees the list after hooks have let go of it
 * @count: number of names
 * @name: device names; a name that ends in '+' matches as a prefix
 */
struct dsr_rs_silence_devs {
	struct rcu_head rcu;
	unsigned int count;
	char name[][IFNAMSIZ];
};

/**
 * struct dsr_rs_silence - a silenced address
 * @node: in the bucket of its address
 * @all: in the list of all silenced addresses, in the order of creation
 * @addr: address
 * @family: AF_INET or AF_INET6
 * @wanted: the user wants it silenced
 * @rules: number of rules that want it silenced, on all devices
 * @devs: devices that the user has named; %NULL: all
 * @on: devices that it is silenced on
 * @messages: number of messages that were dropped or changed
 * @rcu: frees the address after hooks have let go of it
 */
struct dsr_rs_silence {
	struct hlist_node node;
	struct list_head all;
	union nf_inet_addr addr;
	u8 family;
	bool wanted;
	u32 rules;
	struct dsr_rs_silence_devs *devs;
	struct dsr_rs_silence_devs __rcu *on;
	atomic64_t messages;
	struct rcu_head rcu;
};

/**
 * struct dsr_rs_silences - the silenced addresses of a network namespace
 * @buckets: by address
 * @all: all silenced addresses
 * @inet: number of IPv4 addresses
 * @inet6: number of IPv6 addresses
 * @generation: number of changes
 * @secret: secret of the hash
 */
struct dsr_rs_silences {
	struct hlist_head buckets[DSR_RS_SILENCE_BUCKETS];
	struct list_head all;
	u32 inet;
	u32 inet6;
	u32 generation;
	u32 secret;
};

/** dsr_rs_silence_count() - return the number of a family's addresses */
static inline u32 dsr_rs_silence_count(const struct dsr_rs_silences *silences,
				       u8 family)
{
	return family == AF_INET ? silences->inet : silences->inet6;
}

void dsr_rs_silence_init(struct dsr_rs_silences *silences);

struct dsr_rs_silence *dsr_rs_silence_find(struct dsr_rs_net *rs, u8 family,
					   const union nf_inet_addr *addr);
int dsr_rs_silence_want(struct dsr_rs_net *rs, u8 family,
			const union nf_inet_addr *addr,
			struct dsr_rs_silence_devs *devs);
void dsr_rs_silence_unwant(struct dsr_rs_net *rs,
			   struct dsr_rs_silence *silence);
int dsr_rs_silence_hold(struct dsr_rs_net *rs, u8 family,
			const union nf_inet_addr *addr);
void dsr_rs_silence_release(struct dsr_rs_net *rs, u8 family,
			    const union nf_inet_addr *addr);

struct dsr_rs_silence *
dsr_rs_silence_match(const struct dsr_rs_silences *silences, u8 family,
		     const void *addr, const struct net_device *dev);
unsigned int dsr_rs_silence_finish(struct dsr_rs_net *rs,
				   struct dsr_rs_silence *silence, u8 family,
				   const void *addr,
				   const struct net_device *dev,
				   enum dsr_rs_reason reason);

#endif /* _DSR_RS_SILENCE_H */
