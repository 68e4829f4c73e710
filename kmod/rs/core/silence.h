/* SPDX-License-Identifier: GPL-2.0 */
/*
 * silence - addresses that this machine has and does not answer for
 *
 * A VIP that is an address of this machine, on lo or elsewhere, or a local
 * route, must not be found here by its neighbours: they would send to this
 * machine what they are to send to the balancer. So nothing leaves by ARP or
 * by neighbour discovery that says where such an address is: see arp.c, nd.c.
 *
 * Devices are kept as they are named, and compared by name: they may come
 * later, go, and be renamed. That is done for the few messages that are about
 * an address which is silenced, and for no others.
 *
 * Owner: struct dsr_rs_net. An address is listed while the user wants it
 * silenced or a rule does; hush.h registers the hooks of a family while an
 * address of it is listed. Each that is listed holds a reference to the module:
 * without it the neighbours would hear of the address.
 *
 * Locking: hooks read the lists under rcu_read_lock(); they change under
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
 * @rcu: frees what hooks may still see
 * @count: how many
 * @name: names; one that ends in '+' is the beginning of names
 */
struct dsr_rs_silence_devs {
	struct rcu_head rcu;
	unsigned int count;
	char name[][IFNAMSIZ];
};

/**
 * struct dsr_rs_silence - an address that is silenced
 * @node: in the bucket of its address
 * @all: in the list of all, in the order of their coming
 * @addr: address
 * @family: AF_INET or AF_INET6
 * @wanted: by the user
 * @rules: how many rules want it, on all devices
 * @devs: those that the user has named, or %NULL: all
 * @on: those where it is silenced
 * @messages: messages that were stopped or changed
 * @rcu: frees what hooks may still see
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
 * @all: all of them
 * @inet: how many of IPv4
 * @inet6: how many of IPv6
 * @generation: changes so far
 * @secret: of the hash
 */
struct dsr_rs_silences {
	struct hlist_head buckets[DSR_RS_SILENCE_BUCKETS];
	struct list_head all;
	u32 inet;
	u32 inet6;
	u32 generation;
	u32 secret;
};

/** dsr_rs_silence_count() - the silenced addresses of a family */
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
