// SPDX-License-Identifier: GPL-2.0
/*
 * The requests that reach a real server: whether a rule takes them, and whether
 * they are answered.
 */
#include <linux/dsr_rs.h>
#include <netinet/in.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "inquiry.h"
#include "listener.h"
#include "match.h"
#include "ruleset.h"
#include "sysctl.h"

/**
 * struct site - what the judgement of all requests needs
 * @listeners: the sockets of the machine
 * @listens: @listeners could be read
 * @ruleset: the chains of its firewall
 */
struct site {
	struct listeners listeners;
	bool listens;
	struct ruleset ruleset;
};

/* A rule by TOS, to copy its options from. */
static bool find_tos_rule(const struct doctor *doctor, struct rule_info *rule)
{
	size_t i;

	for (i = 0; i < doctor->rules.count; i++)
		if (rule_parse(doctor->rules.reply[i], rule) &&
		    rule->tb[DSR_RULE_A_TOS])
			return true;
	return false;
}

static void other_tos(struct doctor *doctor, const struct seen *seen,
		      struct rule_info *rule)
{
	struct findings *findings = &doctor->findings;
	char *name = rule_name(rule), *words = rule_words(rule, NULL);
	unsigned int tos = seen->tos & 0xfc;
	char vip[INET6_ADDRSTRLEN];

	addr_name(&seen->dst, vip);
	if (finding_begin(findings, "tos-differs", "real %s", name)) {
		finding_what(findings,
			     "packets for %s come with the TOS 0x%02x, and the rule wants another one",
			     vip, tos);
		finding_why(findings,
			    "nothing takes them here; the 'tos' of the balancer's service and that of the rule have to be the same");
		finding_mend(findings, "dsrctl real add tos 0x%02x%s", tos,
			     words + strlen(name));
	}
	free(name);
	free(words);
}

static void no_rule(struct doctor *doctor, const struct visit *visit)
{
	const struct seen *seen = visit->lost;
	const char *dev = host_device_name(&doctor->host, seen->ifindex);
	struct findings *findings = &doctor->findings;
	char vip[INET6_ADDRSTRLEN];
	struct rule_info rule;
	struct host_route way;

	/* a router passes packets on, and the stack takes those of local routes */
	if (visit->own || sysctl_device(seen->dst.family, dev, "forwarding") != 0 ||
	    match_names_vip(&doctor->rules, &seen->dst))
		return;
	host_route(&doctor->host, &seen->dst, &way);
	if (way.local)
		return;
	if (find_tos_rule(doctor, &rule) && seen->tos & 0xfc) {
		other_tos(doctor, seen, &rule);
		return;
	}
	if (!finding_begin(findings, "vip-no-rule", "vip %s",
			   addr_name(&seen->dst, vip)))
		return;
	finding_what(findings,
		     "%u new connections to %s came here, to the MAC address of %s, and no rule takes that address",
		     visit->came, vip, dev);
	finding_why(findings,
		    "this machine drops them, and the clients hear nothing");
	finding_mend(findings, "dsrctl real add vip %s", vip);
}

/* The rule takes frames of other machines only. */
static void other_sender(struct doctor *doctor, const struct seen *seen,
			 struct rule_info *rule)
{
	struct findings *findings = &doctor->findings;
	const uint8_t *mac = seen->mac;
	char *name = rule_name(rule), *words = rule_words(rule, NULL);
	char text[ATTR_TEXT_MAX], *from, *rest;
	char known[INET6_ADDRSTRLEN] = "";
	struct addr sender;

	if (host_neighbour_of(&doctor->host, seen->ifindex, mac, &seen->dst,
			      &sender))
		addr_name(&sender, known);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	from = strstr(words, " from ");
	if (!from || !finding_begin(findings, "tos-from-other", "real %s", name))
		goto free_words;
	rest = from + strlen(" from ");
	rest += strcspn(rest, " ");
	finding_what(findings,
		     "packets with the rule's TOS come from %s%s%s, which its 'from' does not name",
		     text, *known ? ", that is " : "", known);
	finding_why(findings,
		    "nothing takes them here; name all balancers, if that is one");
	finding_mend(findings, "dsrctl real replace %.*s,%s%s",
		     (int)(rest - words), words, text, rest);
free_words:
	free(name);
	free(words);
}

/* Check if the router of the way back does not answer for its address. */
static bool dead_router(struct doctor *doctor, const struct seen *seen,
			const struct host_route *way)
{
	struct findings *findings = &doctor->findings;
	char client[INET6_ADDRSTRLEN], router[INET6_ADDRSTRLEN];

	if (!way->gateway.family ||
	    !(host_neighbour_state(&doctor->host, way->ifindex,
				   &way->gateway) &
	      (NUD_FAILED | NUD_INCOMPLETE)))
		return false;
	addr_name(&way->gateway, router);
	if (!finding_begin(findings, "router-no-answer", "router %s", router))
		return true;
	finding_what(findings,
		     "the route back to the client %s leads over %s, which does not answer %s on %s",
		     addr_name(&seen->src, client), router,
		     way->gateway.family == AF_INET6 ? "neighbour discovery" :
						       "ARP",
		     host_device_name(&doctor->host, way->ifindex));
	finding_why(findings,
		    "the server's answers have no way; the router below is the machine that the request came from, which is right where replies pass the balancer");
	doctor_open_way(doctor, seen,
			host_device_name(&doctor->host, seen->ifindex),
			"replace");
	return true;
}

static const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_SCTP ? "sctp" : "tcp";
}

/* Find the chains that may drop the requests, or the answers, of a program. */
static bool chains_drop(struct doctor *doctor, const struct visit *visit,
			const struct site *site, uint16_t port, bool answers)
{
	uint32_t hook = answers ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN;
	struct findings *findings = &doctor->findings;
	char vip[INET6_ADDRSTRLEN], words[RULESET_WORDS_MAX];
	const struct seen *first = visit->first;
	const struct chain *chain;
	bool begun = false;
	size_t i;

	addr_name(&first->dst, vip);
	for (i = 0; i < site->ruleset.count; i++) {
		chain = &site->ruleset.chain[i];
		if (!ruleset_may_drop(chain, hook, first->dst.family))
			continue;
		if (!begun && !finding_begin(findings, answers ?
					     "output-drops" : "input-drops",
					     "vip %s", vip))
			return true;
		begun = true;
		finding_mend(findings, "nft insert rule %s %s %s %u accept",
			     ruleset_words(chain, words),
			     proto_name(first->proto),
			     answers ? "sport" : "dport", port);
	}
	if (!begun)
		return false;
	finding_what(findings,
		     "a program listens on port %u, and none of %u new connections to %s was answered: rules of %s drop %s, or their policy does",
		     port, visit->came, vip, answers ? "OUTPUT" : "INPUT",
		     answers ? "the answers" : "them");
	finding_why(findings,
		    "the firewall sees a connection to the machine's own address; its clients hear nothing");
	return true;
}

/* Check if the program behind a rule is there, and the firewall may drop what comes
 * for it, or what it answers.
 */
static void firewall_drops(struct doctor *doctor, const struct visit *visit,
			   const struct rule_info *rule,
			   const struct site *site)
{
	const struct listener *other = NULL;
	struct addr to = visit->first->dst;
	uint16_t port = visit->first->dport;

	if (rule->tb[DSR_RULE_A_TO_PORT])
		port = ntohs(nla_get_u16(rule->tb[DSR_RULE_A_TO_PORT]));
	if (attr_u8(rule->tb[DSR_RULE_A_MODE]) != DSR_RULE_MODE_LOCAL &&
	    !addr_get(rule->tb[DSR_RULE_A_TO], &to) &&
	    !host_only_address(&doctor->host, to.family, &to))
		return;
	if (!site->listens || ruleset_translates(&site->ruleset) ||
	    !listener_knows(&site->listeners, visit->first->proto) ||
	    listener_find(&site->listeners, visit->first->proto, &to, port,
			  &other) != LISTENER_TAKES || doctor->overflows)
		return;
	if (!chains_drop(doctor, visit, site, port, false))
		chains_drop(doctor, visit, site, port, true);
}

/* Check if a port is meant to be served: the rule names the port, or a client has
 * been served there, or the machine has never answered any client. Scanners ask for
 * all other ports.
 */
static int is_meant(struct doctor *doctor, const struct visit *visit,
		    const struct rule_info *rule, bool *meant)
{
	const struct counters *counters = &doctor->counters[NETLINK_RS];

	*meant = rule->tb[DSR_RULE_A_PORT] ||
		 !(counters_total(counters, "replied") +
		   counters_total(counters, "replied_other_port"));
	if (*meant)
		return DSRCTL_OK;
	return inquiry_flow(doctor->ctl, visit->first, meant);
}

static int judge(struct doctor *doctor, const struct visit *visit,
		 struct rule_info *rule, const struct site *site)
{
	const struct counters *counters = &doctor->counters[NETLINK_RS];
	const struct seen *seen = visit->lost;
	struct host_route way;
	bool meant;
	int status;

	if (rule->tb[DSR_RULE_A_TOS] && seen->has_mac &&
	    counters_rise(counters, "pass_tos_not_from_balancer") >=
	    visit->came) {
		other_sender(doctor, seen, rule);
		return DSRCTL_OK;
	}
	if (doctor_source(doctor, seen))
		return DSRCTL_OK;
	status = is_meant(doctor, visit, rule, &meant);
	if (status || !meant)
		return status;
	host_route(&doctor->host, &seen->src, &way);
	if (!way.found)
		doctor_no_way_back(doctor, seen);
	else if (!dead_router(doctor, seen, &way) &&
		 seen->proto != IPPROTO_UDP &&
		 !finding_has(&doctor->findings, "rule-no-local-route") &&
		 !finding_has(&doctor->findings, "rule-to-gone"))
		firewall_drops(doctor, visit, rule, site);
	return DSRCTL_OK;
}

static bool has_sctp(const struct visits *visits)
{
	size_t i;

	for (i = 0; i < visits->count; i++)
		if (visits->one[i].first->proto == IPPROTO_SCTP)
			return true;
	return false;
}

/* The machine is a client of the VIP itself. */
static void own_client(struct doctor *doctor)
{
	const struct seen *seen;
	char name[SYSCTL_NAME_MAX];
	const char *dev;
	size_t i;

	if (!counters_rise(&doctor->counters[NETLINK_RS],
			   "drop_needs_accept_local"))
		return;
	for (i = 0; i < doctor->watch.count; i++) {
		seen = &doctor->watch.seen[i];
		dev = host_device_name(&doctor->host, seen->ifindex);
		if (seen->out || !host_has(&doctor->host, &seen->src, NULL) ||
		    !finding_begin(&doctor->findings, "needs-accept-local",
				   "device %s", dev))
			continue;
		finding_what(&doctor->findings,
			     "this machine is a client of a VIP that it serves itself, and %s does not let its own packets in again",
			     dev);
		finding_why(&doctor->findings,
			    "connections that the balancer gives to this machine hang");
		finding_mend(&doctor->findings, "sysctl -w %s=1",
			     sysctl_name(AF_INET, dev, "accept_local", name));
	}
}

/**
 * doctor_requests() - look at the requests that have come
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_requests(struct doctor *doctor)
{
	struct site site = { 0 };
	int status = DSRCTL_OK;
	struct rule_info rule;
	struct match match;
	size_t i;

	/* a balancer here sees the packets first */
	if (doctor->services.count)
		return DSRCTL_OK;
	own_client(doctor);
	if (doctor->rules.count) {
		ruleset_read(&site.ruleset);
		site.listens = listener_read(&site.listeners,
					     has_sctp(&doctor->visits));
	}
	for (i = 0; !status && i < doctor->visits.count; i++) {
		const struct visit *visit = &doctor->visits.one[i];

		if (!visit_is_lost(visit))
			continue;
		match = (struct match){
			.dst = visit->lost->dst, .dport = visit->lost->dport,
			.proto = visit->lost->proto, .tos = visit->lost->tos,
		};
		if (match_rule(&doctor->rules, &match, &rule))
			status = judge(doctor, visit, &rule, &site);
		else
			no_rule(doctor, visit);
	}
	ruleset_free(&site.ruleset);
	listener_free(&site.listeners);
	return status;
}
