/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach - attach the balancer to the packets of its namespace
 *
 * The first service of an address family registers the hooks of that family.
 * The first service of all sets up the connection table. The table lives until
 * the last service and the last connection have gone.
 *
 * Locking: struct dsr_net.lock.
 */
#ifndef _DSR_ATTACH_H
#define _DSR_ATTACH_H

#include "core/net.h"

void dsr_attach_init(struct dsr_net *dn);
void dsr_attach_exit(struct dsr_net *dn);
void dsr_attach_rest(struct dsr_net *dn);
int dsr_attach_start(struct dsr_net *dn, u8 family);
int dsr_attach_chances(struct dsr_net *dn);
void dsr_attach_stop(struct dsr_net *dn, u8 family);

#endif /* _DSR_ATTACH_H */
