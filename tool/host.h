/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_HOST_H
#define DSRCTL_HOST_H

#include <netlink/cache.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

/**
 * struct host - this machine, as its network namespace sees it
 * @sock: to rtnetlink
 * @links: its devices
 * @addrs: its addresses
 * @neighs: its neighbours
 */
struct host {
	struct nl_sock *sock;
	struct nl_cache *links;
	struct nl_cache *addrs;
	struct nl_cache *neighs;
};

/**
 * struct host_route - the way to an address
 * @found: there is one
 * @local: it is this machine
 * @ifindex: the device, 0 if there are several or none
 * @gateway: of family 0 if the address is a neighbour
 */
struct host_route {
	bool found;
	bool local;
	int ifindex;
	struct addr gateway;
};

int host_read(struct host *host);
void host_free(struct host *host);

struct rtnl_link *host_device(const struct host *host, int ifindex);
const char *host_device_name(const struct host *host, int ifindex);
bool host_sees_ip(const struct host *host, int ifindex);
bool host_has(const struct host *host, const struct addr *addr, int *ifindex);
unsigned int host_prefix(const struct host *host, const struct addr *addr);
bool host_only_address(const struct host *host, int family, struct addr *only);
bool host_device_address(const struct host *host, int ifindex, int family,
			 const struct addr *other, struct addr *addr);
int host_down_device(const struct host *host, const struct addr *addr);
void host_route(const struct host *host, const struct addr *addr,
		struct host_route *route);
int host_neighbour_state(const struct host *host, int ifindex,
			 const struct addr *addr);
bool host_neighbour_of(const struct host *host, int ifindex,
		       const uint8_t *mac, const struct addr *other,
		       struct addr *addr);
void host_ask(const struct host *host, int ifindex, const struct addr *addr);

#endif /* DSRCTL_HOST_H */
