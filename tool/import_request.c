// SPDX-License-Identifier: GPL-2.0
/* Requests to dsr_lb for what ip_vs has: services, destinations, timeouts. */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "import_judge.h"
#include "import_request.h"

static struct nlattr *put_key(struct nl_msg *msg,
			      const struct ipvs_service *service)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SERVICE);

	if (!nest)
		return NULL;
	if (service->fwmark
	    ? nla_put_u32(msg, DSR_SERVICE_A_FWMARK, service->fwmark) ||
	      nla_put_u8(msg, DSR_SERVICE_A_FAMILY, service->family)
	    : addr_put(msg, DSR_SERVICE_A_VIP, &service->vip) ||
	      nla_put_u8(msg, DSR_SERVICE_A_PROTO, service->proto) ||
	      (service->port && nla_put_u16(msg, DSR_SERVICE_A_PORT,
					    htons(service->port))))
		return NULL;
	return nest;
}

/* Begin a request about a service: @nest, open, has its key. */
static int begin(struct netlink *nl, int command,
		 const struct ipvs_service *service, struct nl_msg **msg,
		 struct nlattr **nest)
{
	int status = netlink_request(nl, NETLINK_LB, command, 0, msg);

	if (status)
		return status;
	*nest = put_key(*msg, service);
	return *nest ? DSRCTL_OK : netlink_too_long(*msg);
}

/* ip_vs's names of schedulers, and what they hash, as dsr_ipvs has them. */
static int put_scheduler(struct nl_msg *msg, const struct ipvs_service *service)
{
	const char *name = service->scheduler;
	bool hashes = !strcmp(name, "sh") || !strcmp(name, "mh");

	if (import_replaced(service))
		name = "wlc";
	else if (!strcmp(name, "mh"))
		name = "maglev";
	if (nla_put_string(msg, DSR_SERVICE_A_SCHEDULER, name))
		return -1;
	return hashes ? nla_put_u8(msg, DSR_SERVICE_A_HASH,
				   service->flags & IP_VS_SVC_F_SCHED_SH_PORT ?
				   DSR_HASH_SOURCE_PORT : DSR_HASH_SOURCE) : 0;
}

/* Each backend that a service with this scheduler gets would fill a table. */
static bool fills_table(const struct ipvs_service *service)
{
	return !strcmp(service->scheduler, "mh");
}

static int put_persistence(struct nl_msg *msg,
			   const struct ipvs_service *service)
{
	uint32_t seconds = service->timeout ? service->timeout : 60;

	if (!import_persists(service))
		return 0;
	return nla_put_u32(msg, DSR_SERVICE_A_PERSIST, 1000 * seconds) ||
	       nla_put_u8(msg, DSR_SERVICE_A_PERSIST_PREFIX,
			  import_prefix(service));
}

/**
 * import_add_service() - add a service to dsr_lb
 * @nl: netlink
 * @service: service of ip_vs, which dsr_lb does not refuse
 *
 * The scheduler may come later, see import_end_service().
 *
 * Return: DSRCTL_*.
 */
int import_add_service(struct netlink *nl, const struct ipvs_service *service)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = begin(nl, DSR_CMD_SERVICE_ADD, service, &msg, &nest);
	if (status)
		return status;
	if ((!fills_table(service) && put_scheduler(msg, service)) ||
	    put_persistence(msg, service) ||
	    (service->flags & IP_VS_SVC_F_ONEPACKET &&
	     nla_put_u8(msg, DSR_SERVICE_A_ONE_PACKET, 1)))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

/**
 * import_add_dest() - add a backend to dsr_lb
 * @nl: netlink
 * @service: service of ip_vs, which dsr_lb has
 * @dest: its destination, which dsr_lb does not refuse
 *
 * Return: DSRCTL_*.
 */
int import_add_dest(struct netlink *nl, const struct ipvs_service *service,
		    const struct ipvs_dest *dest)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = begin(nl, DSR_CMD_BACKEND_ADD, service, &msg, &nest);
	if (status)
		return status;
	nla_nest_end(msg, nest);
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_BACKEND);
	if (!nest || addr_put(msg, DSR_BACKEND_A_ADDR, &dest->addr) ||
	    nla_put_u32(msg, DSR_BACKEND_A_WEIGHT, dest->weight) ||
	    (dest->upper &&
	     (nla_put_u32(msg, DSR_BACKEND_A_UPPER, dest->upper) ||
	      nla_put_u32(msg, DSR_BACKEND_A_LOWER, dest->lower))))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

/**
 * import_end_service() - set the scheduler of a service if that comes last
 * @nl: netlink
 * @service: service of ip_vs, which dsr_lb has with its backends
 *
 * Return: DSRCTL_*.
 */
int import_end_service(struct netlink *nl, const struct ipvs_service *service)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	if (!fills_table(service))
		return DSRCTL_OK;
	status = begin(nl, DSR_CMD_SERVICE_SET, service, &msg, &nest);
	if (status)
		return status;
	if (put_scheduler(msg, service))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

/**
 * import_delete_service() - delete a service from dsr_lb
 * @nl: netlink
 * @service: service of ip_vs
 *
 * Return: DSRCTL_*.
 */
int import_delete_service(struct netlink *nl,
			  const struct ipvs_service *service)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = begin(nl, DSR_CMD_SERVICE_DELETE, service, &msg, &nest);
	if (status)
		return status;
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

/* those that ip_vs has, too, in its order */
static const int timeout_attrs[IMPORT_TIMEOUTS] = {
	DSR_TIMEOUT_A_ESTABLISHED, DSR_TIMEOUT_A_FIN, DSR_TIMEOUT_A_UDP
};

/** import_timeouts() - convert the timeouts of ip_vs to milliseconds */
void import_timeouts(const struct ipvs *ipvs, uint32_t msecs[IMPORT_TIMEOUTS])
{
	size_t i;

	for (i = 0; i < IMPORT_TIMEOUTS; i++)
		msecs[i] = 1000 * (ipvs->timeouts[i] < IMPORT_TIMEOUT_MAX ?
				   ipvs->timeouts[i] : IMPORT_TIMEOUT_MAX);
}

static enum netlink_verdict on_table(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX], *timeouts[ATTR_MAX];
	uint32_t *msecs = arg;
	size_t i;

	if (!attr_parse(reply, top) || !top[DSR_A_TABLE] ||
	    !attr_parse_nest(DSR_A_TABLE, top[DSR_A_TABLE], tb) ||
	    !attr_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS], timeouts))
		return NETLINK_MALFORMED;
	for (i = 0; i < IMPORT_TIMEOUTS; i++)
		msecs[i] = attr_u32(timeouts[timeout_attrs[i]]);
	return NETLINK_MORE;
}

/**
 * import_get_timeouts() - read the timeouts of dsr_lb
 * @nl: netlink
 * @msecs: set to those that import_set_timeouts() changes
 *
 * Return: DSRCTL_*.
 */
int import_get_timeouts(struct netlink *nl, uint32_t msecs[IMPORT_TIMEOUTS])
{
	struct nl_msg *msg;
	int status;

	memset(msecs, 0, IMPORT_TIMEOUTS * sizeof(*msecs));
	status = netlink_query(nl, NETLINK_LB, DSR_CMD_STATS_GET, 0, &msg);
	return status ? status : netlink_stream(nl, msg, on_table, msecs);
}

/**
 * import_set_timeouts() - change the timeouts of dsr_lb
 * @nl: netlink
 * @msecs: milliseconds, 0: the timeout stays
 *
 * dsr_lb has more timeouts, which stay.
 *
 * Return: DSRCTL_*.
 */
int import_set_timeouts(struct netlink *nl,
			const uint32_t msecs[IMPORT_TIMEOUTS])
{
	struct nlattr *table, *nest;
	struct nl_msg *msg;
	int status;
	size_t i;

	status = netlink_request(nl, NETLINK_LB, DSR_CMD_CONNECTION_SET, 0,
				 &msg);
	if (status)
		return status;
	table = nla_nest_start(msg, NLA_F_NESTED | DSR_A_TABLE);
	nest = table ? nla_nest_start(msg, NLA_F_NESTED |
				      DSR_TABLE_A_TIMEOUTS) : NULL;
	if (!nest)
		return netlink_too_long(msg);
	for (i = 0; i < IMPORT_TIMEOUTS; i++)
		if (msecs[i] && nla_put_u32(msg, timeout_attrs[i], msecs[i]))
			return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	nla_nest_end(msg, table);
	return netlink_do(nl, msg);
}
