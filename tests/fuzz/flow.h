/* SPDX-License-Identifier: GPL-2.0 */
/*
 * flow - a table with one flow, and what surrounds it
 *
 * The functions of other files that the sources call are here as well: those that
 * ask the routing table or the sockets. They say "yes, as usual".
 */
#ifndef _FUZZ_FLOW_H
#define _FUZZ_FLOW_H

#include "core/flow.h"
#include "core/net.h"
#include "input.h"

struct dsr_rs_net *flow_net(void);
struct dsr_rs_flow *flow_make(const struct fuzz *fuzz, bool request,
			      const struct model_ends *ends, u8 proto);
void flow_free(struct dsr_rs_flow *flow);

#endif /* _FUZZ_FLOW_H */
