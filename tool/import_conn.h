/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_IMPORT_CONN_H
#define DSRCTL_IMPORT_CONN_H

#include <stdbool.h>

#include "ipvs.h"
#include "restore.h"

/**
 * struct import_place - a server of a service
 * @dest: its address
 * @fwmark: mark of the service, or 0
 * @vip: without a mark, its VIP
 * @proto: without a mark, IPPROTO_*
 * @port: without a mark, its port, 0: all
 * @service: the service
 */
struct import_place {
	struct addr dest;
	uint32_t fwmark;
	struct addr vip;
	uint8_t proto;
	uint16_t port;
	const struct ipvs_service *service;
};

/**
 * struct import_index - finds the service of a connection
 *
 * There may be ten thousand services and a million connections, and packets wait.
 *
 * @place: the servers of all services, sorted
 * @count: their number
 */
struct import_index {
	struct import_place *place;
	size_t count;
};

void import_index_make(struct import_index *index, const struct ipvs *ipvs);
void import_index_free(struct import_index *index);
bool import_entry(const struct import_index *index,
		  const struct ipvs_conn *conn, struct restore_entry *entry);

#endif /* DSRCTL_IMPORT_CONN_H */
