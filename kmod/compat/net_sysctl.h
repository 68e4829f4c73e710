/* SPDX-License-Identifier: GPL-2.0 */
/* net_sysctl - sysctl tables of a network namespace; changed in 6.6 and 6.11 */
#ifndef _DSR_COMPAT_NET_SYSCTL_H
#define _DSR_COMPAT_NET_SYSCTL_H

#include <linux/sysctl.h>
#include <linux/version.h>
#include <net/net_namespace.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define dsr_ctl_table	struct ctl_table
#else
#define dsr_ctl_table	const struct ctl_table
#endif

/**
 * dsr_net_sysctl_register() - register a table
 * @net: namespace
 * @path: directory
 * @table: table, followed by an entry of zeros, which old kernels need
 * @count: number of entries of @table, without that one
 *
 * Return: as register_net_sysctl().
 */
static inline struct ctl_table_header *
dsr_net_sysctl_register(struct net *net, const char *path,
			struct ctl_table *table, size_t count)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return register_net_sysctl(net, path, table);
#else
	return register_net_sysctl_sz(net, path, table, count);
#endif
}

#endif /* _DSR_COMPAT_NET_SYSCTL_H */
