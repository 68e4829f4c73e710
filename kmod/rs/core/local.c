// SPDX-License-Identifier: GPL-2.0
/*
 * local - the machine's own addresses; see local.h
 */

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "core/local.h"
#include "dst.h"

/* Return a VRF that has an IPv6 address: without a device, the stack's own
 * lookup looks in no VRF.
 */
static struct net_device *vrf_with(struct net *net, const struct in6_addr *addr)
{
	struct net_device *dev;

	for_each_netdev_rcu(net, dev)
		if (netif_is_l3_master(dev) &&
		    ipv6_chk_addr_and_flags(net, addr, dev, true, 0,
					    IFA_F_TENTATIVE))
			return dev;
	return NULL;
}

/**
 * dsr_rs_local_has() - true if this machine has an address
 * @net: network namespace
 * @dev: look in the VRF of this device, or in the default VRF if the device is
 *	in none; %NULL: in all of them
 * @family: address family
 * @addr: address
 *
 * Context: rcu_read_lock() if there is a @dev; else any.
 */
bool dsr_rs_local_has(struct net *net, const struct net_device *dev,
		      u8 family, const union nf_inet_addr *addr)
{
	bool found;

	if (family == AF_INET)
		return dev ? inet_addr_type_dev_table(net, dev, addr->ip) ==
			     RTN_LOCAL : !!__ip_dev_find(net, addr->ip, false);
	if (ipv6_chk_addr_and_flags(net, &addr->in6, dev, true, 0,
				    IFA_F_TENTATIVE))
		return true;
	if (dev)
		return false;
	rcu_read_lock();
	found = vrf_with(net, &addr->in6);
	rcu_read_unlock();
	return found;
}

/**
 * dsr_rs_local_is_routed() - true if the stack delivers an address locally
 * @net: network namespace
 * @dev: as for dsr_rs_local_has(), but %NULL means the default VRF
 * @family: address family
 * @addr: address; no device needs to have it
 *
 * Context: rcu_read_lock() if there is a @dev; else any.
 */
bool dsr_rs_local_is_routed(struct net *net, const struct net_device *dev,
			    u8 family, const union nf_inet_addr *addr)
{
	struct flowi6 fl6 = {};
	struct dst_entry *dst;
	bool routed;

	if (family == AF_INET)
		return inet_addr_type_dev_table(net, dev, addr->ip) ==
		       RTN_LOCAL;
	if (!ipv6_mod_enabled())
		return false;
	fl6.daddr = addr->in6;
	fl6.flowi6_oif = l3mdev_master_ifindex_rcu(dev);
	dst = ip6_route_lookup(net, &fl6, NULL, 0);
	routed = !dst->error &&
		 dst_rt6_info(dst)->rt6i_flags & RTF_LOCAL;
	dst_release(dst);
	return routed;
}

/**
 * dsr_rs_local_is_elsewhere() - true if another machine could have an address
 * @net: network namespace
 * @dev: ingress device of the packet
 * @family: address family
 * @addr: destination of the packet
 *
 * Context: rcu_read_lock().
 */
bool dsr_rs_local_is_elsewhere(struct net *net, const struct net_device *dev,
			       u8 family, const union nf_inet_addr *addr)
{
	int type;

	if (family == AF_INET)
		return inet_addr_type_dev_table(net, dev, addr->ip) ==
		       RTN_UNICAST;
	type = ipv6_addr_type(&addr->in6);
	return type & IPV6_ADDR_UNICAST &&
	       !(type & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK |
			 IPV6_ADDR_MAPPED)) &&
	       !dsr_rs_local_has(net, dev, AF_INET6, addr);
}

/**
 * dsr_rs_local_device() - find a device, or its VRF, that has an address
 * @net: network namespace
 * @family: address family
 * @addr: address
 *
 * Context: rcu_read_lock().
 * Return: the device, or %NULL.
 */
struct net_device *dsr_rs_local_device(struct net *net, u8 family,
				       const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		return __ip_dev_find(net, addr->ip, false);
	return ipv6_dev_find(net, &addr->in6, NULL) ?:
	       vrf_with(net, &addr->in6);
}

/* Find the address that this machine would talk to a client from. A server that
 * sets the source of each answer, or is connected, answers from the address
 * that it was asked at. A server that leaves the source to the stack, as with
 * UDP, answers from this address.
 */
static bool source4_to(struct net *net, const struct net_device *dev,
		       __be32 client, union nf_inet_addr *addr)
{
	struct flowi4 fl4 = {
		.daddr = client,
		.flowi4_oif = l3mdev_master_ifindex_rcu(dev),
	};
	struct rtable *rt = ip_route_output_key(net, &fl4);

	if (IS_ERR(rt))
		return false;
	ip_rt_put(rt);
	addr->ip = fl4.saddr;
	return !ipv4_is_loopback(addr->ip) &&
	       dsr_rs_local_has(net, dev, AF_INET, addr);
}

/* Without a route choose as REDIRECT does: the primary address of the ingress
 * device, or else one of the machine.
 */
static bool address4_of(const struct net_device *dev, union nf_inet_addr *addr)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;

	if (!in_dev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		if (ifa->ifa_flags & IFA_F_SECONDARY)
			continue;
		addr->ip = ifa->ifa_local;
		return true;
	}
	addr->ip = inet_select_addr(dev, 0, RT_SCOPE_UNIVERSE);
	return addr->ip;
}

/* Exclude temporary addresses (RFC 8981): they are for outgoing connections. */
static bool is_lasting(struct net *net, const struct net_device *dev,
		       const struct in6_addr *addr)
{
	return ipv6_chk_addr_and_flags(net, addr, dev, true, 0,
				       IFA_F_TENTATIVE | IFA_F_TEMPORARY);
}

/* IPv6 form of source4_to(). */
static bool source6_to(struct net *net, const struct net_device *dev,
		       const struct dsr_rs_tuple *tuple,
		       union nf_inet_addr *addr)
{
	struct flowi6 fl6 = {
		.daddr = tuple->client.in6,
		.flowi6_oif = tuple->zone ?: l3mdev_master_ifindex_rcu(dev),
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);
	const struct fib6_info *from;
	bool found = false;

	if (dst->error)
		goto release;
	from = rcu_dereference(dst_rt6_info(dst)->from);
	if (from && from->fib6_prefsrc.plen) {
		addr->in6 = from->fib6_prefsrc.addr;
		found = true;
	} else {
		found = !ipv6_dev_get_saddr(net, dst->dev, &fl6.daddr,
					    IPV6_PREFER_SRC_PUBLIC,
					    &addr->in6);
	}
	found = found && !ipv6_addr_loopback(&addr->in6) &&
		is_lasting(net, dev, &addr->in6);
release:
	dst_release(dst);
	return found;
}

/* Choose as ip6tables' REDIRECT does, except for link-local addresses, which
 * REDIRECT takes as a last resort: a client elsewhere cannot be answered from
 * one.
 */
static bool address6_of(const struct net_device *dev, union nf_inet_addr *addr)
{
	struct inet6_dev *idev = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;
	bool found = false;

	if (!idev)
		return false;
	read_lock_bh(&idev->lock);
	list_for_each_entry(ifa, &idev->addr_list, if_list) {
		if (ifa->flags & (IFA_F_DADFAILED | IFA_F_DEPRECATED |
				  IFA_F_TEMPORARY) ||
		    (ifa->flags & IFA_F_TENTATIVE &&
		     !(ifa->flags & IFA_F_OPTIMISTIC)) ||
		    ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL)
			continue;
		addr->in6 = ifa->addr;
		found = true;
		break;
	}
	read_unlock_bh(&idev->lock);
	return found;
}

/* Return true if a device delivers its ingress packets to 127.0.0.0/8. */
static bool routes_loopback(const struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);

	return dev->flags & IFF_LOOPBACK ||
	       (in_dev && IN_DEV_ROUTE_LOCALNET(in_dev));
}

/**
 * dsr_rs_local_routes_loopback() - true if loopback addresses can be targets
 * @net: network namespace
 *
 * They can if a device other than the loopback device delivers packets to
 * 127.0.0.0/8.
 *
 * Context: any.
 */
bool dsr_rs_local_routes_loopback(struct net *net)
{
	const struct net_device *dev;
	bool found = false;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev)
		if (!(dev->flags & IFF_LOOPBACK) && routes_loopback(dev)) {
			found = true;
			break;
		}
	rcu_read_unlock();
	return found;
}

/**
 * dsr_rs_local_target() - find the local address and port for a request
 * @net: network namespace
 * @dev: ingress device of the request
 * @to: target of its rule
 * @tuple: its ends on the wire
 * @target: @local, @lport and @named are set
 *
 * Context: rcu_read_lock().
 * Return: true if there is such an address.
 */
bool dsr_rs_local_target(struct net *net, const struct net_device *dev,
			 const struct dsr_rs_rule_to *to,
			 const struct dsr_rs_tuple *tuple,
			 struct dsr_rs_target *target)
{
	target->lport = to->port ?: tuple->sport;
	target->named = to->family;
	if (to->family) {
		target->local = to->addr;
		if (to->family == AF_INET && ipv4_is_loopback(to->addr.ip) &&
		    !routes_loopback(l3mdev_master_dev_rcu(dev) ?: dev))
			return false;
		return dsr_rs_local_has(net, dev, to->family, &to->addr);
	}
	if (tuple->family == AF_INET)
		return source4_to(net, dev, tuple->client.ip, &target->local) ||
		       address4_of(dev, &target->local);
	return source6_to(net, dev, tuple, &target->local) ||
	       address6_of(dev, &target->local);
}
