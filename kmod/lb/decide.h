/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decide - what is to happen to a packet
 *
 * The one place where that is said, for the hook, the tests, and whoever asks
 * what would happen: a function of packet, mark, configuration and table that
 * changes none of them.
 */
#ifndef _DSR_DECIDE_H
#define _DSR_DECIDE_H

#include "conn.h"
#include "packet.h"
#include "service.h"

/**
 * struct dsr_decision - what is to happen to a packet
 * @reason: DSR_FORWARDED, DSR_FORWARDED_ICMP, or why it is not forwarded
 * @service: its service, if it is forwarded
 * @backend: where it goes, or %NULL: the scheduler is to choose
 * @conn: the entry of its tuple, if there is one
 * @hash: of its tuple
 */
struct dsr_decision {
	enum dsr_reason reason;
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	u32 hash;
};

void dsr_decide(struct dsr_net *dn, const struct dsr_packet *packet, u32 mark,
		struct dsr_decision *decision);

#endif /* _DSR_DECIDE_H */
