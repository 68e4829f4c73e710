/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hook - register the netfilter hooks, before or after dsr_lb
 *
 * PRE_ROUTING comes before conntrack, so that conntrack and all rules see the
 * packet as addressed to the machine itself. If dsr_lb has services in the
 * namespace, dsr_lb comes first: it decides about a packet, after conntrack
 * because it needs the mark, and this module handles the packets that dsr_lb
 * leaves here. Conntrack has then seen only one side of such packets and of
 * their replies, so they are marked as untracked.
 *
 * Process context, under dsr_rs_net.lock.
 */
#ifndef _DSR_RS_HOOK_H
#define _DSR_RS_HOOK_H

#include "core/net.h"

int dsr_rs_hook_start(struct dsr_rs_net *rs);
void dsr_rs_hook_stop(struct dsr_rs_net *rs);
void dsr_rs_hook_reorder(struct dsr_rs_net *rs);

#endif /* _DSR_RS_HOOK_H */
