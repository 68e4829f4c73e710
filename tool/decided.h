/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_DECIDED_H
#define DSRCTL_DECIDED_H

#include <stdbool.h>

#include "packet.h"
#include "ring.h"
#include "tracepoint.h"

/**
 * struct decided - small TCP packets that left the balancer for one reason
 * @points: the tracepoint of dsr_lb
 * @rings: buffers of the packets
 */
struct decided {
	struct tracepoints points;
	struct rings rings;
};

typedef void (*decided_fn)(const struct packet *packet, void *arg);

bool decided_begin(struct decided *decided, const char *reason);
void decided_read(struct decided *decided, decided_fn fn, void *arg);
void decided_end(struct decided *decided);

#endif /* DSRCTL_DECIDED_H */
