/* SPDX-License-Identifier: GPL-2.0 */
/*
 * control - changes of the configuration
 *
 * Each function applies a change to the objects, attaches the balancer to the
 * packets of the namespace or detaches it, schedules deadlines, and notifies
 * the listeners. Both netlink interfaces, dsr_lb's own and that of dsr_ipvs,
 * use these functions to change services, backends and the table's settings.
 * Paths have their own functions, see path.h.
 *
 * Locking: struct dsr_net.lock, and struct dsr_net.writer if a pool is built.
 */
#ifndef _DSR_CONTROL_H
#define _DSR_CONTROL_H

#include "core/backend.h"
#include "core/service.h"

void dsr_control_service_defaults(const struct dsr_service_key *key,
				  struct dsr_service_config *config);
int dsr_control_service_clash(struct netlink_ext_ack *extack);
void dsr_control_service_refuse(int err, struct netlink_ext_ack *extack);
int dsr_control_service_change(struct dsr_net *dn, u8 cmd,
			       struct dsr_service *service,
			       const struct dsr_service_key *key,
			       const struct dsr_service_config *config,
			       struct netlink_ext_ack *extack);
void dsr_control_service_delete(struct dsr_net *dn,
				struct dsr_service *service);
bool dsr_control_service_flush(struct dsr_net *dn,
			       bool (*shows)(const struct dsr_service *service));
void dsr_control_exit(struct dsr_net *dn);
int dsr_control_backend_change(struct dsr_net *dn, u8 cmd,
			       struct dsr_service *service,
			       const union nf_inet_addr *addr,
			       const struct dsr_backend_config *config,
			       struct netlink_ext_ack *extack);
int dsr_control_backend_delete(struct dsr_net *dn, struct dsr_backend *backend,
			       struct netlink_ext_ack *extack);
void dsr_control_table_set(struct dsr_net *dn, u32 max,
			   const struct dsr_timeouts *timeouts);
void dsr_control_set_expiry(struct dsr_net *dn, bool quiescent, bool nodest);

#endif /* _DSR_CONTROL_H */
