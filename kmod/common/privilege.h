/* SPDX-License-Identifier: GPL-2.0 */
/* privilege - require the same capability in /proc as in netlink */
#ifndef _DSR_PRIVILEGE_H
#define _DSR_PRIVILEGE_H

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

/**
 * dsr_privilege_reads() - true if a reader may see configuration and flows
 * @seq: file
 * @net: namespace that the file shows
 *
 * Like netlink_ns_capable(): both the task that has opened the file and the
 * task that reads it need CAP_NET_ADMIN in the user namespace that owns @net.
 * The mode of a file cannot express a capability.
 *
 * Context: process context.
 */
static inline bool dsr_privilege_reads(const struct seq_file *seq,
				       const struct net *net)
{
	return file_ns_capable(seq->file, net->user_ns, CAP_NET_ADMIN) &&
	       ns_capable(net->user_ns, CAP_NET_ADMIN);
}

#endif /* _DSR_PRIVILEGE_H */
