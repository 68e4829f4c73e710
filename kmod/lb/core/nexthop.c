// SPDX-License-Identifier: GPL-2.0
/* nexthop - see nexthop.h */

#include <linux/export.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "core/backend.h"
#include "core/nexthop.h"
#include "core/service.h"
#include "dst.h"

#define RELEASE_BATCH	64	/* routes released under the lock at a time */

/* Set before the notifier is unregistered: from then on no route that may pin a
 * device is cached.
 */
static bool unregistering;

static struct dsr_backend *backend_of(struct dsr_nexthop *nexthop)
{
	return container_of(nexthop, struct dsr_backend, nexthop);
}

/* Look up a route to @addr with @addr itself as the next hop, whatever the
 * destination of the packets that are sent along it.
 */
static struct dst_entry *route_to(struct net *net, u8 family,
				  const union nf_inet_addr *addr)
{
	struct flowi4 fl4 = {
		.daddr = addr->ip,
		.flowi4_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct flowi6 fl6 = {
		.daddr = addr->in6,
		.flowi6_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct dst_entry *dst;
	struct rtable *rt;

	if (family == AF_INET) {
		rt = ip_route_output_key(net, &fl4);
		return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
	}
	dst = ip6_route_output(net, NULL, &fl6);
	if (dst->error) {
		int err = dst->error;

		dst_release(dst);
		return ERR_PTR(err);
	}
	return dst;
}

static bool is_local(const struct dst_entry *dst, u8 family)
{
	if (family == AF_INET)
		return dst_rtable(dst)->rt_type == RTN_LOCAL;
	return dst_rt6_info(dst)->rt6i_flags & RTF_LOCAL;
}

static bool is_on_link(const struct dst_entry *dst, u8 family,
		       const union nf_inet_addr *addr)
{
	const struct rt6_info *rt6;
	const struct rtable *rt;

	if (family == AF_INET) {
		rt = dst_rtable(dst);
		return rt->rt_type == RTN_UNICAST &&
		       rt->rt_gw_family == AF_INET && rt->rt_gw4 == addr->ip;
	}
	/* For an on-link address, FLOWI_FLAG_KNOWN_NH makes a host route, with
	 * the address itself as the next hop.
	 */
	rt6 = dst_rt6_info(dst);
	return !(rt6->rt6i_flags & (RTF_GATEWAY | RTF_LOCAL | RTF_ANYCAST)) &&
	       (rt6->rt6i_flags & RTF_CACHE) &&
	       ipv6_addr_equal(&rt6->rt6i_dst.addr, &addr->in6);
}

/* Check if an up-to-date lookup found no route to use. With IPv6 this holds for
 * local addresses only, since the generation does not count removed routes: see
 * dsr_nexthop_peek().
 */
static bool is_without(const struct net *net, const struct dsr_nexthop *nexthop)
{
	/* pairs with smp_store_release() in dsr_nexthop_lookup() */
	int genid = smp_load_acquire(&nexthop->genid);

	return !rcu_access_pointer(nexthop->dst) &&
	       genid == dsr_nexthop_genid(net, nexthop->family) &&
	       (nexthop->family == AF_INET || READ_ONCE(nexthop->local));
}

/* Check if a route may hold a device from which the kernel does not detach it:
 * the device of the routing table entry it was made from, or a device behind an
 * encapsulation.
 */
static bool may_pin(const struct dst_entry *dst, u8 family)
{
	return dst && (family == AF_INET6 || dst->lwtstate);
}

static void list_route(struct dsr_net *dn, struct dsr_backend *backend,
		       bool pins)
{
	lockdep_assert_held(&dn->routes_lock);
	if (pins)
		list_move(&backend->routed, &dn->routed);
	else if (!list_empty(&backend->routed))
		list_del_init_careful(&backend->routed);
}

/* Set @local and count it in the service. The service of a removed backend may
 * have been freed.
 */
static void set_local(struct dsr_net *dn, struct dsr_backend *backend,
		      bool local)
{
	struct dsr_service *service = backend->service;

	lockdep_assert_held(&dn->routes_lock);
	if (backend->nexthop.local == local)
		return;
	WRITE_ONCE(backend->nexthop.local, local);
	if (!backend->removed)
		WRITE_ONCE(service->here, service->here + (local ? 1 : -1));
}

/**
 * dsr_nexthop_lookup() - look the route up again, if it may have changed
 * @net: namespace
 * @nexthop: next hop without a route, or with a route that is out of date
 *
 * After the notifier has run for a device, this cannot cache a route by that
 * device: before the kernel calls the notifier, it removes the routes of the
 * device and waits for all RCU readers, and this runs under RCU.
 *
 * Context: rcu_read_lock(). Takes struct dsr_net.routes_lock.
 * Return: as dsr_nexthop_get().
 */
struct dst_entry *dsr_nexthop_lookup(struct net *net,
				     struct dsr_nexthop *nexthop)
{
	int genid = dsr_nexthop_genid(net, nexthop->family);
	struct dsr_net *dn = backend_of(nexthop)->dn;
	struct dst_entry *dst, *old;
	bool local = false;
	u32 cookie = 0;
	bool pins, keep;

	if (is_without(net, nexthop))
		return NULL;
	dst = route_to(net, nexthop->family, &nexthop->addr);
	if (dst == ERR_PTR(-ENOBUFS) || dst == ERR_PTR(-ENOMEM))
		return NULL;	/* transient: the next packet looks up again */
	if (IS_ERR(dst)) {
		dst = NULL;
	} else if (!is_on_link(dst, nexthop->family, &nexthop->addr)) {
		local = is_local(dst, nexthop->family);
		dst_release(dst);
		dst = NULL;
	} else if (nexthop->family == AF_INET6) {
		cookie = rt6_get_cookie(dst_rt6_info(dst));
	}
	pins = may_pin(dst, nexthop->family);
	keep = !pins || !READ_ONCE(unregistering);
	spin_lock_bh(&dn->routes_lock);
	old = rcu_replace_pointer(nexthop->dst, keep ? dst : NULL,
				  lockdep_is_held(&dn->routes_lock));
	WRITE_ONCE(nexthop->cookie, cookie);
	set_local(dn, backend_of(nexthop), local);
	/* If the routing table has changed since @genid was read, or if the
	 * route is not kept, the next packet looks up again.
	 */
	smp_store_release(&nexthop->genid, keep ? genid : genid - 1);
	list_route(dn, backend_of(nexthop), pins && keep);
	spin_unlock_bh(&dn->routes_lock);
	/* Both routes may have readers; dst_release() frees after RCU. */
	dst_release(old);
	if (!keep)
		dst_release(dst);
	return dst;
}

/* Release the route and mark it out of date: the next packet looks it up. */
static void release_route(struct dsr_net *dn, struct dsr_backend *backend)
{
	struct dsr_nexthop *nexthop = &backend->nexthop;
	struct dst_entry *dst;

	dst = rcu_replace_pointer(nexthop->dst, NULL,
				  lockdep_is_held(&dn->routes_lock));
	/* as in dsr_nexthop_lookup() */
	smp_store_release(&nexthop->genid, nexthop->genid - 1);
	dst_release(dst);
	/* ORDER: last, since @backend may be freed from now on */
	list_route(dn, backend, false);
}

/**
 * dsr_nexthop_release_routes() - release all routes that may pin a device
 * @dn: balancer
 *
 * Includes the routes of removed backends that connections still refer to.
 * Releases the routes by all devices, not by one only. So a route released here
 * was looked up since the last call, and the work is bounded by the number of
 * lookups.
 *
 * Context: process context, sleeps.
 */
void dsr_nexthop_release_routes(struct dsr_net *dn)
{
	struct dsr_backend *backend, *next;
	LIST_HEAD(routed);
	bool more;
	int left;

	/* Take the list: routes that are looked up meanwhile are left alone. */
	spin_lock_bh(&dn->routes_lock);
	list_splice_init(&dn->routed, &routed);
	spin_unlock_bh(&dn->routes_lock);
	do {
		left = RELEASE_BATCH;
		spin_lock_bh(&dn->routes_lock);
		list_for_each_entry_safe(backend, next, &routed, routed) {
			if (!left--)
				break;
			release_route(dn, backend);
		}
		more = !list_empty(&routed);
		spin_unlock_bh(&dn->routes_lock);
		cond_resched();
	} while (more);
}

static void refuse_gateway(struct dsr_net *dn, u8 family,
			   const struct dst_entry *dst,
			   struct netlink_ext_ack *extack)
{
	if (family == AF_INET6)
		dsr_extack_fmt(&dn->messages, extack,
			       "backend is behind a gateway: use a tunnel (docs/layouts.md)",
			       "backend is behind gateway %pI6c: use a tunnel",
			       &dst_rt6_info(dst)->rt6i_gateway);
	else if (dst_rtable(dst)->rt_gw_family == AF_INET6)
		NL_SET_ERR_MSG(extack,
			       "backend is behind an IPv6 gateway: use a tunnel (docs/layouts.md)");
	else
		dsr_extack_fmt(&dn->messages, extack,
			       "backend is behind a gateway: use a tunnel (docs/layouts.md)",
			       "backend is behind the gateway %pI4: use a tunnel (docs/layouts.md)",
			       &dst_rtable(dst)->rt_gw4);
}

static bool is_host(u8 family, const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		return !ipv4_is_zeronet(addr->ip) &&
		       !ipv4_is_multicast(addr->ip) &&
		       !ipv4_is_lbcast(addr->ip);
	return ipv6_addr_type(&addr->in6) & IPV6_ADDR_UNICAST;
}

/**
 * dsr_nexthop_check() - check that an address can be a next hop
 * @dn: balancer
 * @family: address family of @addr
 * @addr: address
 * @extack: gets the error message
 *
 * Context: process context, holds dn->lock.
 * Return: 0, or an error with a message in @extack: -%EINVAL if the address is
 * not unicast or is link-local, so can never be a next hop; -%EHOSTUNREACH if
 * the address is not on-link, which may change.
 */
int dsr_nexthop_check(struct dsr_net *dn, u8 family,
		      const union nf_inet_addr *addr,
		      struct netlink_ext_ack *extack)
{
	struct dst_entry *dst;
	int err = -EHOSTUNREACH;

	lockdep_assert_held(&dn->lock);
	if (!is_host(family, addr)) {
		NL_SET_ERR_MSG(extack,
			       "the backend's address must be unicast");
		return -EINVAL;
	}
	if (family == AF_INET6 &&
	    ipv6_addr_type(&addr->in6) & IPV6_ADDR_LINKLOCAL) {
		NL_SET_ERR_MSG(extack,
			       "a link-local address does not name its link: give another address of the backend");
		return -EINVAL;
	}
	dst = route_to(dn->net, family, addr);
	if (IS_ERR(dst)) {
		NL_SET_ERR_MSG(extack,
			       "no route to the backend: it must be on-link; if its device is in a VRF, add a route to the main table, as 'ip route add ADDR dev DEV'");
		return err;
	}
	if (is_local(dst, family) || is_on_link(dst, family, addr)) {
		err = 0;
	} else if (family == AF_INET &&
		   dst_rtable(dst)->rt_type != RTN_UNICAST) {
		NL_SET_ERR_MSG(extack,
			       "the backend's address must be unicast");
		err = -EINVAL;
	} else {
		refuse_gateway(dn, family, dst, extack);
	}
	dst_release(dst);
	return err;
}
EXPORT_SYMBOL_GPL(dsr_nexthop_check);

/** dsr_nexthop_init() - set up @nexthop for @addr
 *
 * Does not look up the route; the first packet does.
 */
void dsr_nexthop_init(struct dsr_net *dn, struct dsr_nexthop *nexthop,
		      u8 family, const union nf_inet_addr *addr)
{
	struct dsr_backend *backend = backend_of(nexthop);

	backend->dn = dn;
	INIT_LIST_HEAD(&backend->routed);
	nexthop->cookie = 0;
	nexthop->family = family;
	nexthop->addr = *addr;
	nexthop->local = false;
	RCU_INIT_POINTER(nexthop->dst, NULL);
	nexthop->genid = dsr_nexthop_genid(dn->net, family) - 1; /* out of date */
}

/**
 * dsr_nexthop_remove() - mark a backend as removed from its service
 * @nexthop: next hop of the backend
 *
 * Sets struct dsr_backend.removed, and no longer counts the backend in
 * struct dsr_service.here. The caller frees the service, if at all, a grace
 * period after this.
 *
 * Context: holds struct dsr_net.lock.
 */
void dsr_nexthop_remove(struct dsr_nexthop *nexthop)
{
	struct dsr_backend *backend = backend_of(nexthop);
	struct dsr_service *service = backend->service;
	struct dsr_net *dn = backend->dn;

	spin_lock_bh(&dn->routes_lock);
	if (nexthop->local)
		WRITE_ONCE(service->here, service->here - 1);
	/* see dsr_backend_is_removed() */
	smp_store_release(&backend->removed, true);
	spin_unlock_bh(&dn->routes_lock);
}

/**
 * dsr_nexthop_exit() - release the route, once no packet uses @nexthop
 * @nexthop: next hop
 *
 * The namespace may be gone: then no backend of it is in dsr_net.routed.
 *
 * Context: softirq.
 */
void dsr_nexthop_exit(struct dsr_nexthop *nexthop)
{
	struct dsr_backend *backend = backend_of(nexthop);
	struct dsr_net *dn = backend->dn;

	rcu_read_lock();	/* for @dn, while @backend is listed */
	if (!list_empty_careful(&backend->routed)) {
		spin_lock_bh(&dn->routes_lock);
		list_route(dn, backend, false);
		spin_unlock_bh(&dn->routes_lock);
	}
	rcu_read_unlock();
	dst_release(rcu_dereference_protected(nexthop->dst, true));
}

static int on_event(struct notifier_block *block, unsigned long event,
		    void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);

	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		dsr_nexthop_release_routes(dsr_net(dev_net(dev)));
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

/** dsr_nexthop_register() - register the netdevice notifier
 *
 * Call after dsr_netns_init(): the notifier uses the balancer of the namespace.
 */
int __init dsr_nexthop_register(void)
{
	return register_netdevice_notifier(&notifier);
}

/**
 * dsr_nexthop_unregister() - unregister the netdevice notifier
 *
 * Unregistering calls the notifier with NETDEV_DOWN and NETDEV_UNREGISTER for
 * all devices. That releases all routes that may pin a device, and
 * @unregistering prevents new ones.
 */
void dsr_nexthop_unregister(void)
{
	WRITE_ONCE(unregistering, true);
	synchronize_net();	/* wait for lookups that have not seen it */
	unregister_netdevice_notifier(&notifier);
}
