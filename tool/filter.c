// SPDX-License-Identifier: GPL-2.0
/*
 * Which entries of the connection table or the flow table are shown. The
 * kernel sends all of them; they are picked out here.
 */
#include <arpa/inet.h>
#include <string.h>

#include "filter.h"

/**
 * filter_read() - read a filter from the words of a command
 * @args: the words; kept by reference
 * @family: AF_INET if no other address is in the table, or AF_UNSPEC
 * @filter: where to put it
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int filter_read(struct args *args, int family, struct filter *filter)
{
	int key, status = DSRCTL_OK;

	memset(filter, 0, sizeof(*filter));
	filter->args = args;
	while (!status && (key = args_keyword(args)) != ARGS_END) {
		switch (key) {
		case FILTER_SRC:
			status = addr_read_endpoint(args, family, &filter->src,
						    &filter->sport);
			break;
		case FILTER_DST:
			status = addr_read_endpoint(args, family, &filter->dst,
						    &filter->dport);
			break;
		case FILTER_PROTO:
			status = args_choice(args, &filter->proto);
			break;
		case FILTER_STATE:
			status = args_choice(args, &filter->state);
			break;
		case FILTER_LIMIT:
			status = args_u32(args, 1, UINT32_MAX, &filter->limit);
			break;
		case FILTER_FWMARK:
			status = args_u32(args, 0, UINT32_MAX,
					  &filter->fwmark);
			break;
		case FILTER_VIA:
			status = addr_read(args, family, &filter->via);
			break;
		default:
			status = DSRCTL_USAGE;
		}
	}
	return status;
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
 * filter_match() - whether an entry is asked for
 * @filter: the filter
 * @entry: the entry
 */
bool filter_match(const struct filter *filter,
		  const struct filter_entry *entry)
{
	const struct args *args = filter->args;

	if (args_seen(args, FILTER_SRC) &&
	    (!addr_is(&filter->src, entry->src) ||
	     !match_port(entry->sport, filter->sport)))
		return false;
	if (args_seen(args, FILTER_DST) &&
	    (!addr_is(&filter->dst, entry->dst) ||
	     !match_port(entry->dport, filter->dport)))
		return false;
	if (args_seen(args, FILTER_PROTO) &&
	    !match_u8(entry->proto, attr_proto_number(filter->proto)))
		return false;
	if (args_seen(args, FILTER_STATE) &&
	    !match_u8(entry->state, filter->state))
		return false;
	if (args_seen(args, FILTER_FWMARK) &&
	    (!entry->fwmark || nla_get_u32(entry->fwmark) != filter->fwmark))
		return false;
	if (args_seen(args, FILTER_VIA) &&
	    !addr_is(&filter->via, entry->via))
		return false;
	return true;
}

/**
 * filter_last() - count an entry that was shown
 * @filter: the filter
 *
 * Return: whether it is the last one that is asked for.
 */
bool filter_last(struct filter *filter)
{
	return args_seen(filter->args, FILTER_LIMIT) && !--filter->limit;
}
