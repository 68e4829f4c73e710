// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict of the site's rules about a packet, which the modules ask them by a test
 * packet. The kernel tells the place of the chain; its name comes from the ruleset.
 */
#include <netinet/in.h>
#include <linux/dsr.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "ruleset.h"
#include "verdict.h"

static const char *const hook_names[NF_INET_NUMHOOKS] = {
	[NF_INET_PRE_ROUTING] = "PREROUTING",
	[NF_INET_LOCAL_IN] = "INPUT",
	[NF_INET_FORWARD] = "FORWARD",
	[NF_INET_LOCAL_OUT] = "OUTPUT",
	[NF_INET_POST_ROUTING] = "POSTROUTING",
};

static const struct {
	const char *json;
	const char *what;
} verdicts[] = {
	[DSR_FIREWALL_ACCEPT] = { "accept", "accepts the packet" },
	[DSR_FIREWALL_DROP] = { "drop", "drops the packet" },
	[DSR_FIREWALL_QUEUE] = {
		"queue",
		"gives the packet to a program (NFQUEUE), which decides"
	},
	[DSR_FIREWALL_TAKEN] = { "taken", "keeps the packet" },
};

/**
 * verdict_parse() - read what the kernel says
 * @tb: attributes of its explanation
 * @family: of the packet
 * @verdict: set
 */
void verdict_parse(struct nlattr *const *tb, int family,
		   struct verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	verdict->family = family;
	if (!tb[DSR_EXPLAIN_A_VERDICT])
		return;
	verdict->verdict = attr_u8(tb[DSR_EXPLAIN_A_VERDICT]);
	verdict->hook = attr_u8(tb[DSR_EXPLAIN_A_HOOK]);
	verdict->priority = attr_u32(tb[DSR_EXPLAIN_A_PRIORITY]);
	verdict->handle = attr_u64(tb[DSR_EXPLAIN_A_CHAIN]);
	verdict->asked = verdict->verdict < ARRAY_SIZE(verdicts) &&
			 verdict->hook < ARRAY_SIZE(hook_names);
}

/** verdict_accepts() - check if the rules were asked, and let the packet pass */
bool verdict_accepts(const struct verdict *verdict)
{
	return verdict->asked && verdict->verdict == DSR_FIREWALL_ACCEPT;
}

/** verdict_is_early() - check if the packet does not even come to dsr_lb */
bool verdict_is_early(const struct verdict *verdict)
{
	return verdict->asked && verdict->verdict != DSR_FIREWALL_ACCEPT &&
	       verdict->hook == NF_INET_PRE_ROUTING;
}

/** verdict_outcome() - what becomes of a packet that does not come to dsr_lb */
const char *verdict_outcome(const struct verdict *verdict)
{
	if (verdict->verdict == DSR_FIREWALL_DROP)
		return "PREROUTING drops the packet before dsr_lb sees it";
	return "PREROUTING takes the packet before dsr_lb sees it";
}

/**
 * verdict_is_of() - check if a chain is at the place that the kernel has told
 * @verdict: the verdict; the rules were asked
 * @chain: the chain
 */
bool verdict_is_of(const struct verdict *verdict, const struct chain *chain)
{
	uint8_t mine = verdict->family == AF_INET6 ? NFPROTO_IPV6 :
						     NFPROTO_IPV4;

	return verdict->handle && chain->handle == verdict->handle &&
	       chain->hook == verdict->hook &&
	       chain->priority == verdict->priority &&
	       (chain->family == mine || chain->family == NFPROTO_INET);
}

/* Name the chain, and the command that lists its rules. Two chains may be at the
 * same place.
 */
static void place_text(const struct verdict *verdict)
{
	char words[RULESET_WORDS_MAX];
	struct ruleset ruleset;
	bool found = false;
	size_t i;

	ruleset_read(&ruleset);
	for (i = 0; i < ruleset.count; i++) {
		if (!verdict_is_of(verdict, &ruleset.chain[i]))
			continue;
		ruleset_words(&ruleset.chain[i], words);
		printf("%s chain %s%s, see 'nft -a list chain %s'",
		       found ? ", or" : ":", words,
		       ruleset.chain[i].drops ? " with policy drop" : "",
		       words);
		found = true;
	}
	if (!found)
		printf(": no chain of nftables, but at priority %d; see 'ip%stables-legacy -t filter -nvL %s'",
		       verdict->priority,
		       verdict->family == AF_INET6 ? "6" : "",
		       hook_names[verdict->hook]);
	ruleset_free(&ruleset);
}

/**
 * verdict_text() - print the verdict, one line
 * @verdict: the verdict; the rules were asked
 * @accepted: the hooks that were asked, and a verb, if all let the packet pass
 */
void verdict_text(const struct verdict *verdict, const char *accepted)
{
	if (verdict->verdict == DSR_FIREWALL_ACCEPT) {
		printf("firewall    %s the packet\n", accepted);
		return;
	}
	printf("firewall    %s %s", hook_names[verdict->hook],
	       verdicts[verdict->verdict].what);
	place_text(verdict);
	putchar('\n');
}

static struct json_object *chains_json(const struct verdict *verdict)
{
	struct json_object *array = json_object_new_array();
	char words[RULESET_WORDS_MAX];
	struct ruleset ruleset;
	size_t i;

	if (verdict->verdict == DSR_FIREWALL_ACCEPT)
		return array;
	ruleset_read(&ruleset);
	for (i = 0; i < ruleset.count; i++) {
		if (!verdict_is_of(verdict, &ruleset.chain[i]))
			continue;
		ruleset_words(&ruleset.chain[i], words);
		json_object_array_add(array, json_object_new_string(words));
	}
	ruleset_free(&ruleset);
	return array;
}

/**
 * verdict_json() - the verdict as an object
 * @verdict: the verdict
 *
 * Return: the object; NULL if the rules were not asked.
 */
struct json_object *verdict_json(const struct verdict *verdict)
{
	bool accepts = verdict->verdict == DSR_FIREWALL_ACCEPT;
	struct json_object *object;

	if (!verdict->asked)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "verdict",
			       json_object_new_string(verdicts[verdict->verdict].json));
	json_object_object_add(object, "hook", accepts ? NULL :
			       json_object_new_string(hook_names[verdict->hook]));
	json_object_object_add(object, "priority", accepts ? NULL :
			       json_object_new_int(verdict->priority));
	json_object_object_add(object, "chains", chains_json(verdict));
	return object;
}
