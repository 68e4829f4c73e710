/* SPDX-License-Identifier: GPL-2.0 */
/*
 * here - check if a packet would be delivered to this machine
 *
 * Has no state and changes nothing.
 */
#ifndef _DSR_HERE_H
#define _DSR_HERE_H

#include "core/packet.h"
#include "datapath/source.h"

bool dsr_here_delivers(struct net *net, const struct dsr_packet *pkt,
		       const struct dsr_arrival *arrival);

#endif /* _DSR_HERE_H */
