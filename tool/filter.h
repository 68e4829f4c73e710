/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_FILTER_H
#define DSRCTL_FILTER_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "args.h"
#include "attr.h"

/* indices of the keywords; those of the command follow */
enum {
	FILTER_SRC,
	FILTER_DST,
	FILTER_PROTO,
	FILTER_STATE,
	FILTER_LIMIT,

	FILTER_COUNT
};

/* first keywords of a command that filters */
#define FILTER_KEYWORDS(protos, states) \
	[FILTER_SRC] = { "src", NULL }, \
	[FILTER_DST] = { "dst", NULL }, \
	[FILTER_PROTO] = { "proto", protos }, \
	[FILTER_STATE] = { "state", states }, \
	[FILTER_LIMIT] = { "limit", NULL }

/**
 * struct filter - selects entries of a table
 * @args: tells which of the following fields were named
 * @src: client, or an address of its network
 * @src_prefix: how many bits of @src are compared
 * @sport: its port, or -1 for any
 * @dst: VIP, or an address of its network
 * @dst_prefix: how many bits of @dst are compared
 * @dport: its port, or -1 for any
 * @proto: index in attr_protos
 * @state: enum dsr_conn_state
 * @limit: number of entries still to show
 */
struct filter {
	const struct args *args;
	struct addr src;
	unsigned int src_prefix;
	int sport;
	struct addr dst;
	unsigned int dst_prefix;
	int dport;
	unsigned int proto;
	unsigned int state;
	uint32_t limit;
};

/* the attributes of an entry that a filter compares; NULL: absent */
struct filter_entry {
	const struct nlattr *proto;
	const struct nlattr *src;
	const struct nlattr *sport;
	const struct nlattr *dst;
	const struct nlattr *dport;
	const struct nlattr *state;
};

void filter_init(struct filter *filter, const struct args *args);
int filter_read(struct args *args, struct filter *filter, int keyword);
bool filter_match_networks(const struct filter *filter,
			   const struct nlattr *src, const struct nlattr *dst);
int filter_put(struct nl_msg *msg, const struct filter *filter);
bool filter_match(const struct filter *filter,
		  const struct filter_entry *entry);
bool filter_last(struct filter *filter);

#endif /* DSRCTL_FILTER_H */
