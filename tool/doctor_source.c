// SPDX-License-Identifier: GPL-2.0
/*
 * The sources of requests: whether rp_filter lets them in. On a balancer dsr_lb
 * obeys it, on a real server the kernel does so itself.
 */
#include "doctor.h"
#include "sysctl.h"

/**
 * doctor_source() - look whether rp_filter is what drops a request
 * @doctor: the machine
 * @seen: the request
 *
 * Return: whether it is; that is a finding then.
 */
bool doctor_source(struct doctor *doctor, const struct seen *seen)
{
	const char *dev = host_device_name(&doctor->host, seen->ifindex);
	struct rtnl_link *link = host_device(&doctor->host, seen->ifindex);
	int all = sysctl_device(AF_INET, "all", "rp_filter");
	int its = sysctl_device(AF_INET, dev, "rp_filter");
	char client[INET6_ADDRSTRLEN], name[SYSCTL_NAME_MAX];
	struct findings *findings = &doctor->findings;
	struct host_route way;

	/* 2 is enough if there is any route; a VRF has routes of its own */
	if (seen->src.family != AF_INET || (all > its ? all : its) != 1 ||
	    !link || rtnl_link_get_master(link))
		return false;
	host_route(&doctor->host, &seen->src, &way);
	if (!way.ifindex || way.local || way.ifindex == seen->ifindex)
		return false;
	if (!finding_begin(findings, "requests-rp-filter", "device %s", dev))
		return true;
	finding_what(findings,
		     "requests of %s come in by %s, where rp_filter is 1, and the way back leads out by %s",
		     addr_name(&seen->src, client), dev,
		     host_device_name(&doctor->host, way.ifindex));
	finding_why(findings,
		    "they are taken for spoofed and dropped; 2 lets in what has any way back");
	finding_mend(findings, "sysctl -w %s=2",
		     sysctl_name(AF_INET, dev, "rp_filter", name));
	return true;
}

/**
 * doctor_sources() - look at the sources of the requests that dsr_lb drops
 * @doctor: the machine
 *
 * rp_filter is to drop some packets. So a VIP is suspect only if not one of its
 * connections got through.
 */
void doctor_sources(struct doctor *doctor)
{
	const struct visit *visit;
	struct host_route way;
	uint64_t dropped;
	size_t i;

	dropped = counters_rise(&doctor->counters[NETLINK_LB],
				"drop_reverse_path");
	for (i = 0; dropped && i < doctor->visits.count; i++) {
		visit = &doctor->visits.one[i];
		/* a forged packet does not come again */
		if (!visit_is_lost(visit) || !visit->again ||
		    dropped < visit->came || doctor_source(doctor, visit->lost))
			continue;
		host_route(&doctor->host, &visit->lost->src, &way);
		if (!way.found)
			doctor_no_way_back(doctor, visit->lost);
	}
}
