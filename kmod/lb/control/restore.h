/* SPDX-License-Identifier: GPL-2.0 */
/*
 * restore - an entry for the connection table that comes from a request
 *
 * The table has lost the entry, or another table has it: that of dsr_lb before
 * an upgrade, that of ip_vs. The entry has to pass the checks that a packet
 * passes on the slow path. The entry does not replace one of the table, which
 * packets have made and which is newer; unless another balancer tells it, which
 * may have seen later packets.
 */
#ifndef _DSR_RESTORE_H
#define _DSR_RESTORE_H

#include "core/net.h"
#include "core/tuple.h"

/**
 * struct dsr_restore - an entry
 * @tuple: its key; with protocol 0, of a persistence entry: only the addresses
 *	and, without @fwmark, the ports have a meaning
 * @fwmark: mark of its service, or 0
 * @backend: address of its backend
 * @state: enum dsr_conn_state
 * @left: jiffies until the entry times out, if no packet comes
 * @newer: replace an entry of the table if its last packet is older
 */
struct dsr_restore {
	struct dsr_tuple tuple;
	u32 fwmark;
	union nf_inet_addr backend;
	u8 state;
	u32 left;
	bool newer;
};

bool dsr_restore_is_state(u8 proto, u8 state);
u8 dsr_restore_add(struct dsr_net *dn, const struct dsr_restore *entry);

#endif /* _DSR_RESTORE_H */
