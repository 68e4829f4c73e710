// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a packet: the kernel is asked for its route as "ip route get" asks.
 * For a packet that comes in, the kernel does the checks of its source as well,
 * rp_filter among them, so that nothing is derived from settings here.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>

#include "way.h"

/* an answer while it is received */
struct answer {
	struct way *way;
	const struct host *host;
	bool done;
};

static struct nl_msg *question(const struct way *way)
{
	uint8_t bits = way->to.family == AF_INET6 ? 128 : 32;
	struct rtmsg header = {
		.rtm_family = way->to.family,
		.rtm_dst_len = bits,
		.rtm_src_len = way->from.family ? bits : 0,
		.rtm_flags = way->from_table ? RTM_F_FIB_MATCH : 0,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST |
							      NLM_F_ACK);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) ||
	    addr_put(msg, RTA_DST, &way->to) ||
	    (way->from.family && addr_put(msg, RTA_SRC, &way->from)) ||
	    (way->iif && nla_put_u32(msg, RTA_IIF, way->iif)) ||
	    (way->mark && nla_put_u32(msg, RTA_MARK, way->mark))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* IPv6 tells by the type of the route that there is no way. */
static int error_of(uint8_t type)
{
	switch (type) {
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	default:
		return 0;
	}
}

static int on_route(struct nl_msg *msg, void *arg)
{
	struct rtnl_route *route = NULL;
	struct rtnl_nexthop *hop;
	struct answer *answer = arg;
	struct way *way = answer->way;
	struct rtnl_link *link;

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWROUTE ||
	    rtnl_route_parse(nlmsg_hdr(msg), &route))
		return NL_OK;
	way->error = -error_of(rtnl_route_get_type(route));
	way->local = rtnl_route_get_type(route) == RTN_LOCAL;
	addr_from_nl(&way->source, rtnl_route_get_pref_src(route));
	addr_from_nl(&way->prefix, rtnl_route_get_dst(route));
	way->prefix_bits = rtnl_route_get_dst(route) ?
			   nl_addr_get_prefixlen(rtnl_route_get_dst(route)) : 0;
	hop = rtnl_route_get_nnexthops(route) ?
		      rtnl_route_nexthop_n(route, 0) : NULL;
	if (hop) {
		way->ifindex = rtnl_route_nh_get_ifindex(hop);
		addr_from_nl(&way->gateway, rtnl_route_nh_get_gateway(hop));
	}
	if (rtnl_route_get_metric(route, RTAX_MTU, &way->mtu))
		way->mtu = 0;
	link = host_device(answer->host, way->ifindex);
	if (!way->mtu && link)
		way->mtu = rtnl_link_get_mtu(link);
	rtnl_route_put(route);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	(void)msg;
	answer->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *refusal,
		    void *arg)
{
	struct answer *answer = arg;

	(void)from;
	answer->way->error = -refusal->error;
	answer->done = true;
	return NL_STOP;
}

/**
 * way_ask() - ask the kernel for the way of a packet
 * @host: the machine
 * @way: the question; its answer is set
 */
void way_ask(const struct host *host, struct way *way)
{
	struct nl_cb *own = nl_socket_get_cb(host->sock), *cb = nl_cb_clone(own);
	struct answer answer = { .way = way, .host = host };
	struct nl_msg *msg = question(way);

	way->error = EIO;
	way->local = false;
	way->ifindex = 0;
	way->mtu = 0;
	memset(&way->gateway, 0, sizeof(way->gateway));
	memset(&way->source, 0, sizeof(way->source));
	memset(&way->prefix, 0, sizeof(way->prefix));
	if (!cb || !msg)
		goto free;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_route, &answer);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &answer);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &answer);
	if (nl_send_auto(host->sock, msg) < 0)
		goto free;
	while (!answer.done && nl_recvmsgs(host->sock, cb) >= 0)
		;
free:
	nlmsg_free(msg);
	nl_cb_put(cb);
	nl_cb_put(own);
}
