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

/* Nothing hears of devices any more, so no route that may pin one is kept. */
static bool unregistering;

static struct dsr_backend *backend_of(struct dsr_nexthop *nexthop)
{
	return container_of(nexthop, struct dsr_backend, nexthop);
}

/* A route to @addr that names @addr itself as the next hop, whatever the
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
	/* FLOWI_FLAG_KNOWN_NH makes a route of its own for an address on-link,
	 * which names it as the next hop.
	 */
	rt6 = dst_rt6_info(dst);
	return !(rt6->rt6i_flags & (RTF_GATEWAY | RTF_LOCAL | RTF_ANYCAST)) &&
	       (rt6->rt6i_flags & RTF_CACHE) &&
	       ipv6_addr_equal(&rt6->rt6i_dst.addr, &addr->in6);
}

/* Whether there was no route, and still is none. Of IPv6 only its own address
 * is known as such: see dsr_nexthop_peek().
 */
static bool is_without(const struct net *net, const struct dsr_nexthop *nexthop)
{
	/* What was found for a generation was written before it. */
	int genid = smp_load_acquire(&nexthop->genid);

	return !rcu_access_pointer(nexthop->dst) &&
	       genid == dsr_nexthop_genid(net, nexthop->family) &&
	       (nexthop->family == AF_INET || READ_ONCE(nexthop->local));
}

/* Whether a route may hold a device that the kernel does not take from it: that
 * of the entry it was made from, or one behind an encapsulation.
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

/* A removed backend is not its service's any more, which may be gone. */
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
 * dsr_nexthop_lookup() - look the route up again, if that can bring one
 * @net: namespace
 * @nexthop: which has no route, or one that is out of date
 *
 * No route by a device is kept after the kernel has told that it goes away:
 * before it tells, it takes the device's routes away, and waits for all that
 * run under RCU here.
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
		return NULL;	/* not for good: the next packet asks again */
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
	/* A change during the look-up makes the next packet look again, and so
	 * does what is not kept.
	 */
	smp_store_release(&nexthop->genid, keep ? genid : genid - 1);
	list_route(dn, backend_of(nexthop), pins && keep);
	spin_unlock_bh(&dn->routes_lock);
	/* These free after a grace period: both may have readers. */
	dst_release(old);
	if (!keep)
		dst_release(dst);
	return dst;
}

/* Packets look it up again: it is out of date. */
static void release_route(struct dsr_net *dn, struct dsr_backend *backend)
{
	struct dsr_nexthop *nexthop = &backend->nexthop;
	struct dst_entry *dst;

	dst = rcu_replace_pointer(nexthop->dst, NULL,
				  lockdep_is_held(&dn->routes_lock));
	/* as in dsr_nexthop_lookup() */
	smp_store_release(&nexthop->genid, nexthop->genid - 1);
	dst_release(dst);
	/* Last: @backend may be freed from now on. */
	list_route(dn, backend, false);
}

/**
 * dsr_nexthop_release_routes() - let go of all devices
 * @dn: balancer
 *
 * Releases all routes of its namespace that may pin a device, those of removed
 * backends that connections still refer to among them. All and not those of one
 * device, so that each step here was paid for by a look-up before.
 *
 * Context: process context, sleeps.
 */
void dsr_nexthop_release_routes(struct dsr_net *dn)
{
	struct dsr_backend *backend, *next;
	LIST_HEAD(routed);
	bool more;
	int left;

	/* What is looked up meanwhile is not for now. */
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
			       "backend is not on-link: it would go through a gateway",
			       "backend is not on-link: it would go through the gateway %pI6c",
			       &dst_rt6_info(dst)->rt6i_gateway);
	else if (dst_rtable(dst)->rt_gw_family == AF_INET6)
		NL_SET_ERR_MSG(extack,
			       "backend is not on-link: it would go through an IPv6 gateway");
	else
		dsr_extack_fmt(&dn->messages, extack,
			       "backend is not on-link: it would go through a gateway",
			       "backend is not on-link: it would go through the gateway %pI4",
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
 * dsr_nexthop_check() - whether an address can be a next hop
 * @dn: balancer
 * @family: of @addr
 * @addr: address
 * @extack: where a refusal goes
 *
 * Context: process context, holds dn->lock.
 * Return: 0; with a sentence in @extack: -%EINVAL if it is not unicast, so that
 * it never can be one; -%EHOSTUNREACH if no device leads there without a
 * gateway, which may change.
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
			       "a backend is a host: its address must be unicast");
		return -EINVAL;
	}
	if (family == AF_INET6 &&
	    ipv6_addr_type(&addr->in6) & IPV6_ADDR_LINKLOCAL) {
		NL_SET_ERR_MSG(extack,
			       "a link-local address does not say on which link: name another address of the backend");
		return -EINVAL;
	}
	dst = route_to(dn->net, family, addr);
	if (IS_ERR(dst)) {
		NL_SET_ERR_MSG(extack,
			       "no route to the backend: it must be in a network of this machine; if that is in a VRF, let the main table have a route to it by its device");
		return err;
	}
	if (is_local(dst, family) || is_on_link(dst, family, addr)) {
		err = 0;
	} else if (family == AF_INET &&
		   dst_rtable(dst)->rt_type != RTN_UNICAST) {
		NL_SET_ERR_MSG(extack,
			       "a backend is a host: its address must be unicast");
		err = -EINVAL;
	} else {
		refuse_gateway(dn, family, dst, extack);
	}
	dst_release(dst);
	return err;
}
EXPORT_SYMBOL_GPL(dsr_nexthop_check);

/** dsr_nexthop_init() - set up @nexthop for @addr; the first packet looks up */
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
 * dsr_nexthop_remove() - its backend is no longer one of its service's
 * @nexthop: see there
 *
 * Sets struct dsr_backend.removed. The service is there until a grace period
 * from now on.
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
 * dsr_nexthop_exit() - let go of the route, once no packet uses @nexthop
 * @nexthop: see there
 *
 * The namespace may be gone: then nothing of it is listed any more.
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

/** dsr_nexthop_register() - hear of devices, once namespaces have balancers */
int __init dsr_nexthop_register(void)
{
	return register_netdevice_notifier(&notifier);
}

/**
 * dsr_nexthop_unregister() - hear of devices no more
 *
 * To end with, all of them are said to go: so no route that may pin one is
 * left, and none comes.
 */
void dsr_nexthop_unregister(void)
{
	WRITE_ONCE(unregistering, true);
	synchronize_net();	/* look-ups that have not seen it */
	unregister_netdevice_notifier(&notifier);
}
