// SPDX-License-Identifier: GPL-2.0
/* reason - names and totals; see reason.h */

#include "core/net.h"

#define CREATE_TRACE_POINTS
#include "core/trace.h"

const char *const dsr_rs_reason_names[DSR_RS_REASON_COUNT] = {
#define DSR_RS_REASON_NAME(name, text, verdict) text,
	DSR_RS_REASONS(DSR_RS_REASON_NAME)
#undef DSR_RS_REASON_NAME
};

/** dsr_rs_reason_sum() - return the packets with @reason on all CPUs */
u64 dsr_rs_reason_sum(const struct dsr_rs_net *rs, enum dsr_rs_reason reason)
{
	u64 packets = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		packets += READ_ONCE(per_cpu_ptr(rs->reasons,
						 cpu)->packets[reason]);
	return packets;
}
