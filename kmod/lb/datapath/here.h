/* SPDX-License-Identifier: GPL-2.0 */
/*
 * here - find out what the kernel would do with a packet
 *
 * Has no state and changes nothing.
 */
#ifndef _DSR_HERE_H
#define _DSR_HERE_H

#include "core/packet.h"
#include "datapath/source.h"

bool dsr_here_refuses(struct net *net, const struct dsr_packet *pkt,
		      const struct dsr_arrival *arrival, bool by_mark);

#endif /* _DSR_HERE_H */
