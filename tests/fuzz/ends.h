/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ends - a packet with other ends: what has to be in each of its bytes
 *
 * A checksum has to be wrong by as much as it was before. So a right one stays
 * right, and a packet that was damaged on its way stays recognisable.
 */
#ifndef _FUZZ_ENDS_H
#define _FUZZ_ENDS_H

#include "input.h"

struct dsr_rs_ends;

/**
 * struct ends - what a packet has to become
 * @m: the packet as it was
 * @packet: the packet as it has to be, but for its checksums
 * @wrong: by how much the checksums of the packet were wrong
 */
struct ends {
	const struct model *m;
	uint8_t packet[INPUT_PACKET_MAX];
	struct ends_wrong {
		uint32_t header;
		uint32_t transport;
		uint32_t complete;
	} wrong;
};

void ends_load(const struct model_ends *from, bool v6, struct dsr_rs_ends *to);
void ends_begin(struct ends *want, const struct fuzz *fuzz,
		const struct model *m);
void ends_aim(const struct fuzz *fuzz, const struct model *m,
	      const struct model_ends *to, uint8_t *port);
void ends_expect(struct ends *want, const struct model_ends *to);
void ends_expect_tos(struct ends *want, uint8_t bits);
void ends_compare(const struct fuzz *fuzz, const struct ends *want);
void ends_unchanged(const struct fuzz *fuzz);

#endif /* _FUZZ_ENDS_H */
