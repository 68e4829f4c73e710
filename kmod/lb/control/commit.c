// SPDX-License-Identifier: GPL-2.0
/* commit - see commit.h */

#include <linux/bitmap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "control/attach.h"
#include "control/commit.h"
#include "control/control.h"
#include "control/drain.h"
#include "control/neigh.h"
#include "control/notify.h"
#include "core/conn.h"
#include "core/frontend.h"
#include "core/gate.h"
#include "core/probe.h"

static struct dsr_pool *old_pool(struct dsr_net *dn,
				 const struct dsr_stage_service *s)
{
	return s->live ? dsr_service_pool(dn, s->live) : NULL;
}

static u32 old_mask(const struct dsr_stage_service *s)
{
	return s->live ? s->live->frontend->mask : U32_MAX;
}

static u32 old_marks(const struct dsr_stage_service *s)
{
	return s->live ? dsr_probe_first(s->live) : 0;
}

/* Check if the switch replaces the pool of a service. */
static bool needs_pool(struct dsr_net *dn, const struct dsr_stage_service *s)
{
	return !s->live || s->changes_count ||
	       s->config.probe_marks != old_marks(s) ||
	       dsr_service_options_differ(old_pool(dn, s), &s->config);
}

static int compare_entries(const void *a, const void *b)
{
	const struct dsr_pool_entry *one = a, *other = b;

	return dsr_backend_compare(one->backend, other->backend);
}

static void add_entry(struct dsr_stage_service *s, struct dsr_backend *backend,
		      const struct dsr_backend_config *config)
{
	s->entries[s->entries_count++] = (struct dsr_pool_entry) {
		.backend = backend,
		.config = config,
	};
}

/* Make the backends that are new, and list them with those that stay. */
static int prepare_backends(struct dsr_stage *stage,
			    struct dsr_stage_service *s)
{
	struct dsr_stage_backend *change;
	struct dsr_backend *backend;

	s->entries = kvmalloc_array(s->backends_count + 1, sizeof(*s->entries),
				    GFP_KERNEL_ACCOUNT);
	if (!s->entries)
		return -ENOMEM;
	list_for_each_entry(change, &s->changes, list) {
		if (change->gone)
			continue;
		change->backend = change->live ?:
				  dsr_backend_new(stage->dn, s->service,
						  &change->addr,
						  &change->config);
		if (!change->backend)
			return -ENOMEM;
		add_entry(s, change->backend, &change->config);
		cond_resched();
	}
	if (s->live)
		list_for_each_entry(backend, &s->live->backends, list)
			if (!dsr_stage_changes(stage, s,
					       &backend->nexthop.addr))
				add_entry(s, backend, &backend->config);
	sort(s->entries, s->entries_count, sizeof(*s->entries),
	     compare_entries, NULL);
	return 0;
}

/* Return: 0; -%ENOTUNIQ if two backends would have the same probe mark. */
static int check_marks(const struct dsr_stage_service *s)
{
	DECLARE_BITMAP(taken, DSR_PROBE_MARKS) = { };
	u32 i;

	for (i = 0; i < s->entries_count && s->config.probe_marks; i++)
		if (__test_and_set_bit(dsr_probe_number(s->key.family,
							&s->entries[i].backend->nexthop.addr),
				       taken))
			return -ENOTUNIQ;
	return 0;
}

static int prepare_new(struct dsr_net *dn, struct dsr_stage_service *s)
{
	struct dsr_service *service;
	int err;

	err = dsr_attach_start(dn, s->key.family);
	if (err)
		return err;
	s->attached = true;
	if (!dsr_frontend_of_key(dn, &s->key)) {
		s->spare = dsr_frontend_new(&s->key);
		if (!s->spare)
			return -ENOMEM;
	}
	service = dsr_service_new(&s->key, &s->config);
	if (IS_ERR(service))
		return PTR_ERR(service);
	s->service = service;
	return 0;
}

/* Complete a service that no packet and no request can find. */
static void assemble_new(struct dsr_net *dn, struct dsr_stage_service *s)
{
	struct dsr_service *service = s->service;
	struct dsr_backend *backend;
	u32 i;

	rcu_assign_pointer(service->pool, s->pool);
	for (i = 0; i < s->entries_count; i++) {
		backend = s->entries[i].backend;
		WRITE_ONCE(backend->skipped, backend->leaves);
		dsr_backend_list(backend, service->backends.prev);
		dsr_backend_look_up(dn, backend);
	}
}

static int prepare_pool(struct dsr_stage *stage, struct dsr_stage_service *s)
{
	struct dsr_net *dn = stage->dn;
	struct dsr_pool *pool;
	int err;

	err = prepare_backends(stage, s);
	if (!err)
		err = check_marks(s);
	if (err)
		return err;
	pool = dsr_pool_draft(dn, s->config.scheduler, &s->config.options,
			      s->entries, s->entries_count, old_pool(dn, s));
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	s->pool = pool;
	if (!s->live)
		assemble_new(dn, s);
	return 0;
}

static int prepare_service(struct dsr_stage *stage,
			   struct dsr_stage_service *s)
{
	struct dsr_net *dn = stage->dn;
	int err = 0;

	s->service = s->live;
	if (!s->live)
		err = prepare_new(dn, s);
	if (!err && s->config.chances)
		err = dsr_attach_chances(dn);
	if (!err && s->config.fwmark_mask != old_mask(s))
		err = dsr_frontend_reserve_mask(dn, s->config.fwmark_mask);
	if (!err && needs_pool(dn, s))
		err = prepare_pool(stage, s);
	if (err || !s->config.probe_marks ||
	    s->config.probe_marks == old_marks(s))
		return err;
	s->probe = dsr_probe_make(s->service, s->config.probe_marks);
	return s->probe ? 0 : -ENOMEM;
}

/* Undo prepare_service(), wherever it has stopped. */
static void abandon(struct dsr_stage *stage, struct dsr_stage_service *s)
{
	struct dsr_net *dn = stage->dn;
	struct dsr_stage_backend *change;

	if (s->pool)
		dsr_pool_discard(dn, s->pool, old_pool(dn, s));
	kvfree(s->probe);
	kfree(s->spare);
	list_for_each_entry(change, &s->changes, list)
		if (change->backend && !change->live)
			dsr_backend_discard(change->backend);
	if (!s->live && s->service)
		dsr_service_discard(s->service);
	if (s->attached)
		dsr_attach_stop(dn, s->key.family);
}

static void abandon_all(struct dsr_stage *stage)
{
	struct dsr_stage_service *s;

	list_for_each_entry(s, &stage->services, list) {
		if (!s->gone && dsr_stage_is_touched(s))
			abandon(stage, s);
		cond_resched();
	}
	dsr_frontend_tidy_masks(stage->dn);
}

/* Return: 0, or an error with a message in @extack and nothing changed. */
static int prepare(struct dsr_stage *stage, struct netlink_ext_ack *extack)
{
	struct dsr_stage_service *s;
	int err = 0;

	list_for_each_entry(s, &stage->services, list) {
		if (s->gone || !dsr_stage_is_touched(s))
			continue;
		if (fatal_signal_pending(current))
			err = -EINTR;
		else
			err = prepare_service(stage, s);
		if (err)
			break;
		cond_resched();
	}
	if (!err)
		return 0;
	if (err != -EINTR)
		dsr_control_service_refuse(err, extack);
	if (extack)
		extack->bad_attr = s->attr;
	abandon_all(stage);
	return err;
}

/* Let packets see which backends the new pool leaves out. */
static void publish_skipped(struct dsr_stage_service *s,
			    const struct dsr_pool *old)
{
	struct dsr_backend *backend;
	u32 i;

	if (s->config.options.on_unreachable != DSR_ON_UNREACHABLE_SKIP &&
	    old->options.on_unreachable != DSR_ON_UNREACHABLE_SKIP)
		return;
	for (i = 0; i < s->entries_count; i++) {
		backend = s->entries[i].backend;
		WRITE_ONCE(backend->skipped, backend->leaves);
	}
}

static void publish_changes(struct dsr_net *dn, struct dsr_stage_service *s)
{
	struct dsr_service *service = s->service;
	struct dsr_pool *old = dsr_service_pool(dn, service);
	struct dsr_stage_backend *change;

	if (s->cmd)
		dsr_service_apply(service, &s->config);
	if (s->pool) {
		rcu_assign_pointer(service->pool, s->pool);
		publish_skipped(s, old);
		s->pool = old;
	}
	list_for_each_entry(change, &s->changes, list)
		if (change->live && !change->gone)
			dsr_backend_apply(change->live, &change->config);
}

/* Packets that are at the gate see the new service from now on. */
static void publish(struct dsr_net *dn, struct dsr_stage_service *s)
{
	struct dsr_service *service = s->service;

	if (s->live) {
		publish_changes(dn, s);
	} else {
		s->pool = NULL;
		if (dsr_frontend_link_to(dn, service, s->spare))
			s->spare = NULL;
	}
	if (s->config.fwmark_mask != service->frontend->mask)
		WRITE_ONCE(service->frontend->mask, s->config.fwmark_mask);
	if (s->config.probe_marks != dsr_probe_first(service)) {
		dsr_service_replace_probe(dn, service, s->probe);
		s->probe = NULL;
	}
}

static void withdraw(struct dsr_net *dn, struct dsr_service *service)
{
	dsr_service_replace_probe(dn, service, NULL);
	dsr_frontend_withdraw(dn, service);
}

/* First all that comes, then all that goes: a mark or an address that has services
 * before and after is never without its frontend. A packet that finds no frontend
 * does not come to the gate.
 */
static void switch_over(struct dsr_stage *stage)
{
	struct dsr_net *dn = stage->dn;
	struct dsr_stage_service *s;

	dsr_gate_enter(dn);
	list_for_each_entry(s, &stage->services, list)
		if (!s->gone && dsr_stage_is_touched(s))
			publish(dn, s);
	list_for_each_entry(s, &stage->services, list)
		if (s->gone)
			withdraw(dn, s->live);
	dsr_gate_leave(dn);
}

/* List the new backends of a service that was there before. Those that go are
 * still listed, too.
 */
static void list_backends(struct dsr_net *dn, struct dsr_stage_service *s)
{
	struct list_head *before = &s->service->backends;
	struct dsr_backend *backend;
	u32 i;

	for (i = 0; i < s->entries_count; i++) {
		backend = s->entries[i].backend;
		if (list_empty(&backend->list)) {
			dsr_backend_list(backend, before);
			dsr_backend_look_up(dn, backend);
		}
		before = &backend->list;
	}
}

/* Release a backend that no new packet chooses, and notify. */
static void release_backend(struct dsr_net *dn, struct dsr_backend *backend)
{
	dsr_backend_get(backend);
	dsr_backend_release(backend);
	dsr_notify_backend(dn, DSR_CMD_BACKEND_DELETE, backend);
	dsr_backend_put(backend);
}

static void finish_backends(struct dsr_net *dn, struct dsr_stage_service *s)
{
	struct dsr_stage_backend *change;

	list_for_each_entry(change, &s->changes, list) {
		if (change->gone) {
			release_backend(dn, change->live);
			continue;
		}
		dsr_backend_set_deadline(change->backend, &change->config);
		dsr_notify_backend(dn, change->cmd, change->backend);
	}
}

static void finish_service(struct dsr_net *dn, struct dsr_stage_service *s)
{
	if (s->gone) {
		dsr_notify_service(dn, DSR_CMD_SERVICE_DELETE, s->live);
		dsr_service_release(dn, s->live);
		dsr_attach_stop(dn, s->key.family);
		return;
	}
	kfree(s->spare);
	if (s->pool)
		kvfree_rcu(s->pool, rcu);
	if (!s->live)
		dsr_service_list(dn, s->service);
	if (s->cmd)
		dsr_notify_service(dn, s->cmd, s->service);
	finish_backends(dn, s);
	dsr_neigh_seek(dn, s->service);
}

/* Forget the datagrams of services that schedule each from now on. Releases
 * dn->lock, so it comes last.
 */
static void forget_datagrams(struct dsr_stage *stage)
{
	struct dsr_stage_service *s;

	list_for_each_entry(s, &stage->services, list)
		if (!s->gone && s->live && s->config.one_packet &&
		    !s->was_one_packet)
			dsr_conn_remove_datagrams(stage->dn, s->live);
}

static bool changes_anything(const struct dsr_stage *stage)
{
	const struct dsr_stage_service *s;

	list_for_each_entry(s, &stage->services, list)
		if (dsr_stage_is_touched(s))
			return true;
	return false;
}

/**
 * dsr_commit() - make a stage the configuration, and notify
 * @stage: stage; only for dsr_stage_free() afterwards
 * @extack: gets the error message
 *
 * Packets of known connections keep their backends. For every other packet the
 * change happens at one moment: see gate.h.
 *
 * Context: process context, holds dn->writer and dn->lock, sleeps for two grace
 * periods. Releases dn->lock and takes it again.
 * Return: 0; an error of dsr_control_service_refuse(), or -%EINTR if the task is
 * being killed, with nothing changed.
 */
int dsr_commit(struct dsr_stage *stage, struct netlink_ext_ack *extack)
{
	struct dsr_net *dn = stage->dn;
	struct dsr_stage_service *s;
	int err;

	lockdep_assert_held(&dn->writer);
	lockdep_assert_held(&dn->lock);
	if (!changes_anything(stage))
		return 0;
	err = prepare(stage, extack);
	if (err)
		return err;
	dsr_gate_arm(dn);
	switch_over(stage);
	list_for_each_entry(s, &stage->services, list)
		if (!s->gone && s->live && s->entries)
			list_backends(dn, s);
	dsr_gate_disarm(dn);
	list_for_each_entry(s, &stage->services, list) {
		if (dsr_stage_is_touched(s))
			finish_service(dn, s);
		cond_resched();
	}
	dsr_frontend_tidy_masks(dn);
	dsr_drain_plan(dn);
	dsr_net_changed(dn);
	forget_datagrams(stage);
	return 0;
}
