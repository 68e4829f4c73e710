/* SPDX-License-Identifier: GPL-2.0 */
/* proc - the files /proc/net/dsr/{services,connections,stats} */
#ifndef _DSR_PROC_H
#define _DSR_PROC_H

#include <linux/seq_file.h>

#include "core/net.h"

struct dsr_conn;

/** typedef dsr_proc_show_fn - show a connection of @dn in @seq */
typedef void (*dsr_proc_show_fn)(struct seq_file *seq, const struct dsr_net *dn,
				 const struct dsr_conn *conn);

void *dsr_proc_walk_start(struct seq_file *seq, loff_t *pos);
void *dsr_proc_walk_next(struct seq_file *seq, void *v, loff_t *pos);
void dsr_proc_walk_show(struct seq_file *seq, void *v, dsr_proc_show_fn show);
void dsr_proc_walk_stop(struct seq_file *seq, void *v);
int dsr_proc_net_init(struct dsr_net *dn);
void dsr_proc_net_exit(struct dsr_net *dn);

#endif /* _DSR_PROC_H */
