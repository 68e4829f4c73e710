// SPDX-License-Identifier: GPL-2.0
/* Connections of ip_vs as entries of the connection table. */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <string.h>

#include "dsrctl.h"
#include "import_conn.h"

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

static bool has_dest(const struct ipvs_service *service,
		     const struct addr *dest)
{
	size_t i;

	for (i = 0; i < service->dests; i++)
		if (addr_same(&service->dest[i].addr, dest))
			return true;
	return false;
}

static bool is_of_vip(const struct ipvs_service *service,
		      const struct ipvs_conn *conn)
{
	return !service->fwmark && service->proto == conn->proto &&
	       addr_same(&service->vip, &conn->vip) &&
	       (!service->port || service->port == conn->vport);
}

/* A connection does not name its service. If several marks share its server,
 * any of them does: the packets follow the connection, whatever their mark.
 */
static const struct ipvs_service *service_of(const struct ipvs *ipvs,
					     const struct ipvs_conn *conn)
{
	const struct ipvs_service *service, *found = NULL;
	size_t i;

	for (i = 0; i < ipvs->services; i++) {
		service = &ipvs->service[i];
		if (service->family != conn->family ||
		    !has_dest(service, &conn->dest))
			continue;
		if (is_of_vip(service, conn) && (!found || found->fwmark ||
						 service->port))
			found = service;
		else if (service->fwmark && !found)
			found = service;
	}
	return found;
}

static uint32_t mark_of(const struct ipvs_conn *conn)
{
	return ntohl(conn->vip.in.s_addr);
}

/**
 * import_entry() - make an entry for the connection table
 * @ipvs: the configuration of ip_vs
 * @conn: connection of ip_vs, or template of persistence
 * @entry: set
 *
 * Return: false if dsr_lb keeps nothing of the kind.
 */
bool import_entry(const struct ipvs *ipvs, const struct ipvs_conn *conn,
		  struct restore_entry *entry)
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
		service = service_of(ipvs, conn);
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
