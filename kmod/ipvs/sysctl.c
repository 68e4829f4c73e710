// SPDX-License-Identifier: GPL-2.0
/* sysctl - see sysctl.h */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/slab.h>

#include "lb/control/control.h"
#include "net.h"
#include "net_sysctl.h"
#include "sysctl.h"

#define DIRECTORY	"net/ipv4/vs"

/* @is: default, as dsr_lb behaves; @instead: log message for another value, if
 * the value would make a difference with ip_vs.
 */
static const struct {
	const char *name;
	int is;
	const char *instead;
} files[] = {
	[DSR_IPVS_EXPIRE_NODEST_CONN] = { "expire_nodest_conn", 0 },
	[DSR_IPVS_EXPIRE_QUIESCENT_TEMPLATE] = {
		"expire_quiescent_template", 0
	},
	{ "conn_reuse_mode", 1,
	  "a SYN that reuses the ports of a finished connection always begins a new connection"
	},
	{ "conntrack", 1,
	  "connection tracking sees the packets of services with path stack, not of services with path direct: choose with \"dsrctl service set\""
	},
	{ "cache_bypass", 0,
	  "a packet that no server takes is refused, and not forwarded to its original destination"
	},
	{ "drop_entry", 0,
	  "the connection table has a limit instead, and connections beyond the limit are balanced by a hash: see \"dsrctl connection set max\""
	},
	{ "drop_packet", 0,
	  "the connection table has a limit instead, and connections beyond the limit are balanced by a hash: see \"dsrctl connection set max\""
	},
	{ "secure_tcp", 0,
	  "TCP timeouts do not depend on memory: set them with \"dsrctl connection set\"" },
	{ "pmtu_disc", 1,
	  "a packet that exceeds the MTU towards its server is always answered with an ICMP error"
	},
	{ "schedule_icmp", 0,
	  "each service has its own setting for pings: see \"dsrctl service set ... ping\""
	},
	{ "sloppy_tcp", 1,
	  "a connection that is first seen in its middle is always balanced, by a hash" },
	{ "sloppy_sctp", 1,
	  "a connection that is first seen in its middle is always balanced, by a hash" },
	{ "run_estimation", 1,
	  "rates are measured from the first time that they are requested" },
	{ "snat_reroute", 1 },
	{ "nat_icmp_send", 0 },
	{ "ignore_tunneled", 0 },
	{ "amemthresh", 1024 },
	{ "am_droprate", 10 },
	{ "est_nice", 0 },
	{ "backup_only", 0 },
	{ "sync_version", 1 },
	{ "sync_ports", 1 },
	{ "sync_persist_mode", 0 },
	{ "sync_qlen_max", 0 },
	{ "sync_sock_size", 0 },
	{ "sync_refresh_period", 0 },
	{ "sync_retries", 0 },
	{ "conn_lfactor", 0 },
	{ "svc_lfactor", 0 },
	{ "conn_max", 0,
	  "the limit of the connection table is set with \"dsrctl connection set max\""
	},
	/* ORDER: last, for it has two values, 3 and 50 */
	{ "sync_threshold", 3 },
};

/* Also est_cpulist, and the entry of zeros. */
#define TABLE_SIZE	(ARRAY_SIZE(files) + 2)
#define SECOND_THRESHOLD	50

static void apply(struct net *net, const struct dsr_ipvs_sysctls *sysctls)
{
	const int *value = sysctls->value;
	struct dsr_net *dn = dsr_net(net);

	/* read under the lock: of two that write, the last one is applied last */
	mutex_lock(&dn->lock);
	dsr_control_set_expiry(dn,
			       READ_ONCE(value[DSR_IPVS_EXPIRE_QUIESCENT_TEMPLATE]),
			    READ_ONCE(value[DSR_IPVS_EXPIRE_NODEST_CONN]));
	mutex_unlock(&dn->lock);
}

static int on_access(dsr_ctl_table *table, int write, void *buffer,
		     size_t *length, loff_t *position)
{
	struct dsr_ipvs_sysctls *sysctls = table->extra1;
	struct net *net = table->extra2;
	const int *value = table->data;
	int err = proc_dointvec(table, write, buffer, length, position);
	int now = READ_ONCE(*value), number = value - sysctls->value;

	if (err || !write)
		return err;
	apply(net, sysctls);
	if (files[number].instead && now != files[number].is &&
	    dsr_ipvs_net_may_log(net))
		pr_notice_ratelimited("net.ipv4.vs.%s = %d changes nothing: %s\n",
				      files[number].name, now,
				      files[number].instead);
	return 0;
}

static void fill(struct net *net, struct dsr_ipvs_sysctls *sysctls)
{
	struct ctl_table *table = sysctls->table;
	int i;

	for (i = 0; i < ARRAY_SIZE(files); i++, table++) {
		sysctls->value[i] = files[i].is;
		table->procname = files[i].name;
		table->data = &sysctls->value[i];
		table->maxlen = sizeof(int);
		table->mode = 0644;
		table->proc_handler = on_access;
		table->extra1 = sysctls;
		table->extra2 = net;
	}
	sysctls->value[i] = SECOND_THRESHOLD;
	table[-1].maxlen = 2 * sizeof(int);
	table->procname = "est_cpulist";
	table->data = sysctls->cpulist;
	table->maxlen = sizeof(sysctls->cpulist);
	table->mode = 0644;
	table->proc_handler = proc_dostring;
}

/**
 * dsr_ipvs_sysctl_add() - create the files of a namespace
 * @net: namespace
 * @sysctls: set up
 *
 * Context: process context.
 * Return: 0 or -%ENOMEM.
 */
int dsr_ipvs_sysctl_add(struct net *net, struct dsr_ipvs_sysctls *sysctls)
{
	BUILD_BUG_ON(ARRAY_SIZE(files) > DSR_IPVS_SYSCTLS);
	sysctls->table = kcalloc(TABLE_SIZE, sizeof(*sysctls->table),
				 GFP_KERNEL_ACCOUNT);
	if (!sysctls->table)
		return -ENOMEM;
	fill(net, sysctls);
	sysctls->header = dsr_net_sysctl_register(net, DIRECTORY,
						  sysctls->table,
						  TABLE_SIZE - 1);
	if (sysctls->header)
		return 0;
	kfree(sysctls->table);
	return -ENOMEM;
}

/** dsr_ipvs_sysctl_remove() - remove the files, and reset their effects */
void dsr_ipvs_sysctl_remove(struct net *net, struct dsr_ipvs_sysctls *sysctls)
{
	struct dsr_net *dn = dsr_net(net);

	unregister_net_sysctl_table(sysctls->header);
	kfree(sysctls->table);
	mutex_lock(&dn->lock);
	dsr_control_set_expiry(dn, false, false);
	mutex_unlock(&dn->lock);
}
