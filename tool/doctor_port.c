// SPDX-License-Identifier: GPL-2.0
/*
 * The ports of a VIP that are meant to be served. Scanners ask for all others, and a
 * firewall or a rule may well leave these out.
 */
#include <linux/dsr.h>

#include "attr.h"
#include "doctor.h"
#include "inquiry.h"

static bool is_named(const struct doctor *doctor, const struct seen *seen)
{
	struct service_info service;
	const struct nlattr *first, *last;
	size_t i;

	for (i = 0; i < doctor->services.count; i++) {
		if (!service_parse_reply(doctor->services.reply[i], &service) ||
		    !addr_is(&seen->dst, service.tb[DSR_SERVICE_A_VIP]) ||
		    attr_u8(service.tb[DSR_SERVICE_A_PROTO]) != seen->proto)
			continue;
		first = service.tb[DSR_SERVICE_A_PORT];
		last = service.tb[DSR_SERVICE_A_PORT_LAST];
		if (first && seen->dport >= ntohs(nla_get_u16(first)) &&
		    seen->dport <= ntohs(nla_get_u16(last ? last : first)))
			return true;
	}
	return false;
}

static bool has_never_forwarded(const struct counters *counters)
{
	return !counters_total(counters, "forwarded") &&
	       !counters_total(counters, "forwarded_stateless") &&
	       !counters_total(counters, "forwarded_syn_unremembered") &&
	       !counters_total(counters, "forwarded_ingress") &&
	       !counters_total(counters, "forwarded_xdp");
}

/**
 * doctor_port() - check if this balancer is meant to serve a port of a VIP
 * @doctor: the machine
 * @seen: a packet for it
 * @meant: set: a service names it, or a client has been served there, or the
 *	balancer has never forwarded anything
 *
 * Return: enum dsrctl_status.
 */
int doctor_port(struct doctor *doctor, const struct seen *seen, bool *meant)
{
	*meant = is_named(doctor, seen) ||
		 has_never_forwarded(&doctor->counters[NETLINK_LB]);
	return *meant ? DSRCTL_OK :
			inquiry_served(doctor->ctl, seen, meant);
}
