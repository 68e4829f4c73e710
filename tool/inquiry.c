// SPDX-License-Identifier: GPL-2.0
/*
 * Questions to the modules about single packets and addresses, where a list of
 * all connections would be too long.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <netlink/msg.h>
#include <string.h>

#include "addr.h"
#include "backend.h"
#include "inquiry.h"
#include "netlink.h"
#include "service.h"

static int packet_put(struct nl_msg *msg, const struct seen *seen, bool middle,
		      uint32_t mark, bool firewall)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_EXPLAIN);
	if (!nest || addr_put(msg, DSR_EXPLAIN_A_SRC, &seen->src) ||
	    nla_put_u16(msg, DSR_EXPLAIN_A_SPORT, htons(seen->sport)) ||
	    addr_put(msg, DSR_EXPLAIN_A_DST, &seen->dst) ||
	    nla_put_u16(msg, DSR_EXPLAIN_A_DPORT, htons(seen->dport)) ||
	    nla_put_u8(msg, DSR_EXPLAIN_A_PROTO, seen->proto) ||
	    nla_put_u32(msg, DSR_EXPLAIN_A_IFINDEX, seen->ifindex))
		return -1;
	if (middle && nla_put_flag(msg, DSR_EXPLAIN_A_MIDDLE))
		return -1;
	if (mark && nla_put_u32(msg, DSR_EXPLAIN_A_FWMARK, mark))
		return -1;
	if (firewall && nla_put_flag(msg, DSR_EXPLAIN_A_FIREWALL))
		return -1;
	return nla_nest_end(msg, nest);
}

/* The backend that a hash chooses: it had the packet, too. */
static bool parse_choice(struct nlattr **top, struct inquiry *inquiry)
{
	struct backend_info backend;

	if (!top[DSR_A_BACKEND])
		return true;
	if (!backend_parse(top, &backend))
		return false;
	inquiry->known = addr_get(backend.tb[DSR_BACKEND_A_ADDR],
				  &inquiry->backend);
	inquiry->state = DSR_CONN_SYN;
	return true;
}

static bool parse_answer(const struct nlmsghdr *reply, struct inquiry *inquiry)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX], *connection[ATTR_MAX];
	struct service_info service;

	if (!attr_parse(reply, top) || !top[DSR_A_EXPLAIN] ||
	    !attr_parse_nest(DSR_A_EXPLAIN, top[DSR_A_EXPLAIN], tb) ||
	    !tb[DSR_EXPLAIN_A_REASON])
		return false;
	attr_text(ATTR_STRING, tb[DSR_EXPLAIN_A_REASON], inquiry->reason);
	if (top[DSR_A_SERVICE]) {
		if (!service_parse(top[DSR_A_SERVICE], &service))
			return false;
		key_text(service.tb, inquiry->service);
	}
	if (!top[DSR_A_CONNECTION])
		return !tb[DSR_EXPLAIN_A_SLOT] ||
		       parse_choice(top, inquiry);
	if (!attr_parse_nest(DSR_A_CONNECTION, top[DSR_A_CONNECTION],
			     connection))
		return false;
	inquiry->known = addr_get(connection[DSR_CONNECTION_A_BACKEND],
				  &inquiry->backend);
	inquiry->state = attr_u8(connection[DSR_CONNECTION_A_STATE]);
	return true;
}

/**
 * inquiry_packet() - ask dsr_lb what becomes of a packet that was seen
 * @ctl: the run
 * @seen: the packet
 * @middle: it is not the first one of its connection
 * @mark: its mark, or 0
 * @inquiry: set
 *
 * Return: enum dsrctl_status.
 */
int inquiry_packet(struct dsrctl *ctl, const struct seen *seen, bool middle,
		   uint32_t mark, struct inquiry *inquiry)
{
	struct netlink_replies replies;
	struct nl_msg *msg;
	int status;

	memset(inquiry, 0, sizeof(*inquiry));
	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_EXPLAIN, 0,
			       &msg);
	if (status)
		return status;
	if (packet_put(msg, seen, middle, mark, false))
		return netlink_too_long(msg);
	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status && (!replies.count ||
			!parse_answer(replies.reply[0], inquiry)))
		status = netlink_malformed();
	netlink_replies_free(&replies);
	return status;
}

/* Send a question about a test packet, and read the verdict of the rules. */
static int ask_rules(struct dsrctl *ctl, struct nl_msg *msg, int family,
		     struct verdict *verdict)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct netlink_replies replies;
	int status;

	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status && (!replies.count ||
			!attr_parse(replies.reply[0], top) ||
			!top[DSR_A_EXPLAIN] ||
			!attr_parse_nest(DSR_A_EXPLAIN, top[DSR_A_EXPLAIN],
					 tb)))
		status = netlink_malformed();
	if (!status)
		verdict_parse(tb, family, verdict);
	netlink_replies_free(&replies);
	return status;
}

/**
 * inquiry_firewall() - ask the site's rules, by dsr_lb, about a packet that was seen
 * @ctl: the run
 * @seen: the packet, the first of its connection
 * @verdict: set
 *
 * Return: enum dsrctl_status.
 */
int inquiry_firewall(struct dsrctl *ctl, const struct seen *seen,
		     struct verdict *verdict)
{
	struct nl_msg *msg;
	int status;

	memset(verdict, 0, sizeof(*verdict));
	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_EXPLAIN, 0,
			       &msg);
	if (status)
		return status;
	if (packet_put(msg, seen, false, 0, true))
		return netlink_too_long(msg);
	return ask_rules(ctl, msg, seen->src.family, verdict);
}

static int landing_put(struct nl_msg *msg, const struct landing *landing)
{
	const struct nlattr *mark = landing->has_rule ?
				    landing->rule.tb[DSR_RULE_A_MARK] : NULL;
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_EXPLAIN);
	if (!nest || addr_put(msg, DSR_EXPLAIN_A_SRC, &landing->src) ||
	    nla_put_u16(msg, DSR_EXPLAIN_A_SPORT, htons(landing->sport)) ||
	    addr_put(msg, DSR_EXPLAIN_A_DST, &landing->to) ||
	    nla_put_u16(msg, DSR_EXPLAIN_A_DPORT, htons(landing->to_port)) ||
	    nla_put_u8(msg, DSR_EXPLAIN_A_PROTO, landing->match.proto) ||
	    nla_put_u32(msg, DSR_EXPLAIN_A_IFINDEX, landing->ifindex) ||
	    (mark && nla_put_u32(msg, DSR_EXPLAIN_A_FWMARK, attr_u32(mark))))
		return -1;
	return nla_nest_end(msg, nest);
}

/**
 * inquiry_landing() - ask the site's rules, by dsr_rs, about a packet that it delivers
 * @ctl: the run
 * @landing: the packet, which lands; its verdict is set
 *
 * Return: enum dsrctl_status.
 */
int inquiry_landing(struct dsrctl *ctl, struct landing *landing)
{
	struct nl_msg *msg;
	int status;

	status = netlink_query(ctl->netlink, NETLINK_RS, DSR_RS_CMD_EXPLAIN, 0,
			       &msg);
	if (status)
		return status;
	if (landing_put(msg, landing))
		return netlink_too_long(msg);
	return ask_rules(ctl, msg, landing->src.family, &landing->verdict);
}

/* Parse an entry of a table: @type is the nest that it is in. */
static bool parse_entry(struct nlmsghdr *reply, unsigned int type,
			struct nlattr **tb)
{
	struct nlattr *top[ATTR_MAX];

	return attr_parse(reply, top) && top[type] &&
	       attr_parse_nest(type, top[type], tb);
}

/* the first entry of a table */
struct first {
	bool known;
	uint32_t fwmark;
};

static enum netlink_verdict on_connection(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *tb[ATTR_MAX];
	struct first *first = arg;

	if (!parse_entry(reply, DSR_A_CONNECTION, tb))
		return NETLINK_MALFORMED;
	first->known = true;
	first->fwmark = attr_u32(tb[DSR_CONNECTION_A_FWMARK]);
	return NETLINK_STOP;
}

/* Begin a request for connections. The caller adds to @nest what selects them. */
static int query_connections(struct dsrctl *ctl, struct nl_msg **msg,
			     struct nlattr **nest)
{
	int status = netlink_query(ctl->netlink, NETLINK_LB,
				   DSR_CMD_CONNECTION_GET, NLM_F_DUMP, msg);

	if (status)
		return status;
	*nest = nla_nest_start(*msg, NLA_F_NESTED | DSR_A_CONNECTION);
	return *nest ? 0 : netlink_too_long(*msg);
}

/**
 * inquiry_vip() - ask dsr_lb if it has a connection to an address
 * @ctl: the run
 * @vip: the address
 * @known: set
 * @fwmark: set to the mark of the connection's service; 0 if that has none
 *
 * Return: enum dsrctl_status.
 */
int inquiry_vip(struct dsrctl *ctl, const struct addr *vip, bool *known,
		uint32_t *fwmark)
{
	struct first first = { 0 };
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = query_connections(ctl, &msg, &nest);
	if (status)
		return status;
	if (addr_put(msg, DSR_CONNECTION_A_DST, vip))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	status = netlink_stream(ctl->netlink, msg, on_connection, &first);
	*known = first.known;
	*fwmark = first.fwmark;
	return status;
}

static enum netlink_verdict on_served(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *tb[ATTR_MAX];
	bool *served = arg;
	uint8_t state;

	if (!parse_entry(reply, DSR_A_CONNECTION, tb))
		return NETLINK_MALFORMED;
	state = attr_u8(tb[DSR_CONNECTION_A_STATE]);
	*served = state == DSR_CONN_ESTABLISHED || state == DSR_CONN_FIN ||
		  state == DSR_CONN_CLOSED;
	return *served ? NETLINK_STOP : NETLINK_MORE;
}

/**
 * inquiry_served() - ask dsr_lb if a client of an address and a port has had an answer
 * @ctl: the run
 * @seen: a packet to these
 * @served: set: one of the connections that are remembered has gone on
 *
 * Return: enum dsrctl_status.
 */
int inquiry_served(struct dsrctl *ctl, const struct seen *seen, bool *served)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	*served = false;
	status = query_connections(ctl, &msg, &nest);
	if (status)
		return status;
	if (addr_put(msg, DSR_CONNECTION_A_DST, &seen->dst) ||
	    nla_put_u16(msg, DSR_CONNECTION_A_DPORT, htons(seen->dport)) ||
	    nla_put_u8(msg, DSR_CONNECTION_A_PROTO, seen->proto))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_stream(ctl->netlink, msg, on_served, served);
}

/* as many connections of UDP are read at most */
#define DATAGRAMS_MAX	20000

struct places {
	inquiry_place_fn fn;
	void *arg;
	unsigned int read;
};

static enum netlink_verdict on_datagram(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *tb[ATTR_MAX];
	struct places *places = arg;
	struct addr vip;

	if (!parse_entry(reply, DSR_A_CONNECTION, tb))
		return NETLINK_MALFORMED;
	if (attr_u32(tb[DSR_CONNECTION_A_FWMARK]) &&
	    tb[DSR_CONNECTION_A_DPORT] &&
	    addr_get(tb[DSR_CONNECTION_A_DST], &vip) &&
	    !places->fn(&vip, ntohs(nla_get_u16(tb[DSR_CONNECTION_A_DPORT])),
			places->arg))
		return NETLINK_STOP;
	return ++places->read == DATAGRAMS_MAX ? NETLINK_STOP : NETLINK_MORE;
}

/**
 * inquiry_datagrams() - ask dsr_lb where datagrams for services by mark go to
 * @ctl: the run
 * @fn: called for each connection of UDP that is remembered
 * @arg: passed to @fn
 *
 * Return: enum dsrctl_status.
 */
int inquiry_datagrams(struct dsrctl *ctl, inquiry_place_fn fn, void *arg)
{
	struct places places = { .fn = fn, .arg = arg };
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = query_connections(ctl, &msg, &nest);
	if (status)
		return status;
	if (nla_put_u8(msg, DSR_CONNECTION_A_PROTO, IPPROTO_UDP))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_stream(ctl->netlink, msg, on_datagram, &places);
}

/* a flow that is looked for, among as many as are read at most */
#define FLOWS_MAX	100000

struct wanted {
	const struct seen *seen;
	unsigned int read;
	bool known;
};

static enum netlink_verdict on_flow(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *tb[ATTR_MAX];
	struct wanted *wanted = arg;

	if (!parse_entry(reply, DSR_A_FLOW, tb))
		return NETLINK_MALFORMED;
	wanted->known = tb[DSR_FLOW_A_DPORT] &&
			ntohs(nla_get_u16(tb[DSR_FLOW_A_DPORT])) ==
				wanted->seen->dport &&
			attr_u8(tb[DSR_FLOW_A_PROTO]) == wanted->seen->proto &&
			addr_is(&wanted->seen->dst, tb[DSR_FLOW_A_DST]);
	return wanted->known || ++wanted->read == FLOWS_MAX ? NETLINK_STOP :
							      NETLINK_MORE;
}

/**
 * inquiry_flow() - ask dsr_rs if it has a flow to an address and a port
 * @ctl: the run
 * @seen: a packet to these
 * @known: set
 *
 * Return: enum dsrctl_status.
 */
int inquiry_flow(struct dsrctl *ctl, const struct seen *seen, bool *known)
{
	struct wanted wanted = { .seen = seen };
	struct nl_msg *msg;
	int status;

	status = netlink_query(ctl->netlink, NETLINK_RS, DSR_RS_CMD_FLOW_GET,
			       NLM_F_DUMP, &msg);
	if (!status)
		status = netlink_stream(ctl->netlink, msg, on_flow, &wanted);
	*known = wanted.known;
	return status;
}
