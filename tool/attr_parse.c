// SPDX-License-Identifier: GPL-2.0
/*
 * Find the attributes of an answer, and check their types and lengths; see
 * attr.h.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/genl/genl.h>
#include <string.h>

#include "addr.h"
#include "attr.h"

#define IPV4_SIZE	((int)sizeof(struct in_addr))
#define IPV6_SIZE	((int)sizeof(struct in6_addr))

/* is_valid() refuses lengths between the two */
#define ADDR_POLICY	{ .minlen = IPV4_SIZE, .maxlen = IPV6_SIZE }

static const struct nla_policy top_policy[ATTR_MAX] = {
	[DSR_A_SERVICE] = { .type = NLA_NESTED },
	[DSR_A_BACKEND] = { .type = NLA_NESTED },
	[DSR_A_CONNECTION] = { .type = NLA_NESTED },
	[DSR_A_RULE] = { .type = NLA_NESTED },
	[DSR_A_FLOW] = { .type = NLA_NESTED },
	[DSR_A_TABLE] = { .type = NLA_NESTED },
	[DSR_A_REASON] = { .type = NLA_NESTED },
	[DSR_A_EXPLAIN] = { .type = NLA_NESTED },
	[DSR_A_PATH] = { .type = NLA_NESTED },
	[DSR_A_SILENCE] = { .type = NLA_NESTED },
	[DSR_A_IPVS_ONLY] = { .type = NLA_FLAG },
	[DSR_A_ADDED] = { .type = NLA_NESTED },
	[DSR_A_GENERATION] = { .type = NLA_U32 },
};

static const struct nla_policy stats_policy[ATTR_MAX] = {
	[DSR_STATS_A_PACKETS] = { .type = NLA_U64 },
	[DSR_STATS_A_BYTES] = { .type = NLA_U64 },
	[DSR_STATS_A_CONNECTIONS] = { .type = NLA_U64 },
};

static const struct nla_policy timeout_policy[ATTR_MAX] = {
	[DSR_TIMEOUT_A_SYN] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_ESTABLISHED] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_FIN] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_CLOSED] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_UDP] = { .type = NLA_U32 },
};

static const struct nla_policy nest_policy[DSR_A_MAX + 1][ATTR_MAX] = {
	[DSR_A_SERVICE] = {
		[DSR_SERVICE_A_FWMARK] = { .type = NLA_U32 },
		[DSR_SERVICE_A_SCHEDULER] = { .type = NLA_STRING },
		[DSR_SERVICE_A_PATH] = { .type = NLA_U8 },
		[DSR_SERVICE_A_TOS] = { .type = NLA_U8 },
		[DSR_SERVICE_A_TOS_MASK] = { .type = NLA_U8 },
		[DSR_SERVICE_A_BACKENDS] = { .type = NLA_U32 },
		[DSR_SERVICE_A_STATS] = { .type = NLA_NESTED },
		[DSR_SERVICE_A_FAMILY] = { .type = NLA_U8 },
		[DSR_SERVICE_A_HASH] = { .type = NLA_U8 },
		[DSR_SERVICE_A_TABLE_SIZE] = { .type = NLA_U32 },
		[DSR_SERVICE_A_CHOICES] = { .type = NLA_U8 },
		[DSR_SERVICE_A_PROBE_MARKS] = { .type = NLA_U32 },
		[DSR_SERVICE_A_FWMARK_MASK] = { .type = NLA_U32 },
		[DSR_SERVICE_A_VIP] = ADDR_POLICY,
		[DSR_SERVICE_A_PROTO] = { .type = NLA_U8 },
		[DSR_SERVICE_A_PORT] = { .type = NLA_U16 },
		[DSR_SERVICE_A_PORT_LAST] = { .type = NLA_U16 },
		[DSR_SERVICE_A_PING] = { .type = NLA_U8 },
		[DSR_SERVICE_A_ONE_PACKET] = { .type = NLA_U8 },
		[DSR_SERVICE_A_ON_DOWN] = { .type = NLA_U8 },
		[DSR_SERVICE_A_ON_UNREACHABLE] = { .type = NLA_U8 },
		[DSR_SERVICE_A_CHANCES] = { .type = NLA_U8 },
		[DSR_SERVICE_A_PERSIST] = { .type = NLA_U32 },
		[DSR_SERVICE_A_PERSIST_PREFIX] = { .type = NLA_U8 },
		[DSR_SERVICE_A_TIMEOUTS] = { .type = NLA_NESTED },
	},
	[DSR_A_BACKEND] = {
		[DSR_BACKEND_A_ADDR] = ADDR_POLICY,
		[DSR_BACKEND_A_WEIGHT] = { .type = NLA_U32 },
		[DSR_BACKEND_A_ACTIVE] = { .type = NLA_U32 },
		[DSR_BACKEND_A_INACTIVE] = { .type = NLA_U32 },
		[DSR_BACKEND_A_STATE] = { .type = NLA_U8 },
		[DSR_BACKEND_A_IFINDEX] = { .type = NLA_U32 },
		[DSR_BACKEND_A_MAC] = { .minlen = 1 },
		[DSR_BACKEND_A_STATS] = { .type = NLA_NESTED },
		[DSR_BACKEND_A_ADMIN] = { .type = NLA_U8 },
		[DSR_BACKEND_A_UPPER] = { .type = NLA_U32 },
		[DSR_BACKEND_A_LOWER] = { .type = NLA_U32 },
		[DSR_BACKEND_A_OVERLOADED] = { .type = NLA_U8 },
		[DSR_BACKEND_A_DEADLINE] = { .type = NLA_U32 },
		[DSR_BACKEND_A_PERSISTENT] = { .type = NLA_U32 },
		[DSR_BACKEND_A_UNRESOLVED] = { .type = NLA_U32 },
		[DSR_BACKEND_A_PROBE_MARK] = { .type = NLA_U32 },
	},
	[DSR_A_CONNECTION] = {
		[DSR_CONNECTION_A_PROTO] = { .type = NLA_U8 },
		[DSR_CONNECTION_A_SRC] = ADDR_POLICY,
		[DSR_CONNECTION_A_SPORT] = { .type = NLA_U16 },
		[DSR_CONNECTION_A_DST] = ADDR_POLICY,
		[DSR_CONNECTION_A_DPORT] = { .type = NLA_U16 },
		[DSR_CONNECTION_A_STATE] = { .type = NLA_U8 },
		[DSR_CONNECTION_A_EXPIRES] = { .type = NLA_U32 },
		[DSR_CONNECTION_A_FWMARK] = { .type = NLA_U32 },
		[DSR_CONNECTION_A_BACKEND] = ADDR_POLICY,
	},
	[DSR_A_RULE] = {
		[DSR_RULE_A_VIP] = ADDR_POLICY,
		[DSR_RULE_A_PROTO] = { .type = NLA_U8 },
		[DSR_RULE_A_PORT] = { .type = NLA_U16 },
		[DSR_RULE_A_TOS] = { .type = NLA_U8 },
		[DSR_RULE_A_TOS_MASK] = { .type = NLA_U8 },
		[DSR_RULE_A_TO_PORT] = { .type = NLA_U16 },
		[DSR_RULE_A_MODE] = { .type = NLA_U8 },
		[DSR_RULE_A_ROUTED] = { .type = NLA_U8 },
		[DSR_RULE_A_FROM] = { .minlen = IPV4_SIZE },
		[DSR_RULE_A_CLEAR] = { .type = NLA_U8 },
		[DSR_RULE_A_MARK] = { .type = NLA_U32 },
		[DSR_RULE_A_BALANCER] = { .minlen = IPV4_SIZE },
		[DSR_RULE_A_STATS] = { .type = NLA_NESTED },
		[DSR_RULE_A_TO] = ADDR_POLICY,
	},
	[DSR_A_FLOW] = {
		[DSR_FLOW_A_PROTO] = { .type = NLA_U8 },
		[DSR_FLOW_A_SRC] = ADDR_POLICY,
		[DSR_FLOW_A_SPORT] = { .type = NLA_U16 },
		[DSR_FLOW_A_DST] = ADDR_POLICY,
		[DSR_FLOW_A_DPORT] = { .type = NLA_U16 },
		[DSR_FLOW_A_TO] = ADDR_POLICY,
		[DSR_FLOW_A_TO_PORT] = { .type = NLA_U16 },
		[DSR_FLOW_A_SOCKET_SPORT] = { .type = NLA_U16 },
		[DSR_FLOW_A_STATE] = { .type = NLA_U8 },
		[DSR_FLOW_A_EXPIRES] = { .type = NLA_U32 },
	},
	[DSR_A_TABLE] = {
		[DSR_TABLE_A_ENTRIES] = { .type = NLA_U32 },
		[DSR_TABLE_A_MAX] = { .type = NLA_U32 },
		[DSR_TABLE_A_BUCKETS] = { .type = NLA_U32 },
		[DSR_TABLE_A_BYTES] = { .type = NLA_U64 },
		[DSR_TABLE_A_TIMEOUTS] = { .type = NLA_NESTED },
		[DSR_TABLE_A_EVICTED] = { .type = NLA_U64 },
		[DSR_TABLE_A_PENDING_EVICTED] = { .type = NLA_U64 },
		[DSR_TABLE_A_EXPIRE_QUIESCENT] = { .type = NLA_FLAG },
		[DSR_TABLE_A_EXPIRE_NODEST] = { .type = NLA_FLAG },
	},
	[DSR_A_REASON] = {
		[DSR_REASON_A_NAME] = { .type = NLA_STRING },
		[DSR_REASON_A_PACKETS] = { .type = NLA_U64 },
	},
	[DSR_A_EXPLAIN] = {
		[DSR_EXPLAIN_A_REASON] = { .type = NLA_STRING },
		[DSR_EXPLAIN_A_CHOICE] = { .type = NLA_U8 },
		[DSR_EXPLAIN_A_SLOT] = { .type = NLA_U32 },
		[DSR_EXPLAIN_A_FWMARK] = { .type = NLA_U32 },
		[DSR_EXPLAIN_A_VERDICT] = { .type = NLA_U8 },
		[DSR_EXPLAIN_A_HOOK] = { .type = NLA_U8 },
		[DSR_EXPLAIN_A_PRIORITY] = { .type = NLA_U32 },
		[DSR_EXPLAIN_A_CHAIN] = { .type = NLA_U64 },
	},
	[DSR_A_PATH] = {
		[DSR_PATH_A_IFINDEX] = { .type = NLA_U32 },
		[DSR_PATH_A_RECHECK] = { .type = NLA_U32 },
		[DSR_PATH_A_REASON] = { .type = NLA_NESTED },
		[DSR_PATH_A_VIA] = { .type = NLA_U8 },
	},
	[DSR_A_SILENCE] = {
		[DSR_SILENCE_A_ADDR] = ADDR_POLICY,
		[DSR_SILENCE_A_DEV] = { .type = NLA_STRING },
		[DSR_SILENCE_A_RULES] = { .type = NLA_U32 },
		[DSR_SILENCE_A_WANTED] = { .type = NLA_U8 },
		[DSR_SILENCE_A_MESSAGES] = { .type = NLA_U64 },
	},
	[DSR_A_ADDED] = {
		[DSR_ADDED_A_ADDED] = { .type = NLA_U32 },
		[DSR_ADDED_A_KNOWN] = { .type = NLA_U32 },
		[DSR_ADDED_A_NO_SERVICE] = { .type = NLA_U32 },
		[DSR_ADDED_A_NO_BACKEND] = { .type = NLA_U32 },
		[DSR_ADDED_A_BAD_SOURCE] = { .type = NLA_U32 },
		[DSR_ADDED_A_FULL] = { .type = NLA_U32 },
	},
};

/* the last attribute of each nest */
static const int nest_max[DSR_A_MAX + 1] = {
	[DSR_A_SERVICE] = DSR_SERVICE_A_MAX,
	[DSR_A_BACKEND] = DSR_BACKEND_A_MAX,
	[DSR_A_CONNECTION] = DSR_CONNECTION_A_MAX,
	[DSR_A_RULE] = DSR_RULE_A_MAX,
	[DSR_A_FLOW] = DSR_FLOW_A_MAX,
	[DSR_A_TABLE] = DSR_TABLE_A_LAST,
	[DSR_A_REASON] = DSR_REASON_A_MAX,
	[DSR_A_EXPLAIN] = DSR_EXPLAIN_A_MAX,
	[DSR_A_PATH] = DSR_PATH_A_MAX,
	[DSR_A_SILENCE] = DSR_SILENCE_A_MAX,
	[DSR_A_ADDED] = DSR_ADDED_A_MAX,
};

/** attr_is_ipv6() - tell an IPv6 address by its length */
bool attr_is_ipv6(const struct nlattr *addr)
{
	return nla_len(addr) == IPV6_SIZE;
}

static bool is_valid(const struct nlattr *attr, int length,
		     const struct nla_policy *policy)
{
	static const uint8_t sizes[NLA_TYPE_MAX + 1] = {
		[NLA_U8] = sizeof(uint8_t),
		[NLA_U16] = sizeof(uint16_t),
		[NLA_U32] = sizeof(uint32_t),
		[NLA_U64] = sizeof(uint64_t),
		[NLA_STRING] = 1,
	};
	const char *payload = (const char *)attr + NLA_HDRLEN;

	if (length < (policy->minlen ? policy->minlen : sizes[policy->type]))
		return false;
	if (policy->type == NLA_STRING)
		return !payload[length - 1];
	return policy->maxlen != IPV6_SIZE || length == IPV4_SIZE ||
	       length == IPV6_SIZE;
}

/* Like nla_parse(), but three times as fast: a dump may have millions of nests.
 * @policy: has @max + 1 entries; attributes beyond are newer than this tool
 */
static bool parse(const struct nlattr *attr, int left, struct nlattr **tb,
		  const struct nla_policy *policy, int max)
{
	int type, size;

	memset(tb, 0, ATTR_MAX * sizeof(*tb));
	while (left >= NLA_HDRLEN) {
		size = attr->nla_len;
		if (size < NLA_HDRLEN || size > left)
			break;
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type && type <= max) {
			if (!is_valid(attr, size - NLA_HDRLEN, &policy[type]))
				return false;
			tb[type] = (struct nlattr *)attr;
		}
		left -= NLA_ALIGN(size);
		attr = (const void *)((const char *)attr + NLA_ALIGN(size));
	}
	return true;
}

/**
 * attr_parse() - find the nests of a reply
 * @reply: the message
 * @tb: ATTR_MAX pointers to set, by enum dsr_attr
 *
 * Return: true if every attribute is well-formed.
 */
bool attr_parse(const struct nlmsghdr *reply, struct nlattr **tb)
{
	const int header = NLMSG_HDRLEN + GENL_HDRLEN;

	return genlmsg_valid_hdr((struct nlmsghdr *)reply, 0) &&
	       parse((const void *)((const char *)reply + header),
		     reply->nlmsg_len - header, tb, top_policy, DSR_A_MAX);
}

static bool parse_nest(const struct nlattr *nest, struct nlattr **tb,
		       const struct nla_policy *policy, int max)
{
	if (nest)
		return parse(nla_data(nest), nla_len(nest), tb, policy, max);
	memset(tb, 0, ATTR_MAX * sizeof(*tb));
	return true;
}

/**
 * attr_parse_nest() - find the attributes of an object
 * @type: enum dsr_attr
 * @nest: the object, or NULL
 * @tb: ATTR_MAX pointers to set, by the enum of the nest
 *
 * Return: true if every attribute is well-formed.
 */
bool attr_parse_nest(unsigned int type, const struct nlattr *nest,
		     struct nlattr **tb)
{
	return parse_nest(nest, tb, nest_policy[type], nest_max[type]);
}

/**
 * attr_is_newer() - check if an object has attributes that this program does not know
 * @type: enum dsr_attr
 * @nest: the object, or NULL
 */
bool attr_is_newer(unsigned int type, const struct nlattr *nest)
{
	const struct nlattr *attr;
	int rest;

	if (!nest)
		return false;
	nla_for_each_nested(attr, (struct nlattr *)nest, rest)
		if (nla_type(attr) > nest_max[type])
			return true;
	return false;
}

/**
 * attr_parse_stats() - find the counters of an object
 * @nest: nest of enum dsr_stats_attr, or NULL
 * @tb: ATTR_MAX pointers to set, by enum dsr_stats_attr
 *
 * Return: true if every attribute is well-formed.
 */
bool attr_parse_stats(const struct nlattr *nest, struct nlattr **tb)
{
	return parse_nest(nest, tb, stats_policy, DSR_STATS_A_MAX);
}

/**
 * attr_parse_timeouts() - find the timeouts of a service or of a table
 * @nest: nest of enum dsr_timeout_attr, or NULL
 * @tb: ATTR_MAX pointers to set, by enum dsr_timeout_attr
 *
 * Return: true if every attribute is well-formed.
 */
bool attr_parse_timeouts(const struct nlattr *nest, struct nlattr **tb)
{
	return parse_nest(nest, tb, timeout_policy, DSR_TIMEOUT_A_MAX);
}

/**
 * attr_string() - copy a string
 * @attr: string, ended by NUL
 * @text: set; bytes that are not printable ASCII become '?'
 * @size: size of @text; a longer string is truncated
 */
void attr_string(const struct nlattr *attr, char *text, size_t size)
{
	const char *from = nla_data(attr);
	size_t i;

	for (i = 0; i + 1 < size && i < (size_t)nla_len(attr) && from[i]; i++)
		text[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	text[i] = '\0';
}

/**
 * attr_u8() - return the value of a choice
 * @attr: u8, or NULL
 *
 * Return: the value, 0 if the attribute is absent.
 */
uint8_t attr_u8(const struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : 0;
}

/**
 * attr_u32() - return the value of a number
 * @attr: u32, or NULL
 *
 * Return: the value, 0 if the attribute is absent.
 */
uint32_t attr_u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

/**
 * attr_u64() - return the value of a counter
 * @attr: u64, or NULL
 *
 * Return: the value, 0 if the attribute is absent.
 */
uint64_t attr_u64(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}
