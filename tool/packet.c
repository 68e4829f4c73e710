// SPDX-License-Identifier: GPL-2.0
/*
 * A traced packet, as a line of text or of JSON.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "dsrctl.h"
#include "json.h"
#include "packet.h"
#include "text.h"

#define NSEC	1000000000ull

static const struct {
	const char *name;
	uint8_t number;
} protos[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "gre", IPPROTO_GRE },
	{ "ipip", IPPROTO_IPIP },
	{ "dccp", IPPROTO_DCCP },
	{ "udplite", IPPROTO_UDPLITE },
};

/* enum nf_inet_hooks */
static const char *const hooks[] = {
	"prerouting", "input", "forward", "output", "postrouting",
};

static const char *const flags[] = {
	"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR",
};

/* all of them, with the commas between */
#define FLAGS_MAX	(8 * 4)

/**
 * packet_proto_number() - find a protocol
 * @name: its name
 *
 * Return: its number, or -1 if the name is not known.
 */
int packet_proto_number(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (!strcmp(protos[i].name, name))
			return protos[i].number;
	return -1;
}

static const char *proto_text(const struct packet *packet, char *text)
{
	size_t i;

	if (packet->message)
		return packet->family == AF_INET ? "arp" : "nd";
	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].number == packet->proto)
			return protos[i].name;
	text_number(text, packet->proto);
	return text;
}

static const char *addr_of(const uint8_t *mapped, char *text)
{
	const struct in6_addr *in6 = (const struct in6_addr *)mapped;

	if (IN6_IS_ADDR_V4MAPPED(in6))
		addr_text(text, mapped + 12, sizeof(struct in_addr));
	else
		addr_text(text, mapped, sizeof(*in6));
	return text;
}

static bool is_none(const uint8_t *addr)
{
	return IN6_IS_ADDR_UNSPECIFIED((const struct in6_addr *)addr);
}

static const char *flags_text(uint8_t set, char *text)
{
	char *to = text;
	size_t i;

	*to = '\0';
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!(set & (1 << i)))
			continue;
		if (to != text)
			*to++ = ',';
		to = stpcpy(to, flags[i]);
	}
	return text;
}

/* The kernel tells the time since it was booted: add what that is by the clock. */
static void wall_clock(uint64_t time, struct tm *tm, unsigned int *usec)
{
	static uint64_t offset;
	struct timespec real, since;
	time_t seconds;

	if (!offset) {
		clock_gettime(CLOCK_MONOTONIC, &since);
		clock_gettime(CLOCK_REALTIME, &real);
		offset = (real.tv_sec - since.tv_sec) * NSEC + real.tv_nsec -
			 since.tv_nsec;
	}
	time += offset;
	seconds = time / NSEC;
	*usec = time % NSEC / 1000;
	localtime_r(&seconds, tm);
}

/**
 * packet_time_text() - write a time by the clock
 * @text: buffer of PACKET_TIME_MAX bytes
 * @time: by CLOCK_MONOTONIC, in nanoseconds
 * @json: with the day and the zone, for programs
 */
void packet_time_text(char *text, uint64_t time, bool json)
{
	unsigned int usec;
	struct tm tm;
	size_t used;

	wall_clock(time, &tm, &usec);
	used = strftime(text, PACKET_TIME_MAX,
			json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	used += snprintf(text + used, PACKET_TIME_MAX - used, ".%06u", usec);
	if (json)
		strftime(text + used, PACKET_TIME_MAX - used, "%z", &tm);
}

static void print_end(FILE *out, const uint8_t *addr, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	addr_of(addr, text);
	if (!port)
		fputs(text, out);
	else
		fprintf(out, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text,
			port);
}

/* The device of another network namespace has a number only. */
static const char *device_of(const struct packet *packet, char *name)
{
	return packet->foreign ? NULL : if_indextoname(packet->ifindex, name);
}

static void print_device(FILE *out, const struct packet *packet)
{
	char name[IF_NAMESIZE];

	if (!packet->ifindex)
		fputs(" -", out);
	else if (device_of(packet, name))
		fprintf(out, " %s", name);
	else
		fprintf(out, " if%u", packet->ifindex);
}

/**
 * packet_print() - print a packet as a line
 * @out: output
 * @packet: the packet
 * @netns: print its network namespace, too
 */
void packet_print(FILE *out, const struct packet *packet, bool netns)
{
	char time[PACKET_TIME_MAX], number[TEXT_NUMBER_MAX], set[FLAGS_MAX];
	char text[INET6_ADDRSTRLEN];

	packet_time_text(time, packet->time, false);
	fprintf(out, "%s %s", time, netlink_module_name(packet->module));
	if (netns)
		fprintf(out, " netns %u", packet->netns);
	print_device(out, packet);
	fprintf(out, " %s ", proto_text(packet, number));
	if (packet->message) {
		fprintf(out, "%s: %s\n", addr_of(packet->dst, text),
			packet->reason);
		return;
	}
	print_end(out, packet->src, packet->sport);
	fputs(" > ", out);
	print_end(out, packet->dst, packet->dport);
	if (packet->tcp_flags)
		fprintf(out, " %s", flags_text(packet->tcp_flags, set));
	fprintf(out, " len %u", packet->len);
	if (packet->mark)
		fprintf(out, " mark %u", packet->mark);
	fprintf(out, ": %s", packet->reason);
	if (!is_none(packet->backend))
		fprintf(out, " via %s", addr_of(packet->backend, text));
	fputc('\n', out);
}

static void add_text(struct json_object *object, const char *key,
		     const char *text)
{
	json_object_object_add(object, key, text ?
			       json_object_new_string(text) : NULL);
}

static void add_number(struct json_object *object, const char *key,
		       bool known, uint64_t number)
{
	json_object_object_add(object, key, known ?
			       json_object_new_int64(number) : NULL);
}

static void add_addr(struct json_object *object, const char *key,
		     const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];

	add_text(object, key, is_none(addr) ? NULL : addr_of(addr, text));
}

static void add_time(struct json_object *object, uint64_t time)
{
	char text[PACKET_TIME_MAX];

	packet_time_text(text, time, true);
	add_text(object, "time", text);
}

/**
 * packet_print_json() - print a packet as a line of JSON
 * @packet: the packet
 */
void packet_print_json(const struct packet *packet)
{
	struct json_object *object = json_object_new_object();
	char number[TEXT_NUMBER_MAX], set[FLAGS_MAX], skb[24], name[IF_NAMESIZE];
	bool whole = !packet->message;

	snprintf(skb, sizeof(skb), "0x%" PRIx64, packet->skb);
	add_time(object, packet->time);
	add_text(object, "module", netlink_module_name(packet->module));
	add_number(object, "netns", true, packet->netns);
	add_text(object, "dev", device_of(packet, name));
	add_number(object, "ifindex", packet->ifindex, packet->ifindex);
	add_text(object, "proto", proto_text(packet, number));
	add_addr(object, "src", packet->src);
	add_number(object, "sport", packet->sport, packet->sport);
	add_addr(object, "dst", packet->dst);
	add_number(object, "dport", packet->dport, packet->dport);
	add_text(object, "tcp_flags", packet->proto == IPPROTO_TCP ?
		 flags_text(packet->tcp_flags, set) : NULL);
	add_number(object, "len", whole, packet->len);
	add_number(object, "mark", whole, packet->mark);
	add_text(object, "hook", packet->module == NETLINK_RS && whole &&
		 packet->hook < ARRAY_SIZE(hooks) ? hooks[packet->hook] : NULL);
	add_text(object, "reason", packet->reason);
	add_addr(object, "backend", packet->backend);
	add_text(object, "skbaddr", whole ? skb : NULL);
	add_number(object, "missed", false, 0);
	json_print(object, false);
}

/**
 * packet_print_missed() - print that packets are missing
 * @time: now
 * @missed: number of missing packets
 * @json: as JSON, with the keys of packet_print_json()
 */
void packet_print_missed(uint64_t time, uint64_t missed, bool json)
{
	static const char *const keys[] = {
		"module", "netns", "dev", "ifindex", "proto", "src", "sport",
		"dst", "dport", "tcp_flags", "len", "mark", "hook", "reason",
		"backend", "skbaddr",
	};
	struct json_object *object;
	char text[PACKET_TIME_MAX];
	size_t i;

	if (!json) {
		packet_time_text(text, time, false);
		printf("%s missed %" PRIu64 " packets\n", text, missed);
		return;
	}
	object = json_object_new_object();
	add_time(object, time);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		add_text(object, keys[i], NULL);
	add_number(object, "missed", true, missed);
	json_print(object, false);
}
