/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn_count - the numbers of connections by state, of backends and in all
 *
 * For conn.c and conn_state.c only, which change them.
 */
#ifndef _DSR_CONN_COUNT_H
#define _DSR_CONN_COUNT_H

#include "core/conn.h"

/* Time for which an ended connection keeps its place, even at the cap. */
#define DSR_CONN_SPENT	(10 * HZ)

/**
 * dsr_conn_counter() - return the counter of a backend for a state
 * @backend: backend
 * @conn: its connection
 * @state: enum dsr_conn_state
 *
 * Return: the counter. %NULL for a persistence entry of a client that has sent
 * one packet only: the entry is not counted.
 */
static inline atomic_t *dsr_conn_counter(struct dsr_backend *backend,
					 const struct dsr_conn *conn, u8 state)
{
	switch (state) {
	case DSR_CONN_ESTABLISHED:
	case DSR_CONN_UDP:
		return &backend->active;
	case DSR_CONN_PERSISTENT:
		return &backend->persistent;
	case DSR_CONN_UNPROVEN:
		if (dsr_conn_is_client(conn))
			return NULL;
		fallthrough;
	case DSR_CONN_SYN:
		return &backend->half;
	default:
		return &backend->inactive;
	}
}

/** dsr_conn_count() - add to the counters, and check the backend's thresholds */
static inline void dsr_conn_count(struct dsr_net *dn,
				  struct dsr_backend *backend,
				  const struct dsr_conn *conn, u8 state)
{
	atomic_t *number = dsr_conn_counter(backend, conn, state);

	if (dsr_state_is_half(state))
		atomic_inc(&dn->half);
	if (number)
		atomic_inc(number);
	dsr_backend_conns_changed(backend);
}

/** dsr_conn_subtract() - subtract; the caller checks the thresholds */
static inline void dsr_conn_subtract(struct dsr_net *dn,
				     struct dsr_backend *backend,
				     const struct dsr_conn *conn, u8 state)
{
	atomic_t *number = dsr_conn_counter(backend, conn, state);

	if (dsr_state_is_half(state))
		atomic_dec(&dn->half);
	if (number)
		atomic_dec(number);
}

/** dsr_conn_uncount() - subtract, and check the backend's thresholds */
static inline void dsr_conn_uncount(struct dsr_net *dn,
				    struct dsr_backend *backend,
				    const struct dsr_conn *conn, u8 state)
{
	dsr_conn_subtract(dn, backend, conn, state);
	dsr_backend_conns_changed(backend);
}

#endif /* _DSR_CONN_COUNT_H */
