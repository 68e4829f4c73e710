/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify - notifications of changes to all listeners; see multicast.h
 *
 * Each change is notified once, under the lock of the change: struct
 * dsr_net.paths_lock for paths, struct dsr_net.lock for all else. A flush is
 * one change, since a message for each object would overrun the sockets.
 */
#ifndef _DSR_NOTIFY_H
#define _DSR_NOTIFY_H

#include "core/backend.h"
#include "core/path.h"
#include "core/service.h"

struct genl_family;

void dsr_notify_init(const struct genl_family *of);
void dsr_notify_service(struct dsr_net *dn, u8 cmd, struct dsr_service *service);
void dsr_notify_backend(struct dsr_net *dn, u8 cmd, struct dsr_backend *backend);
void dsr_notify_path(struct dsr_net *dn, u8 cmd, const struct dsr_path_dev *path);
void dsr_notify_table(struct dsr_net *dn);
void dsr_notify_flush(struct dsr_net *dn, u8 cmd, bool some);

#endif /* _DSR_NOTIFY_H */
