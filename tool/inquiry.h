/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_INQUIRY_H
#define DSRCTL_INQUIRY_H

#include <stdbool.h>

#include "attr.h"
#include "dsrctl.h"
#include "key.h"
#include "landing.h"
#include "verdict.h"
#include "watch.h"

/**
 * struct inquiry - what dsr_lb knows of a packet that was seen
 * @reason: the reason that it would have
 * @known: it belongs to a connection, or a hash chooses its backend
 * @state: the connection's, enum dsr_conn_state
 * @service: name of the connection's service; empty if there is none any more
 * @backend: address of the connection's backend
 */
struct inquiry {
	char reason[ATTR_TEXT_MAX];
	bool known;
	uint8_t state;
	char service[KEY_TEXT_MAX];
	struct addr backend;
};

/* called for the address and the port of a service by mark; false: no more */
typedef bool (*inquiry_place_fn)(const struct addr *vip, uint16_t port,
				 void *arg);

int inquiry_packet(struct dsrctl *ctl, const struct seen *seen, bool middle,
		   uint32_t mark, struct inquiry *inquiry);
int inquiry_firewall(struct dsrctl *ctl, const struct seen *seen,
		     struct verdict *verdict);
int inquiry_landing(struct dsrctl *ctl, struct landing *landing);
int inquiry_vip(struct dsrctl *ctl, const struct addr *vip, bool *known,
		uint32_t *fwmark);
int inquiry_served(struct dsrctl *ctl, const struct seen *seen, bool *served);
int inquiry_datagrams(struct dsrctl *ctl, inquiry_place_fn fn, void *arg);
int inquiry_flow(struct dsrctl *ctl, const struct seen *seen, bool *known);

#endif /* DSRCTL_INQUIRY_H */
