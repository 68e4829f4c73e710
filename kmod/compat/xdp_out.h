/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp_out - what a device does with frames that XDP redirects to it
 *
 * Since 6.3 net_device.xdp_features tells if it takes them. Since 6.6 the filters
 * of its egress are in net_device.tcx_egress.
 */
#ifndef _DSR_COMPAT_XDP_OUT_H
#define _DSR_COMPAT_XDP_OUT_H

#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/rtnetlink.h>

/** dsr_compat_is_kind() - true if @dev is of a kind of "ip link add type" */
static inline bool dsr_compat_is_kind(const struct net_device *dev,
				      const char *kind)
{
	return dev->rtnl_link_ops && !strcmp(dev->rtnl_link_ops->kind, kind);
}

/** dsr_compat_is_veth() - true if @dev is one end of a veth */
static inline bool dsr_compat_is_veth(const struct net_device *dev)
{
	return dsr_compat_is_kind(dev, "veth");
}

/** dsr_compat_veth_peer() - return the other end of a veth; rcu_read_lock() */
static inline const struct net_device *
dsr_compat_veth_peer(const struct net_device *dev)
{
	return dev->netdev_ops->ndo_get_peer_dev((struct net_device *)dev);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)

/** dsr_compat_xdp_takes() - true if @dev sends frames that XDP redirects to it */
static __always_inline bool dsr_compat_xdp_takes(const struct net_device *dev)
{
	return READ_ONCE(dev->xdp_features) & NETDEV_XDP_ACT_NDO_XMIT;
}

#else

static inline bool dsr_compat_xdp_has_program(const struct net_device *dev)
{
	return READ_ONCE(dev->xdp_state[XDP_MODE_DRV].prog) ||
	       READ_ONCE(dev->xdp_state[XDP_MODE_DRV].link);
}

/* veth, which alone has ndo_get_peer_dev and ndo_xdp_xmit, sends only to a peer whose
 * driver polls: one that is asked for GRO, or that has an XDP program. It drops the
 * frame else.
 */
static inline bool dsr_compat_xdp_peer_takes(const struct net_device *dev)
{
	const struct net_device *peer = dsr_compat_veth_peer(dev);

	return peer && netif_running(peer) &&
	       ((peer->wanted_features & NETIF_F_GRO) ||
		dsr_compat_xdp_has_program(peer));
}

/* Most drivers have the queues for frames of XDP only while the device itself has
 * a program, and drop the frames else. A bond calls its ports without asking if
 * they can send such frames: only a program on the bond makes sure of that.
 */
static __always_inline bool dsr_compat_xdp_takes(const struct net_device *dev)
{
	const struct net_device_ops *ops = dev->netdev_ops;

	if (unlikely(!ops->ndo_xdp_xmit))
		return false;
	if (unlikely(ops->ndo_get_peer_dev))
		return dsr_compat_xdp_peer_takes(dev);
	return dsr_compat_xdp_has_program(dev);
}

#endif

/** dsr_compat_has_egress() - true if packets pass filters before @dev sends them
 */
static __always_inline bool dsr_compat_has_egress(const struct net_device *dev)
{
	bool has = false;

#ifdef CONFIG_NETFILTER_EGRESS
	has |= !!rcu_access_pointer(dev->nf_hooks_egress);
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#ifdef CONFIG_NET_XGRESS
	has |= !!rcu_access_pointer(dev->tcx_egress);
#endif
#elif defined(CONFIG_NET_CLS_ACT)
	has |= !!rcu_access_pointer(dev->miniq_egress);
#endif
	return has;
}

#endif /* _DSR_COMPAT_XDP_OUT_H */
