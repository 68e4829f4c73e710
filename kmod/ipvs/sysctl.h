/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sysctl - the files of /proc/sys/net/ipv4/vs
 *
 * Scripts and sysctl.conf write to these files, so each network namespace has
 * all files of ip_vs. Two have the same effect as with ip_vs:
 *
 * - expire_nodest_conn: connections of a deleted destination do not wait for it
 *   to be added again;
 * - expire_quiescent_template: persistence does not send a client back to a
 *   destination of weight 0.
 *
 * The others store the value and have no effect. If a value would have had an
 * effect with ip_vs, the kernel's log names dsr's own way to the same end. The
 * defaults reflect the behaviour of dsr_lb.
 *
 * A change of one of the two is told as dsr_lb's events are, once.
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

/* Files with an effect come first. */
#define DSR_IPVS_EXPIRE_NODEST_CONN		0
#define DSR_IPVS_EXPIRE_QUIESCENT_TEMPLATE	1
#define DSR_IPVS_SYSCTLS			32

/**
 * struct dsr_ipvs_sysctls - the files of a namespace
 * @header: registration
 * @table: registered table
 * @value: values, in the order of @table; one file has two
 * @cpulist: value of est_cpulist
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
