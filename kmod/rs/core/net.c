// SPDX-License-Identifier: GPL-2.0
/* net - see net.h */

#include <linux/moduleparam.h>

#include "core/net.h"
#include "limit.h"

unsigned int dsr_rs_net_id __read_mostly;
struct workqueue_struct *dsr_rs_net_wq __read_mostly;

static unsigned int flows_max = 1048576;
module_param(flows_max, uint, 0444);
MODULE_PARM_DESC(flows_max, "limit of flows in each network namespace, until set there");

/**
 * dsr_rs_net_default_max() - hard cap of a namespace, until it is set
 * @net: namespace
 *
 * Return: flows; see limit.h.
 */
u32 dsr_rs_net_default_max(const struct net *net)
{
	return dsr_limit_table(net, flows_max);
}

/**
 * dsr_rs_net_check() - check the module's parameters
 *
 * Return: 0, or -%EINVAL with a line in the log.
 */
int __init dsr_rs_net_check(void)
{
	if (flows_max >= DSR_TABLE_MAX_MIN && flows_max <= DSR_TABLE_MAX_MAX)
		return 0;
	pr_err("flows_max must be from %u to %u\n", DSR_TABLE_MAX_MIN,
	       DSR_TABLE_MAX_MAX);
	return -EINVAL;
}
