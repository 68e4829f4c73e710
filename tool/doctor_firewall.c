// SPDX-License-Identifier: GPL-2.0
/*
 * The site's firewall on the balancer: whether it drops all that is for a VIP.
 */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <stdlib.h>

#include "doctor.h"
#include "inquiry.h"
#include "ruleset.h"

/* test packets at most: scanners ask for many ports */
#define EARLY_MAX	8

static const char *match_of(int family)
{
	return family == AF_INET6 ? "ip6 daddr" : "ip daddr";
}

/* Commands that let the requests through FORWARD or POSTROUTING, and the answers
 * to them, wherever a rule or a policy may drop them.
 */
static void let_pass(struct findings *findings, const struct ruleset *ruleset,
		     const struct addr *vip)
{
	char name[INET6_ADDRSTRLEN], words[RULESET_WORDS_MAX];
	const struct chain *chain;
	size_t i;

	addr_name(vip, name);
	for (i = 0; i < ruleset->count; i++) {
		chain = &ruleset->chain[i];
		if (!ruleset_may_drop(chain, NF_INET_FORWARD, vip->family) &&
		    !(chain->drops &&
		      ruleset_may_drop(chain, NF_INET_POST_ROUTING,
				       vip->family)))
			continue;
		ruleset_words(chain, words);
		finding_mend(findings,
			     "nft insert rule %s ct state established accept",
			     words);
		finding_mend(findings, "nft insert rule %s %s %s accept",
			     words, match_of(vip->family), name);
	}
}

static void dropped(struct doctor *doctor, const struct visit *visit,
		    const struct ruleset *ruleset)
{
	struct findings *findings = &doctor->findings;
	const struct addr *vip = &visit->first->dst;
	char name[INET6_ADDRSTRLEN];

	if (!finding_begin(findings, "firewall-drops", "vip %s",
			   addr_name(vip, name)))
		return;
	finding_what(findings,
		     "rules of FORWARD or POSTROUTING, or their policy, drop what clients send to %s: not one of %u new connections got through",
		     name, visit->came);
	finding_why(findings,
		    "with 'path stack' the site's firewall sees the requests as a router's; clients hear nothing");
	let_pass(findings, ruleset, vip);
	if (!findings->one[findings->count - 1].count)
		finding_mend(findings,
			     "%s -I FORWARD -d %s -j ACCEPT",
			     vip->family == AF_INET6 ? "ip6tables-legacy" :
						       "iptables-legacy", name);
}

/* A packet that does not even come to dsr_lb. */
static void dropped_early(struct doctor *doctor, const struct visit *visit,
			  const struct verdict *verdict,
			  const struct ruleset *ruleset)
{
	struct findings *findings = &doctor->findings;
	const struct addr *vip = &visit->first->dst;
	char name[INET6_ADDRSTRLEN], words[RULESET_WORDS_MAX];
	size_t i;

	if (!finding_begin(findings, "prerouting-drops", "vip %s",
			   addr_name(vip, name)))
		return;
	finding_what(findings,
		     "PREROUTING keeps what clients send to %s: not one of %u new connections came to dsr_lb",
		     name, visit->came);
	finding_why(findings,
		    "dsr_lb sees packets behind the rules of raw and mangle, and counts none that these drop; clients hear nothing");
	for (i = 0; i < ruleset->count; i++)
		if (verdict_is_of(verdict, &ruleset->chain[i]))
			finding_mend(findings, "nft insert rule %s %s %s accept",
				     ruleset_words(&ruleset->chain[i], words),
				     match_of(vip->family), name);
	if (!findings->one[findings->count - 1].count)
		finding_mend(findings,
			     "%s -t %s -I PREROUTING -d %s -j ACCEPT",
			     vip->family == AF_INET6 ? "ip6tables-legacy" :
						       "iptables-legacy",
			     verdict->priority == NF_IP_PRI_RAW ? "raw" :
								  "mangle",
			     name);
}

/* The rules are asked by a test packet, which is not sent. */
static int ask_early(struct doctor *doctor, const struct visit *visit,
		     const struct ruleset *ruleset)
{
	struct verdict verdict;
	int status;
	bool meant;

	status = doctor_port(doctor, visit->first, &meant);
	if (status || !meant)
		return status;
	status = inquiry_firewall(doctor->ctl, visit->lost, &verdict);
	if (!status && verdict_is_early(&verdict))
		dropped_early(doctor, visit, &verdict, ruleset);
	return status;
}

/**
 * doctor_firewall() - look at what the firewall drops
 * @doctor: the machine
 *
 * A firewall is to drop some packets. So a port is suspect only if it is meant to be
 * served, and not one of its connections got through.
 *
 * Return: enum dsrctl_status.
 */
int doctor_firewall(struct doctor *doctor)
{
	const struct counters *counters = &doctor->counters[NETLINK_LB];
	uint64_t drops = counters_rise(counters, "drop_by_firewall");
	struct ruleset ruleset = { 0 };
	unsigned int asked = 0;
	int status = DSRCTL_OK;
	bool meant;
	size_t i;

	if (!doctor->services.count)
		return DSRCTL_OK;
	for (i = 0; !status && i < doctor->visits.count; i++) {
		const struct visit *visit = &doctor->visits.one[i];

		if (!visit_is_lost(visit) || visit->own)
			continue;
		if (!ruleset.chain)
			ruleset_read(&ruleset);
		if (drops < visit->came) {
			if (asked++ < EARLY_MAX)
				status = ask_early(doctor, visit, &ruleset);
			continue;
		}
		status = doctor_port(doctor, visit->first, &meant);
		if (!status && meant)
			dropped(doctor, visit, &ruleset);
	}
	ruleset_free(&ruleset);
	return status;
}
