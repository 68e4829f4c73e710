// SPDX-License-Identifier: GPL-2.0
/* main - loading and unloading of dsr_ipvs */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/notifier.h>

#include "net.h"
#include "netlink.h"
#include "proc.h"

/* The kernel's ip_vs would find its files in /proc/net taken, which is a
 * warning with a stack trace. It can be asked for by anybody who may make a
 * user namespace (iptables -m ipvs), so it is kept from coming so far.
 */
static int on_module(struct notifier_block *block, unsigned long event,
		     void *arg)
{
	const struct module *module = arg;

	if (event != MODULE_STATE_COMING || strcmp(module->name, "ip_vs"))
		return NOTIFY_DONE;
	pr_notice_ratelimited("ip_vs is not let in: both answer ipvsadm and keepalived; to have ip_vs, unload dsr_ipvs first\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block notifier = {
	.notifier_call = on_module,
};

static int __init dsr_ipvs_init(void)
{
	int err;

	err = register_module_notifier(&notifier);
	if (err)
		return err;
	err = dsr_ipvs_net_init();
	if (err)
		goto unregister_notifier;
	err = dsr_ipvs_netlink_init();
	if (err)
		goto exit_net;
	/* ORDER: after the family, which ip_vs has first if it is there: then
	 * these files are there as well.
	 */
	err = dsr_ipvs_proc_init();
	if (err)
		goto exit_netlink;
	return 0;

exit_netlink:
	dsr_ipvs_netlink_exit();
exit_net:
	dsr_ipvs_net_exit();
unregister_notifier:
	unregister_module_notifier(&notifier);
	return err;
}

static void __exit dsr_ipvs_exit(void)
{
	dsr_ipvs_proc_exit();
	dsr_ipvs_netlink_exit();
	dsr_ipvs_net_exit();
	unregister_module_notifier(&notifier);
}

module_init(dsr_ipvs_init);
module_exit(dsr_ipvs_exit);

MODULE_DESCRIPTION("Lets ipvsadm and keepalived drive dsr_lb");
MODULE_LICENSE("GPL");
