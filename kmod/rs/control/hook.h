/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hook - where packets meet the module
 *
 * In PRE_ROUTING before conntrack, so that neither it nor any rule sees but a
 * packet for the machine itself. Where dsr_lb has services in the namespace,
 * it is first to say what becomes of a packet, and it comes after conntrack, for
 * it waits for the mark. There this module comes behind it, and takes what is
 * left here: such packets, and what answers them, are made known to conntrack
 * as none of its business, for it has seen but one side of them.
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
