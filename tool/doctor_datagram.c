// SPDX-License-Identifier: GPL-2.0
/*
 * The datagrams of UDP: no field tells a request from an answer, so the services
 * and the rules tell it by their addresses and ports. The service of a mark names no
 * address: the connections that it has so far do.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "inquiry.h"
#include "report.h"
#include "sysctl.h"

/* places that connections name at most */
#define LEARNT_MAX	64

static void add(struct datagrams *datagrams, const struct addr *vip,
		uint16_t first, uint16_t last)
{
	datagrams->place = report_alloc(datagrams->place,
					(datagrams->count + 1) *
					sizeof(*datagrams->place));
	datagrams->place[datagrams->count].vip = *vip;
	datagrams->place[datagrams->count].first = first;
	datagrams->place[datagrams->count++].last = last;
}

static void add_named(struct datagrams *datagrams, const struct nlattr *vip,
		      const struct nlattr *proto, const struct nlattr *first,
		      const struct nlattr *last)
{
	struct addr addr;

	if (!addr_get(vip, &addr) ||
	    (proto && attr_u8(proto) != IPPROTO_UDP))
		return;
	if (first)
		add(datagrams, &addr, ntohs(nla_get_u16(first)),
		    ntohs(nla_get_u16(last ? last : first)));
	else
		add(datagrams, &addr, 0, UINT16_MAX);
}

static bool has(const struct datagrams *datagrams, const struct addr *addr,
		uint16_t port)
{
	size_t i;

	for (i = 0; i < datagrams->count; i++)
		if (port >= datagrams->place[i].first &&
		    port <= datagrams->place[i].last &&
		    addr_same(&datagrams->place[i].vip, addr))
			return true;
	return false;
}

/* arguments of learn() */
struct lesson {
	struct datagrams *datagrams;
	unsigned int learnt;
};

static bool learn(const struct addr *vip, uint16_t port, void *arg)
{
	struct lesson *lesson = arg;

	if (has(lesson->datagrams, vip, port))
		return true;
	add(lesson->datagrams, vip, port, port);
	return ++lesson->learnt < LEARNT_MAX;
}

/* the port of a client of DHCP, which does not have its address yet */
#define DHCP_CLIENT	68

/* A machine that is no router gets a datagram for an address that it does not have:
 * its sender takes it for a server of that address.
 */
static bool is_stray(const struct doctor *doctor, const struct seen *seen)
{
	const char *dev;

	if (!doctor->datagrams.strays || seen->out ||
	    seen->dport == DHCP_CLIENT ||
	    host_has(&doctor->host, &seen->dst, NULL) ||
	    host_has(&doctor->host, &seen->src, NULL))
		return false;
	dev = host_device_name(&doctor->host, seen->ifindex);
	return !sysctl_device(seen->dst.family, dev, "forwarding");
}

/* A container has the address, and shares the device. */
static bool is_of_container(const struct doctor *doctor,
			    const struct seen *seen)
{
	return doctor->datagrams.strays && seen->out &&
	       !host_has(&doctor->host, &seen->src, NULL);
}

static enum watch_kind kind_of(const struct seen *seen, void *arg)
{
	const struct doctor *doctor = arg;

	if (has(&doctor->datagrams, &seen->dst, seen->dport) ||
	    is_stray(doctor, seen))
		return WATCH_REQUEST;
	if (has(&doctor->datagrams, &seen->src, seen->sport) ||
	    is_of_container(doctor, seen))
		return WATCH_ANSWER;
	return WATCH_OTHER;
}

/**
 * doctor_datagrams_begin() - prepare to look at UDP, if anything is to serve it
 * @doctor: the machine, with the services and the rules as they are so far
 *
 * Return: enum dsrctl_status.
 */
int doctor_datagrams_begin(struct doctor *doctor)
{
	struct datagrams *datagrams = &doctor->datagrams;
	struct lesson lesson = { .datagrams = datagrams };
	struct service_info service;
	struct rule_info rule;
	int status = DSRCTL_OK;
	size_t i;

	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], &service))
			add_named(datagrams, service.tb[DSR_SERVICE_A_VIP],
				  service.tb[DSR_SERVICE_A_PROTO],
				  service.tb[DSR_SERVICE_A_PORT],
				  service.tb[DSR_SERVICE_A_PORT_LAST]);
	for (i = 0; i < doctor->rules.count; i++)
		if (rule_parse(doctor->rules.reply[i], &rule))
			add_named(datagrams, rule.tb[DSR_RULE_A_VIP],
				  rule.tb[DSR_RULE_A_PROTO],
				  rule.tb[DSR_RULE_A_PORT], NULL);
	if (doctor_has_marks(doctor))
		status = inquiry_datagrams(doctor->ctl, learn, &lesson);
	datagrams->strays = doctor->loaded[NETLINK_RS] &&
			    !doctor->services.count;
	if (datagrams->count || datagrams->strays)
		doctor->watch.kind_of = kind_of;
	return status;
}
