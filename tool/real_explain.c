// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl real explain: predict the outcome of a packet on a real server.
 */
#include <errno.h>
#include <linux/dsr_rs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dscp.h"
#include "endpoint.h"
#include "inquiry.h"
#include "json.h"
#include "landing.h"
#include "outcome.h"
#include "real_explain.h"
#include "reason.h"
#include "sysctl.h"
#include "text.h"

enum {
	EXPLAIN_PROTO,
	EXPLAIN_TOS,
	EXPLAIN_DSCP,
	EXPLAIN_DEV,
	EXPLAIN_FIREWALL,
};

const struct keyword real_explain_keywords[] = {
	[EXPLAIN_PROTO] = { "proto", attr_protos },
	[EXPLAIN_TOS] = { "tos", NULL },
	[EXPLAIN_DSCP] = { "dscp", NULL },
	[EXPLAIN_DEV] = { "dev", NULL },
	[EXPLAIN_FIREWALL] = { "firewall", keyword_flag },
	{ NULL, NULL }
};

/* the packet that a command line describes, and where it ends */
struct question {
	struct landing landing;
	unsigned int proto;
	uint32_t ifindex;	/* 0: not named */
	bool firewall;		/* ask the site's rules */
};

static int question_read(struct args *args, struct question *question)
{
	struct match *match = &question->landing.match;
	int keyword, dport, status;
	uint8_t mask;

	memset(question, 0, sizeof(*question));
	status = endpoint_read(args, "source", &question->landing.src,
			       &question->landing.sport);
	if (!status)
		status = endpoint_read(args, "destination", &match->dst,
				       &dport);
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		switch (keyword) {
		case EXPLAIN_PROTO:
			status = args_choice(args, &question->proto);
			break;
		case EXPLAIN_TOS:
			status = args_tos(args, false, &match->tos, &mask);
			break;
		case EXPLAIN_DSCP:
			status = dscp_read(args, &match->tos);
			match->tos <<= 2;
			break;
		case EXPLAIN_DEV:
			status = args_device(args, &question->ifindex);
			break;
		case EXPLAIN_FIREWALL:
			question->firewall = true;
			break;
		default:
			status = DSRCTL_USAGE;
		}
	}
	if (status)
		return status;
	if (args_seen(args, EXPLAIN_TOS) && args_seen(args, EXPLAIN_DSCP))
		return args_usage(args, "tos and dscp exclude each other");
	if (question->landing.src.family != match->dst.family)
		return args_error(args,
				  "source and destination are of different families");
	match->dport = dport;
	match->proto = attr_proto_number(question->proto);
	return DSRCTL_OK;
}

/* A packet has to come in by some device: that of the route to its source. */
static int find_device(struct args *args, const struct host *host,
		       struct question *question)
{
	struct host_route route;

	question->landing.ifindex = question->ifindex;
	if (question->ifindex)
		return DSRCTL_OK;
	host_route(host, &question->landing.src, &route);
	if (route.local || !route.ifindex)
		return args_error(args,
				  "no single device leads back to the source: name one by 'dev'");
	question->landing.ifindex = route.ifindex;
	return DSRCTL_OK;
}

/* Words before the meaning, for what only the packet itself can tell. */
static const char *condition(const struct landing *landing)
{
	bool from = landing->has_rule && landing->rule.tb[DSR_RULE_A_FROM] &&
		    strcmp(landing->reason, "pass_tos_not_vip");
	bool filtered = landing->lands && !landing->in.error &&
			!landing->verdict.asked && landing_is_filtered(landing);

	if (from && filtered)
		return "if its frame comes from a machine that 'from' names and INPUT accepts it, ";
	if (from)
		return "if its frame comes from a machine that 'from' names, ";
	return filtered ? "if INPUT accepts it, " : "";
}

/**
 * struct loss - what becomes of a packet that dsr_rs delivers, and the site loses
 * @meaning: a sentence
 * @advice: what mends it
 */
struct loss {
	const char *meaning;
	const char *advice;
};

/* Return true if the site loses the packet, or the reply to it. */
static bool find_loss(const struct landing *landing, struct loss *loss)
{
	if (!landing->lands)
		return false;
	if (landing->in.error == EXDEV)
		*loss = (struct loss){
			"the packet is lost: rp_filter drops it, since the way back to its source does not lead out by the device that it comes in by",
			"'sysctl -w net.ipv4.conf.DEVICE.rp_filter=2' lets in what has any way back"
		};
	else if (landing->in.error)
		*loss = (struct loss){
			"the packet is lost: the kernel does not let it in to that address",
			"see 'ip route get' with the address, 'from' its source and 'iif' the device"
		};
	else if (landing->verdict.asked && !verdict_accepts(&landing->verdict))
		*loss = (struct loss){
			landing->verdict.verdict == DSR_FIREWALL_DROP ?
				"the packet is lost: the site's rules drop it" :
				"the site's rules take the packet, and may drop it",
			"the line 'firewall' names the chain, and the command that lists its rules"
		};
	else if (landing->socket == LANDING_NONE)
		*loss = (struct loss){
			"the client is refused: no program listens there",
			"start the server, or name its port after 'to' of the rule"
		};
	else if (landing->socket == LANDING_OTHER)
		*loss = (struct loss){
			"the client is refused: the program on that port takes another address only",
			"let it listen on all addresses, or name its address after 'to' of the rule"
		};
	else if (landing->back.error)
		*loss = (struct loss){
			"the reply is lost: no route leads back to the client",
			"'ip route add default via ROUTER' makes one"
		};
	else
		return false;
	return true;
}

static struct outcome outcome_of(const struct landing *landing)
{
	const struct reason *reason = reason_find(NETLINK_RS, landing->reason);
	struct outcome outcome = {
		.reason = landing->reason,
		.condition = condition(landing),
		.meaning = reason ? reason->meaning : NULL,
		.advice = reason ? reason->advice : NULL,
	};
	struct loss loss;

	if (find_loss(landing, &loss)) {
		outcome.meaning = loss.meaning;
		outcome.advice = loss.advice;
	}
	return outcome;
}

/* The setting that counts for a device: the larger one. */
static int rp_filter(const struct host *host, int ifindex)
{
	int all = sysctl_device(AF_INET, "all", "rp_filter");
	int its = sysctl_device(AF_INET, host_device_name(host, ifindex),
				"rp_filter");

	return all > its ? all : its;
}

static const char *const socket_words[] = {
	[LANDING_UNKNOWN] = NULL,
	[LANDING_NONE] = "none",
	[LANDING_OTHER] = "elsewhere",
	[LANDING_TAKES] = "takes",
};

static struct json_object *text_json(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static struct json_object *addr_json(const struct addr *addr)
{
	char name[INET6_ADDRSTRLEN];

	return addr->family ? json_object_new_string(addr_name(addr, name)) :
			      NULL;
}

static struct json_object *socket_json(const struct landing *landing)
{
	struct json_object *object;

	if (!landing->lands || landing->socket == LANDING_UNKNOWN)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "listener",
			       text_json(socket_words[landing->socket]));
	json_object_object_add(object, "addr", addr_json(&landing->listener));
	return object;
}

static struct json_object *chains_json(const struct landing *landing)
{
	struct json_object *array = json_object_new_array();
	char words[RULESET_WORDS_MAX];
	const struct chain *chain;
	struct json_object *one;
	size_t i;

	for (i = 0; i < landing->ruleset.count; i++) {
		chain = &landing->ruleset.chain[i];
		if (!landing_input(landing, chain))
			continue;
		one = json_object_new_string(ruleset_words(chain, words));
		json_object_array_add(array, one);
	}
	return array;
}

static struct json_object *source_json(const struct landing *landing,
				       const struct host *host)
{
	struct json_object *object;
	int filter;

	if (!landing->lands)
		return NULL;
	object = json_object_new_object();
	filter = rp_filter(host, landing->ifindex);
	json_object_object_add(object, "accepted",
			       json_object_new_boolean(!landing->in.error));
	json_object_object_add(object, "rp_filter",
			       landing->src.family == AF_INET && filter >= 0 ?
				       json_object_new_int(filter) : NULL);
	return object;
}

static struct json_object *reply_json(const struct landing *landing,
				      const struct host *host)
{
	const struct way *back = &landing->back;
	struct json_object *object;
	const char *dev;

	if (!landing->lands || back->error)
		return NULL;
	dev = host_device_name(host, back->ifindex);
	object = json_object_new_object();
	endpoint_json(object, "src", &landing->match.dst, "sport",
		      landing->match.dport);
	json_object_object_add(object, "dev", back->ifindex ?
			       json_object_new_string(dev) : NULL);
	json_object_object_add(object, "gateway", addr_json(&back->gateway));
	json_object_object_add(object, "mtu", back->mtu ?
			       json_object_new_uint64(back->mtu) : NULL);
	return object;
}

static void question_json(struct dsrctl *ctl, struct question *question,
			  const struct host *host)
{
	struct json_object *object = json_object_new_object();
	struct landing *landing = &question->landing;
	const char *dev = host_device_name(host, landing->ifindex);
	struct outcome outcome = outcome_of(landing);

	endpoint_json(object, "src", &landing->src, "sport", landing->sport);
	endpoint_json(object, "dst", &landing->match.dst, "dport",
		      landing->match.dport);
	json_object_object_add(object, "proto",
			       json_object_new_string(attr_protos[question->proto]));
	json_object_object_add(object, "tos",
			       json_object_new_int(landing->match.tos));
	json_object_object_add(object, "dev", json_object_new_string(dev));
	json_object_object_add(object, "rule", landing->has_rule ?
			       rule_json(&landing->rule) : NULL);
	json_object_object_add(object, "to", landing->lands ?
			       addr_json(&landing->to) : NULL);
	json_object_object_add(object, "to_port", landing->lands ?
			       json_object_new_int(landing->to_port) : NULL);
	json_object_object_add(object, "socket", socket_json(landing));
	json_object_object_add(object, "source", source_json(landing, host));
	json_object_object_add(object, "input", chains_json(landing));
	json_object_object_add(object, "firewall",
			       verdict_json(&landing->verdict));
	json_object_object_add(object, "reply", reply_json(landing, host));
	outcome_json(object, &outcome);
	json_print(object, ctl->pretty);
}

static void packet_text(const struct question *question,
			const struct host *host)
{
	const struct landing *landing = &question->landing;
	char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX];

	printf("packet      %s %s > %s", attr_protos[question->proto],
	       endpoint_text(&landing->src, landing->sport, src),
	       endpoint_text(&landing->match.dst, landing->match.dport, dst));
	if (landing->match.tos)
		printf(" tos 0x%02x", landing->match.tos);
	printf(" by %s, the first of its connection\n",
	       host_device_name(host, landing->ifindex));
}

static void socket_text(const struct question *question)
{
	const struct landing *landing = &question->landing;
	const char *proto = attr_protos[question->proto];
	char name[INET6_ADDRSTRLEN];

	switch (landing->socket) {
	case LANDING_NONE:
		printf("listener    none: no program listens on %s port %u\n",
		       proto, landing->to_port);
		break;
	case LANDING_OTHER:
		printf("listener    not on this address: the program on %s port %u listens on %s only\n",
		       proto, landing->to_port,
		       addr_name(&landing->listener, name));
		break;
	case LANDING_TAKES:
		printf("listener    a program listens on %s port %u\n", proto,
		       landing->to_port);
		break;
	default:
		printf("listener    not known: %s\n", landing->translated ?
		       "rules of nat may give the packet another place, see 'nft list ruleset'" :
		       "this kernel does not tell of such sockets");
	}
}

static void source_text(const struct landing *landing, const struct host *host)
{
	const char *dev = host_device_name(host, landing->ifindex);
	int filter = rp_filter(host, landing->ifindex);

	if (landing->in.error == EXDEV)
		printf("source      rejected: rp_filter is %d on %s, and the route to the source leads elsewhere\n",
		       filter, dev);
	else if (landing->in.error)
		printf("source      rejected on %s: %s\n", dev,
		       strerror(landing->in.error));
	else if (landing->src.family == AF_INET && filter > 0)
		printf("source      accepted, rp_filter is %d on %s\n", filter,
		       dev);
	else
		printf("source      accepted on %s\n", dev);
}

static void firewall_text(const struct landing *landing)
{
	const char *six = landing->to.family == AF_INET6 ? "6" : "";
	char words[RULESET_WORDS_MAX], to[ENDPOINT_TEXT_MAX];
	const struct chain *chain;
	size_t i;

	if (landing->verdict.asked) {
		verdict_text(&landing->verdict, "PREROUTING and INPUT accept");
		return;
	}
	if (!landing_is_filtered(landing)) {
		puts("firewall    no rules of INPUT");
		return;
	}
	printf("firewall    INPUT sees the packet as one to %s",
	       endpoint_text(&landing->to, landing->to_port, to));
	for (i = 0; i < landing->ruleset.count; i++) {
		chain = &landing->ruleset.chain[i];
		if (landing_input(landing, chain))
			printf("; chain %s%s, see 'nft -a list chain %s'",
			       ruleset_words(chain, words),
			       chain->drops ? " with policy drop" : "", words);
	}
	if (ruleset_has_legacy(landing->to.family, "filter"))
		printf("; see 'ip%stables-legacy -nvL INPUT'", six);
	putchar('\n');
}

static void reply_text(const struct landing *landing, const struct host *host)
{
	char src[ENDPOINT_TEXT_MAX], name[INET6_ADDRSTRLEN];
	const struct way *back = &landing->back;

	if (back->error) {
		printf("reply       no way: %s\n", strerror(back->error));
		return;
	}
	printf("reply       from %s",
	       endpoint_text(&landing->match.dst, landing->match.dport, src));
	if (back->local) {
		puts(" to this machine itself");
		return;
	}
	printf(" by %s", host_device_name(host, back->ifindex));
	if (back->gateway.family)
		printf(" via %s", addr_name(&back->gateway, name));
	if (back->mtu)
		printf(", MTU %u", back->mtu);
	putchar('\n');
}

static void question_text(struct question *question, const struct host *host)
{
	struct landing *landing = &question->landing;
	struct outcome outcome = outcome_of(landing);
	char to[ENDPOINT_TEXT_MAX];
	char *words;

	packet_text(question, host);
	words = landing->has_rule ? rule_words(&landing->rule, NULL) : NULL;
	printf("rule        %s\n", words ? words : "none");
	free(words);
	if (landing->lands) {
		printf("delivery    to %s\n",
		       endpoint_text(&landing->to, landing->to_port, to));
		source_text(landing, host);
		firewall_text(landing);
		socket_text(question);
		reply_text(landing, host);
	}
	outcome_text(&outcome);
}

static bool are_rules(const struct netlink_replies *rules)
{
	struct rule_info rule;
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (!rule_parse(rules->reply[i], &rule))
			return false;
	return true;
}

/**
 * real_explain() - predict the outcome of a packet
 * @ctl: the run
 * @args: the words
 *
 * Return: enum dsrctl_status.
 */
int real_explain(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies rules;
	struct question question;
	struct host host;
	int status;

	status = question_read(args, &question);
	if (status)
		return status;
	status = all_list(ctl->netlink, NETLINK_RS, DSR_RS_CMD_RULE_GET,
			  &rules);
	if (status)
		return status;
	memset(&host, 0, sizeof(host));
	status = are_rules(&rules) ? host_read(&host) : netlink_malformed();
	if (!status)
		status = find_device(args, &host, &question);
	if (!status) {
		landing_find(&question.landing, &host, &rules);
		if (question.firewall && question.landing.lands)
			status = inquiry_landing(ctl, &question.landing);
		if (!status && ctl->json)
			question_json(ctl, &question, &host);
		else if (!status)
			question_text(&question, &host);
		landing_free(&question.landing);
	}
	host_free(&host);
	netlink_replies_free(&rules);
	return status;
}
