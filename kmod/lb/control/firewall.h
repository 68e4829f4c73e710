/* SPDX-License-Identifier: GPL-2.0 */
/*
 * firewall - ask the site's rules about a packet that does not exist
 *
 * The test packet passes the chains of PRE_ROUTING before dsr_hook(), and those
 * of FORWARD and POST_ROUTING; see trial.h.
 */
#ifndef _DSR_FIREWALL_H
#define _DSR_FIREWALL_H

#include "core/net.h"
#include "core/packet.h"
#include "core/service.h"
#include "datapath/source.h"
#include "trial.h"

int dsr_firewall_begin(struct dsr_trial *trial, struct net *net,
		       const struct dsr_packet *pkt,
		       const struct dsr_arrival *arrival);
enum dsr_reason dsr_firewall_forward(struct dsr_trial *trial, struct net *net,
				     const struct dsr_service *service,
				     struct dsr_backend *backend);

#endif /* _DSR_FIREWALL_H */
