// SPDX-License-Identifier: GPL-2.0
/*
 * Routes and routing rules that lead nowhere: blackhole, unreachable, prohibit.
 */
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>
#include <stdio.h>
#include <string.h>

#include "barrier.h"

static const char *type_name(uint8_t type)
{
	switch (type) {
	case RTN_BLACKHOLE:
		return "blackhole";
	case RTN_UNREACHABLE:
		return "unreachable";
	case RTN_PROHIBIT:
		return "prohibit";
	default:
		return NULL;
	}
}

/* rtnl_route_alloc_cache() does the same, and in libnl 3.7 leaks if the kernel refuses. */
static struct nl_cache *read_cache(const struct host *host, const char *name,
				   int family)
{
	struct nl_cache *cache;

	if (nl_cache_alloc_name(name, &cache))
		return NULL;
	nl_cache_set_arg1(cache, family);
	if (!nl_cache_refill(host->sock, cache))
		return cache;
	nl_cache_free(cache);
	return NULL;
}

static bool is_in(struct nl_addr *prefix, struct nl_addr *addr)
{
	return prefix && !nl_addr_cmp_prefix(prefix, addr);
}

/* Find the route of the longest prefix that an address is in. */
static struct rtnl_route *find_route(struct nl_cache *routes,
				     struct nl_addr *addr)
{
	struct rtnl_route *route, *best = NULL;
	struct nl_object *object;
	struct nl_addr *prefix;

	for (object = nl_cache_get_first(routes); object;
	     object = nl_cache_get_next(object)) {
		route = (struct rtnl_route *)object;
		prefix = rtnl_route_get_dst(route);
		if (rtnl_route_get_table(route) != RT_TABLE_MAIN ||
		    !is_in(prefix, addr))
			continue;
		if (!best || nl_addr_get_prefixlen(prefix) >
			     nl_addr_get_prefixlen(rtnl_route_get_dst(best)))
			best = route;
	}
	return best;
}

static bool route_bars(const struct host *host, int family,
		       struct nl_addr *to, char *words)
{
	struct rtnl_route *route;
	struct nl_cache *routes;
	const char *type = NULL;
	char prefix[64];

	routes = read_cache(host, "route/route", family);
	if (!routes)
		return false;
	route = find_route(routes, to);
	if (route)
		type = type_name(rtnl_route_get_type(route));
	if (type)
		snprintf(words, BARRIER_WORDS_MAX, "route del %s %s", type,
			 nl_addr2str(rtnl_route_get_dst(route), prefix,
				     sizeof(prefix)));
	nl_cache_free(routes);
	return type;
}

static bool is_barrier(struct rtnl_rule *rule, struct nl_addr *to,
		       struct nl_addr *from, const char *dev)
{
	const char *iif = rtnl_rule_get_iif(rule);
	struct nl_addr *src = rtnl_rule_get_src(rule);
	struct nl_addr *dst = rtnl_rule_get_dst(rule);
	uint32_t action = rtnl_rule_get_action(rule);

	return (action == FR_ACT_BLACKHOLE || action == FR_ACT_UNREACHABLE ||
		action == FR_ACT_PROHIBIT) && !rtnl_rule_get_mark(rule) &&
	       (!iif || !strcmp(iif, dev)) && (!src || is_in(src, from)) &&
	       (!dst || is_in(dst, to));
}

static bool rule_bars(const struct host *host, int family, struct nl_addr *to,
		      struct nl_addr *from, const char *dev, char *words)
{
	struct nl_object *object;
	struct nl_cache *rules;
	bool found = false;

	rules = read_cache(host, "route/rule", family);
	if (!rules)
		return false;
	for (object = nl_cache_get_first(rules); object && !found;
	     object = nl_cache_get_next(object)) {
		struct rtnl_rule *rule = (struct rtnl_rule *)object;

		found = is_barrier(rule, to, from, dev);
		if (found)
			snprintf(words, BARRIER_WORDS_MAX, "%srule del pref %u",
				 family == AF_INET6 ? "-6 " : "",
				 rtnl_rule_get_prio(rule));
	}
	nl_cache_free(rules);
	return found;
}

/**
 * barrier_find() - find the route or the rule that keeps packets from their way
 * @host: the machine
 * @to: their destination
 * @from: their source
 * @dev: the device that they come in by
 * @words: set to words of ip that delete it, BARRIER_WORDS_MAX bytes
 *
 * Looks at the routes of the main table only.
 *
 * Return: whether there is one.
 */
bool barrier_find(const struct host *host, const struct addr *to,
		  const struct addr *from, const char *dev, char *words)
{
	struct nl_addr *dst = addr_to_nl(to), *src = addr_to_nl(from);
	bool found = false;

	if (dst && src)
		found = rule_bars(host, to->family, dst, src, dev, words) ||
			route_bars(host, to->family, dst, words);
	nl_addr_put(dst);
	nl_addr_put(src);
	return found;
}
