// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of the balancer: whether one merges what it is to pass on, or is too
 * small for what comes in by another one.
 */
#include <linux/dsr.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <netlink/cache.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attr.h"
#include "doctor.h"

/* IPv4 and TCP without options */
#define MSS_HEADERS	40

static bool merges(int fd, const char *dev)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { .ifr_data = (void *)&flags };

	memcpy(request.ifr_name, dev, strnlen(dev, IFNAMSIZ - 1));
	return !ioctl(fd, SIOCETHTOOL, &request) && flags.data & ETH_FLAG_LRO;
}

static void check_lro(struct doctor *doctor)
{
	struct nl_object *object;
	const char *dev;
	int fd;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	for (object = nl_cache_get_first(doctor->host.links); object;
	     object = nl_cache_get_next(object)) {
		dev = rtnl_link_get_name((struct rtnl_link *)object);
		if (!merges(fd, dev) ||
		    !finding_begin(&doctor->findings, "device-lro", "device %s",
				   dev))
			continue;
		finding_what(&doctor->findings,
			     "large receive offload is on at %s; somebody has switched it on again after dsr_lb had switched it off",
			     dev);
		finding_why(&doctor->findings,
			    "what it merges is too big to be sent on, and is dropped");
		finding_mend(&doctor->findings, "ethtool -K %s lro off", dev);
	}
	close(fd);
}

/* The smallest device towards the backends; 0 if there is none. */
static int narrowest(const struct doctor *doctor)
{
	struct backend_info backend;
	struct rtnl_link *link, *best = NULL;
	uint32_t ifindex;
	size_t i;

	for (i = 0; i < doctor->backends.count; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend) ||
		    !backend.tb[DSR_BACKEND_A_IFINDEX])
			continue;
		ifindex = attr_u32(backend.tb[DSR_BACKEND_A_IFINDEX]);
		link = host_device(&doctor->host, ifindex);
		if (link && (!best || rtnl_link_get_mtu(link) <
				      rtnl_link_get_mtu(best)))
			best = link;
	}
	return best ? rtnl_link_get_ifindex(best) : 0;
}

/* The MTU of the device that most clients could come by. */
static unsigned int widest_visitor(const struct doctor *doctor)
{
	unsigned int mtu = 0;
	struct rtnl_link *link;
	size_t i;

	for (i = 0; i < doctor->visits.count; i++) {
		link = host_device(&doctor->host,
				   doctor->visits.one[i].first->ifindex);
		if (link && rtnl_link_get_mtu(link) > mtu)
			mtu = rtnl_link_get_mtu(link);
	}
	return mtu;
}

/* Check if packets to a device get a header more. */
static bool is_tunnel(struct rtnl_link *link)
{
	static const char *const kinds[] = {
		"ipip", "sit", "gre", "gretap", "erspan", "ip6tnl", "ip6gre",
		"ip6gretap", "ip6erspan", "vxlan", "geneve", "bareudp", "vti",
		"vti6", "xfrm", "wireguard", "gtp", "l2tpeth"
	};
	const char *kind = link ? rtnl_link_get_type(link) : NULL;
	size_t i;

	for (i = 0; kind && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static void check_mtu(struct doctor *doctor)
{
	unsigned int wanted = widest_visitor(doctor), mtu;
	int ifindex = narrowest(doctor);
	const char *dev;

	if (!ifindex ||
	    !counters_rise(&doctor->counters[NETLINK_LB], "drop_too_big"))
		return;
	mtu = rtnl_link_get_mtu(host_device(&doctor->host, ifindex));
	dev = host_device_name(&doctor->host, ifindex);
	if (wanted <= mtu ||
	    !finding_begin(&doctor->findings, "device-mtu", "device %s", dev))
		return;
	finding_what(&doctor->findings,
		     "packets of clients are too big for %s, whose MTU is %u, and come in by a device of MTU %u",
		     dev, mtu, wanted);
	finding_why(&doctor->findings,
		    "each is dropped until its client has learnt the size, and a client that ICMP does not reach never does");
	if (is_tunnel(host_device(&doctor->host, ifindex))) {
		/* A larger MTU would only move the loss to the outer path. */
		finding_why(&doctor->findings,
			    "the tunnel's own header takes the rest: on the real servers behind it, have clients send less: 'ip route change default via GATEWAY advmss %u'",
			    mtu - MSS_HEADERS);
		return;
	}
	finding_mend(&doctor->findings, "ip link set dev %s mtu %u", dev,
		     wanted);
}

/**
 * doctor_devices() - look at the devices of a balancer
 * @doctor: the machine
 */
void doctor_devices(struct doctor *doctor)
{
	if (!doctor->services.count)
		return;
	check_lro(doctor);
	check_mtu(doctor);
}
