// SPDX-License-Identifier: GPL-2.0
/* path - see path.h */

#include "core/path.h"

const char *const dsr_path_verdict_names[DSR_INGRESS_COUNT] = {
#define VERDICT_NAME(name, text)	[DSR_INGRESS_##name] = text,
	DSR_INGRESS_VERDICTS(VERDICT_NAME)
#undef VERDICT_NAME
};

/** dsr_path_sum() - sum the packets with @verdict over all CPUs */
u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_ingress_verdict verdict)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(path->verdicts, cpu)[verdict]);
	return sum;
}
