/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sysctl - the files of /proc/sys/net/ipv4/vs
 *
 * Scripts and sysctl.conf write to them, so all of ip_vs are there, in each
 * network namespace. Two do what they do with ip_vs:
 *
 * - expire_nodest_conn: connections of a deleted destination do not wait for it
 *   to be added again;
 * - expire_quiescent_template: a client does not come back to a destination of
 *   weight 0 by persistence.
 *
 * The others keep what is written to them and change nothing. What would have
 * changed something with ip_vs gets a line in the kernel's log, with what does so
 * here. At first each is as dsr_lb has it.
 *
 * Writers need no lock: each value is one word.
 */
#ifndef _DSR_IPVS_SYSCTL_H
#define _DSR_IPVS_SYSCTL_H

#include <linux/types.h>

struct ctl_table;
struct ctl_table_header;
struct dsr_net;
struct net;

/* those that do something come first */
#define DSR_IPVS_EXPIRE_NODEST_CONN		0
#define DSR_IPVS_EXPIRE_QUIESCENT_TEMPLATE	1
#define DSR_IPVS_SYSCTLS			32

/**
 * struct dsr_ipvs_sysctls - the files of a namespace
 * @header: of those that are registered
 * @table: what is registered
 * @value: what they have, in the order of @table; one has two
 * @cpulist: that of est_cpulist
 */
struct dsr_ipvs_sysctls {
	struct ctl_table_header *header;
	struct ctl_table *table;
	int value[DSR_IPVS_SYSCTLS + 1];
	char cpulist[64];
};

int dsr_ipvs_sysctl_add(struct net *net, struct dsr_ipvs_sysctls *sysctls);
void dsr_ipvs_sysctl_remove(struct net *net, struct dsr_ipvs_sysctls *sysctls);

#endif /* _DSR_IPVS_SYSCTL_H */
