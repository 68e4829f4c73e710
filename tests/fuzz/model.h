/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model - what has to come out, from the bytes of the packet alone
 *
 * Written from the RFCs and from the manual, not from kmod/: has no structure,
 * no function and no header of the kernel, knows offsets and bytes. The packet
 * begins with its IP header and is one piece.
 */
#ifndef _FUZZ_MODEL_H
#define _FUZZ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MODEL_ICMP = 1,
	MODEL_TCP = 6,
	MODEL_UDP = 17,
	MODEL_ICMP6 = 58,
	MODEL_SCTP = 132,
};

enum model_kind {
	MODEL_FLOW,
	MODEL_ICMP_ERROR,	/* lb: with the ends of the quoted packet, swapped */
	MODEL_ECHO,		/* lb */
	MODEL_PORTLESS,		/* lb */
	MODEL_ANY_ICMP,		/* rs */
	MODEL_FRAGMENT,
	MODEL_MALFORMED,
	MODEL_UNRELATED,	/* lb: an ICMP error about another's packet */
	MODEL_NOT_SERVED,	/* lb: other ICMP */
	MODEL_OTHER,		/* rs: another protocol */
};

enum model_event {
	MODEL_DATA, MODEL_OPEN, MODEL_ACCEPT, MODEL_CLOSE, MODEL_ABORT,
};

/* @src and @dst point into the packet. @at is the transport header's offset. */
struct model {
	enum model_kind kind;
	enum model_event event;
	const uint8_t *src, *dst;
	uint16_t sport, dport;		/* as in the packet, byte by byte */
	uint8_t proto;
	uint8_t tos;
	size_t at;
};

/* A packet that an ICMP error quotes: offsets of its IP and transport header. */
struct model_quote {
	size_t ip, at;
	uint8_t proto;
};

struct model_ends {
	uint8_t src[16], dst[16];
	uint8_t sport[2], dport[2];
};

void model_lb(const uint8_t *p, size_t len, bool v6, struct model *m);
void model_rs(const uint8_t *p, size_t len, bool v6, struct model *m);
uint16_t model_lb_proof(const uint8_t *p, const struct model *m);
bool model_rs_quote(const uint8_t *p, size_t len, bool v6, size_t icmp,
		    struct model_quote *quote);

uint32_t model_less(uint32_t a, uint32_t b);
uint32_t model_sum(const uint8_t *p, size_t len);
uint32_t model_pseudo(const uint8_t *p, size_t len, bool v6, size_t at,
		      uint8_t proto);
uint32_t model_damage(const uint8_t *p, size_t len, size_t at);
size_t model_check_at(uint8_t proto);

#endif /* _FUZZ_MODEL_H */
