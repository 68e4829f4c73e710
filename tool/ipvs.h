/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_IPVS_H
#define DSRCTL_IPVS_H

#include <linux/ip_vs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "addr.h"
#include "netlink.h"

/**
 * struct ipvs_dest - a destination: a real server
 * @addr: its address
 * @port: its port
 * @forward: IP_VS_CONN_F_* of the forwarding method
 * @weight: its weight
 * @upper: upper threshold, 0: none
 * @lower: lower threshold
 */
struct ipvs_dest {
	struct addr addr;
	uint16_t port;
	uint32_t forward;
	uint32_t weight;
	uint32_t upper;
	uint32_t lower;
};

/**
 * struct ipvs_service - a service
 * @family: AF_INET or AF_INET6
 * @fwmark: its mark, or 0
 * @proto: IPPROTO_*, without a mark
 * @vip: its address, without a mark
 * @port: its port, 0: all, without a mark
 * @scheduler: name
 * @engine: name of the persistence engine, or ""
 * @flags: IP_VS_SVC_F_*
 * @timeout: of persistence, in seconds
 * @netmask: of persistence; IPv6: the length of the prefix
 * @dest: its destinations
 * @dests: their number
 */
struct ipvs_service {
	int family;
	uint32_t fwmark;
	uint8_t proto;
	struct addr vip;
	uint16_t port;
	char scheduler[IP_VS_SCHEDNAME_MAXLEN];
	char engine[IP_VS_PENAME_MAXLEN + 1];
	uint32_t flags;
	uint32_t timeout;
	uint32_t netmask;
	struct ipvs_dest *dest;
	size_t dests;
};

/**
 * struct ipvs - the configuration of ip_vs in a network namespace
 * @family: number of its netlink family
 * @service: the services
 * @services: their number
 * @timeouts: of TCP, of TCP after a FIN, of UDP, in seconds
 */
struct ipvs {
	uint16_t family;
	struct ipvs_service *service;
	size_t services;
	uint32_t timeouts[3];
};

/**
 * struct ipvs_conn - a connection of ip_vs, or a persistence template
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_*, 0 for the template of a mark
 * @client: its client
 * @cport: the port of the client; 0: a template
 * @vip: the VIP, or the mark as an address
 * @vport: its port
 * @dest: its destination
 * @state: name of its state
 * @expires: seconds
 */
struct ipvs_conn {
	int family;
	uint8_t proto;
	struct addr client;
	uint16_t cport;
	struct addr vip;
	uint16_t vport;
	struct addr dest;
	char state[16];
	uint32_t expires;
};

bool ipvs_is_loaded(void);
int ipvs_read(struct netlink *nl, struct ipvs *ipvs);
void ipvs_free(struct ipvs *ipvs);
int ipvs_flush(struct netlink *nl, const struct ipvs *ipvs);
int ipvs_unload(void);
int ipvs_connections(int (*fn)(const struct ipvs_conn *conn, void *arg),
		     void *arg);
void ipvs_print_service(FILE *out, const struct ipvs_service *service);
void ipvs_print_dest(FILE *out, const struct ipvs_service *service,
		     const struct ipvs_dest *dest);

#endif /* DSRCTL_IPVS_H */
