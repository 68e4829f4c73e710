/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe - marks that each name a backend of a service
 *
 * For who asks whether a backend serves by the way that users' packets take:
 * what has such a mark goes to that backend, whatever state it is in, and
 * leaves nothing behind. The mark is that of the first of the range, and the
 * last byte of the backend's address: so it can be written into the
 * configuration of a health checker, outlives that the backend is removed and
 * added again, and is the same on every balancer. No two backends of such a
 * service end in the same byte.
 *
 * Each mark of a range is a frontend, so packets find it as they find the
 * others, if their mark is that of no service.
 *
 * Owner: its service. Read by packets under RCU, freed a grace period after it
 * was unlinked. Locking: changes under struct dsr_net.lock.
 */
#ifndef _DSR_PROBE_H
#define _DSR_PROBE_H

#include <linux/dsr.h>

#include "core/frontend.h"
#include "core/service.h"

struct dsr_backend;

/**
 * struct dsr_probe_block - where packets look for a range
 * @node: in dsr_net.probes, by all but the low 8 bits of marks
 * @probe: the range
 */
struct dsr_probe_block {
	struct hlist_node node;
	struct dsr_probe *probe;
};

/**
 * struct dsr_probe - the range of a service
 * @rcu: to free it after its last reader
 * @service: the service
 * @first: the first mark
 * @family: of the packets
 * @blocks: a range that begins anywhere is part of two of them
 * @marks: the frontends
 */
struct dsr_probe {
	struct rcu_head rcu;
	struct dsr_service *service;
	u32 first;
	u8 family;
	struct dsr_probe_block blocks[2];
	struct dsr_frontend marks[DSR_PROBE_MARKS];
};

struct dsr_probe *dsr_probe_new(struct dsr_net *dn, struct dsr_service *service,
				u32 first);
void dsr_probe_link(struct dsr_net *dn, struct dsr_probe *probe);
void dsr_probe_free(struct dsr_net *dn, struct dsr_probe *probe);
bool dsr_probe_is_shared(const struct dsr_service *service,
			 const union nf_inet_addr *addr);
u32 dsr_probe_mark(const struct dsr_service *service,
		   const union nf_inet_addr *addr);
struct dsr_backend *dsr_probe_backend(const struct dsr_frontend *frontend);

/** dsr_probe_first() - the first mark of the range of a service, or 0 */
static inline u32 dsr_probe_first(const struct dsr_service *service)
{
	return service->probe ? service->probe->first : 0;
}

#endif /* _DSR_PROBE_H */
