/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach - a namespace's balancer sees packets while it has services
 *
 * The first service of a family registers the hooks of that family. The first of
 * all sets the connection table up. The table lives until the last service and
 * the last connection have gone.
 *
 * Locking: struct dsr_net.lock.
 */
#ifndef _DSR_ATTACH_H
#define _DSR_ATTACH_H

#include "core/net.h"

void dsr_attach_init(struct dsr_net *dn);
void dsr_attach_exit(struct dsr_net *dn);
int dsr_attach_start(struct dsr_net *dn, u8 family);
void dsr_attach_stop(struct dsr_net *dn, u8 family);

#endif /* _DSR_ATTACH_H */
