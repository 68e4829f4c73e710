/* SPDX-License-Identifier: GPL-2.0 */
/*
 * deny - give back segments that no socket of this machine expects
 *
 * A balancer that has lost its table, or that shares its clients with another
 * balancer, may send a segment to the wrong server. The stack there would answer
 * with a RST, and the client would lose a connection that another server still
 * has. So a rule can name balancers: their segments go back to them, in the frame
 * of denial.h.
 *
 * Only a socket owns a connection. A pending flow, or a flow that is not
 * established, proves nothing: one SYN may reach two servers, and the second
 * server would reset the connection that the client has with the first. A SYN is
 * never denied, nor is a segment with a valid SYN cookie of this machine.
 *
 * If the socket is in another namespace, as behind a DNAT rule, only the flow
 * tells that the connection is here. A reload of the module forgets the flows.
 *
 * Has no state. Called on the slow path of requests only.
 */
#ifndef _DSR_RS_DENY_H
#define _DSR_RS_DENY_H

#include "core/net.h"
#include "core/packet.h"
#include "core/rule.h"

int dsr_rs_deny_init(void);
enum dsr_rs_reason dsr_rs_deny_check(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     const struct dsr_rs_packet *pkt,
				     const struct dsr_rs_rule_to *to,
				     const struct dsr_rs_tuple *socket);

/**
 * dsr_rs_deny() - deny a segment if its rule names balancers and no socket takes it
 * @rs: namespace
 * @skb: packet in PRE_ROUTING
 * @pkt: result of parsing
 * @to: target of its rule
 * @socket: its ends at the socket
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: %DSR_RS_REASON_COUNT to deliver it; %DSR_RS_DENIED, or the reason to
 * drop it.
 */
static inline enum dsr_rs_reason
dsr_rs_deny(struct dsr_rs_net *rs, struct sk_buff *skb,
	    const struct dsr_rs_packet *pkt, const struct dsr_rs_rule_to *to,
	    const struct dsr_rs_tuple *socket)
{
	if (likely(!to->balancers.count) || !pkt->th || pkt->th->syn)
		return DSR_RS_REASON_COUNT;
	return dsr_rs_deny_check(rs, skb, pkt, to, socket);
}

#endif /* _DSR_RS_DENY_H */
