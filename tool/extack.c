// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's sentence in an ack.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <inttypes.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "extack.h"

/* keywords of the attributes that a request can hold */
static const char *const service_names[] = {
	[DSR_SERVICE_A_FWMARK] = "fwmark",
	[DSR_SERVICE_A_SCHEDULER] = "scheduler",
	[DSR_SERVICE_A_PATH] = "path",
	[DSR_SERVICE_A_TOS] = "tos",
	[DSR_SERVICE_A_TOS_MASK] = "tos",
	[DSR_SERVICE_A_HASH] = "hash",
	[DSR_SERVICE_A_TABLE_SIZE] = "table-size",
	[DSR_SERVICE_A_CHOICES] = "choices",
	[DSR_SERVICE_A_FAMILY] = "family",
	[DSR_SERVICE_A_VIP] = "vip",
	[DSR_SERVICE_A_PROTO] = "proto",
	[DSR_SERVICE_A_PORT] = "port",
	[DSR_SERVICE_A_PORT_LAST] = "port",
	[DSR_SERVICE_A_PING] = "ping",
	[DSR_SERVICE_A_ONE_PACKET] = "one-packet",
	[DSR_SERVICE_A_ON_DOWN] = "on-down",
	[DSR_SERVICE_A_ON_UNREACHABLE] = "on-unreachable",
	[DSR_SERVICE_A_CHANCES] = "chances",
	[DSR_SERVICE_A_PERSIST] = "persist",
	[DSR_SERVICE_A_PERSIST_PREFIX] = "persist-prefix",
	[DSR_SERVICE_A_PROBE_MARKS] = "probe-marks",
	[DSR_SERVICE_A_FWMARK_MASK] = "fwmark",
};

static const char *const backend_names[] = {
	[DSR_BACKEND_A_ADDR] = "via",
	[DSR_BACKEND_A_WEIGHT] = "weight",
	[DSR_BACKEND_A_ADMIN] = "up, down or drain",
	[DSR_BACKEND_A_UPPER] = "upper",
	[DSR_BACKEND_A_LOWER] = "lower",
	[DSR_BACKEND_A_DEADLINE] = "deadline",
};

static const char *const connection_names[] = {
	[DSR_CONNECTION_A_PROTO] = "proto",
	[DSR_CONNECTION_A_SRC] = "src",
	[DSR_CONNECTION_A_SPORT] = "src",
	[DSR_CONNECTION_A_DST] = "dst",
	[DSR_CONNECTION_A_DPORT] = "dst",
	[DSR_CONNECTION_A_STATE] = "state",
	[DSR_CONNECTION_A_EXPIRES] = "expires",
	[DSR_CONNECTION_A_FWMARK] = "fwmark",
	[DSR_CONNECTION_A_BACKEND] = "via",
	[DSR_CONNECTION_A_EXCEPTION] = "exceptions",
	[DSR_CONNECTION_A_NEWER] = "newer",
};

static const char *const timeout_names[] = {
	[DSR_TIMEOUT_A_SYN] = "timeout-syn",
	[DSR_TIMEOUT_A_ESTABLISHED] = "timeout-established",
	[DSR_TIMEOUT_A_FIN] = "timeout-fin",
	[DSR_TIMEOUT_A_CLOSED] = "timeout-closed",
	[DSR_TIMEOUT_A_UDP] = "timeout-udp",
};

static const char *const rule_names[] = {
	[DSR_RULE_A_VIP] = "vip",
	[DSR_RULE_A_PROTO] = "proto",
	[DSR_RULE_A_PORT] = "port",
	[DSR_RULE_A_TOS] = "tos",
	[DSR_RULE_A_TOS_MASK] = "tos",
	[DSR_RULE_A_TO_PORT] = "to",
	[DSR_RULE_A_MODE] = "mode",
	[DSR_RULE_A_FROM] = "from",
	[DSR_RULE_A_CLEAR] = "clear",
	[DSR_RULE_A_MARK] = "mark",
	[DSR_RULE_A_BALANCER] = "balancer",
	[DSR_RULE_A_TO] = "to",
};

static const char *const explain_names[] = {
	[DSR_EXPLAIN_A_SRC] = "source",
	[DSR_EXPLAIN_A_SPORT] = "source",
	[DSR_EXPLAIN_A_DST] = "destination",
	[DSR_EXPLAIN_A_DPORT] = "destination",
	[DSR_EXPLAIN_A_PROTO] = "proto",
	[DSR_EXPLAIN_A_FWMARK] = "mark",
	[DSR_EXPLAIN_A_IFINDEX] = "dev",
	[DSR_EXPLAIN_A_MIDDLE] = "middle",
	[DSR_EXPLAIN_A_FIREWALL] = "firewall",
};

static const char *const path_names[] = {
	[DSR_PATH_A_IFINDEX] = "dev",
	[DSR_PATH_A_RECHECK] = "recheck",
	[DSR_PATH_A_VIA] = "via",
	[DSR_PATH_A_LINK] = "via",
};

static const char *const silence_names[] = {
	[DSR_SILENCE_A_ADDR] = "address",
	[DSR_SILENCE_A_DEV] = "dev",
};

static const char *const table_names[] = {
	[DSR_TABLE_A_MAX] = "max",
};

#define NAMES(array)	{ array, ARRAY_SIZE(array) }

struct nest_names {
	const char *const *names;
	int n;
};

static const struct nest_names timeouts = NAMES(timeout_names);

static const struct nest_names nests[DSR_A_MAX + 1] = {
	[DSR_A_SERVICE] = NAMES(service_names),
	[DSR_A_BACKEND] = NAMES(backend_names),
	[DSR_A_CONNECTION] = NAMES(connection_names),
	[DSR_A_RULE] = NAMES(rule_names),
	[DSR_A_EXPLAIN] = NAMES(explain_names),
	[DSR_A_PATH] = NAMES(path_names),
	[DSR_A_SILENCE] = NAMES(silence_names),
	[DSR_A_TABLE] = NAMES(table_names),
};

static const char *nest_keyword(const struct nest_names *names,
				struct nlattr *nest, const char *at)
{
	struct nlattr *attr;
	int rest;

	nla_for_each_nested(attr, nest, rest)
		if (at == (char *)attr && nla_type(attr) < names->n)
			return names->names[nla_type(attr)];
	return NULL;
}

/* The nests of an object within a change have other numbers. */
static const int change_types[DSR_CHANGE_A_MAX + 1] = {
	[DSR_CHANGE_A_SERVICE] = DSR_A_SERVICE,
	[DSR_CHANGE_A_BACKEND] = DSR_A_BACKEND,
};

/* Return the keyword of an attribute of an object, or of a nest in the object. */
static const char *object_keyword(int type, struct nlattr *object,
				  const char *at)
{
	const char *keyword = nest_keyword(&nests[type], object, at);
	struct nlattr *inner;
	int left;

	/* the only nests within a nest */
	nla_for_each_nested(inner, object, left)
		if (!keyword && nla_is_nested(inner))
			keyword = nest_keyword(&timeouts, inner, at);
	return keyword;
}

static const char *change_keyword(struct nlattr *change, const char *at)
{
	const char *keyword = NULL;
	struct nlattr *object;
	int rest;

	nla_for_each_nested(object, change, rest)
		if (!keyword && nla_is_nested(object) &&
		    nla_type(object) <= DSR_CHANGE_A_MAX)
			keyword = object_keyword(change_types[nla_type(object)],
						 object, at);
	return keyword;
}

/* Return the keyword of the attribute at an offset of the request. */
static const char *request_keyword(const struct nlmsghdr *request,
				   uint32_t offset)
{
	const char *at = (const char *)request + offset;
	const char *keyword = NULL;
	struct nlattr *outer;
	int rest, type;

	nlmsg_for_each_attr(outer, (struct nlmsghdr *)request, GENL_HDRLEN,
			    rest) {
		type = nla_type(outer);
		if (type > DSR_A_MAX)
			continue;
		keyword = type == DSR_A_CHANGE ? change_keyword(outer, at) :
						 object_keyword(type, outer, at);
		if (keyword)
			break;
	}
	return keyword;
}

/* Format the range that a policy accepts; empty without bounds. */
static void policy_range(struct nlattr *policy, char *text, size_t size)
{
	struct nlattr *tb[NL_POLICY_TYPE_ATTR_MAX + 1];
	struct nla_policy bounds[NL_POLICY_TYPE_ATTR_MAX + 1] = {
		[NL_POLICY_TYPE_ATTR_MIN_VALUE_U] = { .type = NLA_U64 },
		[NL_POLICY_TYPE_ATTR_MAX_VALUE_U] = { .type = NLA_U64 },
	};

	text[0] = '\0';
	if (nla_parse_nested(tb, NL_POLICY_TYPE_ATTR_MAX, policy, bounds))
		return;
	if (tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U] &&
	    tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U])
		snprintf(text, size, ": %" PRIu64 " to %" PRIu64,
			 nla_get_u64(tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]),
			 nla_get_u64(tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]));
}

/* The kernel's messages for an attribute without a policy. */
static bool is_unknown(const char *text)
{
	return !strcmp(text, "Unknown attribute type") ||
	       !strcmp(text, "Unsupported attribute");
}

static void say_unknown(const char *keyword, char *text, size_t size)
{
	if (keyword)
		snprintf(text, size,
			 "the loaded module does not know '%s': the module is older than dsrctl, see 'dsrctl -V'",
			 keyword);
	else
		snprintf(text, size,
			 "the loaded module does not know all of this command: the module is older than dsrctl, see 'dsrctl -V'");
}

/**
 * extack_offset() - find the attribute that an ack blames
 * @ack: NLMSG_ERROR
 * @payload: length of the payload before its attributes
 *
 * Return: its offset in the request; 0: none.
 */
uint32_t extack_offset(const struct nlmsghdr *ack, size_t payload)
{
	struct nlattr *attr;

	if (!(ack->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	attr = nlmsg_find_attr((struct nlmsghdr *)ack, payload,
			       NLMSGERR_ATTR_OFFS);
	return attr && nla_len(attr) == sizeof(uint32_t) ? nla_get_u32(attr) :
							    0;
}

/**
 * extack_read() - read the sentence of an ack
 * @ack: NLMSG_ERROR or NLMSG_DONE
 * @payload: length of the payload before its attributes
 * @request: the request that is acked
 * @text: set to the sentence; empty if there is none
 * @size: size of @text
 *
 * The messages of the kernel's generic checks ("integer out of range") do not
 * name the attribute: add the keyword and the accepted range. If an older
 * module does not know an attribute, make a sentence of this.
 */
void extack_read(const struct nlmsghdr *ack, size_t payload,
		 const struct nlmsghdr *request, char *text, size_t size)
{
	struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
		[NLMSGERR_ATTR_OFFS] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_POLICY] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	const char *keyword = NULL;
	char range[64];
	size_t used;

	text[0] = '\0';
	if (!(ack->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    nlmsg_parse((struct nlmsghdr *)ack, payload, tb, NLMSGERR_ATTR_MAX,
			policy) ||
	    !tb[NLMSGERR_ATTR_MSG])
		return;
	attr_string(tb[NLMSGERR_ATTR_MSG], text, size);

	if (tb[NLMSGERR_ATTR_OFFS])
		keyword = request_keyword(request,
					  nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	if (is_unknown(text)) {
		say_unknown(keyword, text, size);
		return;
	}
	if (!keyword || !tb[NLMSGERR_ATTR_POLICY])
		return;
	policy_range(tb[NLMSGERR_ATTR_POLICY], range, sizeof(range));
	used = strlen(text);
	snprintf(text + used, size - used, " (%s%s)", keyword, range);
}
