// SPDX-License-Identifier: GPL-2.0
/*
 * The backends by their MAC addresses, so that a frame tells its real server.
 */
#include <linux/dsr.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "report.h"

static int compare_macs(const void *one, const void *other)
{
	return memcmp(((const struct server *)one)->mac,
		      ((const struct server *)other)->mac,
		      sizeof(((const struct server *)one)->mac));
}

/**
 * doctor_servers_read() - list all backends whose MAC address is known
 * @doctor: the machine
 * @servers: set; for doctor_servers_free()
 */
void doctor_servers_read(const struct doctor *doctor, struct servers *servers)
{
	struct backend_info backend;
	const struct nlattr *mac;
	struct server *one;
	size_t i;

	servers->count = 0;
	servers->one = report_alloc(NULL, (doctor->backends.count + 1) *
					  sizeof(*servers->one));
	for (i = 0; i < doctor->backends.count; i++) {
		if (!backend_parse_reply(doctor->backends.reply[i], &backend))
			continue;
		one = &servers->one[servers->count];
		mac = backend.tb[DSR_BACKEND_A_MAC];
		if (!mac || nla_len(mac) != sizeof(one->mac) ||
		    !addr_get(backend.tb[DSR_BACKEND_A_ADDR], &one->addr))
			continue;
		memcpy(one->mac, nla_data(mac), sizeof(one->mac));
		servers->count++;
	}
	qsort(servers->one, servers->count, sizeof(*servers->one),
	      compare_macs);
}

/**
 * doctor_servers_find() - find the backend that has sent a packet
 * @servers: from doctor_servers_read()
 * @seen: the packet
 *
 * Return: the backend; NULL if the packet is of no backend.
 */
const struct server *doctor_servers_find(const struct servers *servers,
					 const struct seen *seen)
{
	struct server wanted;

	if (!seen->has_mac)
		return NULL;
	memcpy(wanted.mac, seen->mac, sizeof(wanted.mac));
	return bsearch(&wanted, servers->one, servers->count,
		       sizeof(*servers->one), compare_macs);
}

/** doctor_servers_has() - check if a backend has an address itself */
bool doctor_servers_has(const struct servers *servers, const struct addr *addr)
{
	size_t i;

	for (i = 0; i < servers->count; i++)
		if (addr_same(&servers->one[i].addr, addr))
			return true;
	return false;
}

/** doctor_servers_free() - free the list */
void doctor_servers_free(struct servers *servers)
{
	free(servers->one);
}
