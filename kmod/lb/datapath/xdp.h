/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp - the fast path in the driver of a device: from XDP straight to another
 * device
 *
 * A BPF program on the device calls bpf_dsr_forward() for each frame, and does
 * nothing else. Decides by shortcut.h, as ingress.h does, before the kernel makes
 * an skb of the frame. A frame that needs more goes up to the slow path,
 * unchanged.
 *
 * dsrctl loads and attaches the program, and struct dsr_path_dev holds its link.
 * A program holds a reference to this module.
 */
#ifndef _DSR_XDP_H
#define _DSR_XDP_H

#include <net/xdp.h>

#include "core/path.h"

/* The results of bpf_dsr_forward() that are no device. */
#define DSR_XDP_PASS	0
#define DSR_XDP_TX	-1

/* With one of these features a device takes the tag of a VLAN off a frame. */
#define DSR_XDP_HIDES_VLAN	(NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX)

struct xdp_md;

int bpf_dsr_forward(struct xdp_md *ctx);
int dsr_xdp_forward(const struct dsr_path_dev *path, struct xdp_buff *xdp);
void dsr_xdp_init(void);

#endif /* _DSR_XDP_H */
