/* SPDX-License-Identifier: GPL-2.0 */
/* genl_pre_doit - argument type of genl_family.pre_doit; changed in 6.2 */
#ifndef _DSR_COMPAT_GENL_PRE_DOIT_H
#define _DSR_COMPAT_GENL_PRE_DOIT_H

#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define dsr_genl_pre_doit_ops	genl_ops
#else
#define dsr_genl_pre_doit_ops	genl_split_ops
#endif

#endif /* _DSR_COMPAT_GENL_PRE_DOIT_H */
