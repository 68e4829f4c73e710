/* SPDX-License-Identifier: GPL-2.0 */
/*
 * link - the link between a device and its XDP program
 *
 * The requester loads the program, attaches it, and passes the descriptor of the
 * link. The path then holds the open file of the link, as a process does that
 * has the descriptor: when the last of them releases the file, the kernel detaches
 * the program.
 */
#ifndef _DSR_LINK_H
#define _DSR_LINK_H

#include <linux/netdevice.h>
#include <linux/netlink.h>

struct file *dsr_link_open(int fd);
bool dsr_link_is_on(const struct net_device *dev, const struct file *link,
		    u8 via);
bool dsr_link_lacks(const struct net_device *dev, u8 via);
int dsr_link_check(const struct net_device *dev, const struct file *link, u8 via,
		   struct netlink_ext_ack *extack);
void dsr_link_release(struct file *link);

#endif /* _DSR_LINK_H */
