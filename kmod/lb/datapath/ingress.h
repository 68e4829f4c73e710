/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ingress - the short way: straight from the ingress of one device to another
 *
 * Opt-in for each device (path.h), and for services with "path direct" alone,
 * which have done without the firewall's FORWARD already. A packet of a known
 * connection with which nothing is to be done but to send it on never gets to
 * see the IP stack. What dsr_decide() says of it is what it would say in
 * PRE_ROUTING; whatever would take more than that (a change of state, an error
 * to be sent, something to be looked up or waited for) is left as it came, to
 * go the long way.
 *
 * At ingress no rule has marked the packet. It belongs to the service of its
 * connection, which an earlier packet was marked for; and each connection has
 * to pass PRE_ROUTING again from time to time, so that one that the rules do
 * not mark any more comes to its end.
 */
#ifndef _DSR_INGRESS_H
#define _DSR_INGRESS_H

#include <linux/netfilter.h>

unsigned int dsr_ingress_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);

#endif /* _DSR_INGRESS_H */
