// SPDX-License-Identifier: GPL-2.0
/* main - loading and unloading of dsr_ipvs */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/dsr.h>

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

/* Whether ip_vs is there, or is just coming or going: in all of that time it
 * has its files, or may get them, and it has a directory in sysfs for longer.
 * Only its family comes last, so that does not tell.
 */
static bool __init ip_vs_is_there(void)
{
	struct kobject *found;

	/* What the notifier came too late for is on the way to that directory,
	 * which takes it a few instructions and no sleep.
	 */
	synchronize_rcu_tasks();
	found = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, "ip_vs");
	kobject_put(found);
	return found;
}

static int __init dsr_ipvs_init(void)
{
	int err;

	err = register_module_notifier(&notifier);
	if (err)
		return err;
	/* ORDER: after the notifier, so that what is not there stays away */
	err = -EBUSY;
	if (ip_vs_is_there())
		goto unregister_notifier;
	err = dsr_ipvs_net_init();
	if (err)
		goto unregister_notifier;
	err = dsr_ipvs_netlink_init();
	if (err)
		goto exit_net;
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
	if (err == -EBUSY)
		pr_err("ip_vs is loaded, and answers ipvsadm and keepalived: unload it first (ipvsadm -C; modprobe -r ip_vs)\n");
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
MODULE_VERSION(DSR_VERSION);
