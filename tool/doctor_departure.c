// SPDX-License-Identifier: GPL-2.0
/*
 * The departure of requests: whether what dsr_lb forwards leaves this machine. Behind
 * all rules, a queueing discipline or a rule of egress may still drop it.
 */
#include <linux/dsr.h>

#include "attr.h"
#include "doctor.h"

/* as many new connections have to be lost */
#define LOST_MIN	3

static uint64_t count_forwarded(const struct counters *counters)
{
	return counters_rise(counters, "forwarded") +
	       counters_rise(counters, "forwarded_stateless") +
	       counters_rise(counters, "forwarded_syn_unremembered");
}

/* Count the new connections that came no further; 0 if any left. */
static unsigned int count_lost(const struct visits *visits)
{
	unsigned int lost = 0;
	size_t i;

	for (i = 0; i < visits->count; i++) {
		if (visits->one[i].left || visits->one[i].answered)
			return 0;
		if (visit_is_lost(&visits->one[i]))
			lost += visits->one[i].came;
	}
	return lost;
}

/* Find the only device towards the backends, or 0. */
static int only_device(const struct doctor *doctor)
{
	struct backend_info backend;
	int ifindex = 0, its;
	size_t i;

	for (i = 0; i < doctor->backends.count; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend) ||
		    !backend.tb[DSR_BACKEND_A_IFINDEX])
			continue;
		its = attr_u32(backend.tb[DSR_BACKEND_A_IFINDEX]);
		if (ifindex && its != ifindex)
			return 0;
		ifindex = its;
	}
	return ifindex;
}

/**
 * doctor_departures() - look whether requests leave that nothing else keeps
 * @doctor: the machine, with all findings so far
 */
void doctor_departures(struct doctor *doctor)
{
	struct findings *findings = &doctor->findings;
	unsigned int lost = count_lost(&doctor->visits);
	int ifindex = only_device(doctor);
	const char *dev;

	if (findings->count || lost < LOST_MIN || !ifindex ||
	    count_forwarded(&doctor->counters[NETLINK_LB]) < lost)
		return;
	dev = host_device_name(&doctor->host, ifindex);
	if (!finding_begin(findings, "requests-not-sent", "device %s", dev))
		return;
	finding_what(findings,
		     "dsr_lb has forwarded %u new connections, and none left by %s: a queueing discipline, a rule of egress or the driver drops them",
		     lost, dev);
	finding_why(findings,
		    "clients hear nothing; 'tc -s qdisc show dev %s' and 'ip -s link show dev %s' count the drops",
		    dev, dev);
	finding_mend(findings, "tc qdisc del dev %s root", dev);
}
