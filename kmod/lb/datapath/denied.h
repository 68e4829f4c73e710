/* SPDX-License-Identifier: GPL-2.0 */
/*
 * denied - handle packets that real servers give back
 *
 * Such packets come in frames of their own type, see common/denial.h. A packet
 * handler takes the frames of this type in all namespaces, so other packets cost
 * nothing more. chance.c decides about a packet.
 *
 * The packet has passed the rules of netfilter before, so it bypasses netfilter
 * now. Each forward decrements the TTL, as at any router, so no packet can loop
 * for ever.
 *
 * Owns only the handler.
 */
#ifndef _DSR_DENIED_H
#define _DSR_DENIED_H

int dsr_denied_init(void);
void dsr_denied_exit(void);

#endif /* _DSR_DENIED_H */
