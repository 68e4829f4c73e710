/* SPDX-License-Identifier: GPL-2.0 */
/* privilege - /proc answers those that netlink answers */
#ifndef _DSR_PRIVILEGE_H
#define _DSR_PRIVILEGE_H

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

/**
 * dsr_privilege_reads() - whether a file's reader may see a configuration, or
 *	who talks to which server
 * @seq: file
 * @net: namespace that it shows
 *
 * As netlink_ns_capable(): CAP_NET_ADMIN in the user namespace that owns @net, of
 * the task that has opened the file and of the one that reads it. A file's mode
 * cannot say that: it knows of root, and of no capability.
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
