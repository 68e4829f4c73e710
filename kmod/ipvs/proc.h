/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc - /proc/net/{ip_vs,ip_vs_stats,ip_vs_conn} in the format of ip_vs
 *
 * "ipvsadm -Lc" reads the last, monitors read the others. Process context; each
 * read holds struct dsr_net.lock.
 */
#ifndef _DSR_IPVS_PROC_H
#define _DSR_IPVS_PROC_H

#include <linux/seq_file.h>

const char *dsr_ipvs_proc_proto(u8 proto);
int __init dsr_ipvs_proc_init(void);
void dsr_ipvs_proc_exit(void);

/* conn.c */
extern const struct seq_operations dsr_ipvs_conn_ops;

#endif /* _DSR_IPVS_PROC_H */
