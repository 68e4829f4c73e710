// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of the balancer: whether one merges what it is to pass on.
 */
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <netlink/cache.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"

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

/**
 * doctor_devices() - look at the devices of a balancer
 * @doctor: the machine
 */
void doctor_devices(struct doctor *doctor)
{
	if (!doctor->services.count)
		return;
	check_lro(doctor);
	doctor_mtus(doctor);
}
