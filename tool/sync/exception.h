/* SPDX-License-Identifier: GPL-2.0 */
/* exception - the entries of the connection table that another balancer would miss */
#ifndef DSRSYNCD_EXCEPTION_H
#define DSRSYNCD_EXCEPTION_H

#include "../netlink.h"
#include "../restore.h"

typedef void (*exception_fn)(const struct restore_entry *entry, void *arg);

int exception_read(struct netlink *nl, exception_fn fn, void *arg);
int exception_of(struct netlink *nl, uint64_t *entries);
int exception_backends(struct netlink *nl, uint64_t *backends);

#endif /* DSRSYNCD_EXCEPTION_H */
