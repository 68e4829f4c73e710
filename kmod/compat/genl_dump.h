/* SPDX-License-Identifier: GPL-2.0 */
/* genl_dump - attributes of a dump request: moved in Linux 6.7 */
#ifndef _DSR_COMPAT_GENL_DUMP_H
#define _DSR_COMPAT_GENL_DUMP_H

#include <linux/version.h>
#include <net/genetlink.h>

/** dsr_genl_dump_attrs() - return the parsed attributes of a dump request */
static inline struct nlattr **dsr_genl_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

#endif /* _DSR_COMPAT_GENL_DUMP_H */
