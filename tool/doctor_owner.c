// SPDX-License-Identifier: GPL-2.0
/*
 * The machines that claim a VIP: ARP asks for them on the devices that clients come
 * by. A backend that answers takes the clients past the balancer, and two machines
 * that answer share them at random.
 */
#include <linux/dsr.h>
#include <linux/if.h>
#include <string.h>
#include <unistd.h>

#include "arp.h"
#include "attr.h"
#include "doctor.h"

/* Check if an address was asked for on a device; else note that it is now. */
static bool is_asked(struct owners *owners, const struct addr *vip, int ifindex)
{
	size_t i;

	for (i = 0; i < owners->count; i++)
		if (owners->one[i].ifindex == ifindex &&
		    addr_same(&owners->one[i].vip, vip))
			return true;
	if (owners->count == OWNERS_MAX)
		return true;
	owners->one[owners->count].vip = *vip;
	owners->one[owners->count++].ifindex = ifindex;
	return false;
}

static void ask(struct doctor *doctor, const struct addr *vip, int ifindex)
{
	struct rtnl_link *link = host_device(&doctor->host, ifindex);
	struct nl_addr *mac = link ? rtnl_link_get_addr(link) : NULL;
	struct addr from;

	if (vip->family != AF_INET || !mac || nl_addr_get_len(mac) != 6 ||
	    rtnl_link_get_flags(link) & (IFF_LOOPBACK | IFF_NOARP) ||
	    !(rtnl_link_get_flags(link) & IFF_UP) ||
	    !host_sees_ip(&doctor->host, ifindex) ||
	    !host_device_address(&doctor->host, ifindex, AF_INET, vip, &from) ||
	    is_asked(&doctor->owners, vip, ifindex))
		return;
	arp_ask(doctor->owners.fd, ifindex, nl_addr_get_binary_addr(mac),
		from.in, vip->in);
}

/* A VIP that this machine has on lo may be asked for by any device. */
static void ask_everywhere(struct doctor *doctor, const struct addr *vip)
{
	struct nl_object *object;

	for (object = nl_cache_get_first(doctor->host.links); object;
	     object = nl_cache_get_next(object))
		ask(doctor, vip,
		    rtnl_link_get_ifindex((struct rtnl_link *)object));
}

/**
 * doctor_owners_begin() - ask for the VIPs that the services name
 * @doctor: the machine, with the services as they are so far
 */
void doctor_owners_begin(struct doctor *doctor)
{
	struct service_info service;
	struct host_route way;
	struct addr vip;
	size_t i;

	doctor->owners.fd = arp_open();
	if (doctor->owners.fd < 0)
		return;
	for (i = 0; i < doctor->services.count; i++) {
		if (doctor->owners.count == OWNERS_MAX)
			break;
		if (!service_parse_reply(doctor->services.reply[i], &service) ||
		    !addr_get(service.tb[DSR_SERVICE_A_VIP], &vip) ||
		    vip.family != AF_INET)
			continue;
		host_route(&doctor->host, &vip, &way);
		if (way.local)
			ask_everywhere(doctor, &vip);
		else if (way.found && !way.gateway.family)
			ask(doctor, &vip, way.ifindex);
	}
}

/**
 * doctor_owners_ask() - ask for an address that a client has connected to
 * @seen: the client's packet
 * @arg: struct doctor
 */
void doctor_owners_ask(const struct seen *seen, void *arg)
{
	struct doctor *doctor = arg;

	if (doctor->owners.fd >= 0 && !seen->out && !seen->answer)
		ask(doctor, &seen->dst, seen->ifindex);
}

static bool is_own_mac(const struct doctor *doctor, const uint8_t *mac)
{
	struct nl_object *object;
	struct nl_addr *its;

	for (object = nl_cache_get_first(doctor->host.links); object;
	     object = nl_cache_get_next(object)) {
		its = rtnl_link_get_addr((struct rtnl_link *)object);
		if (its && nl_addr_get_len(its) == 6 &&
		    !memcmp(nl_addr_get_binary_addr(its), mac, 6))
			return true;
	}
	return false;
}

/* Find the backend that has a MAC address. Where a backend is a machine that has a
 * balancer as well, such as this one, it may be the one that is to answer now.
 */
static bool find_backend(const struct doctor *doctor, const uint8_t *mac,
			 struct addr *found)
{
	struct backend_info backend;
	const struct nlattr *its;
	bool known = false;
	size_t i;

	for (i = 0; i < doctor->backends.count; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend))
			continue;
		if (attr_u8(backend.tb[DSR_BACKEND_A_STATE]) ==
		    DSR_BACKEND_LOCAL)
			return false;
		its = backend.tb[DSR_BACKEND_A_MAC];
		if (its && nla_len(its) == 6 && !memcmp(nla_data(its), mac, 6))
			known = addr_get(backend.tb[DSR_BACKEND_A_ADDR], found);
	}
	return known;
}

static void not_silent(struct doctor *doctor, const struct arp_answer *answer,
		       const char *vip, const struct addr *backend)
{
	struct findings *findings = &doctor->findings;
	char name[INET6_ADDRSTRLEN];

	if (!finding_begin(findings, "backend-not-silent", "vip %s", vip))
		return;
	addr_name(backend, name);
	finding_what(findings,
		     "the backend %s answers ARP for %s on %s, as if it had the clients there",
		     name, vip,
		     host_device_name(&doctor->host, answer->ifindex));
	finding_why(findings,
		    "a router that hears it sends it all clients, past the balancer; a real server that has the VIP has to hide it");
	finding_mend(findings, "ssh root@%s dsrctl real silence %s", name, vip);
}

/* Take the VIP from the other machine, or from this one if no address of the other one
 * is known.
 */
static void take_one(struct doctor *doctor, const struct arp_answer *answer,
		     const struct addr *vip, int owner)
{
	struct findings *findings = &doctor->findings;
	char name[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];
	const char *dev = host_device_name(&doctor->host, owner);
	unsigned int bits = host_prefix(&doctor->host, vip);
	struct addr other;

	addr_name(vip, text);
	if (host_neighbour_of(&doctor->host, answer->ifindex, answer->mac,
			      vip, &other)) {
		finding_why(findings,
			    "each router takes the one that it hears last, and connections break; of two balancers, both believe that they are active: look why VRRP does not get through. Until then take the VIP from the other one as below, or from this one by 'ip address del %s/%u dev %s'",
			    text, bits, dev);
		finding_mend(findings,
			     "ssh root@%s 'ip -o address show to %s | while read -r _ dev _ addr _; do ip address del $addr dev $dev; done'",
			     addr_name(&other, name), text);
		return;
	}
	finding_why(findings,
		    "each router takes the one that it hears last, and connections break; of two balancers, both believe that they are active: look why VRRP does not get through. Until then one of them has to give the VIP up");
	finding_mend(findings, "ip address del %s/%u dev %s", text, bits, dev);
}

static void claimed_twice(struct doctor *doctor,
			  const struct arp_answer *answer,
			  const struct addr *vip, int owner)
{
	struct findings *findings = &doctor->findings;
	const uint8_t *mac = answer->mac;
	char name[INET6_ADDRSTRLEN];

	addr_name(vip, name);
	if (!finding_begin(findings, "vip-duplicate", "vip %s", name))
		return;
	finding_what(findings,
		     "this machine has %s, and on %s the machine %02x:%02x:%02x:%02x:%02x:%02x answers ARP for it, too",
		     name, host_device_name(&doctor->host, answer->ifindex),
		     mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	take_one(doctor, answer, vip, owner);
}

/**
 * doctor_owners() - look at the machines that have answered
 * @doctor: the machine
 */
void doctor_owners(struct doctor *doctor)
{
	struct addr vip = { .family = AF_INET }, backend;
	char name[INET6_ADDRSTRLEN];
	struct arp_answer answer;
	unsigned int left = OWNERS_ANSWERS_MAX;
	size_t i;
	int owner;

	while (doctor->owners.fd >= 0 && left-- &&
	       arp_read(doctor->owners.fd, &answer)) {
		vip.in = answer.addr;
		for (i = 0; i < doctor->owners.count; i++)
			if (doctor->owners.one[i].ifindex == answer.ifindex &&
			    addr_same(&doctor->owners.one[i].vip, &vip))
				break;
		if (i == doctor->owners.count || is_own_mac(doctor, answer.mac))
			continue;
		addr_name(&vip, name);
		if (find_backend(doctor, answer.mac, &backend))
			not_silent(doctor, &answer, name, &backend);
		else if (host_has(&doctor->host, &vip, &owner) &&
			 doctor_is_heard(doctor, &vip, owner))
			claimed_twice(doctor, &answer, &vip, owner);
	}
}
