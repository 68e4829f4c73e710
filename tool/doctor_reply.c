// SPDX-License-Identifier: GPL-2.0
/*
 * The replies that come back through the balancer: whether it lets them through.
 * Only replies that have been seen are judged, since they may take other ways.
 */
#include <errno.h>
#include <linux/dsr.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "ruleset.h"
#include "sysctl.h"
#include "way.h"

/* the most streams of replies that are judged */
#define STREAMS_MAX	64

/* as many replies have to be lost, and none to pass, to blame this machine */
#define LOST_MIN	3

/**
 * struct stream - replies from one address that came in by one device
 * @reply: one of them
 * @came: how many connections they were of
 * @left: how many of these left this machine again
 */
struct stream {
	const struct seen *reply;
	unsigned int came;
	unsigned int left;
};

/* A machine that forwards IPv6 forgets the default routes that routers announce,
 * unless accept_ra is 2: print that first.
 */
static void keep_routers(struct doctor *doctor, int family)
{
	char name[SYSCTL_NAME_MAX];
	struct nl_object *object;
	const char *dev;

	if (family != AF_INET6)
		return;
	for (object = nl_cache_get_first(doctor->host.links); object;
	     object = nl_cache_get_next(object)) {
		dev = rtnl_link_get_name((struct rtnl_link *)object);
		if (sysctl_device(family, dev, "accept_ra") == 1)
			finding_mend(&doctor->findings, "sysctl -w %s=2",
				     sysctl_name(family, dev, "accept_ra",
						 name));
	}
}

static void not_forwarded(struct doctor *doctor, const struct seen *reply,
			  const char *dev)
{
	int family = reply->src.family;
	const char *all = family == AF_INET6 ? "net.ipv6.conf.all.forwarding" :
					       "net.ipv4.ip_forward";
	char vip[INET6_ADDRSTRLEN], name[SYSCTL_NAME_MAX];

	if (sysctl_device(family, dev, "forwarding") != 0 ||
	    !finding_begin(&doctor->findings, "replies-not-forwarded",
			   "device %s", dev))
		return;
	finding_what(&doctor->findings,
		     "replies from %s come in by %s, and this machine forwards nothing from there",
		     addr_name(&reply->src, vip), dev);
	finding_why(&doctor->findings,
		    "the clients get no answer; the requests do not need it, but replies through this machine do");
	keep_routers(doctor, family);
	if (sysctl_device(family, "all", "forwarding") == 0)
		finding_mend(&doctor->findings, "sysctl -w %s=1", all);
	else
		finding_mend(&doctor->findings, "sysctl -w %s=1",
			     sysctl_name(family, dev, "forwarding", name));
}

/* The larger one of "all" and of the device counts. */
static void filtered(struct doctor *doctor, const struct seen *reply,
		     const char *dev, const struct host_route *way)
{
	int all = sysctl_device(AF_INET, "all", "rp_filter");
	int its = sysctl_device(AF_INET, dev, "rp_filter");
	char vip[INET6_ADDRSTRLEN], name[SYSCTL_NAME_MAX];
	int filter = all > its ? all : its;

	if (reply->src.family != AF_INET || filter <= 0 ||
	    (way->found && (filter == 2 || !way->ifindex ||
			    way->ifindex == reply->ifindex)) ||
	    !finding_begin(&doctor->findings, "replies-rp-filter", "device %s",
			   dev))
		return;
	finding_what(&doctor->findings,
		     "replies from %s come in by %s, where rp_filter is %d, and the route to %s does not lead out there",
		     addr_name(&reply->src, vip), dev, filter, vip);
	finding_why(&doctor->findings,
		    "the kernel takes the replies for spoofed and drops them without a word");
	/* any route is enough then, and the other devices stay as they are */
	if (way->found) {
		finding_mend(&doctor->findings, "sysctl -w %s=2",
			     sysctl_name(AF_INET, dev, "rp_filter", name));
		return;
	}
	if (all > 0)
		finding_mend(&doctor->findings, "sysctl -w %s=0",
			     sysctl_name(AF_INET, "all", "rp_filter", name));
	if (its > 0)
		finding_mend(&doctor->findings, "sysctl -w %s=0",
			     sysctl_name(AF_INET, dev, "rp_filter", name));
}

/* Only IPv4 looks at the sources of what it forwards. */
static void spoofed(struct doctor *doctor, const struct seen *reply,
		    const char *dev, int owner)
{
	char vip[INET6_ADDRSTRLEN], name[SYSCTL_NAME_MAX];
	int family = reply->src.family;

	if (family != AF_INET ||
	    sysctl_device(family, dev, "accept_local") != 0 ||
	    sysctl_device(family, "all", "accept_local") != 0)
		return;
	if (!finding_begin(&doctor->findings, "replies-look-spoofed",
			   "device %s", dev))
		return;
	finding_what(&doctor->findings,
		     "replies from %s come in by %s, and this machine has that address itself, on %s",
		     addr_name(&reply->src, vip), dev,
		     host_device_name(&doctor->host, owner));
	finding_why(&doctor->findings,
		    "the kernel drops what comes in with an address of its own as the source");
	finding_mend(&doctor->findings, "sysctl -w %s=1",
		     sysctl_name(family, dev, "accept_local", name));
}

/* A rule that drops what is "ct state invalid" drops answers to requests that
 * connection tracking has not seen, those of 'path direct'.
 */
static void dropped(struct doctor *doctor, const struct stream *stream)
{
	const struct addr *src = &stream->reply->src;
	struct findings *findings = &doctor->findings;
	const struct chain *chain;
	struct ruleset ruleset;
	char vip[INET6_ADDRSTRLEN], words[RULESET_WORDS_MAX];
	bool begun = false;
	size_t i;

	addr_name(src, vip);
	ruleset_read(&ruleset);
	for (i = 0; i < ruleset.count; i++) {
		chain = &ruleset.chain[i];
		if (!ruleset_may_drop(chain, NF_INET_FORWARD, src->family))
			continue;
		if (!begun && !finding_begin(findings, "replies-dropped",
					     "vip %s", vip))
			break;
		begun = true;
		finding_mend(findings, "nft insert rule %s %s %s accept",
			     ruleset_words(chain, words),
			     src->family == AF_INET6 ? "ip6 saddr" : "ip saddr",
			     vip);
	}
	ruleset_free(&ruleset);
	if (!begun)
		return;
	finding_what(findings,
		     "%u replies from %s came in by %s and none left: rules of FORWARD drop them, or their policy does",
		     stream->came, vip,
		     host_device_name(&doctor->host, stream->reply->ifindex));
	finding_why(findings,
		    "the clients get no answer; with 'path direct' connection tracking sees no request, and takes the replies for invalid");
}

/* Find a packet that the client of a reply has sent. */
static const struct seen *find_request(const struct watch *watch,
				       const struct seen *reply)
{
	const struct seen *seen;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		seen = &watch->seen[i];
		if (!seen->out && !seen->answer &&
		    addr_same(&seen->src, &reply->dst) &&
		    addr_same(&seen->dst, &reply->src))
			return seen;
	}
	return NULL;
}

static void no_way(struct doctor *doctor, const struct stream *stream)
{
	const struct seen *reply = stream->reply;
	const struct seen *request = find_request(&doctor->watch, reply);
	const char *dev = host_device_name(&doctor->host, reply->ifindex);
	char vip[INET6_ADDRSTRLEN], client[INET6_ADDRSTRLEN];
	struct findings *findings = &doctor->findings;

	if (!request || !finding_begin(findings, "replies-no-route", "vip %s",
				       addr_name(&reply->src, vip)))
		return;
	finding_what(findings,
		     "%u replies from %s came in by %s and none left: no route leads from there to the client %s",
		     stream->came, vip, dev, addr_name(&reply->dst, client));
	finding_why(findings,
		    "the clients get no answer; a router below is the machine that the request came from");
	doctor_open_way(doctor, request, dev, "add");
}

/* Ask the kernel for the way of replies that all end here. */
static void judge_lost(struct doctor *doctor, const struct stream *stream)
{
	const struct seen *reply = stream->reply;
	struct way way = {
		.to = reply->dst, .from = reply->src, .iif = reply->ifindex,
	};

	if (stream->left || stream->came < LOST_MIN)
		return;
	way_ask(&doctor->host, &way);
	/* rp_filter is judged before */
	if (way.error == EXDEV)
		return;
	if (way.error)
		no_way(doctor, stream);
	else
		dropped(doctor, stream);
}

static void judge_stream(struct doctor *doctor, const struct stream *stream)
{
	const struct seen *reply = stream->reply;
	const char *dev = host_device_name(&doctor->host, reply->ifindex);
	struct rtnl_link *link = host_device(&doctor->host, reply->ifindex);
	size_t before = doctor->findings.count;
	struct host_route route;
	int owner;

	not_forwarded(doctor, reply, dev);
	/* a VRF has routes of its own */
	if (rtnl_link_get_master(link))
		return;
	host_route(&doctor->host, &reply->src, &route);
	if (host_has(&doctor->host, &reply->src, &owner))
		spoofed(doctor, reply, dev, owner);
	else
		filtered(doctor, reply, dev, &route);
	if (doctor->findings.count == before)
		judge_lost(doctor, stream);
}

/* Check if a packet is the answer of a backend to a client, in the name of another
 * address than the backend's own, and this machine is to pass it on.
 */
static bool is_reply(const struct doctor *doctor, const struct seen *seen,
		     const struct servers *servers)
{
	return !seen->out && seen->answer &&
	       host_sees_ip(&doctor->host, seen->ifindex) &&
	       !host_has(&doctor->host, &seen->dst, NULL) &&
	       doctor_servers_find(servers, seen) &&
	       !doctor_servers_has(servers, &seen->src);
}

static bool is_same_stream(const struct seen *one, const struct seen *other)
{
	return one->ifindex == other->ifindex &&
	       addr_same(&one->src, &other->src);
}

/* Check if a reply left this machine again. */
static bool has_left(const struct watch *watch, const struct seen *reply)
{
	const struct seen *seen;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		seen = &watch->seen[i];
		if (seen->out && seen->answer && seen->proto == reply->proto &&
		    seen->sport == reply->sport &&
		    seen->dport == reply->dport &&
		    addr_same(&seen->src, &reply->src) &&
		    addr_same(&seen->dst, &reply->dst))
			return true;
	}
	return false;
}

/**
 * doctor_replies() - look at the replies that have come by
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_replies(struct doctor *doctor)
{
	struct stream streams[STREAMS_MAX];
	size_t i, j, found = 0;
	struct servers servers;

	doctor_servers_read(doctor, &servers);
	for (i = 0; i < doctor->watch.count; i++) {
		const struct seen *seen = &doctor->watch.seen[i];

		if (!is_reply(doctor, seen, &servers))
			continue;
		for (j = 0; j < found; j++)
			if (is_same_stream(streams[j].reply, seen))
				break;
		if (j == STREAMS_MAX)
			continue;
		if (j == found)
			streams[found++] = (struct stream){ .reply = seen };
		streams[j].came++;
		streams[j].left += has_left(&doctor->watch, seen);
	}
	doctor_servers_free(&servers);
	for (j = 0; j < found; j++)
		judge_stream(doctor, &streams[j]);
	return DSRCTL_OK;
}
