/* SPDX-License-Identifier: GPL-2.0 */
/* proc - show rules, silenced addresses, flows and counters in /proc */
#ifndef _DSR_RS_PROC_H
#define _DSR_RS_PROC_H

#include <net/net_namespace.h>

int dsr_rs_proc_init(struct net *net);
void dsr_rs_proc_exit(struct net *net);

#endif /* _DSR_RS_PROC_H */
