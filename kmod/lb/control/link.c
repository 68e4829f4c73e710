// SPDX-License-Identifier: GPL-2.0
/* link - see link.h */

#include <linux/bpf.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/dsr.h>

#include "bpf_link.h"
#include "control/link.h"
#include "datapath/xdp.h"
#include "xdp_out.h"

/**
 * dsr_link_open() - take the open file of a BPF link
 * @fd: descriptor of the requesting process
 *
 * If another thread closes the descriptor meanwhile, this drops the last reference
 * to the link. Linux 6.1 then detaches the program here and now, under the RTNL,
 * inside which dsr_net.paths_lock nests.
 *
 * Context: process context of the requester, holds neither the RTNL nor
 * dn->paths_lock.
 * Return: to be released by dsr_link_release(); %NULL if @fd is anything else.
 */
struct file *dsr_link_open(int fd)
{
	struct bpf_link *link = bpf_link_get_from_fd(fd);
	struct file *file;

	if (IS_ERR(link))
		return NULL;
	file = fget(fd);
	/* another thread may have replaced the descriptor */
	if (file && file->private_data != link) {
		fput(file);
		file = NULL;
	}
	bpf_link_put(link);
	return file;
}

/**
 * dsr_link_is_on() - check if the program of a link is on a device
 * @dev: device
 * @link: link
 * @via: mode of the program, DSR_PATH_VIA_XDP or DSR_PATH_VIA_XDP_GENERIC
 *
 * A user may take the program off, and the link stays. The kernel's struct
 * bpf_xdp_link begins with struct bpf_link.
 *
 * Context: process context.
 */
bool dsr_link_is_on(const struct net_device *dev, const struct file *link,
		    u8 via)
{
	int mode = via == DSR_PATH_VIA_XDP ? XDP_MODE_DRV : XDP_MODE_SKB;

	return (void *)READ_ONCE(dev->xdp_state[mode].link) ==
	       link->private_data;
}

/* A bridge, a bond, a team, or a device like macvlan on top of another gets skbs
 * whose VLAN tag the kernel has taken off already, whatever the features say. In
 * the driver, the program of a bond runs on its ports. A VLAN device gets frames
 * without its own tag; a second tag is in the frame.
 */
static bool has_ports(const struct net_device *dev)
{
	return netif_is_bridge_master(dev) || netif_is_lag_master(dev) ||
	       (!is_vlan_dev(dev) && !list_empty(&dev->adj_list.lower));
}

/* Check for a device whose driver runs the program on frames without checksums, of
 * which only the skb tells: those of a process behind a tap device, and in a guest
 * of Xen those of other guests, and of the host.
 */
static bool may_lack_checksums(const struct net_device *dev)
{
	const struct device *parent = dev->dev.parent;

	return dsr_compat_is_kind(dev, "tun") ||
	       (parent && parent->bus && !strcmp(parent->bus->name, "xen"));
}

/**
 * dsr_link_lacks() - check if frames may lack checksums or VLAN tags
 * @dev: device
 * @via: DSR_PATH_VIA_XDP or DSR_PATH_VIA_XDP_GENERIC
 *
 * The other end of a veth is a sender, which may leave these to the device.
 *
 * Context: process context.
 */
bool dsr_link_lacks(const struct net_device *dev, u8 via)
{
	netdev_features_t left = NETIF_F_HW_VLAN_CTAG_TX |
				 NETIF_F_HW_VLAN_STAG_TX;
	const struct net_device *peer = NULL;

	if (via == DSR_PATH_VIA_XDP)
		left |= NETIF_F_CSUM_MASK;
	rcu_read_lock();
	if (dsr_compat_is_veth(dev))
		peer = dsr_compat_veth_peer(dev);
	left &= peer ? peer->features : 0;
	rcu_read_unlock();
	return left;
}

/* Check that nothing of a frame stays outside of what XDP sees. */
static bool shows_all(const struct net_device *dev, u8 via,
		      struct netlink_ext_ack *extack)
{
	if (has_ports(dev)) {
		NL_SET_ERR_MSG(extack,
			       "the frames of this device come from other devices, and XDP does not see their VLAN tags: use 'via ingress'");
		return false;
	}
	if (via == DSR_PATH_VIA_XDP && may_lack_checksums(dev)) {
		NL_SET_ERR_MSG(extack,
			       "a tap device, or one of Xen, may leave checksums to XDP, which forwards without them: use 'via ingress' or 'via xdp-generic'");
		return false;
	}
	if (dev->features & DSR_XDP_HIDES_VLAN) {
		NL_SET_ERR_MSG(extack,
			       "this device takes VLAN tags off the frames before XDP sees them: turn that off by 'ethtool -K NAME rxvlan off rx-vlan-stag-hw-parse off'");
		return false;
	}
	if (!dsr_link_lacks(dev, via))
		return true;
	NL_SET_ERR_MSG(extack,
		       "the other end of this veth leaves checksums or VLAN tags to the device, and XDP forwards without them: turn that off there by 'ethtool -K NAME tx off txvlan off tx-vlan-stag-hw-insert off'");
	return false;
}

/**
 * dsr_link_check() - check that a link is that of an XDP program of a device
 * @dev: device
 * @link: link, or %NULL if the request has none
 * @via: DSR_PATH_VIA_XDP or DSR_PATH_VIA_XDP_GENERIC
 * @extack: gets the error message
 *
 * Context: process context.
 * Return: 0, or a negative errno with a message in @extack.
 */
int dsr_link_check(const struct net_device *dev, const struct file *link, u8 via,
		   struct netlink_ext_ack *extack)
{
	if (!shows_all(dev, via, extack))
		return -EOPNOTSUPP;
	if (!link) {
		NL_SET_ERR_MSG(extack,
			       "the request names no XDP program of this device");
		return -EINVAL;
	}
	if (dsr_link_is_on(dev, link, via))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "the XDP program of the request is not on this device, or in another mode");
	return -EINVAL;
}

/**
 * dsr_link_release() - release a link
 * @link: link, or %NULL
 *
 * The kernel detaches the program when the calling task returns to user space, or
 * soon after if the task is a thread of the kernel. So the caller may hold the
 * RTNL, which the kernel takes for that.
 *
 * Context: process context.
 */
void dsr_link_release(struct file *link)
{
	if (link)
		fput(link);
}
