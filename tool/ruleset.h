/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_RULESET_H
#define DSRCTL_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* as the kernel has it, with the NUL */
#define RULESET_NAME_MAX	256

/* a family and two names, each character quoted */
#define RULESET_WORDS_MAX	(8 * RULESET_NAME_MAX + 16)

/**
 * struct chain - a base chain of nf_tables
 * @family: NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_INET or NFPROTO_ARP
 * @table: name of its table
 * @name: its name
 * @type: its type, such as "filter" or "nat"
 * @handle: its number in its table
 * @hook: NF_INET_*
 * @priority: its place among the chains of @hook
 * @drops: its policy is to drop
 * @rules: how many rules it has
 */
struct chain {
	uint8_t family;
	char table[RULESET_NAME_MAX];
	char name[RULESET_NAME_MAX];
	char type[16];
	uint64_t handle;
	uint32_t hook;
	int32_t priority;
	bool drops;
	unsigned int rules;
};

/**
 * struct ruleset - the base chains of nf_tables
 * @chain: the chains
 * @count: how many there are
 */
struct ruleset {
	struct chain *chain;
	size_t count;
};

bool ruleset_read(struct ruleset *ruleset);
void ruleset_free(struct ruleset *ruleset);
bool ruleset_may_drop(const struct chain *chain, uint32_t hook, int family);
bool ruleset_filters_arp(const struct ruleset *ruleset);
bool ruleset_has_legacy(int family, const char *table);
bool ruleset_translates(const struct ruleset *ruleset);
const char *ruleset_words(const struct chain *chain,
			  char words[RULESET_WORDS_MAX]);

#endif /* DSRCTL_RULESET_H */
