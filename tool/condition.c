// SPDX-License-Identifier: GPL-2.0
/*
 * Conditions that select packets for dsrctl trace. The kernel's filter compares
 * numbers: it drops other packets before they take room in a buffer. dsrctl
 * compares all conditions once more, because the filter cannot compare IPv6
 * addresses.
 */
#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "addr.h"
#include "condition.h"
#include "dsrctl.h"
#include "report.h"
#include "text.h"

/**
 * condition_init() - prepare to read conditions
 * @condition: the conditions
 * @args: the words of the command; kept by reference
 */
void condition_init(struct condition *condition, const struct args *args)
{
	struct stat file;

	memset(condition, 0, sizeof(*condition));
	condition->args = args;
	condition->sport.first = -1;
	condition->dport.first = -1;
	condition->service_port.first = -1;
	if (!stat("/proc/self/ns/net", &file))
		condition->netns = file.st_ino;
}

static bool wants(const struct condition *condition, int keyword)
{
	return args_seen(condition->args, keyword);
}

static void net_set(struct condition_net *net, const struct addr *addr,
		    unsigned int bits)
{
	unsigned int i;

	memset(net, 0, sizeof(*net));
	if (addr->family == AF_INET) {
		net->addr[10] = 0xff;
		net->addr[11] = 0xff;
		memcpy(net->addr + 12, &addr->in, sizeof(addr->in));
		bits += 96;
	} else {
		memcpy(net->addr, &addr->in6, sizeof(addr->in6));
	}
	net->bits = bits;
	for (i = bits; i < 128; i++)
		net->addr[i / 8] &= ~(0x80 >> i % 8);
}

static bool net_has(const struct condition_net *net, const uint8_t *addr)
{
	unsigned int bytes = net->bits / 8, rest = net->bits % 8;

	return !memcmp(net->addr, addr, bytes) &&
	       (!rest || !((net->addr[bytes] ^ addr[bytes]) >> (8 - rest)));
}

static bool net_is_ipv4(const struct condition_net *net)
{
	return net->bits >= 96 &&
	       IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)net->addr);
}

static bool ports_have(const struct condition_ports *ports, int port)
{
	return ports->first < 0 ||
	       (port >= ports->first && port <= ports->last);
}

static int read_net(struct args *args, bool prefix, struct condition_net *net,
		    struct condition_ports *ports)
{
	const char *word = args_peek(args);
	struct addr addr;
	unsigned int bits;
	int port, status;

	status = addr_read_endpoint(args, &addr, &port, prefix ? &bits : NULL);
	if (status)
		return status;
	if (!prefix)
		bits = addr.family == AF_INET ? 32 : 128;
	net_set(net, &addr, bits);
	if (port < 0)
		return DSRCTL_OK;
	if (!ports)
		return args_error(args, "%s '%s': a port has no meaning here",
				  args->keyword, word);
	ports->first = port;
	ports->last = port;
	return DSRCTL_OK;
}

static int read_ports(struct args *args, struct condition_ports *ports)
{
	uint16_t first;
	int status, last;

	status = args_ports(args, &first, &last);
	if (status)
		return status;
	ports->first = first;
	ports->last = last < 0 ? first : last;
	if (ports->last < ports->first)
		return args_error(args, "%s %d-%d: the last is before the first",
				  args->keyword, ports->first, ports->last);
	return DSRCTL_OK;
}

static int read_proto(struct args *args, uint32_t *proto)
{
	const char *word = args_word(args);
	int number;

	if (!word)
		return DSRCTL_USAGE;
	number = packet_proto_number(word);
	if (number < 0)
		return args_parse_u32(args, word, 0, UINT8_MAX, proto);
	*proto = number;
	return DSRCTL_OK;
}

static int read_reason(struct args *args, struct condition *condition)
{
	const char *word = args_word(args);

	if (!word)
		return DSRCTL_USAGE;
	if (condition->reasons == CONDITION_REASONS_MAX)
		return args_error(args, "reason is given more than %d times",
				  CONDITION_REASONS_MAX);
	condition->reason[condition->reasons++] = word;
	return DSRCTL_OK;
}

/**
 * condition_read() - read the value of a keyword if it is one of these
 * @args: the words
 * @condition: set from the value
 * @keyword: index of the keyword
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported unless it is none of these.
 */
int condition_read(struct args *args, struct condition *condition,
		   int keyword)
{
	switch (keyword) {
	case CONDITION_SRC:
		return read_net(args, true, &condition->src,
				&condition->sport);
	case CONDITION_DST:
		return read_net(args, true, &condition->dst,
				&condition->dport);
	case CONDITION_SPORT:
		return read_ports(args, &condition->sport);
	case CONDITION_DPORT:
		return read_ports(args, &condition->dport);
	case CONDITION_PROTO:
		return read_proto(args, &condition->proto);
	case CONDITION_SERVICE:
		return read_net(args, false, &condition->service,
				&condition->service_port);
	case CONDITION_BACKEND:
		return read_net(args, false, &condition->backend, NULL);
	case CONDITION_FWMARK:
		return args_u32(args, 0, UINT32_MAX, &condition->fwmark);
	case CONDITION_REASON:
		return read_reason(args, condition);
	default:
		return DSRCTL_USAGE;
	}
}

static bool reason_matches(const struct condition *condition,
			   const char *reason)
{
	int i;

	for (i = 0; i < condition->reasons; i++)
		if (!fnmatch(condition->reason[i], reason, 0))
			return true;
	return !condition->reasons;
}

/**
 * condition_fits() - tell if a tracepoint may have anything that is wanted
 * @condition: the conditions
 * @point: the tracepoint
 */
bool condition_fits(const struct condition *condition,
		    const struct tracepoint *point)
{
	static const struct {
		int keyword;
		enum tracepoint_field field;
	} needs[] = {
		{ CONDITION_SRC, TRACEPOINT_SADDR },
		{ CONDITION_PROTO, TRACEPOINT_PROTOCOL },
		{ CONDITION_BACKEND, TRACEPOINT_BACKEND },
		{ CONDITION_FWMARK, TRACEPOINT_MARK },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(needs); i++)
		if (wants(condition, needs[i].keyword) &&
		    !point->field[needs[i].field])
			return false;
	if (!point->field[TRACEPOINT_SPORT] &&
	    (condition->sport.first >= 0 || condition->dport.first >= 0 ||
	     condition->service_port.first >= 0))
		return false;
	for (i = 0; i < TRACEPOINT_REASONS_MAX; i++)
		if (point->reason[i] && *point->reason[i] &&
		    reason_matches(condition, point->reason[i]))
			return true;
	return false;
}

/* The kernel compares numbers, and no arrays: so it has IPv4 in a number, too.
 * FIELD: the name of that number.
 */
static void put_net(FILE *out, const char *field,
		    const struct condition_net *net)
{
	uint32_t first, last;

	if (!net_is_ipv4(net)) {
		fprintf(out, "family == %d", AF_INET6);
		return;
	}
	memcpy(&first, net->addr + 12, sizeof(first));
	first = ntohl(first);
	last = first | (uint32_t)((1ull << (128 - net->bits)) - 1);
	fprintf(out, "family == %d && %s >= %u && %s <= %u", AF_INET, field,
		first, field, last);
}

static void put_ports(FILE *out, const char *field,
		      const struct condition_ports *ports)
{
	if (ports->first >= 0)
		fprintf(out, " && %s >= %d && %s <= %d", field, ports->first,
			field, ports->last);
}

static void put_service(FILE *out, const struct condition *condition,
			const struct tracepoint *point)
{
	fputs(" && ((", out);
	put_net(out, "daddr4", &condition->service);
	put_ports(out, "dport", &condition->service_port);
	fputs(")", out);
	if (point->field[TRACEPOINT_SADDR]) {
		fputs(" || (", out);
		put_net(out, "saddr4", &condition->service);
		put_ports(out, "sport", &condition->service_port);
		fputs(")", out);
	}
	fputs(")", out);
}

static void put_reasons(FILE *out, const struct condition *condition,
			const struct tracepoint *point)
{
	const char *before = " && (";
	int i;

	if (!condition->reasons)
		return;
	for (i = 0; i < TRACEPOINT_REASONS_MAX; i++) {
		if (!point->reason[i] ||
		    !reason_matches(condition, point->reason[i]))
			continue;
		fprintf(out, "%sreason == %d", before, i);
		before = " || ";
	}
	fputs(")", out);
}

/**
 * condition_filter() - the conditions that the kernel can compare, as it reads them
 * @condition: the conditions
 * @point: the tracepoint, which fits
 *
 * Return: the text, to be freed.
 */
char *condition_filter(const struct condition *condition,
		       const struct tracepoint *point)
{
	struct text text;

	text_begin(&text);
	if (condition->all_netns)
		fputs("netns != 0", text.out);
	else
		fprintf(text.out, "netns == %u", condition->netns);
	if (wants(condition, CONDITION_SRC)) {
		fputs(" && ", text.out);
		put_net(text.out, "saddr4", &condition->src);
	}
	if (wants(condition, CONDITION_DST)) {
		fputs(" && ", text.out);
		put_net(text.out, "daddr4", &condition->dst);
	}
	put_ports(text.out, "sport", &condition->sport);
	put_ports(text.out, "dport", &condition->dport);
	if (wants(condition, CONDITION_PROTO))
		fprintf(text.out, " && protocol == %u", condition->proto);
	if (wants(condition, CONDITION_SERVICE))
		put_service(text.out, condition, point);
	if (wants(condition, CONDITION_FWMARK))
		fprintf(text.out, " && mark == %u", condition->fwmark);
	put_reasons(text.out, condition, point);
	return text_end(&text);
}

/**
 * condition_match() - tell if a packet is wanted
 * @condition: the conditions
 * @packet: the packet
 */
bool condition_match(const struct condition *condition,
		     const struct packet *packet)
{
	if (!condition->all_netns && packet->netns != condition->netns)
		return false;
	if (wants(condition, CONDITION_SRC) &&
	    !net_has(&condition->src, packet->src))
		return false;
	if (wants(condition, CONDITION_DST) &&
	    !net_has(&condition->dst, packet->dst))
		return false;
	if (!ports_have(&condition->sport, packet->sport) ||
	    !ports_have(&condition->dport, packet->dport))
		return false;
	if (wants(condition, CONDITION_PROTO) &&
	    packet->proto != condition->proto)
		return false;
	if (wants(condition, CONDITION_SERVICE) &&
	    !(net_has(&condition->service, packet->dst) &&
	      ports_have(&condition->service_port, packet->dport)) &&
	    !(net_has(&condition->service, packet->src) &&
	      ports_have(&condition->service_port, packet->sport)))
		return false;
	if (wants(condition, CONDITION_BACKEND) &&
	    !net_has(&condition->backend, packet->backend))
		return false;
	if (wants(condition, CONDITION_FWMARK) &&
	    packet->mark != condition->fwmark)
		return false;
	return reason_matches(condition, packet->reason);
}
