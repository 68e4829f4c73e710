/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stage - the configuration that a transaction asks for
 *
 * Begins as a copy of the configuration: the keys and the settings of all
 * services. Each change of the transaction is checked against the stage, in the
 * order of the request, and changes only the stage. So a change may build on an
 * earlier one, and a refusal leaves nothing to undo. commit.c makes the stage the
 * configuration.
 *
 * Lives within one request, which holds struct dsr_net.writer from begin to end:
 * services and backends of the balancer neither come nor go meanwhile.
 *
 * Locking: struct dsr_net.writer and struct dsr_net.lock.
 */
#ifndef _DSR_STAGE_H
#define _DSR_STAGE_H

#include "core/backend.h"
#include "core/service.h"

#define DSR_STAGE_BITS	10

/**
 * struct dsr_stage_service - a service of a stage
 * @node: in dsr_stage.services_by_name
 * @list: in dsr_stage.services
 * @key: its key
 * @config: its settings
 * @attr: the last change of it or of its backends, for messages
 * @live: the service in the configuration, or %NULL
 * @gone: the transaction deletes it
 * @cmd: enum dsr_cmd of the last change of its settings, or 0
 * @was_one_packet: dsr_service.one_packet before the transaction
 * @changes: the backends that the transaction changes
 * @changes_count: their number
 * @backends_count: number of backends
 * @entries: all backends, in ascending order of address; set by commit.c, with
 *	the fields below
 * @entries_count: their number
 * @service: @live, or a new service
 * @pool: the new pool, or %NULL; after the switch the old one
 * @probe: the new range of probe marks, or %NULL
 * @spare: frontend for a new service, or %NULL
 * @attached: dsr_attach_start() was called for it
 */
struct dsr_stage_service {
	struct hlist_node node;
	struct list_head list;
	struct dsr_service_key key;
	struct dsr_service_config config;
	const struct nlattr *attr;
	struct dsr_service *live;
	bool gone;
	u8 cmd;
	bool was_one_packet;
	struct list_head changes;
	u32 changes_count;
	u32 backends_count;

	struct dsr_pool_entry *entries;
	u32 entries_count;
	struct dsr_service *service;
	struct dsr_pool *pool;
	struct dsr_probe *probe;
	struct dsr_frontend *spare;
	bool attached;
};

/**
 * struct dsr_stage_backend - a backend that a transaction changes
 * @node: in dsr_stage.backends_by_name
 * @list: in dsr_stage_service.changes
 * @service: its service
 * @addr: its address
 * @config: its settings
 * @live: the backend in the configuration, or %NULL
 * @gone: the transaction deletes it
 * @cmd: enum dsr_cmd of the last change
 * @backend: @live, or a new backend; set by commit.c
 */
struct dsr_stage_backend {
	struct hlist_node node;
	struct list_head list;
	struct dsr_stage_service *service;
	union nf_inet_addr addr;
	struct dsr_backend_config config;
	struct dsr_backend *live;
	bool gone;
	u8 cmd;
	struct dsr_backend *backend;
};

/**
 * struct dsr_stage - the configuration that a transaction asks for
 * @dn: balancer
 * @services: all services, those that the transaction adds last
 * @services_count: number of those that are not @gone
 * @changes: number of changes so far
 * @services_by_name: services by mark, or by VIP
 * @backends_by_name: changed backends by service and address
 */
struct dsr_stage {
	struct dsr_net *dn;
	struct list_head services;
	u32 services_count;
	u32 changes;
	struct hlist_head services_by_name[1 << DSR_STAGE_BITS];
	struct hlist_head backends_by_name[1 << DSR_STAGE_BITS];
};

/** dsr_stage_is_touched() - true if the transaction changes a service */
static inline bool
dsr_stage_is_touched(const struct dsr_stage_service *service)
{
	return service->cmd || service->changes_count;
}

struct dsr_stage *dsr_stage_new(struct dsr_net *dn);
void dsr_stage_free(struct dsr_stage *stage);
struct dsr_stage_service *
dsr_stage_find(struct dsr_stage *stage, const struct dsr_service_key *key);
int dsr_stage_service_change(struct dsr_stage *stage, u8 cmd,
			     struct dsr_stage_service *service,
			     const struct dsr_service_key *key,
			     const struct dsr_service_config *config,
			     const struct nlattr *attr,
			     struct netlink_ext_ack *extack);
void dsr_stage_service_delete(struct dsr_stage *stage,
			      struct dsr_stage_service *service);
bool dsr_stage_changes(struct dsr_stage *stage,
		       const struct dsr_stage_service *service,
		       const union nf_inet_addr *addr);
bool dsr_stage_has_backend(struct dsr_stage *stage,
			   struct dsr_stage_service *service,
			   const union nf_inet_addr *addr,
			   struct dsr_backend_config *config);
int dsr_stage_backend_change(struct dsr_stage *stage, u8 cmd,
			     struct dsr_stage_service *service,
			     const union nf_inet_addr *addr,
			     const struct dsr_backend_config *config,
			     const struct nlattr *attr,
			     struct netlink_ext_ack *extack);
int dsr_stage_backend_delete(struct dsr_stage *stage,
			     struct dsr_stage_service *service,
			     const union nf_inet_addr *addr,
			     const struct nlattr *attr,
			     struct netlink_ext_ack *extack);

#endif /* _DSR_STAGE_H */
