// SPDX-License-Identifier: GPL-2.0
/*
 * proc - /proc/net/dsr_rs/{rules,silence,flows,stats}
 *
 * Shows the same as netlink, readable with cat, to the same users: "stats" is
 * for everyone, the other files need CAP_NET_ADMIN; see privilege.h.
 *
 * Process context. Holds dsr_rs_net.lock, and dsr_table.gc_lock for flows.
 */

#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <net/netns/generic.h>
#include <linux/dsr_rs.h>

#include "control/proc.h"
#include "core/pending.h"
#include "core/flow.h"
#include "core/net.h"
#include "privilege.h"

static const char *proto_name(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return "sctp";
	}
}

static void addr_show(struct seq_file *m, const char *what, u8 family,
		      const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		seq_printf(m, "%s %pI4", what, addr);
	else
		seq_printf(m, "%s %pI6c", what, addr);
}

static void end_show(struct seq_file *m, const char *what, u8 family,
		     const union nf_inet_addr *addr, __be16 port)
{
	if (family == AF_INET)
		seq_printf(m, " %s %pI4:%u", what, addr, ntohs(port));
	else
		seq_printf(m, " %s [%pI6c]:%u", what, addr, ntohs(port));
}

static void neighs_show(struct seq_file *m, const char *what,
			const struct dsr_rs_sender *neighs)
{
	const struct dsr_rs_sender_neigh *neigh;
	u32 i;

	for (i = 0; i < neighs->count; i++) {
		neigh = &neighs->neigh[i];
		if (neigh->family)
			addr_show(m, what, neigh->family, &neigh->addr);
		else
			seq_printf(m, "%s %pM", what, neigh->mac);
	}
}

static void to_show(struct seq_file *m, const struct dsr_rs_rule_to *to)
{
	if (to->family && to->port)
		end_show(m, "to", to->family, &to->addr, to->port);
	else if (to->family)
		addr_show(m, " to", to->family, &to->addr);
	else if (to->port)
		seq_printf(m, " to :%u", ntohs(to->port));
	if (to->mode == DSR_RULE_MODE_LOCAL)
		seq_puts(m, " mode local");
	neighs_show(m, " from", &to->from);
	neighs_show(m, " balancer", &to->balancers);
	if (to->clear)
		seq_puts(m, " clear");
	if (to->mark)
		seq_printf(m, " mark %u", to->mark);
}

static void rule_show(struct seq_file *m, const struct dsr_rs_rule *rule,
		      const struct mutex *lock)
{
	struct dsr_stats sum = dsr_rs_rule_stats(rule);

	if (rule->key.family)
		addr_show(m, "vip", rule->key.family, &rule->key.vip);
	else
		seq_printf(m, "tos 0x%02x/0x%02x", rule->key.tos,
			   rule->key.tos_mask);
	if (rule->key.proto)
		seq_printf(m, " proto %s", proto_name(rule->key.proto));
	if (rule->key.port)
		seq_printf(m, " port %u", ntohs(rule->key.port));
	to_show(m, rcu_dereference_protected(rule->to, lockdep_is_held(lock)));
	seq_printf(m, " packets %llu bytes %llu flows %llu\n", sum.packets,
		   sum.bytes, sum.connections);
}

static int rules_show(struct seq_file *m, void *v)
{
	struct dsr_rs_net *rs = dsr_rs_net(seq_file_single_net(m));
	struct dsr_rs_rule *rule;

	if (!dsr_privilege_reads(m, rs->net))
		return -EPERM;
	mutex_lock(&rs->lock);
	list_for_each_entry(rule, &rs->rules.all, all)
		rule_show(m, rule, &rs->lock);
	mutex_unlock(&rs->lock);
	return 0;
}

static void silence_show(struct seq_file *m,
			 const struct dsr_rs_silence *silence)
{
	const struct dsr_rs_silence_devs *devs = silence->devs;
	unsigned int i;

	if (silence->family == AF_INET)
		seq_printf(m, "%pI4", &silence->addr.ip);
	else
		seq_printf(m, "%pI6c", &silence->addr.in6);
	for (i = 0; devs && i < devs->count; i++)
		seq_printf(m, " dev %s", devs->name[i]);
	seq_printf(m, " rules %u messages %llu\n", silence->rules,
		   (u64)atomic64_read(&silence->messages));
}

static int silences_show(struct seq_file *m, void *v)
{
	struct dsr_rs_net *rs = dsr_rs_net(seq_file_single_net(m));
	struct dsr_rs_silence *silence;

	if (!dsr_privilege_reads(m, rs->net))
		return -EPERM;
	mutex_lock(&rs->lock);
	list_for_each_entry(silence, &rs->silences.all, all)
		silence_show(m, silence);
	mutex_unlock(&rs->lock);
	return 0;
}

static int stats_show(struct seq_file *m, void *v)
{
	struct dsr_rs_net *rs = dsr_rs_net(seq_file_single_net(m));
	u64 bytes = 0, evicted = 0, pendings = 0;
	u32 entries = 0;
	u32 i;

	mutex_lock(&rs->lock);
	if (rs->live) {
		entries = atomic_read(&rs->table.entries);
		bytes = dsr_rs_flow_bytes(rs);
		evicted = atomic64_read(&rs->table.evicted);
		pendings = atomic64_read(&rs->pendings->evicted);
	}
	seq_printf(m, "flow_entries %u\nflow_entries_max %u\nflow_bytes %llu\n",
		   entries, rs->flows_max, bytes);
	seq_printf(m, "flow_entries_evicted %llu\npending_evicted %llu\n",
		   evicted, pendings);
	mutex_unlock(&rs->lock);
	for (i = 0; i < DSR_RS_REASON_COUNT; i++)
		seq_printf(m, "%s %llu\n", dsr_rs_reason_names[i],
			   dsr_rs_reason_sum(rs, i));
	return 0;
}

static const char *state_name(u8 state)
{
	static const char *const names[] = {
		[DSR_CONN_SYN]		= "syn",
		[DSR_CONN_ESTABLISHED]	= "established",
		[DSR_CONN_FIN]		= "fin",
		[DSR_CONN_CLOSED]	= "closed",
		[DSR_CONN_UDP]		= "udp",
	};

	return names[state];
}

static void flow_show(struct seq_file *m, struct dsr_table *table,
		      struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple wire = dsr_rs_flow_wire(flow);
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(flow);
	u32 left = dsr_rs_flow_left(table, flow, jiffies);

	seq_printf(m, "proto %s", proto_name(flow->proto));
	end_show(m, "client", flow->family, &wire.client, wire.cport);
	end_show(m, "vip", flow->family, &wire.server, wire.sport);
	end_show(m, "to", flow->family, &socket.server, socket.sport);
	if (dsr_rs_flow_ported(flow))
		seq_printf(m, " socket-port %u", ntohs(flow->local_cport));
	seq_printf(m, " state %s expires %u\n",
		   state_name(READ_ONCE(flow->state)),
		   jiffies_to_msecs(left) / 1000);
}

/* Show the bucket at a position, which is a cursor in the table. */
static int flows_show(struct seq_file *m, void *v)
{
	struct dsr_rs_net *rs = dsr_rs_net(seq_file_net(m));
	struct dsr_rs_flow *flow;
	u64 cursor = *(loff_t *)v;
	struct dsr_node *node;

	rcu_read_lock();
	dsr_table_for_each_in(node, &rs->table, cursor) {
		flow = dsr_rs_flow_from_node(node);
		if (READ_ONCE(flow->roles) & DSR_RS_WIRE)
			flow_show(m, &rs->table, flow);
	}
	rcu_read_unlock();
	return 0;
}

static void flows_lock(struct dsr_rs_net *rs)
{
	mutex_lock(&rs->lock);
	if (rs->live)
		mutex_lock(&rs->table.gc_lock);
}

static void flows_unlock(struct dsr_rs_net *rs)
{
	if (rs->live)
		mutex_unlock(&rs->table.gc_lock);
	mutex_unlock(&rs->lock);
}

/* Find the next bucket with an entry. Release the locks between buckets, most
 * of which may be empty.
 *
 * Return: @pos, moved on to that bucket, or %NULL at the end.
 */
static void *flows_seek(struct dsr_rs_net *rs, loff_t *pos)
{
	while (rs->live && *pos < DSR_TABLE_END) {
		if (dsr_table_first(&rs->table, *pos))
			return pos;
		*pos = dsr_table_next(&rs->table, *pos);
		flows_unlock(rs);
		cond_resched();
		flows_lock(rs);
	}
	return NULL;
}

static void *flows_start(struct seq_file *m, loff_t *pos)
{
	struct dsr_rs_net *rs = dsr_rs_net(seq_file_net(m));

	if (!dsr_privilege_reads(m, rs->net))
		return ERR_PTR(-EPERM);
	flows_lock(rs);
	return flows_seek(rs, pos);
}

static void *flows_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct dsr_rs_net *rs = dsr_rs_net(seq_file_net(m));

	*pos = dsr_table_next(&rs->table, *pos);
	return flows_seek(rs, pos);
}

static void flows_stop(struct seq_file *m, void *v)
{
	if (!IS_ERR(v))
		flows_unlock(dsr_rs_net(seq_file_net(m)));
}

static const struct seq_operations flows_ops = {
	.start	= flows_start,
	.next	= flows_next,
	.stop	= flows_stop,
	.show	= flows_show,
};

/**
 * dsr_rs_proc_init() - create the files of a namespace
 * @net: namespace
 *
 * Return: 0 or -%ENOMEM.
 */
int __net_init dsr_rs_proc_init(struct net *net)
{
	struct proc_dir_entry *dir = proc_net_mkdir(net, "dsr_rs",
						    net->proc_net);

	if (!dir)
		return -ENOMEM;
	if (!proc_create_net_single("rules", 0444, dir, rules_show, NULL) ||
	    !proc_create_net_single("silence", 0444, dir, silences_show,
				    NULL) ||
	    !proc_create_net("flows", 0444, dir, &flows_ops,
			     sizeof(struct seq_net_private)) ||
	    !proc_create_net_single("stats", 0444, dir, stats_show, NULL)) {
		remove_proc_subtree("dsr_rs", net->proc_net);
		return -ENOMEM;
	}
	return 0;
}

/** dsr_rs_proc_exit() - remove the files; waits for their readers */
void __net_exit dsr_rs_proc_exit(struct net *net)
{
	remove_proc_subtree("dsr_rs", net->proc_net);
}
