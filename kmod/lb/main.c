// SPDX-License-Identifier: GPL-2.0
/* main - load and unload dsr_lb */

#include <linux/module.h>
#include <linux/dsr.h>

#include "control/lro.h"
#include "control/netlink.h"
#include "control/netns.h"
#include "control/path.h"
#include "control/neigh.h"
#include "core/backend.h"
#include "core/conn.h"
#include "core/nexthop.h"
#include "datapath/xdp.h"
#include "datapath/denied.h"

static int __init dsr_lb_init(void)
{
	int err;

	err = dsr_denied_init();
	if (err)
		return err;
	err = dsr_backend_init();
	if (err)
		return err;
	err = dsr_conn_init();
	if (err)
		goto exit_backend;
	err = dsr_netns_init();
	if (err)
		goto exit_conn;
	err = dsr_neigh_init();
	if (err)
		goto exit_netns;
	err = dsr_nexthop_register();
	if (err)
		goto exit_neigh;
	err = dsr_path_init();
	if (err)
		goto exit_nexthop;
	err = dsr_lro_init();
	if (err)
		goto exit_path;
	dsr_xdp_init();
	/* ORDER: last, since requests may come from now on */
	err = dsr_netlink_init();
	if (err)
		goto exit_lro;
	return 0;

exit_lro:
	dsr_lro_exit();
exit_path:
	dsr_path_exit();
exit_nexthop:
	dsr_nexthop_unregister();
exit_neigh:
	dsr_neigh_exit();
exit_netns:
	dsr_netns_exit();
exit_conn:
	dsr_conn_exit();
exit_backend:
	dsr_backend_exit();
	return err;
}

static void __exit dsr_lb_exit(void)
{
	dsr_netlink_exit();
	dsr_lro_exit();
	dsr_path_exit();
	dsr_nexthop_unregister();
	dsr_neigh_exit();
	dsr_netns_exit();
	dsr_conn_exit();
	dsr_backend_exit();
}

module_init(dsr_lb_init);
module_exit(dsr_lb_exit);

MODULE_DESCRIPTION("Layer-4 load balancer by direct server return");
MODULE_LICENSE("GPL");
MODULE_VERSION(DSR_VERSION);
/* By this alias any user can make the kernel load the module, like any netlink
 * family. This is safe: each command checks the privileges of the sender, and a
 * namespace without services costs nothing. dsrctl(8) tells how to forbid the
 * automatic loading.
 */
MODULE_ALIAS_GENL_FAMILY(DSR_GENL_NAME);
