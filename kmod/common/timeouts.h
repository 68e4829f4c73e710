/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timeouts - idle timeouts of entries of the table
 *
 * The namespace's table has a set of timeouts, and each service has one, which
 * takes precedence. Each timeout is one word, read without a lock and written
 * under the lock of the namespace.
 */
#ifndef _DSR_TIMEOUTS_H
#define _DSR_TIMEOUTS_H

#include <linux/types.h>
#include <linux/dsr_common.h>

#include "state.h"

#define DSR_TIMEOUT_MAX_MS	(7 * 24 * 3600 * 1000U)

/**
 * struct dsr_timeouts - timeouts by state
 * @state: by enum dsr_conn_state, in jiffies; 0: not set
 */
struct dsr_timeouts {
	u32 state[DSR_CONN_UDP + 1];
};

/**
 * dsr_timeouts_get() - return the idle timeout of an entry in @state
 * @own: timeouts of its service, or %NULL
 * @table: timeouts of the table
 * @state: enum dsr_conn_state, not DSR_CONN_PERSISTENT
 *
 * Return: jiffies.
 */
static inline u32 dsr_timeouts_get(const struct dsr_timeouts *own,
				   const struct dsr_timeouts *table, u8 state)
{
	u32 timeout = own ? READ_ONCE(own->state[state]) : 0;

	if (!timeout)
		timeout = READ_ONCE(table->state[state]);
	return timeout ?: dsr_state_timeout(state);
}

#endif /* _DSR_TIMEOUTS_H */
