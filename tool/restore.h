/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_RESTORE_H
#define DSRCTL_RESTORE_H

#include <linux/dsr.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "netlink.h"

/**
 * struct restore_entry - an entry for the balancer's connection table
 * @proto: IPPROTO_*; 0 for a persistence entry
 * @src: the client
 * @sport: its port
 * @dst: the VIP; family 0: not known, and not needed
 * @dport: its port
 * @backend: address of the backend
 * @fwmark: mark of the service, or 0
 * @state: enum dsr_conn_state, or -1 for the default
 * @expires: milliseconds, or -1 for the default
 * @newer: it replaces an entry of the table whose last packet is older
 */
struct restore_entry {
	uint8_t proto;
	struct addr src;
	uint16_t sport;
	struct addr dst;
	uint16_t dport;
	struct addr backend;
	uint32_t fwmark;
	int state;
	int64_t expires;
	bool newer;
};

/**
 * struct restore - entries on their way into the connection table
 * @nl: the requests
 * @msg: the request that is being filled, or NULL
 * @waiting: number of entries in @msg
 * @apart: do without the entries that dsr_lb does not know, of another version
 * @unknown: their number
 * @count: what has become of the others, by enum dsr_added_attr
 */
struct restore {
	struct netlink *nl;
	struct nl_msg *msg;
	unsigned int waiting;
	bool apart;
	uint64_t unknown;
	uint64_t count[DSR_ADDED_A_MAX + 1];
};

void restore_begin(struct restore *restore, struct netlink *nl);
void restore_apart(struct restore *restore);
int restore_put(struct restore *restore, const struct restore_entry *entry);
int restore_put_nest(struct restore *restore, const struct nlattr *nest);
int restore_end(struct restore *restore, int status);
uint64_t restore_tried(const struct restore *restore);
uint64_t restore_refused(const struct restore *restore);
const char *restore_why(int outcome);

#endif /* DSRCTL_RESTORE_H */
