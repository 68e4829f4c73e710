// SPDX-License-Identifier: GPL-2.0
/*
 * guard - refuse a change that does nothing, or that locks clients or the operator
 * out, unless "force" is given
 *
 * Only dsrctl refuses these changes: keepalived and ipvsadm get what they ask for.
 */
#include <linux/dsr.h>
#include <string.h>

#include "attr.h"
#include "guard.h"
#include "host.h"
#include "netlink.h"
#include "report.h"
#include "service.h"
#include "socket.h"

/**
 * guard_changes() - refuse a change without an option
 * @args: the words, all read
 * @first: index of the first keyword that is an option
 * @end: index of "force"
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int guard_changes(const struct args *args, int first, int end)
{
	int i;

	for (i = first; i < end; i++)
		if (args_seen(args, i))
			return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "%s %s: nothing to change: name an option, or add 'force'",
			    args->object->name, args->command->name);
}

static bool is_own(const struct addr *addr)
{
	struct host host = { .sock = socket_open_host() };
	struct host_route route = { .local = false };

	if (host.sock)
		host_route(&host, addr, &route);
	host_free(&host);
	return route.local;
}

/**
 * guard_vip() - refuse a service that takes all traffic of an address of this
 * machine
 * @args: the words, all read
 * @key: the service
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int guard_vip(const struct args *args, const struct key *key)
{
	char name[INET6_ADDRSTRLEN];

	if (!args_seen(args, KEY_VIP) ||
	    args_seen(args, KEY_PROTO) || args_seen(args, KEY_PORT) ||
	    !is_own(&key->vip))
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "%s is an address of this machine: the service would take all its packets, also those of ssh: name proto and port, or add 'force'",
			    addr_name(&key->vip, name));
}

/**
 * guard_persists() - refuse a prefix of clients for a service without persistence
 * @ctl: the run
 * @args: the words, all read
 * @key: the service, which is asked for its persistence
 *
 * Return: DSRCTL_OK; DSRCTL_REFUSED, reported; or the status of the question.
 */
int guard_persists(struct dsrctl *ctl, const struct args *args,
		   const struct key *key)
{
	struct netlink_replies replies;
	struct service_info service;
	struct nl_msg *msg;
	bool on = false;
	int status;

	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_SERVICE_GET, 0,
			       &msg);
	if (status)
		return status;
	if (key_put_service(msg, args, key))
		return netlink_too_long(msg);
	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status && replies.count)
		on = service_parse_reply(replies.reply[0], &service) &&
		     attr_u32(service.tb[DSR_SERVICE_A_PERSIST]);
	netlink_replies_free(&replies);
	return status || on ? status : guard_no_persistence();
}

/** guard_no_persistence() - refuse a prefix of clients without persistence */
int guard_no_persistence(void)
{
	return report_error(DSRCTL_REFUSED,
			    "persist-prefix has no effect without persistence: add 'persist TIME', or 'force'");
}

/**
 * guard_own_backend() - refuse a VIP as the backend of its own service
 * @args: the words, all read
 * @backend: the backend
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED, reported.
 */
int guard_own_backend(const struct args *args, const struct backend *backend)
{
	char name[INET6_ADDRSTRLEN];

	if (!args_seen(args, KEY_VIP) ||
	    !addr_same(&backend->key.vip, &backend->via))
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "%s is the VIP of the service: a backend is an address that the real server has itself; name that, or add 'force'",
			    addr_name(&backend->via, name));
}

static bool takes_connections(struct nlattr **tb)
{
	return attr_u8(tb[DSR_BACKEND_A_ADMIN]) == DSR_BACKEND_UP &&
	       attr_u32(tb[DSR_BACKEND_A_WEIGHT]);
}

/**
 * guard_last_backend() - refuse to take out the last backend of a service that has
 * established connections
 * @ctl: the run
 * @args: the words, all read
 * @backend: the backend
 *
 * Return: DSRCTL_OK; DSRCTL_REFUSED, reported; or the status of the question.
 */
int guard_last_backend(struct dsrctl *ctl, const struct args *args,
		       const struct backend *backend)
{
	unsigned long long established = 0;
	struct netlink_replies replies;
	bool takes = false, others = false;
	char name[INET6_ADDRSTRLEN];
	struct backend_info one;
	int status;
	size_t i;

	status = key_backends(ctl, args, &backend->key, &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!backend_parse_reply(replies.reply[i], &one)) {
			status = netlink_malformed();
			break;
		}
		established += attr_u32(one.tb[DSR_BACKEND_A_ACTIVE]);
		if (addr_is(&backend->via, one.tb[DSR_BACKEND_A_ADDR]))
			takes = takes_connections(one.tb);
		else
			others = others || takes_connections(one.tb);
	}
	netlink_replies_free(&replies);
	if (status || !takes || others || !established)
		return status;
	return report_error(DSRCTL_REFUSED,
			    "%s is the last backend that takes new connections, and the service has %llu established connection%s: add another backend first, or add 'force'",
			    addr_name(&backend->via, name), established,
			    established == 1 ? "" : "s");
}
