// SPDX-License-Identifier: GPL-2.0
/*
 * The way back to a client: the commands that open one where this machine has none.
 */
#include <stdio.h>
#include <string.h>

#include "barrier.h"
#include "doctor.h"

/* A router of IPv6 is known by its address on this link. */
static void lead_over(struct doctor *doctor, const struct seen *request,
		      const struct addr *router, const char *verb)
{
	const char *dev = host_device_name(&doctor->host, request->ifindex);
	struct findings *findings = &doctor->findings;
	char name[INET6_ADDRSTRLEN] = "ROUTER";

	if (router->family)
		addr_name(router, name);
	if (router->family && addr_same(router, &request->src))
		finding_mend(findings, "ip route %s %s dev %s", verb, name,
			     dev);
	else if (router->family == AF_INET6 &&
		 IN6_IS_ADDR_LINKLOCAL(&router->in6))
		finding_mend(findings, "ip route %s default via %s dev %s",
			     verb, name, dev);
	else
		finding_mend(findings, "ip route %s default via %s", verb,
			     name);
}

/**
 * doctor_open_way() - say what opens a way back to a client
 * @doctor: the machine
 * @request: a packet of the client, as it came in
 * @dev: the device that replies to it come in by; that of @request if the replies are
 *	this machine's own
 * @verb: of "ip route", where a route is missing or wrong
 *
 * A route or a rule that bars the way is deleted. Else the way leads back over the
 * machine that the request came from, which is right where replies pass the balancer.
 */
void doctor_open_way(struct doctor *doctor, const struct seen *request,
		     const char *dev, const char *verb)
{
	char words[BARRIER_WORDS_MAX];
	struct addr router = { 0 };

	if (barrier_find(&doctor->host, &request->src, &request->dst, dev,
			 words)) {
		finding_mend(&doctor->findings, "ip %s", words);
		return;
	}
	if (request->has_mac &&
	    !host_neighbour_of(&doctor->host, request->ifindex, request->mac,
			       &request->dst, &router))
		router.family = 0;
	lead_over(doctor, request, &router, verb);
}

/**
 * doctor_no_way_back() - say that no route leads back to a client
 * @doctor: the machine
 * @request: a packet of the client
 */
void doctor_no_way_back(struct doctor *doctor, const struct seen *request)
{
	const char *dev = host_device_name(&doctor->host, request->ifindex);
	struct findings *findings = &doctor->findings;
	char client[INET6_ADDRSTRLEN];

	if (!finding_begin(findings, "no-route-back", "device %s", dev))
		return;
	finding_what(findings,
		     "the client %s asks for a VIP, and no route leads back to it",
		     addr_name(&request->src, client));
	finding_why(findings, doctor->services.count ?
		    "dsr_lb drops what it could not answer, as a router does with forged packets" :
		    "the server's answers have no way; a router below is the machine that the request came from, which is right where replies pass the balancer");
	doctor_open_way(doctor, request, dev, "add");
}
