/* SPDX-License-Identifier: GPL-2.0 */
/*
 * event - what has changed, for all that listen; see multicast.h
 *
 * Each request that is carried out is told of once, with the change still under its
 * lock: struct dsr_net.lock or, of paths, struct dsr_net.paths_lock. A flush is one
 * change: a message for each object would be more than a socket holds.
 */
#ifndef _DSR_EVENT_H
#define _DSR_EVENT_H

#include "core/backend.h"
#include "core/path.h"
#include "core/service.h"

void dsr_event_service(struct dsr_net *dn, u8 cmd, struct dsr_service *service);
void dsr_event_backend(struct dsr_net *dn, u8 cmd, struct dsr_backend *backend);
void dsr_event_path(struct dsr_net *dn, u8 cmd, const struct dsr_path_dev *path);
void dsr_event_table(struct dsr_net *dn);
void dsr_event_flush(struct dsr_net *dn, u8 cmd, bool some);

#endif /* _DSR_EVENT_H */
