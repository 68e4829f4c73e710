/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_LANDING_H
#define DSRCTL_LANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "host.h"
#include "listener.h"
#include "match.h"
#include "ruleset.h"
#include "verdict.h"
#include "way.h"

enum landing_socket {
	LANDING_UNKNOWN,	/* the sockets could not be read, or are elsewhere */
	LANDING_NONE,		/* no program listens on the port */
	LANDING_OTHER,		/* one listens, and takes another address only */
	LANDING_TAKES,		/* one takes the packet */
};

/**
 * struct landing - where a packet ends on a real server
 * @src: its source
 * @sport: its source port
 * @match: the rest of it that rules look at
 * @ifindex: the device that it comes in by
 * @has_rule: a rule takes it
 * @rule: that rule
 * @reason: name that dsr_rs has for its outcome
 * @lands: dsr_rs lets it through, to @to and @to_port
 * @to: the local address
 * @to_port: the local port
 * @translated: rules of nat may give it another place than @to
 * @socket: what listens there
 * @listener: if it takes another address: that address
 * @ruleset: the chains of the firewall; of them, those of INPUT see the packet
 * @verdict: of the rules behind dsr_rs, if they were asked
 * @in: the way in, as the kernel answers
 * @back: the way of a reply
 */
struct landing {
	struct addr src;
	int sport;
	struct match match;
	int ifindex;
	bool has_rule;
	struct rule_info rule;
	const char *reason;
	bool lands;
	struct addr to;
	uint16_t to_port;
	bool translated;
	enum landing_socket socket;
	struct addr listener;
	struct ruleset ruleset;
	struct verdict verdict;
	struct way in;
	struct way back;
};

void landing_find(struct landing *landing, const struct host *host,
		  const struct netlink_replies *rules);
bool landing_input(const struct landing *landing, const struct chain *chain);
bool landing_is_filtered(const struct landing *landing);
void landing_free(struct landing *landing);

#endif /* DSRCTL_LANDING_H */
