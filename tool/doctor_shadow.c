// SPDX-License-Identifier: GPL-2.0
/*
 * Services that get nothing because another one takes it all: the mark of a packet
 * comes before its address.
 */
#include <linux/dsr.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "inquiry.h"

static bool is_in_ports(const struct service_info *service, uint16_t port)
{
	const struct nlattr *first = service->tb[DSR_SERVICE_A_PORT];
	const struct nlattr *last = service->tb[DSR_SERVICE_A_PORT_LAST];

	return first && port >= ntohs(nla_get_u16(first)) &&
	       port <= ntohs(nla_get_u16(last ? last : first));
}

/* A service that names what a packet is sent to, and has never had a packet. */
static bool find_idle(const struct doctor *doctor, const struct seen *seen,
		      struct service_info *found)
{
	size_t i;

	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], found) &&
		    addr_is(&seen->dst, found->tb[DSR_SERVICE_A_VIP]) &&
		    attr_u8(found->tb[DSR_SERVICE_A_PROTO]) == seen->proto &&
		    is_in_ports(found, seen->dport) &&
		    !attr_u64(found->stats[DSR_STATS_A_PACKETS]))
			return true;
	return false;
}

/**
 * doctor_shadows() - look for services that another one hides
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_shadows(struct doctor *doctor)
{
	struct findings *findings = &doctor->findings;
	char name[KEY_TEXT_MAX];
	struct service_info idle;
	const struct visit *visit;
	struct inquiry inquiry;
	size_t i;
	int status;

	for (i = 0; i < doctor->visits.count; i++) {
		visit = &doctor->visits.one[i];
		if (!visit->left || !find_idle(doctor, visit->first, &idle))
			continue;
		status = inquiry_packet(doctor->ctl, visit->first, true, 0,
					&inquiry);
		if (status)
			return status;
		key_text(idle.tb, name);
		if (!inquiry.known ||
		    strncmp(inquiry.service, "fwmark ", strlen("fwmark ")) ||
		    !finding_begin(findings, "service-shadowed", "service %s",
				   name))
			continue;
		finding_what(findings,
			     "its clients' packets carry the mark of service %s, which takes them all",
			     inquiry.service);
		finding_why(findings,
			    "the mark of a packet comes before its address, so this service and its backends get nothing");
		finding_mend(findings, "dsrctl service delete %s", name);
	}
	return DSRCTL_OK;
}
