/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_REAL_EXPLAIN_H
#define DSRCTL_REAL_EXPLAIN_H

#include "args.h"
#include "dsrctl.h"

#define REAL_EXPLAIN_SYNTAX \
	"SRC:PORT DST:PORT [proto tcp|udp|sctp] [tos VALUE | dscp VALUE] [dev NAME] [firewall]"

extern const struct keyword real_explain_keywords[];

int real_explain(struct dsrctl *ctl, struct args *args);

#endif /* DSRCTL_REAL_EXPLAIN_H */
