// SPDX-License-Identifier: GPL-2.0
/* ends - see ends.h */

#include "datapath/rewrite.h"
#include "ends.h"

void ends_load(const struct model_ends *from, bool v6, struct dsr_rs_ends *to)
{
	size_t size = v6 ? 16 : 4;

	memset(to, 0, sizeof(*to));
	memcpy(&to->saddr, from->src, size);
	memcpy(&to->daddr, from->dst, size);
	memcpy(&to->source, from->sport, 2);
	memcpy(&to->dest, from->dport, 2);
}

static size_t check_at(const struct model *m)
{
	return m->at + (m->proto == MODEL_SCTP ? 8 : model_check_at(m->proto));
}

/* A datagram whose checksum is 0 has none. One that a device completes has. */
static bool is_unsummed(const struct fuzz *fuzz, const struct model *m)
{
	return m->proto == MODEL_UDP && !fuzz->packet[m->at + 6] &&
	       !fuzz->packet[m->at + 7] &&
	       !(fuzz->skb->ip_summed == CHECKSUM_PARTIAL &&
		 (!(fuzz->in.flags & INPUT_TUNNEL) ||
		  fuzz->in.flags & INPUT_OTHER_FLOW));
}

/* Return true if the field has the sum of the pseudo header so far. */
static bool is_partial(const struct fuzz *fuzz, const struct model *m)
{
	if (fuzz->skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	return m->proto != MODEL_UDP || !(fuzz->in.flags & INPUT_TUNNEL) ||
	       fuzz->in.flags & INPUT_OTHER_FLOW;
}

/* By how much is the checksum of the packet @p wrong? */
static uint32_t wrong_transport(const struct fuzz *fuzz, const struct model *m,
				const uint8_t *p)
{
	uint32_t pseudo = model_pseudo(p, fuzz->len, fuzz->v6, m->at, m->proto);

	if (m->proto == MODEL_SCTP)
		return fuzz->in.summed % 4 == CHECKSUM_PARTIAL ? 0 :
		       model_damage(p, fuzz->len, m->at);
	if (is_partial(fuzz, m))
		return model_less(model_sum(p + check_at(m), 2), pseudo);
	return (model_sum(p + m->at, fuzz->len - m->at) + pseudo) % 0xffff;
}

static struct ends_wrong wrong(const struct fuzz *fuzz, const struct model *m,
			       const uint8_t *p)
{
	struct ends_wrong wrong = {
		.header = fuzz->v6 ? 0 : model_sum(p, fuzz->head),
		.transport = wrong_transport(fuzz, m, p),
	};

	/* skb->csum is a sum of words in the order of this machine. */
	if (fuzz->skb->ip_summed == CHECKSUM_COMPLETE)
		wrong.complete = model_less(fuzz_sum(fuzz->skb->csum),
					    model_sum(p, fuzz->len));
	return wrong;
}

/* ends_begin() - note the packet before the change */
void ends_begin(struct ends *want, const struct fuzz *fuzz,
		const struct model *m)
{
	want->m = m;
	memcpy(want->packet, fuzz->packet, fuzz->len);
	want->wrong = wrong(fuzz, m, fuzz->packet);
}

/**
 * ends_aim() - if the input says so, have the checksum of a datagram become 0
 * @fuzz: input
 * @m: its packet
 * @to: the new ends of the packet
 * @port: changed, one of the ports in @to
 *
 * A datagram with 0 has no checksum. The fuzzer would need luck to get there.
 */
void ends_aim(const struct fuzz *fuzz, const struct model *m,
	      const struct model_ends *to, uint8_t *port)
{
	size_t size = fuzz->v6 ? 16 : 4;
	const uint8_t *p = fuzz->packet;
	uint32_t sum;

	if (m->proto != MODEL_UDP || !(fuzz->in.number[1] & 1))
		return;
	port[0] = 0;
	port[1] = 0;
	/* What the sum of ends and checksum is now, it has to be without one. */
	sum = model_sum(m->src, size) + model_sum(m->dst, size) +
	      model_sum(p + m->at, 4) + model_sum(p + m->at + 6, 2);
	sum = model_less(sum % 0xffff, model_sum(to->src, size));
	sum = model_less(sum, model_sum(to->dst, size));
	sum = model_less(sum, model_sum(to->sport, 2));
	sum = model_less(sum, model_sum(to->dport, 2));
	port[0] = sum >> 8;
	port[1] = sum;
}

/* ends_expect() - the packet has to get these ends */
void ends_expect(struct ends *want, const struct model_ends *to)
{
	uint8_t *p = want->packet;
	bool v6 = p[0] >> 4 == 6;

	memcpy(p + (v6 ? 8 : 12), to->src, v6 ? 16 : 4);
	memcpy(p + (v6 ? 24 : 16), to->dst, v6 ? 16 : 4);
	memcpy(p + want->m->at, to->sport, 2);
	memcpy(p + want->m->at + 2, to->dport, 2);
}

/* ends_expect_tos() - the packet has to lose these bits of its TOS */
void ends_expect_tos(struct ends *want, uint8_t bits)
{
	uint8_t *p = want->packet;

	if (p[0] >> 4 == 6) {
		p[0] &= ~(bits >> 4);
		p[1] &= ~(bits << 4);
	} else {
		p[1] &= ~bits;
	}
}

/* Copy the checksums that the packet has now: they are compared by value. */
static void keep_checksums(const struct fuzz *fuzz, const struct ends *want,
			   const uint8_t *after, uint8_t *expected)
{
	const struct model *m = want->m;

	memcpy(expected, want->packet, fuzz->len);
	if (!fuzz->v6)
		memcpy(expected + 10, after + 10, 2);
	if (is_unsummed(fuzz, m))
		return;
	if (m->proto != MODEL_SCTP)
		memcpy(expected + check_at(m), after + check_at(m), 2);
	else if (fuzz->in.summed % 4 != CHECKSUM_PARTIAL)
		memcpy(expected + check_at(m), after + check_at(m), 4);
}

/* ends_compare() - compare each byte and each checksum */
void ends_compare(const struct fuzz *fuzz, const struct ends *want)
{
	const uint8_t *after = input_after(fuzz);
	uint8_t expected[INPUT_PACKET_MAX];
	const struct model *m = want->m;
	struct ends_wrong now;
	size_t i;

	expect(fuzz, fuzz->skb->len == fuzz->len, "length");
	keep_checksums(fuzz, want, after, expected);
	for (i = 0; i < fuzz->len; i++)
		expect(fuzz, after[i] == expected[i], "byte %zu: %#x, not %#x",
		       i, after[i], expected[i]);
	now = wrong(fuzz, m, after);
	expect(fuzz, now.header == want->wrong.header, "header checksum");
	if (!is_unsummed(fuzz, m))
		expect(fuzz, now.transport == want->wrong.transport,
		       "checksum of protocol %u", m->proto);
	if (m->proto == MODEL_UDP && !is_unsummed(fuzz, m) &&
	    !is_partial(fuzz, m))
		expect(fuzz, after[m->at + 6] || after[m->at + 7],
		       "a datagram has lost its checksum");
	expect(fuzz, fuzz->skb->ip_summed == fuzz->in.summed % 4 ||
	       (m->proto == MODEL_SCTP &&
		fuzz->in.summed % 4 == CHECKSUM_COMPLETE &&
		fuzz->skb->ip_summed == CHECKSUM_NONE), "mode of the checksum");
	if (fuzz->skb->ip_summed == CHECKSUM_COMPLETE)
		expect(fuzz, now.complete == want->wrong.complete,
		       "sum of the whole packet: wrong by %u, not %u",
		       now.complete, want->wrong.complete);
}

/* ends_unchanged() - compare with the packet before */
void ends_unchanged(const struct fuzz *fuzz)
{
	expect(fuzz, !memcmp(input_after(fuzz), fuzz->packet, fuzz->len),
	       "the packet has changed");
}
