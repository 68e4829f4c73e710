// SPDX-License-Identifier: GPL-2.0
/* reason - names, sums, and the tracepoint; see reason.h */

#include "core/net.h"
#include "core/reason.h"

#define CREATE_TRACE_POINTS
#include "core/trace.h"

const char *const dsr_reason_names[DSR_REASON_COUNT] = {
#define REASON_NAME(name, text, verdict)	[DSR_##name] = text,
	DSR_REASONS(REASON_NAME)
#undef REASON_NAME
};

/** dsr_reason_sum() - sum the packets with @reason over all CPUs */
u64 dsr_reason_sum(const struct dsr_net *dn, enum dsr_reason reason)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(dn->reasons, cpu)[reason]);
	return sum;
}
