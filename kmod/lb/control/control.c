// SPDX-License-Identifier: GPL-2.0
/* control - see control.h */

#include <linux/export.h>

#include "control/attach.h"
#include "control/control.h"
#include "control/drain.h"
#include "control/neigh.h"
#include "control/notify.h"
#include "core/conn.h"
#include "core/scheduler.h"
#include "limit.h"
#include "sched/sched.h"

/**
 * dsr_control_service_defaults() - set the default configuration of a service
 * @key: its key
 * @config: set
 */
void dsr_control_service_defaults(const struct dsr_service_key *key,
				  struct dsr_service_config *config)
{
	*config = (struct dsr_service_config) {
		.scheduler = &dsr_sched_rr,
		.persist_prefix = 8 * dsr_addr_len(key->family),
		.fwmark_mask = U32_MAX,
	};
}
EXPORT_SYMBOL_GPL(dsr_control_service_defaults);

/* Register the hooks before the service is linked, so that the hooks see every
 * packet for the service.
 */
static int service_add(struct dsr_net *dn, const struct dsr_service_key *key,
		       const struct dsr_service_config *config)
{
	int err;

	err = dsr_attach_start(dn, key->family);
	if (err)
		return err;
	if (config->chances)
		err = dsr_attach_chances(dn);
	if (!err)
		err = dsr_service_add(dn, key, config);
	if (err)
		dsr_attach_stop(dn, key->family);
	return err;
}

static int service_set(struct dsr_net *dn, struct dsr_service *service,
		       const struct dsr_service_config *config)
{
	int err = config->chances ? dsr_attach_chances(dn) : 0;

	return err ?: dsr_service_set(dn, service, config);
}

static void service_remove(struct dsr_net *dn, struct dsr_service *service)
{
	u8 family = service->key.family;

	dsr_service_remove(dn, service);
	dsr_attach_stop(dn, family);
}

/** dsr_control_service_clash() - set the message for -%EEXIST, and return that */
int dsr_control_service_clash(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "the port range overlaps the range of another service: one must lie within the other");
	return -EEXIST;
}

/**
 * dsr_control_service_refuse() - set the message for a change of a service
 * @err: error of dsr_service_add(), dsr_service_set() or dsr_attach_start()
 * @extack: gets the error message; -%EEXIST has one already
 */
void dsr_control_service_refuse(int err, struct netlink_ext_ack *extack)
{
	switch (err) {
	case -EEXIST:
		break;
	case -ENOMEM:
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
		break;
	case -ENOSPC:
		BUILD_BUG_ON(DSR_LIMIT_LIST != 4096);
		NL_SET_ERR_MSG(extack, "too many services: the limit is 4096");
		break;
	case -EBUSY:
		NL_SET_ERR_MSG(extack,
			       "this fwmark is a probe mark of another service: choose another");
		break;
	case -EADDRINUSE:
		NL_SET_ERR_MSG(extack,
			       "one of these 256 probe marks is the fwmark of a service, or a probe mark of another service: choose another first mark");
		break;
	case -ENOTUNIQ:
		NL_SET_ERR_MSG(extack,
			       "a backend's probe mark is the first mark plus the last byte of its address: two backends of this service have the same last byte");
		break;
	case -EDQUOT:
		NL_SET_ERR_MSG(extack,
			       "too many different fwmark masks: the limit is 8 in a network namespace");
		break;
	case -E2BIG:
		NL_SET_ERR_MSG(extack,
			       "too many slots in the maglev tables of this container: choose a smaller table-size");
		break;
	case -ENODEV:
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		break;
	case -EAFNOSUPPORT:
		NL_SET_ERR_MSG(extack, "this kernel runs without IPv6");
		break;
	default:
		NL_SET_ERR_MSG(extack,
			       "the netfilter hooks cannot be set up");
	}
}

/**
 * dsr_control_service_change() - add or change a service, and notify
 * @dn: balancer
 * @cmd: command of the notification, enum dsr_cmd
 * @service: service to change; %NULL: add one
 * @key: its key
 * @config: the whole new configuration
 * @extack: gets the error message
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0; on error nothing changes and @extack has a message: -%EEXIST if
 * the port range clashes with another service; the errors of dsr_service_add(),
 * dsr_service_set() and dsr_attach_start().
 */
int dsr_control_service_change(struct dsr_net *dn, u8 cmd,
			       struct dsr_service *service,
			       const struct dsr_service_key *key,
			       const struct dsr_service_config *config,
			       struct netlink_ext_ack *extack)
{
	int err;

	if (!service && dsr_service_clash(dn, key))
		return dsr_control_service_clash(extack);
	err = service ? service_set(dn, service, config) :
			service_add(dn, key, config);
	if (err) {
		dsr_control_service_refuse(err, extack);
		return err;
	}
	service = dsr_service_find(dn, key);
	dsr_neigh_seek(dn, service);
	dsr_notify_service(dn, cmd, service);
	return 0;
}
EXPORT_SYMBOL_GPL(dsr_control_service_change);

/**
 * dsr_control_service_delete() - remove a service with its backends, and notify
 * @dn: balancer
 * @service: service; freed
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_control_service_delete(struct dsr_net *dn, struct dsr_service *service)
{
	dsr_notify_service(dn, DSR_CMD_SERVICE_DELETE, service);
	service_remove(dn, service);
}
EXPORT_SYMBOL_GPL(dsr_control_service_delete);

/* Number of services and backends to remove before dsr_net.lock is released. */
#define FLUSH_OBJECTS	512

/* Remove services until there are none, or FLUSH_OBJECTS objects were removed.
 *
 * Return: true if there are none.
 */
static bool remove_services(struct dsr_net *dn,
			    bool (*shows)(const struct dsr_service *service))
{
	struct dsr_service *service, *next;
	u32 removed = 0;

	lockdep_assert_held(&dn->lock);
	list_for_each_entry_safe(service, next, &dn->services, list) {
		if (shows && !shows(service))
			continue;
		if (removed >= FLUSH_OBJECTS)
			return false;
		removed += 1 + service->backends_count;
		service_remove(dn, service);
	}
	return true;
}

/**
 * dsr_control_service_flush() - remove some services, and notify after the last
 * @dn: balancer
 * @shows: selects the services to remove: dsr_ipvs removes only services that
 *	IPVS can show; %NULL: all
 *
 * Context: process context, holds dn->writer and dn->lock, sleeps.
 * Return: true if all were removed; else release the locks, and call this again.
 */
bool dsr_control_service_flush(struct dsr_net *dn,
			       bool (*shows)(const struct dsr_service *service))
{
	if (!remove_services(dn, shows))
		return false;
	dsr_notify_flush(dn, DSR_CMD_SERVICE_FLUSH, dn->services_count);
	return true;
}
EXPORT_SYMBOL_GPL(dsr_control_service_flush);

/**
 * dsr_control_exit() - remove all services of a namespace that is destroyed
 * @dn: balancer
 *
 * Does not notify: the netlink family may not be registered.
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_control_exit(struct dsr_net *dn)
{
	while (!remove_services(dn, NULL))
		cond_resched();
}

/**
 * dsr_control_backend_change() - add or change a backend, and notify
 * @dn: balancer
 * @cmd: command of the notification, enum dsr_cmd
 * @service: its service
 * @addr: its address; if the service has no backend of this address, one is
 *	added
 * @config: the whole new configuration
 * @extack: gets the error message
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: as dsr_backend_add() or dsr_backend_set(); each error has a message.
 */
int dsr_control_backend_change(struct dsr_net *dn, u8 cmd,
			       struct dsr_service *service,
			       const union nf_inet_addr *addr,
			       const struct dsr_backend_config *config,
			       struct netlink_ext_ack *extack)
{
	struct dsr_backend *backend = dsr_backend_find(dn, service, addr);
	int err = backend ? dsr_backend_set(dn, backend, config, extack) :
			    dsr_backend_add(dn, service, addr, config, extack);

	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
	if (err)
		return err;
	backend = dsr_backend_find(dn, service, addr);
	if (backend->deadline)
		dsr_drain_plan(dn);
	dsr_neigh_seek(dn, service);
	dsr_notify_backend(dn, cmd, backend);
	return 0;
}
EXPORT_SYMBOL_GPL(dsr_control_backend_change);

/**
 * dsr_control_backend_delete() - remove a backend, and notify
 * @dn: balancer
 * @backend: backend; may be freed
 * @extack: gets the error message
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: as dsr_backend_remove().
 */
int dsr_control_backend_delete(struct dsr_net *dn, struct dsr_backend *backend,
			       struct netlink_ext_ack *extack)
{
	int err;

	/* Keep the backend until the listeners are notified: removing it drops
	 * the service's reference.
	 */
	dsr_backend_get(backend);
	err = dsr_backend_remove(dn, backend, extack);
	if (!err)
		dsr_notify_backend(dn, DSR_CMD_BACKEND_DELETE, backend);
	dsr_backend_put(backend);
	return err;
}
EXPORT_SYMBOL_GPL(dsr_control_backend_delete);

/**
 * dsr_control_table_set() - set the table's cap and timeouts, and notify
 * @dn: balancer
 * @max: hard cap
 * @timeouts: for services that do not set their own
 *
 * Context: process context, holds dn->lock.
 */
void dsr_control_table_set(struct dsr_net *dn, u32 max,
			   const struct dsr_timeouts *timeouts)
{
	dsr_conn_configure(dn, max, timeouts);
	dsr_notify_table(dn);
}
EXPORT_SYMBOL_GPL(dsr_control_table_set);

/**
 * dsr_control_set_expiry() - set what ends at once, and notify if that is new
 * @dn: balancer
 * @quiescent: persistence to a backend of weight 0
 * @nodest: connections of a backend that IPVS deletes
 *
 * Context: process context, holds dn->lock.
 */
void dsr_control_set_expiry(struct dsr_net *dn, bool quiescent, bool nodest)
{
	lockdep_assert_held(&dn->lock);
	if (dn->expire_quiescent == quiescent && dn->expire_nodest == nodest)
		return;
	WRITE_ONCE(dn->expire_quiescent, quiescent);
	dn->expire_nodest = nodest;
	dsr_notify_table(dn);
}
EXPORT_SYMBOL_GPL(dsr_control_set_expiry);
