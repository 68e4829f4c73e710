// SPDX-License-Identifier: GPL-2.0
/* restore - see restore.h */

#include "control/restore.h"
#include "core/conn.h"
#include "core/frontend.h"
#include "core/service.h"
#include "datapath/schedule.h"

/**
 * dsr_restore_is_state() - true if an entry of a protocol can have a state
 * @proto: IPPROTO_TCP, _UDP, _SCTP; 0 for a persistence entry
 * @state: enum dsr_conn_state
 */
bool dsr_restore_is_state(u8 proto, u8 state)
{
	switch (state) {
	case DSR_CONN_UNPROVEN:
		return true;
	case DSR_CONN_PERSISTENT:
		return !proto;
	case DSR_CONN_UDP:
		return proto == IPPROTO_UDP;
	case DSR_CONN_CLOSED:
		return proto;
	case DSR_CONN_SYN:
	case DSR_CONN_ESTABLISHED:
	case DSR_CONN_FIN:
		return proto && proto != IPPROTO_UDP;
	default:
		return false;
	}
}

/* Check if a service, found by its mark or its VIP, keeps such an entry. */
static bool keeps(const struct dsr_service *service,
		  const struct dsr_restore *entry)
{
	const struct dsr_service_key *key = &service->key;
	const struct dsr_tuple *tuple = &entry->tuple;

	if (tuple->proto)
		return dsr_frontend_matches(key, tuple) &&
		       !(service->one_packet && tuple->proto == IPPROTO_UDP);
	return service->persist &&
	       (entry->fwmark || (tuple->sport == htons(key->proto) &&
				  tuple->dport == htons(key->port)));
}

static struct dsr_frontend *frontend_of(struct dsr_net *dn,
					const struct dsr_restore *entry)
{
	const struct dsr_tuple *tuple = &entry->tuple;

	if (entry->fwmark)
		return dsr_frontend_of_mark(dn, tuple->family, entry->fwmark);
	return dsr_frontend_find(dn, 0, tuple);
}

/* Find the backend of an entry. If several services of the VIP match, a
 * connection may belong to each: the most specific one may be younger.
 *
 * Return: DSR_ADDED_A_ADDED if there is one.
 */
static u8 find(struct dsr_net *dn, const struct dsr_restore *entry,
	       struct dsr_backend **backend)
{
	struct dsr_frontend *frontend = frontend_of(dn, entry);
	u8 outcome = DSR_ADDED_A_NO_SERVICE;
	struct dsr_service *service;

	if (!frontend)
		return outcome;
	hlist_for_each_entry_rcu(service, &frontend->services, node,
				 lockdep_is_held(&dn->lock)) {
		if (!keeps(service, entry))
			continue;
		*backend = dsr_backend_find(dn, service, &entry->backend);
		if (*backend)
			return DSR_ADDED_A_ADDED;
		outcome = DSR_ADDED_A_NO_BACKEND;
	}
	return outcome;
}

/* Replace an entry of the table, if an entry of another balancer is newer. A half-open
 * entry proves nothing.
 */
static bool renew(struct dsr_net *dn, struct dsr_conn *conn,
		  const struct dsr_restore *entry, struct dsr_backend *backend)
{
	return entry->newer && !dsr_state_is_half(entry->state) &&
	       dsr_conn_renew(dn, conn, entry->state, backend,
			      dsr_conn_seen(dn, conn, entry->state,
					    entry->left));
}

/**
 * dsr_restore_add() - add an entry to the connection table
 * @dn: balancer
 * @entry: the entry, with a state that its protocol can have
 *
 * A packet that finds no room is balanced without an entry. So is a connection
 * that finds none here.
 *
 * Context: process context, holds dn->lock.
 * Return: what has become of the entry, enum dsr_added_attr.
 */
u8 dsr_restore_add(struct dsr_net *dn, const struct dsr_restore *entry)
{
	struct dsr_tuple tuple = entry->tuple;
	struct dsr_backend *backend = NULL;
	struct dsr_conn *conn;
	bool full = false;
	u8 outcome;
	u32 hash;

	lockdep_assert_held(&dn->lock);
	rcu_read_lock();
	outcome = find(dn, entry, &backend);
	if (outcome != DSR_ADDED_A_ADDED)
		goto unlock;
	/* A persistence entry has the network of its client. */
	if (!tuple.proto)
		dsr_schedule_client(&entry->tuple, backend->service, &tuple);
	else if (dsr_schedule_is_bad_source(&tuple))
		outcome = DSR_ADDED_A_BAD_SOURCE;
	if (outcome == DSR_ADDED_A_ADDED &&
	    dsr_state_is_half(entry->state) && !dsr_net_has_room(dn, 1)) {
		dsr_net_note_crowded(dn);
		outcome = DSR_ADDED_A_FULL;
	}
	if (outcome != DSR_ADDED_A_ADDED)
		goto unlock;
	hash = dsr_conn_hash(&dn->table, &tuple);
	conn = dsr_conn_find(dn, &tuple, hash);
	if (conn)
		outcome = renew(dn, conn, entry, backend) ? DSR_ADDED_A_ADDED :
							    DSR_ADDED_A_KNOWN;
	else if (!dsr_conn_restore(dn, &tuple, hash, entry->state, backend,
				   entry->left, &full))
		outcome = full ? DSR_ADDED_A_FULL : DSR_ADDED_A_KNOWN;
unlock:
	rcu_read_unlock();
	return outcome;
}
