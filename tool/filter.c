// SPDX-License-Identifier: GPL-2.0
/*
 * Select the entries of the connection table or the flow table to show. dsr_lb
 * filters its table in the kernel; dsr_rs sends all entries.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <string.h>

#include "filter.h"

/**
 * filter_init() - prepare to read a filter
 * @filter: the filter
 * @args: the words of the command; kept by reference
 */
void filter_init(struct filter *filter, const struct args *args)
{
	memset(filter, 0, sizeof(*filter));
	filter->args = args;
}

/**
 * filter_read() - read the value of a keyword of a filter
 * @args: the words
 * @filter: set
 * @keyword: index of the keyword
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported unless @keyword is another.
 */
int filter_read(struct args *args, struct filter *filter, int keyword)
{
	switch (keyword) {
	case FILTER_SRC:
		return addr_read_endpoint(args, &filter->src, &filter->sport,
					  &filter->src_prefix);
	case FILTER_DST:
		return addr_read_endpoint(args, &filter->dst, &filter->dport,
					  &filter->dst_prefix);
	case FILTER_PROTO:
		return args_choice(args, &filter->proto);
	case FILTER_STATE:
		return args_choice(args, &filter->state);
	case FILTER_LIMIT:
		return args_u32(args, 1, UINT32_MAX, &filter->limit);
	default:
		return DSRCTL_USAGE;
	}
}

/* The balancer compares whole addresses only. */
static bool is_network(const struct addr *addr, unsigned int prefix)
{
	return prefix < (addr->family == AF_INET6 ? 128 : 32);
}

static int put_endpoint(struct nl_msg *msg, int type, const struct addr *addr,
			unsigned int prefix, int port_type, int port)
{
	if (!is_network(addr, prefix) && addr_put(msg, type, addr))
		return -1;
	return port < 0 ? 0 : nla_put_u16(msg, port_type, htons(port));
}

/**
 * filter_put() - put a filter in the nest of a connection
 * @msg: the request
 * @filter: the filter
 *
 * Networks are left out: see filter_match_networks().
 *
 * Return: 0, or negative if the request has no room.
 */
int filter_put(struct nl_msg *msg, const struct filter *filter)
{
	const struct args *args = filter->args;

	if (args_seen(args, FILTER_SRC) &&
	    put_endpoint(msg, DSR_CONNECTION_A_SRC, &filter->src,
			 filter->src_prefix, DSR_CONNECTION_A_SPORT,
			 filter->sport))
		return -1;
	if (args_seen(args, FILTER_DST) &&
	    put_endpoint(msg, DSR_CONNECTION_A_DST, &filter->dst,
			 filter->dst_prefix, DSR_CONNECTION_A_DPORT,
			 filter->dport))
		return -1;
	if (args_seen(args, FILTER_PROTO) &&
	    nla_put_u8(msg, DSR_CONNECTION_A_PROTO,
		       attr_proto_number(filter->proto)))
		return -1;
	if (args_seen(args, FILTER_STATE) &&
	    nla_put_u8(msg, DSR_CONNECTION_A_STATE, filter->state))
		return -1;
	return 0;
}

static bool match_port(const struct nlattr *attr, int port)
{
	return port < 0 || (attr && ntohs(nla_get_u16(attr)) == port);
}

static bool match_u8(const struct nlattr *attr, unsigned int value)
{
	return attr && nla_get_u8(attr) == value;
}

/**
 * filter_match_networks() - whether an entry is of the networks that are asked for
 * @filter: the filter
 * @src: client
 * @dst: VIP
 */
bool filter_match_networks(const struct filter *filter,
			   const struct nlattr *src, const struct nlattr *dst)
{
	const struct args *args = filter->args;

	return (!args_seen(args, FILTER_SRC) ||
		addr_in(&filter->src, filter->src_prefix, src)) &&
	       (!args_seen(args, FILTER_DST) ||
		addr_in(&filter->dst, filter->dst_prefix, dst));
}

/**
 * filter_match() - match an entry with a filter
 * @filter: the filter
 * @entry: the entry
 */
bool filter_match(const struct filter *filter,
		  const struct filter_entry *entry)
{
	const struct args *args = filter->args;

	if (!filter_match_networks(filter, entry->src, entry->dst))
		return false;
	if (args_seen(args, FILTER_SRC) &&
	    !match_port(entry->sport, filter->sport))
		return false;
	if (args_seen(args, FILTER_DST) &&
	    !match_port(entry->dport, filter->dport))
		return false;
	if (args_seen(args, FILTER_PROTO) &&
	    !match_u8(entry->proto, attr_proto_number(filter->proto)))
		return false;
	return !args_seen(args, FILTER_STATE) ||
	       match_u8(entry->state, filter->state);
}

/**
 * filter_last() - count an entry that was shown
 * @filter: the filter
 *
 * Return: true if the limit is reached.
 */
bool filter_last(struct filter *filter)
{
	return args_seen(filter->args, FILTER_LIMIT) && !--filter->limit;
}
