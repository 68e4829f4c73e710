// SPDX-License-Identifier: GPL-2.0
/*
 * The MTU of the ways to the backends: whether it is too small for what clients send.
 * A client sends as much at once as its server says that it takes, in the MSS of its
 * SYN-ACK. So a server that says more than its way takes is a fault, before any upload
 * has hung.
 */
#include <linux/dsr.h>
#include <netlink/route/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "way.h"

/* IP and TCP without options */
#define HEADERS		40
#define HEADERS_INET6	60

/* the most backends whose ways are asked for */
#define WAYS_MAX	500

static unsigned int headers(int family)
{
	return family == AF_INET6 ? HEADERS_INET6 : HEADERS;
}

/* The MTU of the device that most clients could come by. */
static unsigned int widest_visitor(const struct doctor *doctor)
{
	unsigned int mtu = 0;
	struct rtnl_link *link;
	size_t i;

	for (i = 0; i < doctor->visits.count; i++) {
		link = host_device(&doctor->host,
				   doctor->visits.one[i].first->ifindex);
		if (link && rtnl_link_get_mtu(link) > mtu)
			mtu = rtnl_link_get_mtu(link);
	}
	return mtu;
}

/* The route that the table has, and not what ICMP has said of the way. */
static bool ask_way(const struct doctor *doctor, const struct addr *backend,
		    struct way *way)
{
	*way = (struct way){ .to = *backend, .from_table = true };
	way_ask(&doctor->host, way);
	return !way->error && !way->local && way->ifindex && way->mtu;
}

/* Find the way of the smallest MTU to a backend that gets connections. */
static bool narrowest(const struct doctor *doctor, struct way *best)
{
	struct backend_info backend;
	struct addr addr, last = { 0 };
	unsigned int asked = 0;
	bool found = false;
	struct way way;
	size_t i;

	for (i = 0; i < doctor->backends.count && asked < WAYS_MAX; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend) ||
		    !backend.tb[DSR_BACKEND_A_IFINDEX] ||
		    !addr_get(backend.tb[DSR_BACKEND_A_ADDR], &addr) ||
		    addr_same(&addr, &last))
			continue;
		last = addr;
		asked++;
		if (!ask_way(doctor, &addr, &way) ||
		    (found && way.mtu >= best->mtu))
			continue;
		*best = way;
		found = true;
	}
	return found;
}

/* Check if packets to a device get a header more. */
static bool is_tunnel(struct rtnl_link *link)
{
	static const char *const kinds[] = {
		"ipip", "sit", "gre", "gretap", "erspan", "ip6tnl", "ip6gre",
		"ip6gretap", "ip6erspan", "vxlan", "geneve", "bareudp", "vti",
		"vti6", "xfrm", "wireguard", "gtp", "l2tpeth"
	};
	const char *kind = link ? rtnl_link_get_type(link) : NULL;
	size_t i;

	for (i = 0; kind && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

/* Begin the finding about the route, if that has an MTU of its own, or else about the
 * device.
 */
static bool begin(struct doctor *doctor, const struct way *way,
		  unsigned int wanted)
{
	struct rtnl_link *link = host_device(&doctor->host, way->ifindex);
	const char *dev = host_device_name(&doctor->host, way->ifindex);
	struct findings *findings = &doctor->findings;
	char to[INET6_ADDRSTRLEN], via[INET6_ADDRSTRLEN];

	if (link && way->mtu >= rtnl_link_get_mtu(link)) {
		if (!finding_begin(findings, "device-mtu", "device %s", dev))
			return false;
		/* A larger MTU of a tunnel would only move the loss to the outer path. */
		if (!is_tunnel(link))
			finding_mend(findings, "ip link set dev %s mtu %u",
				     dev, wanted);
		return true;
	}
	addr_name(&way->prefix, to);
	if (!finding_begin(findings, "route-mtu", "route %s/%u", to,
			   way->prefix_bits))
		return false;
	finding_mend(findings, "ip route change %s/%u%s%s dev %s mtu %u", to,
		     way->prefix_bits, way->gateway.family ? " via " : "",
		     way->gateway.family ? addr_name(&way->gateway, via) : "",
		     dev, wanted);
	return true;
}

/* Packets were dropped. */
static void judge_drops(struct doctor *doctor)
{
	unsigned int wanted = widest_visitor(doctor);
	struct findings *findings = &doctor->findings;
	struct way way;
	const char *dev;

	if (!counters_rise(&doctor->counters[NETLINK_LB], "drop_too_big") ||
	    !narrowest(doctor, &way) || wanted <= way.mtu ||
	    !begin(doctor, &way, wanted))
		return;
	dev = host_device_name(&doctor->host, way.ifindex);
	finding_what(findings,
		     "packets of clients are too big for the way over %s, whose MTU is %u, and come in by a device of MTU %u",
		     dev, way.mtu, wanted);
	if (is_tunnel(host_device(&doctor->host, way.ifindex)))
		finding_why(findings,
			    "the tunnel's own header takes the rest: on the real servers behind it, have clients send less: 'ip route change default via GATEWAY advmss %u'",
			    way.mtu - headers(way.to.family));
	else
		finding_why(findings,
			    "each is dropped until its client has learnt the size, and a client that ICMP does not reach never does");
}

/* A server has told a client how much it takes. */
static void judge_server(struct doctor *doctor, const struct server *server,
			 const struct seen *answer)
{
	unsigned int wanted = answer->mss + headers(answer->src.family);
	unsigned int widest = widest_visitor(doctor);
	char name[INET6_ADDRSTRLEN];
	struct way way;

	if (widest && wanted > widest)
		wanted = widest;
	if (!ask_way(doctor, &server->addr, &way) || wanted <= way.mtu ||
	    is_tunnel(host_device(&doctor->host, way.ifindex)) ||
	    !begin(doctor, &way, wanted))
		return;
	finding_what(&doctor->findings,
		     "the way to %s over %s has an MTU of %u, and its clients send it packets of up to %u bytes: its SYN-ACK has told them the MSS %u",
		     addr_name(&server->addr, name),
		     host_device_name(&doctor->host, way.ifindex), way.mtu,
		     wanted, answer->mss);
	finding_why(&doctor->findings,
		    "small requests work, and uploads hang: each large packet is dropped until its client has learnt the size, and a client that ICMP does not reach never does");
}

static void judge_answers(struct doctor *doctor)
{
	const struct server *server;
	const struct seen *seen;
	struct servers servers;
	unsigned int asked = 0;
	size_t i;

	doctor_servers_read(doctor, &servers);
	for (i = 0; i < doctor->watch.count && asked < WAYS_MAX; i++) {
		seen = &doctor->watch.seen[i];
		if (seen->out || !seen->answer || !seen->mss)
			continue;
		server = doctor_servers_find(&servers, seen);
		if (!server || server->addr.family != seen->src.family ||
		    doctor_servers_has(&servers, &seen->src))
			continue;
		asked++;
		judge_server(doctor, server, seen);
	}
	doctor_servers_free(&servers);
}

/**
 * doctor_mtus() - look at the ways to the backends
 * @doctor: the machine
 */
void doctor_mtus(struct doctor *doctor)
{
	judge_drops(doctor);
	judge_answers(doctor);
}
