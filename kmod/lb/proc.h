/* SPDX-License-Identifier: GPL-2.0 */
/* proc - /proc/net/dsr/{services,connections,stats}, for cat */
#ifndef _DSR_PROC_H
#define _DSR_PROC_H

#include "net.h"

int dsr_proc_net_init(struct dsr_net *dn);
void dsr_proc_net_exit(struct dsr_net *dn);

#endif /* _DSR_PROC_H */
