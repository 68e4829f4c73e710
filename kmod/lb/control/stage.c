// SPDX-License-Identifier: GPL-2.0
/* stage - see stage.h */

#include <linux/jhash.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "control/control.h"
#include "control/stage.h"
#include "limit.h"

/* Return the bucket of all services of a mark or of a VIP: one of them may clash
 * with another.
 */
static struct hlist_head *bucket_of(struct dsr_stage *stage,
				    const struct dsr_service_key *key)
{
	u32 hash = jhash2(key->vip.all, ARRAY_SIZE(key->vip.all),
			  key->fwmark ^ key->family);

	return &stage->services_by_name[hash >> (32 - DSR_STAGE_BITS)];
}

static bool is_same_frontend(const struct dsr_service_key *a,
			     const struct dsr_service_key *b)
{
	return a->fwmark == b->fwmark && a->family == b->family &&
	       !dsr_addr_compare(&a->vip, &b->vip);
}

static struct dsr_stage_service *
service_new(struct dsr_stage *stage, const struct dsr_service_key *key,
	    const struct dsr_service_config *config)
{
	struct dsr_stage_service *service;

	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service)
		return NULL;
	service->key = *key;
	service->config = *config;
	INIT_LIST_HEAD(&service->changes);
	hlist_add_head(&service->node, bucket_of(stage, key));
	list_add_tail(&service->list, &stage->services);
	stage->services_count++;
	return service;
}

/**
 * dsr_stage_new() - begin a transaction
 * @dn: balancer
 *
 * Context: process context, holds dn->writer and dn->lock.
 * Return: the stage, for dsr_stage_free(); %NULL if memory is short.
 */
struct dsr_stage *dsr_stage_new(struct dsr_net *dn)
{
	struct dsr_stage_service *service;
	struct dsr_service_config config;
	struct dsr_stage *stage;
	struct dsr_service *live;

	lockdep_assert_held(&dn->writer);
	lockdep_assert_held(&dn->lock);
	stage = kvzalloc(sizeof(*stage), GFP_KERNEL_ACCOUNT);
	if (!stage)
		return NULL;
	stage->dn = dn;
	INIT_LIST_HEAD(&stage->services);
	list_for_each_entry(live, &dn->services, list) {
		config = dsr_service_config(dn, live);
		service = service_new(stage, &live->key, &config);
		if (!service) {
			dsr_stage_free(stage);
			return NULL;
		}
		service->live = live;
		service->was_one_packet = live->one_packet;
		service->backends_count = live->backends_count;
		cond_resched();
	}
	return stage;
}

static void forget_backend(struct dsr_stage_backend *backend)
{
	hlist_del(&backend->node);
	list_del(&backend->list);
	backend->service->changes_count--;
	kfree(backend);
}

static void forget_backends(struct dsr_stage_service *service)
{
	struct dsr_stage_backend *backend, *next;

	list_for_each_entry_safe(backend, next, &service->changes, list)
		forget_backend(backend);
}

/** dsr_stage_free() - end a transaction, once commit.c has given up its objects */
void dsr_stage_free(struct dsr_stage *stage)
{
	struct dsr_stage_service *service, *next;

	list_for_each_entry_safe(service, next, &stage->services, list) {
		forget_backends(service);
		kvfree(service->entries);
		kfree(service);
		cond_resched();
	}
	kvfree(stage);
}

/** dsr_stage_find() - find a service that the transaction leaves, or %NULL */
struct dsr_stage_service *
dsr_stage_find(struct dsr_stage *stage, const struct dsr_service_key *key)
{
	struct dsr_stage_service *service;

	hlist_for_each_entry(service, bucket_of(stage, key), node)
		if (!service->gone && !dsr_service_compare(&service->key, key))
			return service;
	return NULL;
}

static bool clashes(struct dsr_stage *stage, const struct dsr_service_key *key)
{
	struct dsr_stage_service *other;

	hlist_for_each_entry(other, bucket_of(stage, key), node)
		if (!other->gone && is_same_frontend(&other->key, key) &&
		    dsr_service_key_clashes(&other->key, key))
			return true;
	return false;
}

/* Check the mark and the probe marks of a service against those of all others.
 *
 * Return: as dsr_service_add().
 */
static int check_marks(struct dsr_stage *stage,
		       const struct dsr_stage_service *self,
		       const struct dsr_service_key *key, u32 first)
{
	const struct dsr_stage_service *other;
	u32 range;

	if (first && key->fwmark && key->fwmark - first < DSR_PROBE_MARKS)
		return -EADDRINUSE;
	if (!first && !key->fwmark)
		return 0;
	list_for_each_entry(other, &stage->services, list) {
		if (other == self || other->gone ||
		    other->key.family != key->family)
			continue;
		range = other->config.probe_marks;
		if (key->fwmark && range &&
		    key->fwmark - range < DSR_PROBE_MARKS)
			return -EBUSY;
		if (!first)
			continue;
		if (other->key.fwmark &&
		    other->key.fwmark - first < DSR_PROBE_MARKS)
			return -EADDRINUSE;
		if (range && (range - first < DSR_PROBE_MARKS ||
			      first - range < DSR_PROBE_MARKS))
			return -EADDRINUSE;
	}
	return 0;
}

/* Return: 0, or an error of dsr_control_service_refuse(). */
static int check_service(struct dsr_stage *stage,
			 const struct dsr_stage_service *service,
			 const struct dsr_service_key *key,
			 const struct dsr_service_config *config,
			 struct netlink_ext_ack *extack)
{
	if (!service && clashes(stage, key))
		return dsr_control_service_clash(extack);
	if (!service && stage->services_count >= DSR_LIMIT_LIST)
		return -ENOSPC;
	if (service && service->config.probe_marks == config->probe_marks)
		return 0;
	return check_marks(stage, service, key, config->probe_marks);
}

/**
 * dsr_stage_service_change() - add or change a service
 * @stage: stage
 * @cmd: command, enum dsr_cmd
 * @service: service to change; %NULL: add one
 * @key: its key
 * @config: the whole new settings
 * @attr: the change in the request
 * @extack: gets the error message
 *
 * Context: process context.
 * Return: as dsr_control_service_change().
 */
int dsr_stage_service_change(struct dsr_stage *stage, u8 cmd,
			     struct dsr_stage_service *service,
			     const struct dsr_service_key *key,
			     const struct dsr_service_config *config,
			     const struct nlattr *attr,
			     struct netlink_ext_ack *extack)
{
	int err = check_service(stage, service, key, config, extack);

	if (!err && !service) {
		service = service_new(stage, key, config);
		if (!service)
			err = -ENOMEM;
	}
	if (err) {
		dsr_control_service_refuse(err, extack);
		return err;
	}
	service->config = *config;
	service->cmd = cmd;
	service->attr = attr;
	return 0;
}

/** dsr_stage_service_delete() - delete a service with its backends */
void dsr_stage_service_delete(struct dsr_stage *stage,
			      struct dsr_stage_service *service)
{
	stage->services_count--;
	forget_backends(service);
	service->gone = true;
	service->cmd = DSR_CMD_SERVICE_DELETE;
	if (service->live)
		return;
	hlist_del(&service->node);
	list_del(&service->list);
	kfree(service);
}

static struct hlist_head *backends_of(struct dsr_stage *stage,
				      const struct dsr_stage_service *service,
				      const union nf_inet_addr *addr)
{
	u32 hash = jhash2(addr->all, ARRAY_SIZE(addr->all),
			  hash_ptr(service, 32));

	return &stage->backends_by_name[hash >> (32 - DSR_STAGE_BITS)];
}

static struct dsr_stage_backend *
find_backend(struct dsr_stage *stage, const struct dsr_stage_service *service,
	     const union nf_inet_addr *addr)
{
	struct dsr_stage_backend *backend;

	hlist_for_each_entry(backend, backends_of(stage, service, addr), node)
		if (backend->service == service &&
		    !dsr_addr_compare(&backend->addr, addr))
			return backend;
	return NULL;
}

/** dsr_stage_changes() - check if the transaction changes a backend */
bool dsr_stage_changes(struct dsr_stage *stage,
		       const struct dsr_stage_service *service,
		       const union nf_inet_addr *addr)
{
	return find_backend(stage, service, addr);
}

/**
 * dsr_stage_has_backend() - check if the stage has a backend
 * @stage: stage
 * @service: its service
 * @addr: its address
 * @config: set to its settings, if there is one
 *
 * Context: process context, holds dn->lock.
 */
bool dsr_stage_has_backend(struct dsr_stage *stage,
			   struct dsr_stage_service *service,
			   const union nf_inet_addr *addr,
			   struct dsr_backend_config *config)
{
	struct dsr_stage_backend *backend = find_backend(stage, service, addr);
	struct dsr_backend *live = NULL;

	if (backend) {
		*config = backend->config;
		return !backend->gone;
	}
	if (service->live)
		live = dsr_backend_find(stage->dn, service->live, addr);
	if (live)
		*config = dsr_backend_config(live);
	return live;
}

static struct dsr_stage_backend *
backend_new(struct dsr_stage *stage, struct dsr_stage_service *service,
	    const union nf_inet_addr *addr)
{
	struct dsr_stage_backend *backend;

	backend = kzalloc(sizeof(*backend), GFP_KERNEL_ACCOUNT);
	if (!backend)
		return NULL;
	backend->service = service;
	backend->addr = *addr;
	if (service->live)
		backend->live = dsr_backend_find(stage->dn, service->live,
						 addr);
	backend->gone = !backend->live;
	hlist_add_head(&backend->node, backends_of(stage, service, addr));
	list_add_tail(&backend->list, &service->changes);
	service->changes_count++;
	return backend;
}

/* Return the record of a change; %NULL, with a message, if memory is short. */
static struct dsr_stage_backend *
change_of(struct dsr_stage *stage, struct dsr_stage_service *service,
	  const union nf_inet_addr *addr, struct netlink_ext_ack *extack)
{
	struct dsr_stage_backend *backend = find_backend(stage, service, addr);

	if (!backend)
		backend = backend_new(stage, service, addr);
	if (!backend)
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
	return backend;
}

/**
 * dsr_stage_backend_change() - add or change a backend
 * @stage: stage
 * @cmd: command, enum dsr_cmd
 * @service: its service
 * @addr: its address
 * @config: the whole new settings
 * @attr: the change in the request
 * @extack: gets the error message
 *
 * A backend that the transaction has deleted before is not replaced, but changed:
 * its connections stay.
 *
 * Context: process context, holds dn->lock.
 * Return: as dsr_control_backend_change().
 */
int dsr_stage_backend_change(struct dsr_stage *stage, u8 cmd,
			     struct dsr_stage_service *service,
			     const union nf_inet_addr *addr,
			     const struct dsr_backend_config *config,
			     const struct nlattr *attr,
			     struct netlink_ext_ack *extack)
{
	struct dsr_stage_backend *backend;
	int err;

	err = dsr_backend_check(config, extack);
	if (err)
		return err;
	backend = change_of(stage, service, addr, extack);
	if (!backend)
		return -ENOMEM;
	if (backend->gone && service->backends_count >= DSR_BACKENDS_MAX) {
		if (!backend->live)
			forget_backend(backend);
		return dsr_backend_refuse_more(extack);
	}
	service->backends_count += backend->gone;
	backend->gone = false;
	backend->config = *config;
	backend->cmd = cmd;
	service->attr = attr;
	return 0;
}

/**
 * dsr_stage_backend_delete() - delete a backend that the stage has
 * @stage: stage
 * @service: its service
 * @addr: its address
 * @attr: the change in the request
 * @extack: gets the error message
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or -%ENOMEM.
 */
int dsr_stage_backend_delete(struct dsr_stage *stage,
			     struct dsr_stage_service *service,
			     const union nf_inet_addr *addr,
			     const struct nlattr *attr,
			     struct netlink_ext_ack *extack)
{
	struct dsr_stage_backend *backend;

	backend = change_of(stage, service, addr, extack);
	if (!backend)
		return -ENOMEM;
	service->backends_count--;
	service->attr = attr;
	backend->gone = true;
	backend->cmd = DSR_CMD_BACKEND_DELETE;
	if (!backend->live)
		forget_backend(backend);
	return 0;
}
