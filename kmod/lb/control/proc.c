// SPDX-License-Identifier: GPL-2.0
/* proc - see proc.h */

#include <linux/export.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "control/proc.h"
#include "core/conn.h"
#include "core/probe.h"
#include "core/reason.h"
#include "core/scheduler.h"
#include "core/service.h"
#include "privilege.h"

static struct dsr_net *dsr_net_of(struct seq_file *seq)
{
	return dsr_net(seq_file_single_net(seq));
}

static const char *const admin_names[] = {
	[DSR_BACKEND_UP] = "up",
	[DSR_BACKEND_DRAINING] = "draining",
	[DSR_BACKEND_DOWN] = "down",
};

static const char *proto_name(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "any";
	}
}

static void show_addr(struct seq_file *seq, u8 family,
		      const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		seq_printf(seq, "%pI4", addr);
	else
		seq_printf(seq, "%pI6c", addr);
}

static void show_end(struct seq_file *seq, u8 family, union nf_inet_addr addr,
		     __be16 port)
{
	if (family == AF_INET)
		seq_printf(seq, " %pI4:%u", &addr, ntohs(port));
	else
		seq_printf(seq, " [%pI6c]:%u", &addr, ntohs(port));
}

static void show_key(struct seq_file *seq, const struct dsr_service *service)
{
	const struct dsr_service_key *key = &service->key;
	u32 mask = service->frontend->mask;

	if (key->fwmark) {
		seq_printf(seq, "fwmark %u", key->fwmark);
		if (~mask)
			seq_printf(seq, "/0x%x", mask);
		if (key->family == AF_INET6)
			seq_puts(seq, " family inet6");
		return;
	}
	seq_puts(seq, "vip ");
	show_addr(seq, key->family, &key->vip);
	if (key->proto)
		seq_printf(seq, " proto %s", proto_name(key->proto));
	if (key->port)
		seq_printf(seq, " port %u", key->port);
	if (key->port && key->port_last != key->port)
		seq_printf(seq, "-%u", key->port_last);
}

static void show_backend(struct seq_file *seq, struct dsr_backend *backend)
{
	struct dsr_stats sum = { };

	dsr_stats_add(&sum, backend->stats);
	seq_puts(seq, "  via ");
	show_addr(seq, backend->nexthop.family, &backend->nexthop.addr);
	seq_printf(seq, " weight %u upper %u lower %u %s%s active %d inactive %u connections %llu packets %llu bytes %llu\n",
		   backend->config.weight, backend->config.upper,
		   backend->config.lower, admin_names[backend->config.admin],
		   READ_ONCE(backend->overloaded) ? " overloaded" : "",
		   atomic_read(&backend->active),
		   dsr_backend_inactive(backend), sum.connections,
		   sum.packets, sum.bytes);
}

static void show_scheduler(struct seq_file *seq, const struct dsr_pool *pool)
{
	seq_printf(seq, " scheduler %s", pool->scheduler->name);
	if (pool->hash)
		seq_printf(seq, " hash %s",
			   pool->hash == DSR_HASH_SOURCE_PORT ? "source-port" :
								"source");
	if (pool->slots)
		seq_printf(seq, " table-size %u", pool->slots);
	if (dsr_pool_has_choice(pool))
		seq_printf(seq, " choices %u", pool->options.choices);
}

static int services_show(struct seq_file *seq, void *v)
{
	struct dsr_net *dn = dsr_net_of(seq);
	struct dsr_service *service;
	struct dsr_backend *backend;

	if (!dsr_privilege_reads(seq, dn->net))
		return -EPERM;
	mutex_lock(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		show_key(seq, service);
		show_scheduler(seq, dsr_service_pool(dn, service));
		seq_printf(seq, " path %s",
			   service->path == DSR_PATH_DIRECT ? "direct" :
							      "stack");
		if (service->tos)
			seq_printf(seq, " tos 0x%02x/0x%02x",
				   service->tos & 0xff, service->tos >> 8);
		if (service->probe)
			seq_printf(seq, " probe-marks %u",
				   dsr_probe_first(service));
		seq_putc(seq, '\n');
		list_for_each_entry(backend, &service->backends, list)
			show_backend(seq, backend);
	}
	mutex_unlock(&dn->lock);
	return 0;
}

static int stats_show(struct seq_file *seq, void *v)
{
	struct dsr_net *dn = dsr_net_of(seq);
	u64 evicted = 0;
	int i;

	mutex_lock(&dn->lock);
	if (dn->has_table)
		evicted = atomic64_read(&dn->table.evicted);
	mutex_unlock(&dn->lock);
	seq_printf(seq, "connections_evicted %llu\n", evicted);
	for (i = 0; i < DSR_REASON_COUNT; i++)
		seq_printf(seq, "%s %llu\n", dsr_reason_names[i],
			   dsr_reason_sum(dn, i));
	return 0;
}

static const char *const state_names[] = {
	[DSR_CONN_SYN] = "syn",
	[DSR_CONN_ESTABLISHED] = "established",
	[DSR_CONN_FIN] = "fin",
	[DSR_CONN_CLOSED] = "closed",
	[DSR_CONN_UDP] = "udp",
	[DSR_CONN_PERSISTENT] = "persistent",
	[DSR_CONN_UNPROVEN] = "unproven",
};

/**
 * dsr_proc_walk_start() - start to show connections at a position
 * @seq: file of a namespace
 * @pos: cursor of a bucket. Each step shows a whole bucket, so that the cursor
 *	stays valid if the table is resized meanwhile
 *
 * Context: process context. Takes dn->lock and dsr_table.gc_lock. Always call
 * dsr_proc_walk_stop() afterwards.
 * Return: @pos; %NULL at the end; ERR_PTR(-%EPERM) if the reader may not see
 * the connections.
 */
void *dsr_proc_walk_start(struct seq_file *seq, loff_t *pos)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));

	if (!dsr_privilege_reads(seq, dn->net))
		return ERR_PTR(-EPERM);
	if (!dsr_conn_walk_lock(dn))
		return NULL;
	return *pos < DSR_TABLE_END ? pos : NULL;
}
EXPORT_SYMBOL_GPL(dsr_proc_walk_start);

/** dsr_proc_walk_next() - go on to the next bucket */
void *dsr_proc_walk_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));

	*pos = dsr_table_next(&dn->table, *pos);
	/* Release the locks for a moment: there may be many empty buckets. */
	dsr_conn_walk_unlock(dn);
	cond_resched();
	if (!dsr_conn_walk_lock(dn))
		return NULL;
	return *pos < DSR_TABLE_END ? pos : NULL;
}
EXPORT_SYMBOL_GPL(dsr_proc_walk_next);

/**
 * dsr_proc_walk_show() - show the connections of a bucket
 * @seq: file
 * @v: the bucket, from dsr_proc_walk_start() or dsr_proc_walk_next()
 * @show: shows one connection; called under rcu_read_lock()
 */
void dsr_proc_walk_show(struct seq_file *seq, void *v, dsr_proc_show_fn show)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));
	u64 cursor = *(loff_t *)v;
	struct dsr_node *node;

	rcu_read_lock();
	dsr_table_for_each_in(node, &dn->table, cursor)
		show(seq, dn, container_of(node, struct dsr_conn, node));
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(dsr_proc_walk_show);

/** dsr_proc_walk_stop() - undo dsr_proc_walk_start() */
void dsr_proc_walk_stop(struct seq_file *seq, void *v)
{
	struct dsr_net *dn = dsr_net(seq_file_net(seq));

	if (!IS_ERR(v))
		dsr_conn_walk_unlock(dn);
}
EXPORT_SYMBOL_GPL(dsr_proc_walk_stop);

static void show_connection(struct seq_file *seq, const struct dsr_net *dn,
			    const struct dsr_conn *conn)
{
	const struct dsr_tuple *tuple = &conn->tuple;

	seq_puts(seq, proto_name(tuple->proto));
	show_end(seq, tuple->family, dsr_tuple_source(tuple), tuple->sport);
	show_end(seq, tuple->family, dsr_tuple_dest(tuple), tuple->dport);
	seq_puts(seq, " via ");
	show_addr(seq, tuple->family,
		  &rcu_dereference(conn->backend)->nexthop.addr);
	seq_printf(seq, " %s expires %lu\n", state_names[READ_ONCE(conn->state)],
		   dsr_conn_expires(dn, conn, jiffies) / MSEC_PER_SEC);
}

static int connections_show(struct seq_file *seq, void *v)
{
	dsr_proc_walk_show(seq, v, show_connection);
	return 0;
}

static const struct seq_operations connections_ops = {
	.start = dsr_proc_walk_start,
	.next = dsr_proc_walk_next,
	.stop = dsr_proc_walk_stop,
	.show = connections_show,
};

/**
 * dsr_proc_net_init() - create the files of a namespace
 * @dn: its balancer
 *
 * Any user may read "stats", as over netlink. The other files check the
 * privileges of the reader.
 *
 * Return: 0 or -%ENOMEM.
 */
int dsr_proc_net_init(struct dsr_net *dn)
{
	struct proc_dir_entry *dir;

	dir = proc_net_mkdir(dn->net, "dsr", dn->net->proc_net);
	if (!dir)
		return -ENOMEM;
	if (proc_create_net_single("services", 0444, dir, services_show,
				   NULL) &&
	    proc_create_net_single("stats", 0444, dir, stats_show, NULL) &&
	    proc_create_net("connections", 0444, dir, &connections_ops,
			    sizeof(struct seq_net_private)))
		return 0;
	remove_proc_subtree("dsr", dn->net->proc_net);
	return -ENOMEM;
}

/** dsr_proc_net_exit() - remove the files of a namespace */
void dsr_proc_net_exit(struct dsr_net *dn)
{
	remove_proc_subtree("dsr", dn->net->proc_net);
}
