// SPDX-License-Identifier: GPL-2.0
/* main - load and unload dsr_ipvs */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/dsr_common.h>

#include "net.h"
#include "netlink.h"
#include "proc.h"

/* ip_vs would find its files in /proc/net taken, which makes the kernel warn
 * with a stack trace. Any user that can create a user namespace can have ip_vs
 * loaded (iptables -m ipvs), so keep it from loading.
 */
static int on_module(struct notifier_block *block, unsigned long event,
		     void *arg)
{
	const struct module *module = arg;

	if (event != MODULE_STATE_COMING || strcmp(module->name, "ip_vs"))
		return NOTIFY_DONE;
	pr_notice_ratelimited("cannot load ip_vs: dsr_ipvs is loaded, and both answer ipvsadm and keepalived; to use ip_vs, unload dsr_ipvs first\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block notifier = {
	.notifier_call = on_module,
};

/* Return true if ip_vs is loaded, is being loaded or is being unloaded. All
 * that time its files in /proc/net may exist, and its directory in sysfs exists
 * even longer. Its netlink family does not tell: ip_vs registers that last.
 */
static bool __init ip_vs_is_there(void)
{
	struct kobject *found;

	/* An ip_vs that the notifier came too late for is about to create that
	 * directory, within a few instructions and without sleeping.
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
	/* ORDER: after the notifier, so that an absent ip_vs stays absent */
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
		pr_err("ip_vs is loaded, and answers ipvsadm and keepalived: take over from it with 'dsrctl import ipvs', or unload it after its schedulers (ipvsadm -C; modprobe -r ip_vs_rr ip_vs)\n");
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
