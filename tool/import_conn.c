// SPDX-License-Identifier: GPL-2.0
/* Connections of ip_vs as entries of the connection table. */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "import_conn.h"
#include "report.h"

static int state_of(const struct ipvs_conn *conn)
{
	static const struct {
		const char *name;
		int state;
	} states[] = {
		{ "SYN_SENT", DSR_CONN_SYN },
		{ "SYN_RECV", DSR_CONN_SYN },
		{ "SYNACK", DSR_CONN_SYN },
		{ "FIN_WAIT", DSR_CONN_FIN },
		{ "TIME_WAIT", DSR_CONN_FIN },
		{ "CLOSE_WAIT", DSR_CONN_FIN },
		{ "LAST_ACK", DSR_CONN_FIN },
		{ "CLOSE", DSR_CONN_CLOSED },
		{ "INIT", DSR_CONN_SYN },
		{ "INIT1", DSR_CONN_SYN },
		{ "COOKIE_SENT", DSR_CONN_SYN },
		{ "SHUTDOWN_SENT", DSR_CONN_FIN },
		{ "SHUTDOWN_RECEIVED", DSR_CONN_FIN },
		{ "SHUTDOWN_ACK_SENT", DSR_CONN_FIN },
		{ "CLOSED", DSR_CONN_CLOSED },
	};
	size_t i;

	for (i = 0; conn->proto != IPPROTO_UDP && i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i].name, conn->state))
			return states[i].state;
	return -1;
}

static int compare_addresses(const struct addr *one, const struct addr *other)
{
	if (one->family != other->family)
		return one->family < other->family ? -1 : 1;
	return memcmp(&one->in6, &other->in6, one->family == AF_INET6 ?
		      sizeof(one->in6) : sizeof(one->in));
}

static int compare_numbers(uint32_t one, uint32_t other)
{
	return one < other ? -1 : one > other;
}

/* The order of the index: by server; of each server, the services of a mark last. */
static int compare(const void *one, const void *other)
{
	const struct import_place *a = one, *b = other;
	int order = compare_addresses(&a->dest, &b->dest);

	if (!order)
		order = compare_numbers(a->fwmark, b->fwmark);
	if (!order && !a->fwmark)
		order = compare_addresses(&a->vip, &b->vip);
	if (!order)
		order = compare_numbers(a->proto, b->proto);
	return order ? order : compare_numbers(a->port, b->port);
}

static void make_place(struct import_place *place,
		       const struct ipvs_service *service,
		       const struct addr *dest)
{
	*place = (struct import_place){
		.dest = *dest,
		.fwmark = service->fwmark,
		.service = service,
	};
	if (service->fwmark)
		return;
	place->vip = service->vip;
	place->proto = service->proto;
	place->port = service->port;
}

/**
 * import_index_make() - prepare for import_entry()
 * @index: set; for import_index_free()
 * @ipvs: the configuration of ip_vs, which stays as it is
 */
void import_index_make(struct import_index *index, const struct ipvs *ipvs)
{
	const struct ipvs_service *service;
	size_t i, j, count = 0;

	for (i = 0; i < ipvs->services; i++)
		count += ipvs->service[i].dests;
	index->place = report_alloc(NULL, (count + 1) * sizeof(*index->place));
	index->count = 0;
	for (i = 0; i < ipvs->services; i++) {
		service = &ipvs->service[i];
		for (j = 0; j < service->dests; j++)
			make_place(&index->place[index->count++], service,
				   &service->dest[j].addr);
	}
	qsort(index->place, count, sizeof(*index->place), compare);
}

/** import_index_free() - forget the index */
void import_index_free(struct import_index *index)
{
	free(index->place);
	memset(index, 0, sizeof(*index));
}

/* Return: the first place that does not come before @key, or NULL. */
static const struct import_place *find(const struct import_index *index,
				       const struct import_place *key)
{
	size_t first = 0, end = index->count, middle;

	while (first < end) {
		middle = first + (end - first) / 2;
		if (compare(&index->place[middle], key) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first < index->count ? &index->place[first] : NULL;
}

/* A connection does not name its service. The most specific one with its server does.
 * If several marks share its server, any of them does: the packets follow the
 * connection, whatever their mark.
 */
static const struct ipvs_service *service_of(const struct import_index *index,
					     const struct ipvs_conn *conn)
{
	struct import_place key = {
		.dest = conn->dest,
		.vip = conn->vip,
		.proto = conn->proto,
		.port = conn->vport,
	};
	const struct import_place *found = find(index, &key);

	if (found && !compare(found, &key))
		return found->service;
	key.port = 0;
	found = find(index, &key);
	if (found && !compare(found, &key))
		return found->service;
	key = (struct import_place){ .dest = conn->dest, .fwmark = 1 };
	found = find(index, &key);
	return found && addr_same(&found->dest, &conn->dest) ? found->service :
							       NULL;
}

static uint32_t mark_of(const struct ipvs_conn *conn)
{
	return ntohl(conn->vip.in.s_addr);
}

/**
 * import_entry() - make an entry for the connection table
 * @index: from import_index_make()
 * @conn: connection of ip_vs, or template of persistence
 * @entry: set
 *
 * Return: false if dsr_lb keeps nothing of the kind.
 */
bool import_entry(const struct import_index *index,
		  const struct ipvs_conn *conn, struct restore_entry *entry)
{
	const struct ipvs_service *service = NULL;

	memset(entry, 0, sizeof(*entry));
	entry->proto = conn->proto;
	entry->src = conn->client;
	entry->sport = conn->cport;
	entry->dst = conn->vip;
	entry->dport = conn->vport;
	entry->backend = conn->dest;
	entry->state = state_of(conn);
	entry->expires = 1000 * (int64_t)conn->expires;
	if (conn->proto)
		service = service_of(index, conn);
	if (conn->proto && !service)
		return false;
	if (conn->cport) {
		entry->fwmark = service ? service->fwmark : 0;
		return service;
	}
	/* a template of persistence */
	entry->proto = 0;
	entry->state = DSR_CONN_PERSISTENT;
	if (!service) {
		entry->fwmark = mark_of(conn);
		entry->dst.family = 0;
		return true;
	}
	entry->sport = service->proto;
	entry->dport = service->port;
	return !service->fwmark;
}
