// SPDX-License-Identifier: GPL-2.0
/*
 * This machine: devices, addresses and neighbours, each read once, and the
 * routes that are asked for.
 */
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "host.h"
#include "report.h"
#include "socket.h"

static bool is_same(const struct nl_addr *nl, const struct addr *addr)
{
	struct addr other;

	addr_from_nl(&other, nl);
	return addr_same(&other, addr);
}

/**
 * host_read() - read devices, addresses and neighbours
 * @host: set; for host_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int host_read(struct host *host)
{
	int err;

	memset(host, 0, sizeof(*host));
	host->sock = socket_open_host();
	if (!host->sock)
		return DSRCTL_REFUSED;
	err = rtnl_link_alloc_cache(host->sock, AF_UNSPEC, &host->links);
	if (!err)
		err = rtnl_addr_alloc_cache(host->sock, &host->addrs);
	if (!err)
		err = rtnl_neigh_alloc_cache(host->sock, &host->neighs);
	if (!err)
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "cannot read this machine's devices and addresses: %s",
			    nl_geterror(err));
}

/**
 * host_free() - forget what host_read() has read
 * @host: the machine
 */
void host_free(struct host *host)
{
	nl_cache_free(host->links);
	nl_cache_free(host->addrs);
	nl_cache_free(host->neighs);
	if (host->sock)
		socket_close(host->sock);
	memset(host, 0, sizeof(*host));
}

/**
 * host_device() - find a device
 * @host: the machine
 * @ifindex: its number
 *
 * Return: the device, which lives as long as @host; NULL if there is none.
 */
struct rtnl_link *host_device(const struct host *host, int ifindex)
{
	struct rtnl_link *link = rtnl_link_get(host->links, ifindex);

	/* the cache has it, too */
	if (link)
		rtnl_link_put(link);
	return link;
}

/**
 * host_device_name() - name of a device
 * @host: the machine
 * @ifindex: its number
 *
 * Return: its name, or "?" if there is none.
 */
const char *host_device_name(const struct host *host, int ifindex)
{
	struct rtnl_link *link = host_device(host, ifindex);

	return link ? rtnl_link_get_name(link) : "?";
}

static bool is_kind(struct rtnl_link *link, const char *kind)
{
	const char *its = link ? rtnl_link_get_type(link) : NULL;

	return its && !strcmp(its, kind);
}

/**
 * host_sees_ip() - check if IP takes the packets of a device as they come in
 * @host: the machine
 * @ifindex: the device
 *
 * A port of a bridge or a bond shows the traffic of that device as well; a device of
 * a VRF and the VRF both show the same packets.
 */
bool host_sees_ip(const struct host *host, int ifindex)
{
	struct rtnl_link *link = host_device(host, ifindex);
	int master = link ? rtnl_link_get_master(link) : 0;

	if (!link || rtnl_link_get_flags(link) & IFF_LOOPBACK ||
	    is_kind(link, "vrf"))
		return false;
	return !master || is_kind(host_device(host, master), "vrf");
}

/**
 * host_has() - check if an address is this machine's
 * @host: the machine
 * @addr: the address
 * @ifindex: set to the device that has it; may be NULL
 */
bool host_has(const struct host *host, const struct addr *addr, int *ifindex)
{
	struct nl_object *object;
	struct rtnl_addr *one;

	for (object = nl_cache_get_first(host->addrs); object;
	     object = nl_cache_get_next(object)) {
		one = (struct rtnl_addr *)object;
		if (!is_same(rtnl_addr_get_local(one), addr))
			continue;
		if (ifindex)
			*ifindex = rtnl_addr_get_ifindex(one);
		return true;
	}
	return false;
}

/**
 * host_prefix() - length of the prefix of an address of this machine
 * @host: the machine
 * @addr: the address
 *
 * Return: the length; 0 if the machine does not have the address.
 */
unsigned int host_prefix(const struct host *host, const struct addr *addr)
{
	struct nl_object *object;
	struct rtnl_addr *one;

	for (object = nl_cache_get_first(host->addrs); object;
	     object = nl_cache_get_next(object)) {
		one = (struct rtnl_addr *)object;
		if (is_same(rtnl_addr_get_local(one), addr))
			return rtnl_addr_get_prefixlen(one);
	}
	return 0;
}

/**
 * host_only_address() - find the only address that this machine has outside lo
 * @host: the machine
 * @family: AF_INET or AF_INET6
 * @only: set to it
 *
 * Return: whether there is just one.
 */
bool host_only_address(const struct host *host, int family, struct addr *only)
{
	struct nl_object *object;
	struct rtnl_link *link;
	struct rtnl_addr *one;
	int count = 0;

	for (object = nl_cache_get_first(host->addrs); object;
	     object = nl_cache_get_next(object)) {
		one = (struct rtnl_addr *)object;
		link = host_device(host, rtnl_addr_get_ifindex(one));
		if (rtnl_addr_get_family(one) != family || !link ||
		    rtnl_link_get_flags(link) & IFF_LOOPBACK ||
		    rtnl_addr_get_scope(one) != RT_SCOPE_UNIVERSE)
			continue;
		addr_from_nl(only, rtnl_addr_get_local(one));
		count++;
	}
	return count == 1;
}

/**
 * host_device_address() - find an address that a device has
 * @host: the machine
 * @ifindex: the device
 * @family: AF_INET or AF_INET6
 * @other: not this one
 * @addr: set to the first that is valid beyond its link
 *
 * Return: whether there is one.
 */
bool host_device_address(const struct host *host, int ifindex, int family,
			 const struct addr *other, struct addr *addr)
{
	struct nl_object *object;
	struct rtnl_addr *one;

	for (object = nl_cache_get_first(host->addrs); object;
	     object = nl_cache_get_next(object)) {
		one = (struct rtnl_addr *)object;
		if (rtnl_addr_get_ifindex(one) != ifindex ||
		    rtnl_addr_get_family(one) != family ||
		    (family == AF_INET6 &&
		     rtnl_addr_get_scope(one) != RT_SCOPE_UNIVERSE))
			continue;
		addr_from_nl(addr, rtnl_addr_get_local(one));
		if (!addr_same(addr, other))
			return true;
	}
	return false;
}

/* Check if an address is in the network of an address of this machine. */
static bool is_in(struct rtnl_addr *net, const struct addr *addr)
{
	struct addr local;
	uint8_t *one = (uint8_t *)&local.in6, *other = (uint8_t *)&addr->in6;
	int bits = rtnl_addr_get_prefixlen(net), i;

	addr_from_nl(&local, rtnl_addr_get_local(net));
	if (local.family != addr->family)
		return false;
	for (i = 0; i < bits; i++)
		if ((one[i / 8] ^ other[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

/**
 * host_down_device() - find a device that is down and leads to an address
 * @host: the machine
 * @addr: the address
 *
 * Return: the device, or 0.
 */
int host_down_device(const struct host *host, const struct addr *addr)
{
	struct nl_object *object;
	struct rtnl_link *link;
	struct rtnl_addr *one;

	for (object = nl_cache_get_first(host->addrs); object;
	     object = nl_cache_get_next(object)) {
		one = (struct rtnl_addr *)object;
		link = host_device(host, rtnl_addr_get_ifindex(one));
		if (link && !(rtnl_link_get_flags(link) & IFF_UP) &&
		    is_in(one, addr))
			return rtnl_addr_get_ifindex(one);
	}
	return 0;
}

/**
 * host_route() - find the way to an address
 * @host: the machine
 * @addr: the address
 * @route: set
 */
void host_route(const struct host *host, const struct addr *addr,
		struct host_route *route)
{
	struct nl_addr *to = addr_to_nl(addr);
	struct rtnl_route *found = NULL;
	struct rtnl_nexthop *hop;

	memset(route, 0, sizeof(*route));
	if (!to || rtnl_route_lookup(host->sock, to, &found))
		goto put;
	route->local = rtnl_route_get_type(found) == RTN_LOCAL;
	route->found = route->local || rtnl_route_get_type(found) == RTN_UNICAST;
	if (rtnl_route_get_nnexthops(found) != 1)
		goto put;
	hop = rtnl_route_nexthop_n(found, 0);
	route->ifindex = rtnl_route_nh_get_ifindex(hop);
	if (rtnl_route_nh_get_gateway(hop))
		addr_from_nl(&route->gateway, rtnl_route_nh_get_gateway(hop));
put:
	if (found)
		rtnl_route_put(found);
	nl_addr_put(to);
}

/**
 * host_neighbour_state() - state of a neighbour, as it was read
 * @host: the machine
 * @ifindex: the device
 * @addr: the address
 *
 * Return: NUD_*; 0 if it is not in the table.
 */
int host_neighbour_state(const struct host *host, int ifindex,
			 const struct addr *addr)
{
	struct nl_addr *to = addr_to_nl(addr);
	struct rtnl_neigh *neigh;
	int state = 0;

	neigh = to ? rtnl_neigh_get(host->neighs, ifindex, to) : NULL;
	if (neigh) {
		state = rtnl_neigh_get_state(neigh);
		rtnl_neigh_put(neigh);
	}
	nl_addr_put(to);
	return state;
}

/**
 * host_neighbour_of() - find a neighbour by its MAC address
 * @host: the machine
 * @ifindex: the device
 * @mac: the MAC address
 * @other: of the family that is looked for; not this address
 * @addr: set to its first address
 *
 * Return: whether there is one.
 */
bool host_neighbour_of(const struct host *host, int ifindex,
		       const uint8_t *mac, const struct addr *other,
		       struct addr *addr)
{
	struct nl_object *object;
	struct rtnl_neigh *neigh;
	struct nl_addr *its;

	for (object = nl_cache_get_first(host->neighs); object;
	     object = nl_cache_get_next(object)) {
		neigh = (struct rtnl_neigh *)object;
		its = rtnl_neigh_get_lladdr(neigh);
		if (rtnl_neigh_get_ifindex(neigh) != ifindex || !its ||
		    rtnl_neigh_get_family(neigh) != other->family ||
		    nl_addr_get_len(its) != 6 ||
		    memcmp(nl_addr_get_binary_addr(its), mac, 6))
			continue;
		addr_from_nl(addr, rtnl_neigh_get_dst(neigh));
		if (!addr_same(addr, other))
			return true;
	}
	return false;
}

/**
 * host_ask() - have the kernel ask for the MAC address of a neighbour
 * @host: the machine
 * @ifindex: the device
 * @addr: the address
 *
 * Nothing waits for the answer: the table of neighbours will have it.
 */
void host_ask(const struct host *host, int ifindex, const struct addr *addr)
{
	struct rtnl_neigh *neigh = rtnl_neigh_alloc();
	struct nl_addr *to = addr_to_nl(addr);

	if (neigh && to) {
		rtnl_neigh_set_ifindex(neigh, ifindex);
		rtnl_neigh_set_dst(neigh, to);
		rtnl_neigh_set_flags(neigh, NTF_USE);
		rtnl_neigh_add(host->sock, neigh, NLM_F_CREATE);
	}
	nl_addr_put(to);
	if (neigh)
		rtnl_neigh_put(neigh);
}
