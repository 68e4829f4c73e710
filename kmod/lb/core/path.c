// SPDX-License-Identifier: GPL-2.0
/* path - see path.h */

#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "core/path.h"

struct hlist_head dsr_path_places[DSR_PATH_PLACES];

static DEFINE_SPINLOCK(places_lock);	/* guards dsr_path_places */

const char *const dsr_path_verdict_names[DSR_INGRESS_COUNT] = {
#define VERDICT_NAME(name, text)	[DSR_INGRESS_##name] = text,
	DSR_INGRESS_VERDICTS(VERDICT_NAME)
#undef VERDICT_NAME
};

/** dsr_path_publish() - let xdp.c find a path by its device; process context */
void dsr_path_publish(struct dsr_path_dev *path)
{
	spin_lock(&places_lock);
	hlist_add_head_rcu(&path->node, dsr_path_by_device(path->hook.dev));
	spin_unlock(&places_lock);
}

/** dsr_path_retract() - undo dsr_path_publish(); process context
 *
 * Until a grace period has passed, packets may still use the path.
 */
void dsr_path_retract(struct dsr_path_dev *path)
{
	spin_lock(&places_lock);
	hlist_del_rcu(&path->node);
	spin_unlock(&places_lock);
}

/** dsr_path_sum() - sum the packets with @verdict over all CPUs */
u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_ingress_verdict verdict)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(path->verdicts, cpu)[verdict]);
	return sum;
}
