/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timeouts - how long an entry of the table outlives its last packet
 *
 * Two sets of them: that of the namespace's table, and that of each service,
 * whose say comes first. Each figure is one word, read without a lock and
 * written under struct dsr_net.lock.
 */
#ifndef _DSR_TIMEOUTS_H
#define _DSR_TIMEOUTS_H

#include <linux/types.h>
#include <linux/dsr.h>

#include "state.h"

#define DSR_TIMEOUT_MAX_MS	(7 * 24 * 3600 * 1000U)

/**
 * struct dsr_timeouts - timeouts by state
 * @state: by enum dsr_conn_state, in jiffies; 0: nothing said
 */
struct dsr_timeouts {
	u32 state[DSR_CONN_UDP + 1];
};

/**
 * dsr_timeouts_get() - how long an entry in @state outlives its last packet
 * @own: of its service, or %NULL
 * @table: of the table
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
