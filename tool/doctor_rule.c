// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of a real server, as they stand: whether what they name is there.
 */
#include <linux/dsr_rs.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "listener.h"
#include "ruleset.h"
#include "silence.h"
#include "sysctl.h"
#include "text.h"

static void no_local_route(struct doctor *doctor, struct rule_info *rule,
			   const char *key)
{
	char *words;

	if (!rule->tb[DSR_RULE_A_ROUTED] ||
	    attr_u8(rule->tb[DSR_RULE_A_ROUTED]) ||
	    !finding_begin(&doctor->findings, "rule-no-local-route", "real %s",
			   key))
		return;
	finding_what(&doctor->findings,
		     "the rule is in mode local, and its local route is gone");
	finding_why(&doctor->findings,
		    "packets for the VIP are dropped without it");
	words = rule_words(rule, NULL);
	finding_mend(&doctor->findings, "dsrctl real replace %s", words);
	free(words);
}

static void gone_address(struct doctor *doctor, struct rule_info *rule,
			 const char *key)
{
	char name[INET6_ADDRSTRLEN], port[16] = "";
	struct addr to;
	char *words;

	if (!addr_get(rule->tb[DSR_RULE_A_TO], &to) ||
	    host_has(&doctor->host, &to, NULL) ||
	    /* all of 127.0.0.0/8 is this machine's */
	    (to.family == AF_INET && ntohl(to.in.s_addr) >> 24 == 127) ||
	    !finding_begin(&doctor->findings, "rule-to-gone", "real %s", key))
		return;
	finding_what(&doctor->findings,
		     "the rule delivers to %s, which is no address of this machine",
		     addr_name(&to, name));
	finding_why(&doctor->findings,
		    "packets for the VIP are dropped until it is there again; without an address the rule takes the one that the machine talks to the client from");
	if (rule->tb[DSR_RULE_A_TO_PORT])
		attr_text(ATTR_PORT, rule->tb[DSR_RULE_A_TO_PORT], port);
	words = rule_words(rule, port);
	finding_mend(&doctor->findings, "dsrctl real replace %s", words);
	free(words);
}

/* Check if an address is silenced, on any device. */
static bool is_silenced(const struct doctor *doctor, const struct addr *addr)
{
	struct silence_info silence;
	size_t i;

	for (i = 0; i < doctor->silences.count; i++)
		if (silence_parse(doctor->silences.reply[i], &silence) &&
		    addr_is(addr, silence.tb[DSR_SILENCE_A_ADDR]))
			return true;
	return false;
}

/**
 * doctor_is_heard() - check if this machine answers ARP for an address that it has
 * @doctor: the machine
 * @vip: the address
 * @owner: the device that has it
 */
bool doctor_is_heard(const struct doctor *doctor, const struct addr *vip,
		     int owner)
{
	int all = sysctl_device(AF_INET, "all", "arp_ignore");
	struct nl_object *object;
	struct rtnl_link *link;
	int its, ignore;

	if (is_silenced(doctor, vip))
		return false;
	for (object = nl_cache_get_first(doctor->host.links); object;
	     object = nl_cache_get_next(object)) {
		link = (struct rtnl_link *)object;
		if (rtnl_link_get_flags(link) & (IFF_LOOPBACK | IFF_NOARP) ||
		    !(rtnl_link_get_flags(link) & IFF_UP) ||
		    !host_sees_ip(&doctor->host, rtnl_link_get_ifindex(link)))
			continue;
		its = sysctl_device(AF_INET, rtnl_link_get_name(link),
				    "arp_ignore");
		ignore = its > all ? its : all;
		/* 1 and 2: answer for what this device has; 8: for nothing */
		if (ignore <= 0 || (ignore < 3 &&
				    owner == rtnl_link_get_ifindex(link)))
			return true;
	}
	return false;
}

static void not_silent(struct doctor *doctor, const struct rule_info *rule)
{
	char name[INET6_ADDRSTRLEN];
	struct rtnl_link *link;
	struct addr vip;
	int owner;

	if (!addr_get(rule->tb[DSR_RULE_A_VIP], &vip) ||
	    !host_has(&doctor->host, &vip, &owner) ||
	    is_silenced(doctor, &vip) ||
	    /* a balancer has to be found */
	    doctor->services.count)
		return;
	link = host_device(&doctor->host, owner);
	/* an address of IPv6 is answered for where it is, only */
	if (vip.family == AF_INET6 ?
		    !link || rtnl_link_get_flags(link) & IFF_LOOPBACK :
		    !doctor_is_heard(doctor, &vip, owner))
		return;
	if (!finding_begin(&doctor->findings, "vip-not-silent", "vip %s",
			   addr_name(&vip, name)))
		return;
	finding_what(&doctor->findings,
		     "this machine has %s on %s, and answers %s for it", name,
		     host_device_name(&doctor->host, owner),
		     vip.family == AF_INET6 ? "neighbour discovery" : "ARP");
	finding_why(&doctor->findings,
		    "a router that hears it sends it all clients, past the balancer");
	finding_mend(&doctor->findings, "dsrctl real silence %s", name);
}

/* Find the place that a rule with a port delivers to; false: it is not known. */
static bool find_target(const struct rule_info *rule, uint8_t *proto,
			uint16_t *port, struct addr *to)
{
	struct nlattr *const *tb = rule->tb;
	const struct nlattr *its = tb[DSR_RULE_A_TO_PORT];

	if (!its)
		its = tb[DSR_RULE_A_PORT];
	if (!its || !tb[DSR_RULE_A_PROTO])
		return false;
	*proto = attr_u8(tb[DSR_RULE_A_PROTO]);
	*port = ntohs(nla_get_u16(its));
	if (addr_get(tb[DSR_RULE_A_TO], to))
		return true;
	memset(to, 0, sizeof(*to));
	return false;
}

static void no_listener(struct doctor *doctor, struct rule_info *rule,
			const char *key, const struct listeners *listeners)
{
	struct findings *findings = &doctor->findings;
	const struct listener *other = NULL;
	char name[INET6_ADDRSTRLEN], place[INET6_ADDRSTRLEN + 16];
	struct addr to, vip;
	uint16_t port;
	uint8_t proto;
	char *words;

	if (!addr_get(rule->tb[DSR_RULE_A_VIP], &vip))
		return;
	if (!find_target(rule, &proto, &port, &to)) {
		if (!rule->tb[DSR_RULE_A_PROTO] ||
		    (!rule->tb[DSR_RULE_A_PORT] &&
		     !rule->tb[DSR_RULE_A_TO_PORT]))
			return;
		/* the address is the one that leads to the client */
		if (!host_only_address(&doctor->host, vip.family, &to))
			to.family = 0;
	}
	if (!listener_knows(listeners, proto))
		return;
	if (!to.family)
		to.family = vip.family;

	switch (listener_find(listeners, proto, &to, port, &other)) {
	case LISTENER_NONE:
		if (!finding_begin(findings, "rule-no-listener", "real %s",
				   key))
			return;
		finding_what(findings,
			     "the rule delivers to port %u, and no program listens there",
			     port);
		finding_why(findings,
			    "clients are refused; start the server, or else delete the rule, so that the balancer's checks find it");
		finding_mend(findings, "dsrctl real delete %s", key);
		return;
	case LISTENER_OTHER:
		addr_name(&other->addr, name);
		/* with several addresses, it may be another one that is meant */
		if (addr_is_loopback(&other->addr) ?
			    other->addr.family == AF_INET6 :
			    !host_has(&doctor->host, &other->addr, NULL))
			return;
		if (!rule->tb[DSR_RULE_A_TO] &&
		    !host_only_address(&doctor->host, vip.family, &to) &&
		    !addr_is_loopback(&other->addr))
			return;
		if (!finding_begin(findings, "rule-listener-elsewhere",
				   "real %s", key))
			return;
		finding_what(findings,
			     "the program on port %u listens on %s only, and the rule delivers to another address",
			     port, name);
		if (addr_is_loopback(&other->addr))
			finding_why(findings,
				    "clients are refused; better let it listen on all addresses, since with route_localnet the neighbours reach all that listens on loopback");
		else
			finding_why(findings,
				    "clients are refused; let it listen on all addresses, or deliver to that one");
		if (addr_is_loopback(&other->addr))
			finding_mend(findings,
				     "sysctl -w net.ipv4.conf.all.route_localnet=1");
		snprintf(place, sizeof(place),
			 other->addr.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			 name, port);
		words = rule_words(rule, place);
		finding_mend(findings, "dsrctl real replace %s", words);
		free(words);
		return;
	default:
		return;
	}
}

static bool has_sctp(const struct doctor *doctor)
{
	struct rule_info rule;
	size_t i;

	for (i = 0; i < doctor->rules.count; i++)
		if (rule_parse(doctor->rules.reply[i], &rule) &&
		    rule.tb[DSR_RULE_A_PROTO] &&
		    attr_u8(rule.tb[DSR_RULE_A_PROTO]) == IPPROTO_SCTP)
			return true;
	return false;
}

/**
 * doctor_rules() - look at the rules of a real server
 * @doctor: the machine
 *
 * A rule of DNAT may give what is delivered to a container, which has sockets of its
 * own; then no listener is missed here.
 *
 * Return: enum dsrctl_status.
 */
int doctor_rules(struct doctor *doctor)
{
	struct listeners listeners = { 0 };
	struct ruleset ruleset = { 0 };
	bool readable = false, listens = false;
	int status = DSRCTL_OK;
	struct rule_info rule;
	char *key;
	size_t i;

	if (doctor->rules.count) {
		readable = ruleset_read(&ruleset);
		listens = readable && !ruleset_translates(&ruleset) &&
			  listener_read(&listeners, has_sctp(doctor));
	}
	for (i = 0; i < doctor->rules.count; i++) {
		if (!rule_parse(doctor->rules.reply[i], &rule)) {
			status = netlink_malformed();
			break;
		}
		key = rule_name(&rule);
		no_local_route(doctor, &rule, key);
		gone_address(doctor, &rule, key);
		if (readable && !ruleset_filters_arp(&ruleset))
			not_silent(doctor, &rule);
		if (listens)
			no_listener(doctor, &rule, key, &listeners);
		free(key);
	}
	listener_free(&listeners);
	ruleset_free(&ruleset);
	return status;
}
