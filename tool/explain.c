// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl explain: predict the outcome of a packet on a balancer.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "args.h"
#include "attr.h"
#include "backend.h"
#include "connection.h"
#include "endpoint.h"
#include "host.h"
#include "json.h"
#include "netlink.h"
#include "outcome.h"
#include "reason.h"
#include "service.h"
#include "verdict.h"

enum {
	EXPLAIN_PROTO,
	EXPLAIN_MARK,
	EXPLAIN_DEV,
	EXPLAIN_MIDDLE,
	EXPLAIN_FIREWALL,
	EXPLAIN_LENGTH,
};

static const struct keyword explain_keywords[] = {
	[EXPLAIN_PROTO] = { "proto", attr_protos },
	[EXPLAIN_MARK] = { "mark", NULL },
	[EXPLAIN_DEV] = { "dev", NULL },
	[EXPLAIN_MIDDLE] = { "middle", keyword_flag },
	[EXPLAIN_FIREWALL] = { "firewall", keyword_flag },
	[EXPLAIN_LENGTH] = { "length", NULL },
	{ NULL, NULL }
};

/* an IPv4 header, and the most that one counts */
#define LENGTH_MIN	20
#define LENGTH_MAX	65535

/* the packet that a command line describes */
struct packet {
	struct addr src;
	int sport;
	struct addr dst;
	int dport;
	unsigned int proto;
	uint32_t mark;
	bool has_mark;
	uint32_t ifindex;	/* 0: not named */
	bool middle;
	bool firewall;		/* ask the site's rules */
	uint32_t length;	/* from the IP header on; 0: not named */
	bool by_rules;		/* they have set @mark */
};

/* the kernel's answer */
struct explanation {
	struct nlattr *tb[ATTR_MAX];
	struct service_info service;
	struct backend_info backend;
	struct nlattr *connection[ATTR_MAX];
	bool has_service;
	bool has_backend;
	bool has_connection;
	struct verdict verdict;
	char name[ATTR_TEXT_MAX];
};

static int packet_read(struct args *args, struct packet *packet)
{
	int keyword, status;

	memset(packet, 0, sizeof(*packet));
	status = endpoint_read(args, "source", &packet->src, &packet->sport);
	if (!status)
		status = endpoint_read(args, "destination", &packet->dst,
				       &packet->dport);
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		switch (keyword) {
		case EXPLAIN_PROTO:
			status = args_choice(args, &packet->proto);
			break;
		case EXPLAIN_MARK:
			status = args_u32(args, 0, UINT32_MAX, &packet->mark);
			packet->has_mark = true;
			break;
		case EXPLAIN_DEV:
			status = args_device(args, &packet->ifindex);
			break;
		case EXPLAIN_MIDDLE:
			packet->middle = true;
			break;
		case EXPLAIN_FIREWALL:
			packet->firewall = true;
			break;
		case EXPLAIN_LENGTH:
			status = args_u32(args, LENGTH_MIN, LENGTH_MAX,
					  &packet->length);
			break;
		default:
			status = DSRCTL_USAGE;
		}
	}
	if (!status && packet->src.family != packet->dst.family)
		status = args_error(args,
				    "source and destination are of different families");
	return status;
}

/* A test packet has to come in by some device: that of the route to its source. */
static int find_device(struct args *args, struct packet *packet)
{
	struct host_route route = { 0 };
	struct host host;
	int status;

	status = host_read(&host);
	if (!status)
		host_route(&host, &packet->src, &route);
	host_free(&host);
	if (status)
		return status;
	if (route.local)
		return args_error(args,
				  "the rules can be asked about packets of other machines only");
	if (!route.ifindex)
		return args_error(args,
				  "no single device leads back to the source: name one by 'dev'");
	packet->ifindex = route.ifindex;
	return DSRCTL_OK;
}

static int packet_put(struct nl_msg *msg, const struct packet *packet)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_EXPLAIN);
	if (!nest || addr_put(msg, DSR_EXPLAIN_A_SRC, &packet->src) ||
	    nla_put_u16(msg, DSR_EXPLAIN_A_SPORT, htons(packet->sport)) ||
	    addr_put(msg, DSR_EXPLAIN_A_DST, &packet->dst) ||
	    nla_put_u16(msg, DSR_EXPLAIN_A_DPORT, htons(packet->dport)) ||
	    nla_put_u8(msg, DSR_EXPLAIN_A_PROTO,
		       attr_proto_number(packet->proto)))
		return -1;
	if (packet->has_mark &&
	    nla_put_u32(msg, DSR_EXPLAIN_A_FWMARK, packet->mark))
		return -1;
	if (packet->ifindex &&
	    nla_put_u32(msg, DSR_EXPLAIN_A_IFINDEX, packet->ifindex))
		return -1;
	if (packet->middle && nla_put_flag(msg, DSR_EXPLAIN_A_MIDDLE))
		return -1;
	if (packet->firewall && nla_put_flag(msg, DSR_EXPLAIN_A_FIREWALL))
		return -1;
	return nla_nest_end(msg, nest);
}

static bool explanation_parse(const struct nlmsghdr *reply,
			      struct packet *packet, struct explanation *what)
{
	struct nlattr *top[ATTR_MAX];

	memset(what, 0, sizeof(*what));
	if (!attr_parse(reply, top) || !top[DSR_A_EXPLAIN] ||
	    !attr_parse_nest(DSR_A_EXPLAIN, top[DSR_A_EXPLAIN], what->tb) ||
	    !what->tb[DSR_EXPLAIN_A_REASON])
		return false;
	attr_text(ATTR_STRING, what->tb[DSR_EXPLAIN_A_REASON], what->name);
	verdict_parse(what->tb, packet->src.family, &what->verdict);
	if (!packet->has_mark && what->tb[DSR_EXPLAIN_A_FWMARK]) {
		packet->mark = attr_u32(what->tb[DSR_EXPLAIN_A_FWMARK]);
		packet->has_mark = true;
		packet->by_rules = true;
	}

	what->has_service = top[DSR_A_SERVICE];
	if (what->has_service &&
	    !service_parse(top[DSR_A_SERVICE], &what->service))
		return false;
	what->has_backend = top[DSR_A_BACKEND];
	if (what->has_backend && !backend_parse(top, &what->backend))
		return false;
	what->has_connection = top[DSR_A_CONNECTION];
	return attr_parse_nest(DSR_A_CONNECTION, top[DSR_A_CONNECTION],
			       what->connection);
}

static bool is_forwarded(const struct explanation *what)
{
	return !strncmp(what->name, "forwarded", strlen("forwarded"));
}

/* Tell if the site's rules see the packet after the module. */
static bool passes_firewall(struct explanation *what)
{
	struct nlattr *path = what->service.tb[DSR_SERVICE_A_PATH];

	return what->has_service && path && attr_u8(path) == DSR_PATH_STACK &&
	       is_forwarded(what);
}

/* Tell if the packet waits for the backend's MAC address, and nothing answers. */
static bool is_lost(const struct explanation *what)
{
	return what->has_backend && is_forwarded(what) &&
	       attr_u8(what->backend.tb[DSR_BACKEND_A_STATE]) ==
	       DSR_BACKEND_UNREACHABLE;
}

/* Words before a reason's meaning, unless the rules were asked. */
static const char *condition(struct explanation *what)
{
	if (!passes_firewall(what) || verdict_accepts(&what->verdict))
		return "";
	return what->verdict.asked ?
		       "if that lets the packet pass, " :
		       "if FORWARD and POSTROUTING accept the packet, ";
}

static bool is_inet6(const struct explanation *what)
{
	const struct nlattr *addr = what->backend.tb[DSR_BACKEND_A_ADDR];

	return addr && nla_len(addr) == sizeof(struct in6_addr);
}

static const char *meaning_of(const struct explanation *what,
			      const struct reason *reason)
{
	static const char *const lost[] = {
		"the packet is lost: the backend does not answer ARP",
		"the packet is lost: the backend does not answer neighbour discovery",
	};

	if (verdict_is_early(&what->verdict))
		return verdict_outcome(&what->verdict);
	if (is_lost(what))
		return lost[is_inet6(what)];
	return reason ? reason->meaning : NULL;
}

static const char *advice_of(const struct explanation *what,
			     const struct reason *reason)
{
	static const char lost[] =
		"repair the machine; until then take it out by "
		"'dsrctl backend set SERVICE via ADDR down', or have the "
		"service leave out what does not answer: "
		"'dsrctl service set SERVICE on-unreachable skip'";

	if (is_lost(what))
		return lost;
	return reason && !verdict_is_early(&what->verdict) ? reason->advice :
							      NULL;
}

static struct outcome outcome_of(struct explanation *what)
{
	const struct reason *reason = reason_find(NETLINK_LB, what->name);

	return (struct outcome){
		.reason = what->name,
		.condition = condition(what),
		.meaning = meaning_of(what, reason),
		.advice = advice_of(what, reason),
	};
}

/* Return: the MTU of the device towards the backend, or 0. */
static unsigned int backend_mtu(struct explanation *what)
{
	struct nlattr *attr = what->backend.tb[DSR_BACKEND_A_IFINDEX];
	struct ifreq request = { 0 };
	int sock, err;

	if (!what->has_backend || !attr ||
	    !if_indextoname(attr_u32(attr), request.ifr_name))
		return 0;
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return 0;
	err = ioctl(sock, SIOCGIFMTU, &request);
	close(sock);
	return err ? 0 : request.ifr_mtu;
}

/* A packet of a length that is named may be too big for the device. */
static void check_length(const struct packet *packet, struct explanation *what)
{
	unsigned int mtu = backend_mtu(what);

	if (is_forwarded(what) && mtu && packet->length > mtu)
		strcpy(what->name, "drop_too_big");
}

static void explain_json(struct dsrctl *ctl, const struct packet *packet,
			 struct explanation *what)
{
	struct json_object *object = json_object_new_object();
	struct outcome outcome = outcome_of(what);
	unsigned int mtu = backend_mtu(what);
	char dev[IF_NAMESIZE];

	endpoint_json(object, "src", &packet->src, "sport", packet->sport);
	endpoint_json(object, "dst", &packet->dst, "dport", packet->dport);
	json_object_object_add(object, "proto",
			       json_object_new_string(attr_protos[packet->proto]));
	json_object_object_add(object, "mark", packet->has_mark ?
			       json_object_new_uint64(packet->mark) : NULL);
	json_object_object_add(object, "dev",
			       packet->ifindex &&
			       if_indextoname(packet->ifindex, dev) ?
				       json_object_new_string(dev) : NULL);
	json_object_object_add(object, "length", packet->length ?
			       json_object_new_uint64(packet->length) : NULL);
	json_object_object_add(object, "middle",
			       json_object_new_boolean(packet->middle));
	attr_json(object, "choice", ATTR_CHOICE,
		  what->tb[DSR_EXPLAIN_A_CHOICE]);
	attr_json(object, "slot", ATTR_U32, what->tb[DSR_EXPLAIN_A_SLOT]);
	outcome_json(object, &outcome);
	json_object_object_add(object, "firewall", verdict_json(&what->verdict));
	json_object_object_add(object, "service", what->has_service ?
			       service_json(&what->service) : NULL);
	json_object_object_add(object, "backend", what->has_backend ?
			       backend_json(&what->backend) : NULL);
	json_object_object_add(object, "mtu",
			       mtu ? json_object_new_uint64(mtu) : NULL);
	json_object_object_add(object, "connection", what->has_connection ?
			       connection_json(what->connection) : NULL);
	json_print(object, ctl->pretty);
}

static void packet_text(const struct packet *packet)
{
	char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX], dev[IF_NAMESIZE];

	printf("packet      %s %s > %s", attr_protos[packet->proto],
	       endpoint_text(&packet->src, packet->sport, src),
	       endpoint_text(&packet->dst, packet->dport, dst));
	if (packet->has_mark)
		printf(" mark %u%s", packet->mark,
		       packet->by_rules ? " (set by the rules)" : "");
	if (packet->length)
		printf(" of %u bytes", packet->length);
	if (packet->ifindex && if_indextoname(packet->ifindex, dev))
		printf(" by %s", dev);
	puts(packet->middle ? ", from the middle of its connection" :
			      ", the first of its connection");
}

static void choice_text(struct explanation *what)
{
	static const char *const sentences[] = {
		[DSR_CHOICE_NONE] = "no backend is chosen",
		[DSR_CHOICE_CONNECTION] = "the packet's connection is in the table",
		[DSR_CHOICE_SCHEDULER] = "the scheduler chooses; this backend is its present choice",
		[DSR_CHOICE_PERSISTENCE] = "persistence: the client had this backend before",
		[DSR_CHOICE_HASH] = "by a hash of the addresses and ports, since the table is full or the packet is from the middle of a connection",
		[DSR_CHOICE_QUOTED] = "the backend of the connection that the packet quotes",
		[DSR_CHOICE_PROBE] = "a probe: the mark selects the backend, regardless of weight and state",
	};
	struct nlattr *choice = what->tb[DSR_EXPLAIN_A_CHOICE];
	char text[ATTR_TEXT_MAX];

	printf("choice      %s",
	       attr_u8(choice) < ARRAY_SIZE(sentences) ?
		       sentences[attr_u8(choice)] :
		       attr_text(ATTR_CHOICE, choice, text));
	if (what->tb[DSR_EXPLAIN_A_SLOT])
		printf(" (slot %s)",
		       attr_text(ATTR_U32, what->tb[DSR_EXPLAIN_A_SLOT],
				 text));
	putchar('\n');
}

static void connection_text(struct nlattr **tb)
{
	char state[ATTR_TEXT_MAX], expires[ATTR_TEXT_MAX];

	printf("connection  %s, forgotten in %s\n",
	       attr_text(ATTR_CONN_STATE, tb[DSR_CONNECTION_A_STATE], state),
	       attr_text(ATTR_MSECS, tb[DSR_CONNECTION_A_EXPIRES], expires));
}

static void backend_text(struct explanation *what)
{
	char addr[ATTR_TEXT_MAX], mac[ATTR_TEXT_MAX], device[ATTR_TEXT_MAX];
	char path[ATTR_TEXT_MAX], state[BACKEND_STATE_MAX];
	struct nlattr **tb = what->backend.tb;

	printf("backend     %s, %s",
	       attr_text(ATTR_ADDR, tb[DSR_BACKEND_A_ADDR], addr),
	       backend_state_text(&what->backend, state));
	if (tb[DSR_BACKEND_A_MAC])
		printf(", MAC %s",
		       attr_text(ATTR_MAC, tb[DSR_BACKEND_A_MAC], mac));
	if (tb[DSR_BACKEND_A_IFINDEX])
		printf(", device %s of MTU %u",
		       attr_text(ATTR_DEVICE, tb[DSR_BACKEND_A_IFINDEX],
				 device), backend_mtu(what));
	if (what->service.tb[DSR_SERVICE_A_PATH])
		printf(", path %s",
		       attr_text(ATTR_PATH,
				 what->service.tb[DSR_SERVICE_A_PATH], path));
	putchar('\n');
}

/* Name the rules after the module, and the commands that list them. */
static void firewall_text(const struct packet *packet)
{
	const char *six = packet->src.family == AF_INET6 ? "6" : "";

	printf("firewall    FORWARD and POSTROUTING see the packet, and drops there are counted as drop_by_firewall: 'firewall' behind this command asks them; see 'ip%stables -nvL FORWARD' and 'nft list ruleset'; 'path direct' bypasses both\n",
	       six);
}

static void explain_text(const struct packet *packet, struct explanation *what)
{
	struct outcome outcome = outcome_of(what);
	char *service;

	packet_text(packet);
	if (what->has_service) {
		service = service_text(&what->service, false);
		printf("service     %s\n", service);
		free(service);
		choice_text(what);
	} else {
		puts("service     none");
	}
	if (what->has_connection)
		connection_text(what->connection);
	if (what->has_backend)
		backend_text(what);
	if (what->verdict.asked)
		verdict_text(&what->verdict, passes_firewall(what) ?
			     "PREROUTING, FORWARD and POSTROUTING accept" :
			     "PREROUTING accepts");
	else if (passes_firewall(what))
		firewall_text(packet);
	outcome_text(&outcome);
}

static int explain_run(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	struct explanation what;
	struct packet packet;
	struct nl_msg *msg;
	int status;

	status = packet_read(args, &packet);
	if (!status && packet.firewall && !packet.ifindex && !ctl->check)
		status = find_device(args, &packet);
	if (status)
		return status;
	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_EXPLAIN, 0,
			       &msg);
	if (status)
		return status;
	if (packet_put(msg, &packet))
		return netlink_too_long(msg);
	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status && (!replies.count ||
			!explanation_parse(replies.reply[0], &packet, &what)))
		status = netlink_malformed();
	if (!status)
		check_length(&packet, &what);
	if (!status && ctl->json)
		explain_json(ctl, &packet, &what);
	else if (!status)
		explain_text(&packet, &what);
	netlink_replies_free(&replies);
	return status;
}

static const struct command explain_commands[] = {
	{ "explain",
	  "SRC:PORT DST:PORT [proto tcp|udp|sctp] [mark N] [dev NAME] [length N] [middle | firewall]",
	  "print the service, the backend and the outcome of a packet, with the reasons; changes nothing. Defaults: proto tcp, no mark, the device of the route back to the source, the first packet of its connection. 'firewall' asks the site's rules, by a test packet that is not sent",
	  explain_keywords, explain_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object explain_object = {
	.name = "explain",
	.description = "predict the outcome of a packet on a balancer, with the reason",
	.commands = explain_commands,
	.fallback = "explain",
	.bare = true,
	.operands = 2,
};
