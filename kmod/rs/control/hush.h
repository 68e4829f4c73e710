/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hush - register the hooks that silence addresses; see silence.h
 *
 * The hooks of a family are registered while one of its addresses is silenced.
 *
 * Locking: dsr_rs_net.lock.
 */
#ifndef _DSR_RS_HUSH_H
#define _DSR_RS_HUSH_H

#include "core/net.h"

int dsr_rs_hush_want(struct dsr_rs_net *rs, u8 family,
		     const union nf_inet_addr *addr,
		     struct dsr_rs_silence_devs *devs);
void dsr_rs_hush_unwant(struct dsr_rs_net *rs, struct dsr_rs_silence *silence);
int dsr_rs_hush_hold(struct dsr_rs_net *rs, u8 family,
		     const union nf_inet_addr *addr);
void dsr_rs_hush_release(struct dsr_rs_net *rs, u8 family,
			 const union nf_inet_addr *addr);
void dsr_rs_hush_exit(struct dsr_rs_net *rs);

#endif /* _DSR_RS_HUSH_H */
