// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a packet for a VIP on a real server: the rule, the local address, the
 * socket, the firewall, and the way of a reply. It takes the decisions of dsr_rs
 * for the first packet of a connection; routes are asked of the kernel.
 */
#include <linux/dsr_rs.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <string.h>

#include "attr.h"
#include "landing.h"
#include "sysctl.h"

static bool is_loopback4(const struct addr *addr)
{
	return addr->family == AF_INET && ntohl(addr->in.s_addr) >> 24 == 127;
}

static bool is_own(const struct host *host, const struct addr *addr)
{
	struct host_route route;

	if (host_has(host, addr, NULL))
		return true;
	host_route(host, addr, &route);
	return route.local;
}

/* A setting of IPv4 that holds if it is set for all devices, or for this one. */
static bool is_set(const struct host *host, int ifindex, const char *key)
{
	return sysctl_device(AF_INET, "all", key) > 0 ||
	       sysctl_device(AF_INET, host_device_name(host, ifindex), key) > 0;
}

/* The address that this machine would talk to the client from, or else one of the
 * device.
 */
static bool default_address(const struct host *host, struct landing *landing)
{
	const struct addr none = { 0 };
	struct way way = { .to = landing->src };

	way_ask(host, &way);
	if (!way.error && way.source.family && !is_loopback4(&way.source) &&
	    !addr_is_loopback(&way.source)) {
		landing->to = way.source;
		return true;
	}
	return host_device_address(host, landing->ifindex,
				   landing->src.family, &none, &landing->to);
}

/* Return: whether the rule leads to an address that this machine has. */
static bool find_address(const struct host *host, struct landing *landing)
{
	if (!addr_get(landing->rule.tb[DSR_RULE_A_TO], &landing->to))
		return default_address(host, landing);
	if (is_loopback4(&landing->to))
		return is_set(host, landing->ifindex, "route_localnet");
	return host_has(host, &landing->to, NULL);
}

static bool is_bad_source(const struct landing *landing)
{
	return addr_same(&landing->src, &landing->match.dst) ||
	       is_loopback4(&landing->src) || addr_is_loopback(&landing->src);
}

/* This machine is the client: the kernel takes such a packet for a forgery. */
static bool is_own_martian(const struct host *host,
			   const struct landing *landing)
{
	return landing->src.family == AF_INET &&
	       addr_same(&landing->src, &landing->to) &&
	       !is_set(host, landing->ifindex, "accept_local");
}

static void redirect(const struct host *host, struct landing *landing)
{
	const struct nlattr *port = landing->rule.tb[DSR_RULE_A_TO_PORT];

	if (!find_address(host, landing)) {
		landing->reason = "drop_no_local_address";
		return;
	}
	if (port)
		landing->to_port = ntohs(nla_get_u16(port));
	landing->lands = true;
	landing->reason = "delivered";
	if (addr_same(&landing->to, &landing->match.dst) &&
	    landing->to_port == landing->match.dport)
		landing->reason = "pass_own_address";
	else if (is_bad_source(landing))
		landing->reason = "drop_bad_source";
	else if (is_own_martian(host, landing))
		landing->reason = "drop_needs_accept_local";
	if (!strncmp(landing->reason, "drop_", strlen("drop_")))
		landing->lands = false;
}

/* Decide as dsr_rs does, and set the reason and the place. */
static void decide(const struct host *host, struct landing *landing)
{
	struct nlattr *const *tb = landing->rule.tb;

	landing->to = landing->match.dst;
	landing->to_port = landing->match.dport;
	if (!landing->has_rule) {
		landing->reason = "pass_no_rule";
		landing->lands = is_own(host, &landing->match.dst);
	} else if (tb[DSR_RULE_A_TOS] && is_own(host, &landing->match.dst)) {
		landing->reason = "pass_tos_not_vip";
		landing->lands = true;
	} else if (attr_u8(tb[DSR_RULE_A_MODE]) != DSR_RULE_MODE_LOCAL) {
		redirect(host, landing);
	} else if (tb[DSR_RULE_A_ROUTED] && !attr_u8(tb[DSR_RULE_A_ROUTED])) {
		landing->reason = "drop_no_local_route";
	} else {
		landing->reason = "delivered_unchanged";
		landing->lands = true;
	}
}

static void find_socket(struct landing *landing)
{
	static const enum landing_socket found[] = {
		[LISTENER_NONE] = LANDING_NONE,
		[LISTENER_OTHER] = LANDING_OTHER,
		[LISTENER_TAKES] = LANDING_TAKES,
	};
	const struct listener *other = NULL;
	struct listeners listeners;
	uint8_t proto = landing->match.proto;

	if (listener_read(&listeners, proto == IPPROTO_SCTP) &&
	    !landing->translated &&
	    listener_knows(&listeners, proto))
		landing->socket = found[listener_find(&listeners, proto,
						      &landing->to,
						      landing->to_port,
						      &other)];
	if (other)
		landing->listener = other->addr;
	listener_free(&listeners);
}

/**
 * landing_find() - find out where a packet ends
 * @landing: the packet; all else is set, for landing_free() in any case
 * @host: the machine
 * @rules: the rules of dsr_rs; the landing refers to them
 */
void landing_find(struct landing *landing, const struct host *host,
		  const struct netlink_replies *rules)
{
	const struct nlattr *mark;

	landing->has_rule = match_rule(rules, &landing->match, &landing->rule);
	decide(host, landing);
	if (!landing->lands)
		return;
	mark = landing->has_rule ? landing->rule.tb[DSR_RULE_A_MARK] : NULL;
	landing->translated = ruleset_read(&landing->ruleset) &&
			      ruleset_translates(&landing->ruleset);
	find_socket(landing);
	landing->in = (struct way){
		.to = landing->to, .from = landing->src,
		.iif = landing->ifindex, .mark = attr_u32(mark),
	};
	way_ask(host, &landing->in);
	landing->back = (struct way){
		.to = landing->src, .from = landing->to,
	};
	way_ask(host, &landing->back);
}

/**
 * landing_input() - check if a chain of INPUT may drop the packet
 * @landing: the packet
 * @chain: the chain
 */
bool landing_input(const struct landing *landing, const struct chain *chain)
{
	return ruleset_may_drop(chain, NF_INET_LOCAL_IN, landing->to.family);
}

/**
 * landing_is_filtered() - check if any rules of INPUT may drop the packet
 * @landing: the packet
 */
bool landing_is_filtered(const struct landing *landing)
{
	size_t i;

	for (i = 0; i < landing->ruleset.count; i++)
		if (landing_input(landing, &landing->ruleset.chain[i]))
			return true;
	return ruleset_has_legacy(landing->to.family, "filter");
}

/**
 * landing_free() - forget what landing_find() has read
 * @landing: the landing
 */
void landing_free(struct landing *landing)
{
	ruleset_free(&landing->ruleset);
}
