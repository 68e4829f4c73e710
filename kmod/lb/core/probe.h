/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe - a range of marks, one for each backend of a service
 *
 * For health checkers on the balancer: a packet with such a mark is sent to its
 * backend the way a client's packet is, whatever the state of the backend. No
 * connection is recorded. The mark is the first mark of the range plus the last
 * byte of the backend's address. So an operator can write the mark into the
 * configuration of a health checker: the mark is the same on every balancer,
 * and after a backend was removed and added again. No two backends of such a
 * service may end in the same byte.
 *
 * Each mark of a range is a frontend. Packets look up the marks of services
 * first, then these.
 *
 * Owner: its service. Read by packets under RCU; freed a grace period after it
 * was unlinked. Locking: changes under struct dsr_net.lock.
 */
#ifndef _DSR_PROBE_H
#define _DSR_PROBE_H

#include <linux/dsr.h>

#include "core/frontend.h"
#include "core/service.h"

struct dsr_backend;

/**
 * struct dsr_probe_block - entry of a range in the hash table of ranges
 * @node: in dsr_net.probes, by the mark without its low 8 bits
 * @probe: the range
 */
struct dsr_probe_block {
	struct hlist_node node;
	struct dsr_probe *probe;
};

/**
 * struct dsr_probe - the range of probe marks of a service
 * @rcu: for the grace period before it is freed
 * @service: the service
 * @first: first mark of the range
 * @family: address family of the service
 * @blocks: hash table entries; an unaligned range overlaps two blocks of 256
 *	marks
 * @marks: frontends of the marks
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
struct dsr_probe *dsr_probe_make(struct dsr_service *service, u32 first);
u8 dsr_probe_number(u8 family, const union nf_inet_addr *addr);
void dsr_probe_link(struct dsr_net *dn, struct dsr_probe *probe);
void dsr_probe_free(struct dsr_net *dn, struct dsr_probe *probe);
bool dsr_probe_is_shared(const struct dsr_service *service,
			 const union nf_inet_addr *addr);
u32 dsr_probe_mark(const struct dsr_service *service,
		   const union nf_inet_addr *addr);
struct dsr_backend *dsr_probe_backend(const struct dsr_frontend *frontend);

/** dsr_probe_first() - return the first mark of a service's range, or 0 */
static inline u32 dsr_probe_first(const struct dsr_service *service)
{
	return service->probe ? service->probe->first : 0;
}

#endif /* _DSR_PROBE_H */
