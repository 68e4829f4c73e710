// SPDX-License-Identifier: GPL-2.0
/* net - see net.h */

#include <linux/export.h>
#include <linux/moduleparam.h>

#include "core/net.h"
#include "limit.h"

unsigned int dsr_net_id __read_mostly;
EXPORT_SYMBOL_GPL(dsr_net_id);

static unsigned int conn_max __read_mostly = 1 << 20;
module_param(conn_max, uint, 0444);
MODULE_PARM_DESC(conn_max, "limit of connections in each network namespace, until set there");

/**
 * dsr_net_default_max() - return the default cap of the connection table
 * @net: namespace
 *
 * See limit.h.
 */
u32 dsr_net_default_max(const struct net *net)
{
	return dsr_limit_table(net, conn_max);
}
