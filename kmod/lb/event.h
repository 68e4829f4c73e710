/* SPDX-License-Identifier: GPL-2.0 */
/*
 * event - what has changed, for whoever listens
 *
 * Messages to the multicast group DSR_GENL_MCGRP_EVENTS of the namespace, sent
 * with the change still under its lock, struct dsr_net.lock or, of paths,
 * struct dsr_net.paths_lock, so that their order is that of the changes. Without
 * listeners they cost nothing, and a listener that is too slow loses some and is
 * told so by the kernel.
 */
#ifndef _DSR_EVENT_H
#define _DSR_EVENT_H

#include "backend.h"
#include "path.h"
#include "service.h"

void dsr_event_service(struct dsr_net *dn, u8 cmd, struct dsr_service *service);
void dsr_event_backend(struct dsr_net *dn, u8 cmd, struct dsr_backend *backend);
void dsr_event_path(struct dsr_net *dn, u8 cmd, const struct dsr_path_dev *path);

#endif /* _DSR_EVENT_H */
