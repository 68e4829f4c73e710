// SPDX-License-Identifier: GPL-2.0
/* Differences between ip_vs and dsr_lb: what dsr_lb would refuse or change. */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <string.h>

#include "dsrctl.h"
#include "import_judge.h"

/**
 * import_replaced() - tell that dsr_lb uses another scheduler
 * @service: service of ip_vs
 *
 * Return: a sentence that names the scheduler, or NULL.
 */
const char *import_replaced(const struct ipvs_service *service)
{
	const char *name = service->scheduler;

	if (!strcmp(name, "lblc") || !strcmp(name, "lblcr"))
		return "dsr_lb uses wlc instead; for caches, "
		       "dh keeps each address at one server";
	if (!strcmp(name, "none"))
		return "dsr_lb uses wlc instead; "
		       "a server of weight 0 gets no new connections";
	return NULL;
}

static bool has_scheduler(const char *name)
{
	static const char *const names[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "fo", "ovf",
		"twos", "mh"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/**
 * import_prefix() - return the length of the prefix of persistence, or -1
 * @service: service of ip_vs
 */
int import_prefix(const struct ipvs_service *service)
{
	uint32_t mask = ntohl(service->netmask), length = 0;

	if (service->family == AF_INET6)
		return service->netmask && service->netmask <= 128 ?
			       (int)service->netmask : -1;
	while (length < 32 && mask & 0x80000000u >> length)
		length++;
	return length && (length == 32 || !(mask << length)) ? (int)length : -1;
}

/** import_persists() - true if a service has persistence */
bool import_persists(const struct ipvs_service *service)
{
	return service->flags & IP_VS_SVC_F_PERSISTENT;
}

/**
 * import_judge_service() - tell why dsr_lb would refuse a service
 * @service: service of ip_vs
 *
 * Return: a sentence, or NULL if dsr_lb would not.
 */
const char *import_judge_service(const struct ipvs_service *service)
{
	if (*service->engine)
		return "dsr_lb has no persistence engines: "
		       "use persistence by the client's address (-p)";
	if (!has_scheduler(service->scheduler) && !import_replaced(service))
		return "dsr_lb has no such scheduler: use rr, wrr, lc, wlc, "
		       "sed, nq, sh, dh, fo, ovf, twos or mh";
	if (import_persists(service) && import_prefix(service) < 0)
		return "the mask of persistence is not a prefix: "
		       "use one like 255.255.255.0";
	if (import_persists(service) && service->timeout > IMPORT_TIMEOUT_MAX)
		return "persistence lasts 7 days at most";
	return NULL;
}

/**
 * import_judge_dest() - tell why dsr_lb would refuse a destination
 * @service: its service
 * @dest: destination of ip_vs
 *
 * Return: a sentence, or NULL if dsr_lb would not.
 */
const char *import_judge_dest(const struct ipvs_service *service,
			      const struct ipvs_dest *dest)
{
	const struct ipvs_dest *other;

	if (dest->forward == IP_VS_CONN_F_MASQ)
		return "NAT changes addresses, which dsr_lb does not: "
		       "use direct routing (-g), with dsr_rs on the real server";
	if (dest->forward == IP_VS_CONN_F_TUNNEL)
		return "dsr_lb has no tunnels: "
		       "use direct routing (-g), with dsr_rs on the real server";
	if (dest->weight > DSR_WEIGHT_MAX)
		return "a weight is at most 65535: divide all weights of the service";
	for (other = service->dest; other != dest; other++)
		if (addr_same(&other->addr, &dest->addr))
			return "two ports of one server: dsr_lb does not change "
			       "ports, so this is the same server again";
	return NULL;
}
