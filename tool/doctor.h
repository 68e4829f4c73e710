/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_DOCTOR_H
#define DSRCTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "backend.h"
#include "counters.h"
#include "dsrctl.h"
#include "finding.h"
#include "host.h"
#include "key.h"
#include "netlink.h"
#include "rule.h"
#include "service.h"
#include "visit.h"
#include "watch.h"

/* bounds of what is asked for, and of the answers that are read */
#define OWNERS_MAX		64
#define OWNERS_ANSWERS_MAX	1000

/**
 * struct owners - the VIPs that were asked for by ARP
 * @fd: the socket, or -1
 * @one: what was asked for, and on which device
 * @count: how many there are
 */
struct owners {
	int fd;
	struct {
		struct addr vip;
		int ifindex;
	} one[OWNERS_MAX];
	size_t count;
};

/**
 * struct server - a backend's address on its wire
 * @mac: its MAC address
 * @addr: its IP address
 */
struct server {
	uint8_t mac[6];
	struct addr addr;
};

/**
 * struct servers - backends in the order of their MAC addresses
 * @one: the backends
 * @count: how many there are
 */
struct servers {
	struct server *one;
	size_t count;
};

/**
 * struct datagrams - the places that datagrams of clients go to
 * @place: an address, and the first and the last port
 * @count: how many there are
 * @strays: a datagram for an address of another machine is a client's, too
 */
struct datagrams {
	struct {
		struct addr vip;
		uint16_t first;
		uint16_t last;
	} *place;
	size_t count;
	bool strays;
};

/**
 * struct doctor - a machine that is looked at
 * @ctl: the run
 * @findings: what is wrong
 * @host: the machine
 * @watch: what has passed it
 * @owners: the VIPs that others were asked for
 * @datagrams: which datagrams are of interest
 * @visits: the clients that came meanwhile
 * @overflows: connections that programs were too slow to accept meanwhile
 * @loaded: the modules that are loaded
 * @counters: of the modules that are loaded
 * @services: of dsr_lb
 * @backends: of all @services, in their order
 * @paths: devices with a path
 * @rules: of dsr_rs
 * @silences: silenced addresses
 */
struct doctor {
	struct dsrctl *ctl;
	struct findings findings;
	struct host host;
	struct watch watch;
	struct owners owners;
	struct datagrams datagrams;
	struct visits visits;
	uint64_t overflows;
	bool loaded[NETLINK_MODULES];
	struct counters counters[NETLINK_MODULES];
	struct netlink_replies services;
	struct netlink_replies backends;
	struct netlink_replies paths;
	struct netlink_replies rules;
	struct netlink_replies silences;
};

/* The name of a file says its subject. Functions that ask the kernel more return an
 * enum dsrctl_status.
 */
void doctor_modules(struct doctor *doctor);
int doctor_tables(struct doctor *doctor);
int doctor_services(struct doctor *doctor);
void doctor_ask_backends(struct doctor *doctor);
int doctor_backends(struct doctor *doctor);
void doctor_servers_read(const struct doctor *doctor, struct servers *servers);
const struct server *doctor_servers_find(const struct servers *servers,
					 const struct seen *seen);
bool doctor_servers_has(const struct servers *servers, const struct addr *addr);
void doctor_servers_free(struct servers *servers);
int doctor_replies(struct doctor *doctor);
void doctor_no_way_back(struct doctor *doctor, const struct seen *request);
void doctor_open_way(struct doctor *doctor, const struct seen *request,
		     const char *dev, const char *verb);
int doctor_port(struct doctor *doctor, const struct seen *seen, bool *meant);
int doctor_firewall(struct doctor *doctor);
void doctor_devices(struct doctor *doctor);
void doctor_mtus(struct doctor *doctor);
bool doctor_source(struct doctor *doctor, const struct seen *seen);
void doctor_sources(struct doctor *doctor);
int doctor_shadows(struct doctor *doctor);
int doctor_answers(struct doctor *doctor);
void doctor_departures(struct doctor *doctor);
bool doctor_has_marks(const struct doctor *doctor);
int doctor_marks(struct doctor *doctor);
int doctor_datagrams_begin(struct doctor *doctor);
void doctor_owners_begin(struct doctor *doctor);
void doctor_owners_ask(const struct seen *seen, void *arg);
void doctor_owners(struct doctor *doctor);
bool doctor_is_heard(const struct doctor *doctor, const struct addr *vip,
		     int owner);
int doctor_rules(struct doctor *doctor);
int doctor_requests(struct doctor *doctor);

#endif /* DSRCTL_DOCTOR_H */
