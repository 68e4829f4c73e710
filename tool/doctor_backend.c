// SPDX-License-Identifier: GPL-2.0
/*
 * The backends: whether the balancer can reach them.
 */
#include <linux/dsr.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"

/* addresses that are asked for at most */
#define ASKED_MAX	500

/* so long may a backend take to answer for its address */
#define ANSWER_MSECS	2000

/**
 * doctor_ask_backends() - have the kernel ask for MAC addresses that it does not
 *	know
 * @doctor: the machine, with the backends as they are so far
 *
 * A backend that once did not answer may have come back since.
 */
void doctor_ask_backends(struct doctor *doctor)
{
	struct addr asked[ASKED_MAX], addr;
	struct backend_info backend;
	size_t i, j, count = 0;
	uint8_t state;

	for (i = 0; i < doctor->backends.count && count < ASKED_MAX; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend))
			continue;
		state = attr_u8(backend.tb[DSR_BACKEND_A_STATE]);
		if ((state != DSR_BACKEND_UNKNOWN &&
		     state != DSR_BACKEND_UNREACHABLE) ||
		    !backend.tb[DSR_BACKEND_A_IFINDEX] ||
		    !addr_get(backend.tb[DSR_BACKEND_A_ADDR], &addr))
			continue;
		for (j = 0; j < count && !addr_same(&asked[j], &addr); j++)
			;
		if (j < count)
			continue;
		host_ask(&doctor->host,
			 attr_u32(backend.tb[DSR_BACKEND_A_IFINDEX]), &addr);
		asked[count++] = addr;
	}
}

static void take_out(struct doctor *doctor, const char *service,
		     const char *addr)
{
	finding_mend(&doctor->findings, "dsrctl backend set %s via %s down",
		     service, addr);
}

/* Return true if the service of a backend leaves out what does not answer. */
static bool is_skipped(const struct doctor *doctor,
		       struct backend_info *backend)
{
	struct service_info service;
	struct key_id key, its;
	size_t i;

	key_get_id(backend->service, &key);
	for (i = 0; i < doctor->services.count; i++) {
		if (!service_parse_reply(doctor->services.reply[i], &service))
			continue;
		key_get_id(service.tb, &its);
		if (!memcmp(&key, &its, sizeof(key)))
			return attr_u8(service.tb[DSR_SERVICE_A_ON_UNREACHABLE]) ==
			       DSR_ON_UNREACHABLE_SKIP;
	}
	return false;
}

static void no_answer(struct doctor *doctor, struct backend_info *backend,
		      const char *service, const char *addr)
{
	struct findings *findings = &doctor->findings;
	bool skipped = is_skipped(doctor, backend);
	int ifindex = attr_u32(backend->tb[DSR_BACKEND_A_IFINDEX]);
	bool inet6 = key_is_inet6(backend->service);

	if (!finding_begin(findings, "backend-neighbour-failed",
			   "backend %s via %s", service, addr))
		return;
	finding_what(findings, "%s does not answer %s on %s, and gets %s", addr,
		     inet6 ? "neighbour discovery" : "ARP",
		     host_device_name(&doctor->host, ifindex),
		     skipped ? "no new connections until it does" :
			       "new connections all the same");
	finding_why(findings, skipped ?
		    "the other backends have its share; repair the machine, or take it out" :
		    "the clients of these connections hear nothing; until the machine is back, take it out, or have the service skip such backends by 'on-unreachable skip'");
	take_out(doctor, service, addr);
}

static void no_route(struct doctor *doctor, const char *service,
		     const char *name, const struct addr *addr)
{
	struct findings *findings = &doctor->findings;
	int down = host_down_device(&doctor->host, addr);
	char gateway[INET6_ADDRSTRLEN];
	struct host_route route;

	if (down) {
		const char *dev = host_device_name(&doctor->host, down);

		if (!finding_begin(findings, "backend-device-down", "device %s",
				   dev))
			return;
		finding_what(findings,
			     "%s is down, and is the device towards the backend %s",
			     dev, name);
		finding_why(findings, "nothing reaches the backends behind it");
		finding_mend(findings, "ip link set dev %s up", dev);
		return;
	}

	host_route(&doctor->host, addr, &route);
	if (route.found && route.gateway.family) {
		if (!finding_begin(findings, "backend-behind-gateway",
				   "backend %s via %s", service, name))
			return;
		finding_what(findings,
			     "the route to %s leads over the gateway %s", name,
			     addr_name(&route.gateway, gateway));
	} else {
		if (!finding_begin(findings, "backend-no-route",
				   "backend %s via %s", service, name))
			return;
		finding_what(findings, "no route leads to %s", name);
	}
	finding_why(findings,
		    "a backend is reached by its MAC address, so it has to be in a network of this machine or at the other end of a tunnel device (TUNNELS in dsrctl(8)); what it would get is dropped");
	take_out(doctor, service, name);
}

/**
 * doctor_backends() - look at the backends
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_backends(struct doctor *doctor)
{
	char service[KEY_TEXT_MAX], name[ATTR_TEXT_MAX];
	struct backend_info backend;
	struct nlattr **tb = backend.tb;
	struct addr addr;
	uint8_t state;
	size_t i;

	for (i = 0; i < doctor->backends.count; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend) ||
		    !addr_get(tb[DSR_BACKEND_A_ADDR], &addr))
			return netlink_malformed();
		if (attr_u8(tb[DSR_BACKEND_A_ADMIN]) != DSR_BACKEND_UP ||
		    !attr_u32(tb[DSR_BACKEND_A_WEIGHT]))
			continue;
		key_text(backend.service, service);
		attr_text(ATTR_ADDR, tb[DSR_BACKEND_A_ADDR], name);
		state = attr_u8(tb[DSR_BACKEND_A_STATE]);
		if (state == DSR_BACKEND_NO_ROUTE)
			no_route(doctor, service, name, &addr);
		else if (state == DSR_BACKEND_UNREACHABLE ||
			 (state == DSR_BACKEND_INCOMPLETE &&
			  doctor->watch.msecs >= ANSWER_MSECS))
			no_answer(doctor, &backend, service, name);
	}
	return DSRCTL_OK;
}
