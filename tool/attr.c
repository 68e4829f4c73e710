// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the attributes of replies, and prints one as the cell of a table or as
 * the value of a JSON key. An attribute that is absent is "-" or null. Lengths
 * and types are checked once, by attr_parse*(); nothing else in a reply is
 * believed.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "attr.h"
#include "text.h"

const char *const attr_paths[] = {
	[DSR_PATH_STACK] = "stack",
	[DSR_PATH_DIRECT] = "direct",
	NULL
};

const char *const attr_hashes[] = {
	[DSR_HASH_DEFAULT] = "default",
	[DSR_HASH_SOURCE] = "source",
	[DSR_HASH_SOURCE_PORT] = "source-port",
	NULL
};

const char *const attr_protos[] = { "tcp", "udp", "sctp", NULL };

static const uint8_t proto_numbers[] = {
	IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
};

const char *const attr_switches[] = { "off", "on", NULL };

const char *const attr_pings[] = {
	[DSR_PING_REPLY] = "reply",
	[DSR_PING_FORWARD] = "forward",
	[DSR_PING_IGNORE] = "ignore",
	NULL
};

const char *const attr_rule_modes[] = {
	[DSR_RULE_MODE_REDIRECT] = "redirect",
	[DSR_RULE_MODE_LOCAL] = "local",
	NULL
};

const char *const attr_on_downs[] = {
	[DSR_ON_DOWN_RESCHEDULE] = "reschedule",
	[DSR_ON_DOWN_RESET] = "reset",
	[DSR_ON_DOWN_DROP] = "drop",
	NULL
};

const char *const attr_conn_states[] = {
	[DSR_CONN_SYN] = "syn",
	[DSR_CONN_ESTABLISHED] = "established",
	[DSR_CONN_FIN] = "fin",
	[DSR_CONN_CLOSED] = "closed",
	[DSR_CONN_UDP] = "udp",
	[DSR_CONN_PERSISTENT] = "persistent",
	[DSR_CONN_UNPROVEN] = "unproven",
	NULL
};

const char *const attr_flow_states[] = {
	"syn", "established", "fin", "closed", "udp", NULL
};

static const char *const attr_backend_states[] = {
	[DSR_BACKEND_UNKNOWN] = "unknown",
	[DSR_BACKEND_REACHABLE] = "reachable",
	[DSR_BACKEND_INCOMPLETE] = "incomplete",
	[DSR_BACKEND_UNREACHABLE] = "unreachable",
	[DSR_BACKEND_NO_ROUTE] = "no_route",
	[DSR_BACKEND_LOCAL] = "local",
	NULL
};

static const char *const attr_backend_admins[] = {
	[DSR_BACKEND_UP] = "up",
	[DSR_BACKEND_DRAINING] = "draining",
	[DSR_BACKEND_DOWN] = "down",
	NULL
};

static const char *const attr_choices[] = {
	[DSR_CHOICE_NONE] = "none",
	[DSR_CHOICE_CONNECTION] = "connection",
	[DSR_CHOICE_SCHEDULER] = "scheduler",
	[DSR_CHOICE_PERSISTENCE] = "persistence",
	[DSR_CHOICE_HASH] = "hash",
	[DSR_CHOICE_QUOTED] = "quoted",
	[DSR_CHOICE_PROBE] = "probe",
	NULL
};

/* of the kinds whose values have names */
static const char *const *const kind_names[] = {
	[ATTR_BOOL] = attr_switches,
	[ATTR_PATH] = attr_paths,
	[ATTR_HASH] = attr_hashes,
	[ATTR_CONN_STATE] = attr_conn_states,
	[ATTR_BACKEND_STATE] = attr_backend_states,
	[ATTR_BACKEND_ADMIN] = attr_backend_admins,
	[ATTR_PING] = attr_pings,
	[ATTR_RULE_MODE] = attr_rule_modes,
	[ATTR_ON_DOWN] = attr_on_downs,
	[ATTR_CHOICE] = attr_choices,
	[ATTR_DEVICE] = NULL
};

<<<<<<< HEAD
=======
#define IPV4_SIZE	((int)sizeof(struct in_addr))
#define IPV6_SIZE	((int)sizeof(struct in6_addr))

/* what is between the two is refused by is_valid() */
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
		[DSR_SERVICE_A_PROBE_MARKS] = { .type = NLA_U32 },
		[DSR_SERVICE_A_FWMARK_MASK] = { .type = NLA_U32 },
		[DSR_SERVICE_A_VIP] = ADDR_POLICY,
		[DSR_SERVICE_A_PROTO] = { .type = NLA_U8 },
		[DSR_SERVICE_A_PORT] = { .type = NLA_U16 },
		[DSR_SERVICE_A_PORT_LAST] = { .type = NLA_U16 },
		[DSR_SERVICE_A_PING] = { .type = NLA_U8 },
		[DSR_SERVICE_A_ONE_PACKET] = { .type = NLA_U8 },
		[DSR_SERVICE_A_ON_DOWN] = { .type = NLA_U8 },
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
		[DSR_TABLE_A_EMBRYOS_EVICTED] = { .type = NLA_U64 },
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
	},
	[DSR_A_PATH] = {
		[DSR_PATH_A_IFINDEX] = { .type = NLA_U32 },
		[DSR_PATH_A_RECHECK] = { .type = NLA_U32 },
		[DSR_PATH_A_REASON] = { .type = NLA_NESTED },
	},
	[DSR_A_SILENCE] = {
		[DSR_SILENCE_A_ADDR] = ADDR_POLICY,
		[DSR_SILENCE_A_DEV] = { .type = NLA_STRING },
		[DSR_SILENCE_A_RULES] = { .type = NLA_U32 },
		[DSR_SILENCE_A_WANTED] = { .type = NLA_U8 },
		[DSR_SILENCE_A_MESSAGES] = { .type = NLA_U64 },
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
};

static bool is_ipv6(const struct nlattr *addr)
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

/* As nla_parse(), which takes three times as long: this is done by the million.
 * @policy: has @max + 1 entries; what is beyond is newer than this tool
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
 * Return: whether every attribute is as it has to be.
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
 * Return: whether every attribute is as it has to be.
 */
bool attr_parse_nest(unsigned int type, const struct nlattr *nest,
		     struct nlattr **tb)
{
	return parse_nest(nest, tb, nest_policy[type], nest_max[type]);
}

/**
 * attr_parse_stats() - find the counters of an object
 * @nest: of enum dsr_stats_attr, or NULL
 * @tb: ATTR_MAX pointers to set, by enum dsr_stats_attr
 *
 * Return: whether every attribute is as it has to be.
 */
bool attr_parse_stats(const struct nlattr *nest, struct nlattr **tb)
{
	return parse_nest(nest, tb, stats_policy, DSR_STATS_A_MAX);
}

/**
 * attr_parse_timeouts() - find the timeouts of a service or of a table
 * @nest: of enum dsr_timeout_attr, or NULL
 * @tb: ATTR_MAX pointers to set, by enum dsr_timeout_attr
 *
 * Return: whether every attribute is as it has to be.
 */
bool attr_parse_timeouts(const struct nlattr *nest, struct nlattr **tb)
{
	return parse_nest(nest, tb, timeout_policy, DSR_TIMEOUT_A_MAX);
}

/**
 * attr_string() - copy a string
 * @attr: string, ended by NUL
 * @text: where to put it; what is no printable ASCII becomes '?'
 * @size: of @text; what does not fit is cut off
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
 * attr_u8() - value of a choice
 * @attr: u8, or NULL
 *
 * Return: the value, 0 if it is absent.
 */
uint8_t attr_u8(const struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : 0;
}

/**
 * attr_u32() - value of a number
 * @attr: u32, or NULL
 *
 * Return: the value, 0 if it is absent.
 */
uint32_t attr_u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

/**
 * attr_u64() - value of a counter
 * @attr: u64, or NULL
 *
 * Return: the value, 0 if it is absent.
 */
uint64_t attr_u64(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

>>>>>>> 0b98a19 (lb, ipvs, tool: tell of what a file of net.ipv4.vs sets)
/**
 * attr_proto_number() - number of a protocol
 * @choice: index in attr_protos
 */
unsigned int attr_proto_number(unsigned int choice)
{
	return proto_numbers[choice];
}

/* the name of a value, or its number if it has none here */
static void name_text(unsigned int value, const char *const *names, char *text)
{
	unsigned int i;

	for (i = 0; names[i] && i != value; i++)
		;
	if (names[i])
		strcpy(text, names[i]);
	else
		text_number(text, value);
}

static void proto_text(unsigned int proto, char *text)
{
	unsigned int i;

	for (i = 0; attr_protos[i]; i++)
		if (attr_proto_number(i) == proto)
			break;
	if (attr_protos[i])
		strcpy(text, attr_protos[i]);
	else
		text_number(text, proto);
}

static void mac_text(const struct nlattr *attr, char *text, size_t size)
{
	const unsigned char *byte = nla_data(attr);
	size_t i, used = 0;

	for (i = 0; i < (size_t)nla_len(attr) && used + 4 <= size; i++)
		used += snprintf(text + used, size - used, "%s%02x",
				 i ? ":" : "", byte[i]);
}

/* The one whose name was asked for last, while it is kept. */
static struct {
	bool is_kept;
	unsigned int ifindex;
	char name[IF_NAMESIZE];
} device;

/**
 * attr_keep_device() - ask for the name of a device once, where many have the same
 * @keep: from now on, or no longer
 *
 * To ask takes three system calls. A name that is kept does not change, so it is to
 * be for a list, and not for what goes on.
 */
void attr_keep_device(bool keep)
{
	device.is_kept = keep;
	device.ifindex = 0;
}

static void device_text(unsigned int ifindex, char *text, size_t size)
{
	if (!device.is_kept || ifindex != device.ifindex) {
		device.ifindex = ifindex;
		/* gone since the reply: the number is what is left of it */
		if (!if_indextoname(ifindex, device.name))
			snprintf(device.name, sizeof(device.name), "if%u",
				 ifindex);
	}
	snprintf(text, size, "%s", device.name);
}

static void bytes_text(uint64_t bytes, char *text, size_t size)
{
	static const char units[] = "KMGTPE";
	double value = bytes;
	int unit = -1;

	/* from where "1024.0" would be printed */
	while (value >= 1023.95 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, size, "%" PRIu64 " B", bytes);
	else
		snprintf(text, size, "%.1f %ciB", value, units[unit]);
}

/**
 * attr_text() - an attribute for people
 * @kind: what it is
 * @attr: the attribute, or NULL
 * @text: where to put it, ATTR_TEXT_MAX bytes
 *
 * Return: @text; "-" if the attribute is absent.
 */
const char *attr_text(enum attr_kind kind, const struct nlattr *attr,
		      char *text)
{
	const size_t size = ATTR_TEXT_MAX;

	if (!attr || (kind == ATTR_LIMIT && !nla_get_u32(attr)))
		return strcpy(text, "-");

	switch (kind) {
	case ATTR_U8:
		text_number(text, nla_get_u8(attr));
		break;
	case ATTR_U32:
	case ATTR_LIMIT:
		text_number(text, nla_get_u32(attr));
		break;
	case ATTR_U64:
		text_number(text, nla_get_u64(attr));
		break;
	case ATTR_BYTES:
		bytes_text(nla_get_u64(attr), text, size);
		break;
	case ATTR_MSECS:
		strcpy(text_number(text, nla_get_u32(attr) / 1000), "s");
		break;
	case ATTR_PORT:
		text_number(text, ntohs(nla_get_u16(attr)));
		break;
	case ATTR_STRING:
		attr_string(attr, text, size);
		break;
	case ATTR_ADDR:
		addr_text(text, nla_data(attr), nla_len(attr));
		break;
	case ATTR_PROTO:
		proto_text(nla_get_u8(attr), text);
		break;
	case ATTR_MAC:
		mac_text(attr, text, size);
		break;
	case ATTR_DEVICE:
		device_text(nla_get_u32(attr), text, size);
		break;
	default:
		name_text(nla_get_u8(attr), kind_names[kind], text);
		break;
	}
	return text;
}

/**
 * attr_tos_text() - a TOS value as it is given on the command line
 * @tos: u8, or NULL
 * @mask: u8, or NULL
 * @text: where to put it, ATTR_TEXT_MAX bytes
 *
 * Return: @text; "-" if there is none, which is what an empty mask says.
 */
const char *attr_tos_text(const struct nlattr *tos, const struct nlattr *mask,
			  char *text)
{
	unsigned int value = attr_u8(tos);
	unsigned int bits = attr_u8(mask);

	if (!bits)
		strcpy(text, "-");
	else if (bits == (value & 0x03 ? 0xffu : 0xfcu))
		snprintf(text, ATTR_TEXT_MAX, "0x%02x", value);
	else
		snprintf(text, ATTR_TEXT_MAX, "0x%02x/0x%02x", value, bits);
	return text;
}

/**
 * attr_to_text() - where a real server rule leads to, as it is written
 * @addr: 4 or 16 bytes, or NULL
 * @port: be16, or NULL
 * @text: where to put it, ATTR_TEXT_MAX bytes
 *
 * Return: @text; "-" if there is neither.
 */
const char *attr_to_text(const struct nlattr *addr, const struct nlattr *port,
			 char *text)
{
	if (addr || !port)
		return attr_endpoint_text(addr, port, text);
	snprintf(text, ATTR_TEXT_MAX, ":%u", ntohs(nla_get_u16(port)));
	return text;
}

/**
 * attr_cell() - fill the next cell of a table
 * @table: the table
 * @kind: what the attribute is
 * @attr: the attribute, or NULL
 */
void attr_cell(struct table *table, enum attr_kind kind,
	       const struct nlattr *attr)
{
	char text[ATTR_TEXT_MAX];

	table_put(table, attr_text(kind, attr, text));
}

/**
 * attr_endpoint_text() - an address and a port, as ADDR:PORT
 * @addr: 4 or 16 bytes, or NULL
 * @port: be16, or NULL: the address alone
 * @text: where to put it, ATTR_TEXT_MAX bytes
 *
 * Return: @text.
 */
const char *attr_endpoint_text(const struct nlattr *addr,
			       const struct nlattr *port, char *text)
{
	bool brackets = addr && port && attr_is_ipv6(addr);
	char *to = text;

	if (brackets)
		*to++ = '[';
	if (addr)
		to = addr_text(to, nla_data(addr), nla_len(addr));
	else
		to = stpcpy(to, "-");
	if (brackets)
		*to++ = ']';
	if (port) {
		*to++ = ':';
		text_number(to, ntohs(nla_get_u16(port)));
	}
	return text;
}

/**
 * attr_cell_endpoint() - fill the next cell of a table with ADDR:PORT
 * @table: the table
 * @addr: 4 or 16 bytes, or NULL
 * @port: be16, or NULL
 */
void attr_cell_endpoint(struct table *table, const struct nlattr *addr,
			const struct nlattr *port)
{
	char text[ATTR_TEXT_MAX];

	table_put(table, attr_endpoint_text(addr, port, text));
}

/* How JSON has an attribute. */
enum json_kind { JSON_NULL, JSON_NUMBER, JSON_BOOL, JSON_TEXT };

static enum json_kind json_kind(enum attr_kind kind, const struct nlattr *attr,
				uint64_t *number)
{
	if (!attr || (kind == ATTR_LIMIT && !nla_get_u32(attr)))
		return JSON_NULL;

	switch (kind) {
	case ATTR_U8:
		*number = nla_get_u8(attr);
		return JSON_NUMBER;
	case ATTR_U32:
	case ATTR_LIMIT:
	case ATTR_MSECS:
		*number = nla_get_u32(attr);
		return JSON_NUMBER;
	case ATTR_U64:
	case ATTR_BYTES:
		*number = nla_get_u64(attr);
		return JSON_NUMBER;
	case ATTR_PORT:
		*number = ntohs(nla_get_u16(attr));
		return JSON_NUMBER;
	case ATTR_BOOL:
		*number = nla_get_u8(attr);
		return JSON_BOOL;
	default:
		return JSON_TEXT;
	}
}

/**
 * attr_json() - add an attribute to a JSON object
 * @object: the object
 * @key: key of the attribute
 * @kind: what the attribute is
 * @attr: the attribute; NULL becomes null
 */
void attr_json(struct json_object *object, const char *key,
	       enum attr_kind kind, const struct nlattr *attr)
{
	struct json_object *value = NULL;
	char text[ATTR_TEXT_MAX];
	uint64_t number;

	switch (json_kind(kind, attr, &number)) {
	case JSON_NULL:
		break;
	case JSON_NUMBER:
		value = json_object_new_uint64(number);
		break;
	case JSON_BOOL:
		value = json_object_new_boolean(number);
		break;
	case JSON_TEXT:
		value = json_object_new_string(attr_text(kind, attr, text));
		break;
	}
	json_object_object_add(object, key, value);
}

/**
 * attr_json_object() - attributes as a JSON object
 * @fields: which, ended by one without a key
 * @tb: the attributes
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *attr_json_object(const struct attr_field *fields,
				     struct nlattr **tb)
{
	struct json_object *object = json_object_new_object();

	for (; fields->key; fields++)
		attr_json(object, fields->key, fields->kind, tb[fields->attr]);
	return object;
}

/**
 * attr_json_row() - print the same as an element of a JSON array
 * @list: the array
 * @fields: which, ended by one without a key; no strings
 * @tb: the attributes
 */
void attr_json_row(struct json_list *list, const struct attr_field *fields,
		   struct nlattr **tb)
{
	const struct nlattr *attr;
	uint64_t number;
	char *to;

	json_row_begin(list);
	for (; fields->key; fields++) {
		attr = tb[fields->attr];
		to = json_row_key(list, fields->key);
		switch (json_kind(fields->kind, attr, &number)) {
		case JSON_NULL:
			to = stpcpy(to, "null");
			break;
		case JSON_NUMBER:
			to = text_number(to, number);
			break;
		case JSON_BOOL:
			to = stpcpy(to, number ? "true" : "false");
			break;
		case JSON_TEXT:
			*to++ = '"';
			if (fields->kind == ATTR_ADDR)
				to = addr_text(to, nla_data(attr),
					       nla_len(attr));
			else
				to += strlen(attr_text(fields->kind, attr, to));
			*to++ = '"';
			break;
		}
		json_row_take(list, to);
	}
	json_row_end(list);
}
