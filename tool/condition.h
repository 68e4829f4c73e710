/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_CONDITION_H
#define DSRCTL_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "packet.h"
#include "tracepoint.h"

/* indices of the keywords; those of the command follow */
enum {
	CONDITION_SRC,
	CONDITION_DST,
	CONDITION_SPORT,
	CONDITION_DPORT,
	CONDITION_PROTO,
	CONDITION_SERVICE,
	CONDITION_BACKEND,
	CONDITION_FWMARK,
	CONDITION_REASON,

	CONDITION_COUNT
};

/* first in the keywords of a command that picks packets */
#define CONDITION_KEYWORDS \
	[CONDITION_SRC] = { "src", NULL }, \
	[CONDITION_DST] = { "dst", NULL }, \
	[CONDITION_SPORT] = { "sport", NULL }, \
	[CONDITION_DPORT] = { "dport", NULL }, \
	[CONDITION_PROTO] = { "proto", NULL }, \
	[CONDITION_SERVICE] = { "service", NULL }, \
	[CONDITION_BACKEND] = { "backend", NULL }, \
	[CONDITION_FWMARK] = { "fwmark", NULL }, \
	[CONDITION_REASON] = { "reason", keyword_repeated }

#define CONDITION_SYNTAX \
	"[src ADDR[/PREFIX][:PORT]] [dst ADDR[/PREFIX][:PORT]] [sport P[-Q]] [dport P[-Q]] [proto PROTO] [service ADDR[:PORT]] [backend ADDR] [fwmark N] [reason NAME]..."

/* patterns of reasons, at most */
#define CONDITION_REASONS_MAX	16

/**
 * struct condition_net - addresses that agree in their first bits
 * @addr: one of them, as IPv6 has it, with zeros behind these bits
 * @bits: length of the prefix out of 128, also for IPv4
 */
struct condition_net {
	uint8_t addr[16];
	unsigned int bits;
};

/**
 * struct condition_ports - a range of ports
 * @first: the first, or -1: all
 * @last: the last
 */
struct condition_ports {
	int first;
	int last;
};

/**
 * struct condition - conditions that select packets
 * @args: the words; they tell which conditions were given
 * @netns: of this network namespace
 * @all_netns: of all of them
 * @src: from there
 * @dst: to there
 * @sport: from one of these
 * @dport: to one of these
 * @proto: of this protocol
 * @service: to there or from there
 * @service_port: the port of that
 * @backend: for this backend
 * @fwmark: with this mark
 * @reason: with a reason that matches one of these patterns
 * @reasons: number of patterns
 */
struct condition {
	const struct args *args;
	uint32_t netns;
	bool all_netns;
	struct condition_net src;
	struct condition_net dst;
	struct condition_ports sport;
	struct condition_ports dport;
	uint32_t proto;
	struct condition_net service;
	struct condition_ports service_port;
	struct condition_net backend;
	uint32_t fwmark;
	const char *reason[CONDITION_REASONS_MAX];
	int reasons;
};

void condition_init(struct condition *condition, const struct args *args);
int condition_read(struct args *args, struct condition *condition,
		   int keyword);
bool condition_fits(const struct condition *condition,
		    const struct tracepoint *point);
char *condition_filter(const struct condition *condition,
		       const struct tracepoint *point);
bool condition_match(const struct condition *condition,
		     const struct packet *packet);

#endif /* DSRCTL_CONDITION_H */
