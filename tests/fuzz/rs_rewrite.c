// SPDX-License-Identifier: GPL-2.0
/*
 * rs_rewrite - the real server gives a packet other ends, and another TOS
 *
 * Sources: kmod/rs/datapath/rewrite.c tests/fuzz/ends.c
 */

#include "datapath/rewrite.h"
#include "ends.h"
#include "input.h"

static void rewrite(struct fuzz *fuzz, struct ends *want, const struct model *m)
{
	uint8_t bits = fuzz->in.number[0];
	u8 family = fuzz->v6 ? AF_INET6 : AF_INET;
	struct dsr_rs_ends to;
	int err;

	ends_aim(fuzz, m, &fuzz->in.ends, fuzz->in.ends.sport);
	ends_load(&fuzz->in.ends, fuzz->v6, &to);
	ends_expect(want, &fuzz->in.ends);
	err = dsr_rs_rewrite_packet(fuzz->skb, family, m->proto, m->at, &to);
	expect(fuzz, !err == !fuzz->skb->fails, "error %d", err);
	if (err) {
		ends_unchanged(fuzz);
		return;
	}
	ends_compare(fuzz, want);
	/* The header is writable now. */
	dsr_rs_rewrite_tos(fuzz->skb, family, bits);
	ends_expect_tos(want, bits);
	ends_compare(fuzz, want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ends want;
	struct fuzz fuzz;
	struct model m;

	if (!input_read(&fuzz, data, size, true))
		return 0;
	model_rs(fuzz.packet, fuzz.len, fuzz.v6, &m);
	if (m.kind == MODEL_FLOW) {
		input_sum(&fuzz, &m);
		ends_begin(&want, &fuzz, &m);
		rewrite(&fuzz, &want, &m);
	}
	input_done(&fuzz);
	return 0;
}
