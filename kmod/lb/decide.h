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
#include "frontend.h"
#include "packet.h"
#include "service.h"

/**
 * struct dsr_decision - what is to happen to a packet
 * @reason: why it leaves the module as it does, as far as that is known
 * @choice: enum dsr_choice: how @backend is found
 * @service: its service, unless it is none of ours
 * @backend: where it goes, if @reason is one of forwarding; %NULL while it is
 *	for dsr_schedule() to choose
 * @conn: the entry of its tuple, if there is one
 * @hash: of its tuple
 */
struct dsr_decision {
	enum dsr_reason reason;
	u8 choice;
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	u32 hash;
};

void dsr_decide(struct dsr_net *dn, const struct dsr_frontend *frontend,
		const struct dsr_packet *packet, struct dsr_decision *decision);

#endif /* _DSR_DECIDE_H */
