// SPDX-License-Identifier: GPL-2.0
/* path - see path.h */

#include "core/path.h"

const char *const dsr_path_way_names[DSR_WAY_COUNT] = {
#define WAY_NAME(name, text)	[DSR_WAY_##name] = text,
	DSR_WAYS(WAY_NAME)
#undef WAY_NAME
};

/** dsr_path_sum() - packets of a path that went one way, on all CPUs */
u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_way way)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(path->ways, cpu)[way]);
	return sum;
}
