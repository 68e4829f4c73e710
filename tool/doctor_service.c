// SPDX-License-Identifier: GPL-2.0
/*
 * The services: whether one has backends for new connections, and whether its
 * options do something.
 */
#include <linux/dsr.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "path.h"

/* the longest command that mends a service; the rest of the backends is left */
#define COMMANDS_MAX	20

/**
 * struct supply - the backends of a service
 * @count: how many there are
 * @taking: how many take new connections
 * @overloaded: how many have as many connections as they may have
 */
struct supply {
	unsigned int count;
	unsigned int taking;
	unsigned int overloaded;
};

static bool is_of(const struct doctor *doctor, size_t i,
		  const struct key_id *key, struct backend_info *backend)
{
	struct key_id its;

	if (i >= doctor->backends.count ||
	    !backend_parse_reply(doctor->backends.reply[i], backend))
		return false;
	key_get_id(backend->service, &its);
	return !memcmp(&its, key, sizeof(its));
}

static void count_backend(const struct backend_info *backend,
			  struct supply *supply)
{
	struct nlattr *const *tb = backend->tb;

	supply->count++;
	if (attr_u8(tb[DSR_BACKEND_A_ADMIN]) != DSR_BACKEND_UP ||
	    !attr_u32(tb[DSR_BACKEND_A_WEIGHT]))
		return;
	if (attr_u8(tb[DSR_BACKEND_A_OVERLOADED]))
		supply->overloaded++;
	else
		supply->taking++;
}

/* Commands that have the backends take connections again. */
static void mend_backends(struct doctor *doctor, const char *name,
			  const struct key_id *key, size_t first, bool overloaded)
{
	struct backend_info backend;
	char addr[ATTR_TEXT_MAX];
	struct nlattr **tb = backend.tb;
	size_t i;

	for (i = first; i < first + COMMANDS_MAX &&
	     is_of(doctor, i, key, &backend); i++) {
		attr_text(ATTR_ADDR, tb[DSR_BACKEND_A_ADDR], addr);
		if (overloaded && attr_u8(tb[DSR_BACKEND_A_OVERLOADED]))
			finding_mend(&doctor->findings,
				     "dsrctl backend set %s via %s upper 0",
				     name, addr);
		else if (!overloaded)
			finding_mend(&doctor->findings,
				     "dsrctl backend set %s via %s up%s", name,
				     addr,
				     attr_u32(tb[DSR_BACKEND_A_WEIGHT]) ?
					     "" : " weight 1");
	}
}

/* Check if a service is the rest of a VIP that has other services: it may be there
 * to drop the packets that these leave.
 */
static bool is_rest(const struct doctor *doctor,
		    const struct service_info *service)
{
	struct service_info other;
	struct addr vip;
	size_t i;

	if (service->tb[DSR_SERVICE_A_PORT] ||
	    !addr_get(service->tb[DSR_SERVICE_A_VIP], &vip))
		return false;
	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], &other) &&
		    other.tb[DSR_SERVICE_A_PORT] &&
		    addr_is(&vip, other.tb[DSR_SERVICE_A_VIP]))
			return true;
	return false;
}

static void judge_supply(struct doctor *doctor, const char *name,
			 const struct service_info *service,
			 const struct key_id *key, size_t first,
			 const struct supply *supply)
{
	struct findings *findings = &doctor->findings;

	if (supply->taking)
		return;
	if (!supply->count) {
		if (is_rest(doctor, service) ||
		    !finding_begin(findings, "service-no-backend", "service %s",
				   name))
			return;
		finding_what(findings, "the service has no backend");
		finding_why(findings,
			    "all its packets are dropped; if it is meant to be, add one by 'dsrctl backend add %s via ADDR', or else delete it",
			    name);
		finding_mend(findings, "dsrctl service delete %s", name);
	} else if (supply->overloaded) {
		if (!finding_begin(findings, "service-overloaded", "service %s",
				   name))
			return;
		finding_what(findings,
			     "all backends that are up have as many connections as 'upper' lets them have");
		finding_why(findings, "new connections are dropped");
		mend_backends(doctor, name, key, first, true);
	} else {
		if (!finding_begin(findings, "service-all-out", "service %s",
				   name))
			return;
		finding_what(findings,
			     "none of its %u backends takes new connections: each is down, draining or of weight 0",
			     supply->count);
		finding_why(findings, "new connections are dropped");
		mend_backends(doctor, name, key, first, false);
	}
}

static bool is_hashed(const char *scheduler)
{
	return !strcmp(scheduler, "sh") || !strcmp(scheduler, "maglev");
}

static void idle_option(struct doctor *doctor, const char *name,
			const char *option, const char *why, const char *words)
{
	if (!finding_begin(&doctor->findings, "option-without-effect",
			   "service %s %s", name, option))
		return;
	finding_what(&doctor->findings, "the option '%s' does nothing here",
		     option);
	finding_why(&doctor->findings, "%s", why);
	finding_mend(&doctor->findings, "dsrctl service set %s %s", name,
		     words);
}

static void judge_options(struct doctor *doctor, const char *name,
			  const struct service_info *service)
{
	struct nlattr *const *tb = service->tb;
	char scheduler[ATTR_TEXT_MAX] = "rr";
	unsigned int prefix = attr_u8(tb[DSR_SERVICE_A_PERSIST_PREFIX]);
	unsigned int whole = key_is_inet6((struct nlattr **)tb) ? 128 : 32;

	if (tb[DSR_SERVICE_A_SCHEDULER])
		attr_text(ATTR_STRING, tb[DSR_SERVICE_A_SCHEDULER], scheduler);
	if (attr_u8(tb[DSR_SERVICE_A_HASH]) && !is_hashed(scheduler))
		idle_option(doctor, name, "hash",
			    "only the schedulers sh and maglev choose by a hash of the client",
			    "hash default");
	if (attr_u8(tb[DSR_SERVICE_A_ONE_PACKET]) &&
	    tb[DSR_SERVICE_A_PROTO] &&
	    attr_u8(tb[DSR_SERVICE_A_PROTO]) != IPPROTO_UDP)
		idle_option(doctor, name, "one-packet",
			    "only datagrams of UDP are scheduled one by one",
			    "one-packet off");
	if (prefix && prefix != whole && !attr_u32(tb[DSR_SERVICE_A_PERSIST])) {
		char words[32];

		snprintf(words, sizeof(words), "persist-prefix %u", whole);
		idle_option(doctor, name, "persist-prefix",
			    "clients come back to the server that they had with 'persist TIME' only",
			    words);
	}
}

static bool has_direct(const struct doctor *doctor)
{
	struct service_info service;
	size_t i;

	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], &service) &&
		    attr_u8(service.tb[DSR_SERVICE_A_PATH]) == DSR_PATH_DIRECT)
			return true;
	return false;
}

/* A device with a path serves those services only that have 'path direct'. */
static void judge_paths(struct doctor *doctor)
{
	char dev[ATTR_TEXT_MAX];
	struct path_info path;
	size_t i;

	if (!doctor->services.count || has_direct(doctor))
		return;
	for (i = 0; i < doctor->paths.count; i++) {
		if (!path_parse(doctor->paths.reply[i], &path))
			continue;
		attr_text(ATTR_DEVICE, path.tb[DSR_PATH_A_IFINDEX], dev);
		if (!finding_begin(&doctor->findings, "option-without-effect",
				   "path dev %s", dev))
			continue;
		finding_what(&doctor->findings,
			     "the path of %s does nothing: no service has 'path direct'",
			     dev);
		finding_why(&doctor->findings,
			    "packets of services with 'path stack' all go the long way");
		finding_mend(&doctor->findings, "dsrctl path delete dev %s",
			     dev);
	}
}

/**
 * doctor_services() - look at the services
 * @doctor: the machine
 *
 * The kernel lists the backends of a service together, in the order of the
 * services.
 *
 * Return: enum dsrctl_status.
 */
int doctor_services(struct doctor *doctor)
{
	struct backend_info backend;
	struct service_info service;
	char name[KEY_TEXT_MAX];
	size_t i, next = 0, first;
	struct key_id key;

	for (i = 0; i < doctor->services.count; i++) {
		struct supply supply = { 0 };

		if (!service_parse_reply(doctor->services.reply[i], &service))
			return netlink_malformed();
		key_get_id(service.tb, &key);
		key_text(service.tb, name);
		for (first = next; is_of(doctor, next, &key, &backend); next++)
			count_backend(&backend, &supply);
		judge_supply(doctor, name, &service, &key, first, &supply);
		judge_options(doctor, name, &service);
	}
	judge_paths(doctor);
	return DSRCTL_OK;
}
