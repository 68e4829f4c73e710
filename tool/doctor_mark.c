// SPDX-License-Identifier: GPL-2.0
/*
 * The marks that clients' packets really come with. Where the connections to an
 * address come no further than this machine, and no service takes them, the
 * tracepoint of dsr_lb says which mark they have.
 */
#include <linux/dsr.h>
#include <linux/neighbour.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "decided.h"
#include "doctor.h"
#include "inquiry.h"

/* for how long packets are traced */
#define TRACE_MSECS	2000

/* an address that nothing was found about */
#define SUSPECTS_MAX	8

/**
 * struct suspect - an address that is probably a VIP and is not served
 * @vip: the address
 * @fwmark: the mark that its packets had before; 0 if that is not known
 * @known: a connection to it is remembered
 * @own: this machine has it
 * @meant: its port is meant to be served
 * @mark: the mark that they have
 * @packets: how many were traced
 */
struct suspect {
	struct addr vip;
	uint32_t fwmark;
	bool known;
	bool own;
	bool meant;
	uint32_t mark;
	unsigned int packets;
};

/* The only service by mark of a family, or the one of a certain mark. */
static bool find_service(const struct doctor *doctor, int family,
			 uint32_t fwmark, struct service_info *found)
{
	bool inet6 = family == AF_INET6;
	struct service_info service;
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < doctor->services.count; i++) {
		if (!service_parse_reply(doctor->services.reply[i], &service) ||
		    !service.tb[DSR_SERVICE_A_FWMARK] ||
		    key_is_inet6(service.tb) != inet6 ||
		    (fwmark &&
		     attr_u32(service.tb[DSR_SERVICE_A_FWMARK]) != fwmark))
			continue;
		*found = service;
		count++;
	}
	return count == 1;
}

/** doctor_has_marks() - check if a service goes by a mark */
bool doctor_has_marks(const struct doctor *doctor)
{
	struct service_info service;
	size_t i;

	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], &service) &&
		    service.tb[DSR_SERVICE_A_FWMARK])
			return true;
	return false;
}

/* Check if an address looks like a VIP that no machine has: packets for it come
 * here, the route would send them back to where they came from, and there is no
 * neighbour that has it.
 */
static bool is_deserted(const struct doctor *doctor, const struct seen *seen)
{
	struct host_route way;

	host_route(&doctor->host, &seen->dst, &way);
	return way.found && !way.local && !way.gateway.family &&
	       way.ifindex == seen->ifindex &&
	       !(host_neighbour_state(&doctor->host, way.ifindex, &seen->dst) &
		 ~(NUD_INCOMPLETE | NUD_FAILED));
}

/* Check if an address that this machine has itself looks like a VIP: its stack takes
 * what no service takes, and refuses it. Before the first client has been served, only
 * a mark tells.
 */
static bool is_own_vip(const struct suspect *suspect)
{
	return suspect->known || (suspect->mark && suspect->meant);
}

static int find_suspects(struct doctor *doctor, struct suspect *suspects,
			 size_t *count)
{
	const struct visit *visit;
	struct inquiry inquiry;
	struct suspect *suspect;
	size_t i;
	int status;

	*count = 0;
	for (i = 0; i < doctor->visits.count && *count < SUSPECTS_MAX; i++) {
		visit = &doctor->visits.one[i];
		suspect = &suspects[*count];
		if (!visit_is_lost(visit))
			continue;
		status = inquiry_packet(doctor->ctl, visit->lost, false, 0,
					&inquiry);
		if (status)
			return status;
		if (strcmp(inquiry.reason, "pass_no_service"))
			continue;
		memset(suspect, 0, sizeof(*suspect));
		suspect->vip = visit->first->dst;
		suspect->own = visit->own;
		status = inquiry_vip(doctor->ctl, &suspect->vip,
				     &suspect->known, &suspect->fwmark);
		if (status)
			return status;
		status = doctor_port(doctor, visit->first, &suspect->meant);
		if (status)
			return status;
		if (suspect->known || suspect->own ||
		    is_deserted(doctor, visit->lost))
			(*count)++;
	}
	return DSRCTL_OK;
}

/* the addresses to count the packets of */
struct suspects {
	struct suspect *one;
	size_t count;
};

/* Return true if an address in IPv6 form is @addr. */
static bool is_addr(const struct packet *packet, const uint8_t *form,
		    const struct addr *addr)
{
	if (packet->family != addr->family)
		return false;
	return addr->family == AF_INET6 ?
	       !memcmp(form, &addr->in6, sizeof(addr->in6)) :
	       !memcmp(form + 12, &addr->in, sizeof(addr->in));
}

static void on_packet(const struct packet *packet, void *arg)
{
	struct suspects *suspects = arg;
	size_t i;

	for (i = 0; i < suspects->count; i++) {
		if (!is_addr(packet, packet->dst, &suspects->one[i].vip))
			continue;
		suspects->one[i].mark = packet->mark;
		suspects->one[i].packets++;
	}
}

static void no_mark(struct doctor *doctor, const struct suspect *suspect)
{
	struct findings *findings = &doctor->findings;
	struct service_info service;
	char vip[INET6_ADDRSTRLEN];
	uint32_t mark;

	if (!finding_begin(findings, "mark-missing", "vip %s",
			   addr_name(&suspect->vip, vip)))
		return;
	finding_what(findings,
		     "%u packets for %s came without a mark in %u seconds, and no service takes that address without one",
		     suspect->packets, vip, TRACE_MSECS / 1000);
	finding_why(findings,
		    "a rule in PREROUTING has to set the mark of the service, and none does (seen by the tracepoint dsr:dsr_packet)");
	mark = suspect->fwmark;
	if (!mark && find_service(doctor, suspect->vip.family, 0, &service))
		mark = attr_u32(service.tb[DSR_SERVICE_A_FWMARK]);
	if (mark)
		finding_mend(findings,
			     "%s -t mangle -A PREROUTING -d %s -j MARK --set-mark %u",
			     suspect->vip.family == AF_INET6 ? "ip6tables" :
							       "iptables",
			     vip, mark);
	else
		finding_mend(findings, "dsrctl service show");
}

/* Commands for a service of another mark with the same backends. */
static void copy_service(struct doctor *doctor, struct service_info *like,
			 uint32_t mark)
{
	const char *family = key_is_inet6(like->tb) ? " family inet6" : "";
	struct backend_info backend;
	char scheduler[ATTR_TEXT_MAX], addr[ATTR_TEXT_MAX];
	struct key_id key, its;
	size_t i;

	attr_text(ATTR_STRING, like->tb[DSR_SERVICE_A_SCHEDULER], scheduler);
	finding_mend(&doctor->findings,
		     "dsrctl service add fwmark %u%s scheduler %s", mark,
		     family, scheduler);
	key_get_id(like->tb, &key);
	for (i = 0; i < doctor->backends.count; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend))
			continue;
		key_get_id(backend.service, &its);
		if (memcmp(&key, &its, sizeof(key)))
			continue;
		finding_mend(&doctor->findings,
			     "dsrctl backend add fwmark %u via %s weight %u",
			     mark,
			     attr_text(ATTR_ADDR, backend.tb[DSR_BACKEND_A_ADDR],
				       addr),
			     attr_u32(backend.tb[DSR_BACKEND_A_WEIGHT]));
	}
}

static void other_mark(struct doctor *doctor, const struct suspect *suspect)
{
	struct findings *findings = &doctor->findings;
	struct service_info like;
	char vip[INET6_ADDRSTRLEN];

	if (!finding_begin(findings, "mark-not-served", "vip %s",
			   addr_name(&suspect->vip, vip)))
		return;
	finding_what(findings,
		     "%u packets for %s came with the mark %u in %u seconds, and no service has that mark",
		     suspect->packets, vip, suspect->mark, TRACE_MSECS / 1000);
	finding_why(findings,
		    "nothing balances them (seen by the tracepoint dsr:dsr_packet); correct the rule that sets the mark, or have a service for it");
	if (find_service(doctor, suspect->vip.family, suspect->fwmark, &like))
		copy_service(doctor, &like, suspect->mark);
	else
		finding_mend(findings, "dsrctl service add fwmark %u%s",
			     suspect->mark,
			     suspect->vip.family == AF_INET6 ?
				     " family inet6" : "");
}

/**
 * doctor_marks() - look for clients whose packets have no mark of a service
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_marks(struct doctor *doctor)
{
	struct suspect suspects[SUSPECTS_MAX];
	struct suspects all = { .one = suspects };
	struct decided decided;
	size_t i;
	int status;

	if (!doctor_has_marks(doctor))
		return DSRCTL_OK;
	status = find_suspects(doctor, suspects, &all.count);
	if (status || !all.count)
		return status;

	if (decided_begin(&decided, "pass_no_service")) {
		usleep(1000 * TRACE_MSECS);
		decided_read(&decided, on_packet, &all);
	}
	decided_end(&decided);
	for (i = 0; i < all.count; i++) {
		if (!suspects[i].packets ||
		    (suspects[i].own && !is_own_vip(&suspects[i])))
			continue;
		if (suspects[i].mark)
			other_mark(doctor, &suspects[i]);
		else if (suspects[i].meant)
			no_mark(doctor, &suspects[i]);
	}
	return DSRCTL_OK;
}
