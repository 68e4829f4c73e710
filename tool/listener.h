/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_LISTENER_H
#define DSRCTL_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/**
 * struct listener - a socket that clients can begin a connection with
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @any: it takes all addresses of @addr's family
 * @both: it takes those of IPv4, too
 * @addr: the address that it takes otherwise
 * @port: its port
 */
struct listener {
	uint8_t proto;
	bool any;
	bool both;
	struct addr addr;
	uint16_t port;
};

/**
 * struct listeners - all of this network namespace
 * @one: the listeners
 * @count: how many there are
 * @room: for how many @one has room
 * @has_udp: those of UDP are among them; not every kernel tells of these
 * @has_sctp: those of SCTP are, likewise
 */
struct listeners {
	struct listener *one;
	size_t count;
	size_t room;
	bool has_udp;
	bool has_sctp;
};

enum listener_match {
	LISTENER_NONE,		/* none has the port */
	LISTENER_OTHER,		/* listeners of the port take other addresses */
	LISTENER_TAKES,		/* one takes the address */
};

bool listener_read(struct listeners *listeners, bool sctp);
bool listener_knows(const struct listeners *listeners, uint8_t proto);
void listener_free(struct listeners *listeners);
enum listener_match listener_find(const struct listeners *listeners,
				  uint8_t proto, const struct addr *addr,
				  uint16_t port, const struct listener **other);

#endif /* DSRCTL_LISTENER_H */
