// SPDX-License-Identifier: GPL-2.0
/*
 * rs_icmp - ICMP errors about flows, in both directions, and pings
 *
 * Sources: kmod/rs/core/packet.c kmod/rs/datapath/rewrite.c
 *	kmod/rs/datapath/icmp.c tests/fuzz/flow.c
 */

#include "datapath/icmp.h"
#include "flow.h"
#include "input.h"

/* By how much each checksum of an error is wrong. It must stay so. */
struct wrong {
	uint32_t header;
	uint32_t icmp;
	uint32_t quoted_header;
	uint32_t quoted_transport;
	uint32_t complete;
};

/* Return true if the quotation has a checksum that must follow the ends. */
static bool has_check(const struct fuzz *fuzz, const struct model_quote *quote,
		      const uint8_t *p)
{
	size_t at = quote->at + model_check_at(quote->proto);

	if (quote->proto == MODEL_SCTP || at + 2 > fuzz->len)
		return false;
	return quote->proto != MODEL_UDP || p[at] || p[at + 1];
}

static struct wrong wrong_of(const struct fuzz *fuzz, size_t icmp,
			     const struct model_quote *quote, const uint8_t *p)
{
	size_t len = fuzz->len;
	struct wrong wrong = {
		.header = fuzz->v6 ? 0 : model_sum(p, fuzz->head),
		.icmp = model_sum(p + icmp, len - icmp),
	};

	if (fuzz->v6)
		wrong.icmp = (wrong.icmp + model_pseudo(p, len, true, icmp,
							MODEL_ICMP6)) % 0xffff;
	else
		wrong.quoted_header = model_sum(p + quote->ip,
						quote->at - quote->ip);
	if (has_check(fuzz, quote, p))
		wrong.quoted_transport =
			(model_sum(p + quote->at, len - quote->at) +
			 model_pseudo(p + quote->ip, len - quote->ip, fuzz->v6,
				      quote->at - quote->ip, quote->proto)) %
			0xffff;
	if (fuzz->skb->ip_summed == CHECKSUM_COMPLETE)
		wrong.complete = model_less(fuzz_sum(fuzz->skb->csum),
					    model_sum(p, len));
	return wrong;
}

/* Compare each byte; the checksums by what they are wrong. */
static void compare(const struct fuzz *fuzz, size_t icmp,
		    const struct model_quote *quote, uint8_t *want)
{
	struct wrong before = wrong_of(fuzz, icmp, quote, fuzz->packet), now;
	const uint8_t *after = input_after(fuzz);
	size_t check = quote->at + model_check_at(quote->proto), i;

	memcpy(want + icmp + 2, after + icmp + 2, 2);
	if (!fuzz->v6) {
		memcpy(want + 10, after + 10, 2);
		memcpy(want + quote->ip + 10, after + quote->ip + 10, 2);
	}
	if (has_check(fuzz, quote, fuzz->packet)) {
		memcpy(want + check, after + check, 2);
		expect(fuzz, has_check(fuzz, quote, after),
		       "the quoted datagram has lost its checksum");
	}
	for (i = 0; i < fuzz->len; i++)
		expect(fuzz, after[i] == want[i], "byte %zu: %#x, not %#x", i,
		       after[i], want[i]);
	now = wrong_of(fuzz, icmp, quote, after);
	expect(fuzz, now.header == before.header, "header checksum");
	expect(fuzz, now.icmp == before.icmp, "ICMP checksum");
	expect(fuzz, now.quoted_header == before.quoted_header,
	       "quoted header checksum");
	expect(fuzz, now.quoted_transport == before.quoted_transport,
	       "quoted checksum of protocol %u", quote->proto);
	expect(fuzz, now.complete == before.complete,
	       "sum of the whole packet");
}

/* Where the addresses and ports are in the packet. */
struct places {
	uint8_t *outer_src, *outer_dst, *src, *dst, *sport, *dport;
};

static struct places places_of(uint8_t *p, bool v6,
			       const struct model_quote *quote)
{
	size_t at = v6 ? 8 : 12, size = v6 ? 16 : 4;

	return (struct places) {
		.outer_src = p + at,
		.outer_dst = p + at + size,
		.src = p + quote->ip + at,
		.dst = p + quote->ip + at + size,
		.sport = p + quote->at,
		.dport = p + quote->at + 2,
	};
}

/* Make the flow that the error is about, and write the error's other form to
 * @want. An error from outside quotes a reply of the server on the wire; an
 * error of this machine quotes a request at the socket.
 */
static struct dsr_rs_flow *expected(const struct fuzz *fuzz, bool request,
				    const struct model_quote *quote,
				    uint8_t *want)
{
	size_t size = fuzz->v6 ? 16 : 4;
	struct places to = places_of(want, fuzz->v6, quote);
	struct model_ends ends = { { 0 } };
	const struct model_ends *in = &fuzz->in.ends;
	struct dsr_rs_flow *flow;

	memcpy(ends.src, to.dst, size);
	memcpy(ends.dst, to.src, size);
	memcpy(ends.sport, to.dport, 2);
	memcpy(ends.dport, to.sport, 2);
	if (request) {
		flow = flow_make(fuzz, true, &ends, quote->proto);
		memcpy(to.outer_dst, in->dst, size);
		memcpy(to.src, in->dst, size);
		memcpy(to.sport, in->dport, 2);
	} else {
		flow = flow_make(fuzz, false, &ends, quote->proto);
		if (!memcmp(to.outer_src, to.dst, size))
			memcpy(to.outer_src, in->src, size);
		memcpy(to.dst, in->src, size);
		memcpy(to.dport, in->sport, 2);
	}
	return flow;
}

static enum dsr_rs_reason handle(struct fuzz *fuzz, bool request,
				 const struct dsr_rs_packet *pkt)
{
	static const struct nf_hook_state state;

	return request ? dsr_rs_icmp_deliver(flow_net(), fuzz->skb, pkt) :
			 dsr_rs_icmp_reply(flow_net(), fuzz->skb, &state, pkt);
}

static void check_error(struct fuzz *fuzz, bool request, size_t icmp,
			const struct model_quote *quote,
			const struct dsr_rs_packet *pkt)
{
	uint8_t want[INPUT_PACKET_MAX];
	struct places at = places_of(fuzz->packet, fuzz->v6, quote);
	struct dsr_rs_flow *flow;
	enum dsr_rs_reason reason, wanted;
	size_t size = fuzz->v6 ? 16 : 4;

	memcpy(want, fuzz->packet, fuzz->len);
	flow = expected(fuzz, request, quote, want);
	reason = handle(fuzz, request, pkt);
	/* An error goes to the sender of the packet that it quotes. */
	if (memcmp(at.outer_dst, at.src, size)) {
		wanted = DSR_RS_PASS_ICMP_UNRELATED;
		memcpy(want, fuzz->packet, fuzz->len);
	} else if (fuzz->skb->fails) {
		wanted = DSR_RS_DROP_NO_MEMORY;
		memcpy(want, fuzz->packet, fuzz->len);
	} else {
		wanted = request ? DSR_RS_DELIVERED_ICMP_ERROR :
				   DSR_RS_REPLIED_ICMP_ERROR;
	}
	expect(fuzz, reason == wanted, "reason %d, not %d", reason, wanted);
	compare(fuzz, icmp, quote, want);
	flow_free(flow);
}

static void check_other(struct fuzz *fuzz, bool request, size_t icmp,
			const struct dsr_rs_packet *pkt)
{
	bool echo = request && fuzz->len - icmp >= 8 &&
		    fuzz->packet[icmp] == (fuzz->v6 ? 128 : 8);
	enum dsr_rs_reason reason = handle(fuzz, request, pkt);

	expect(fuzz, echo == (reason == DSR_RS_ANSWERED_PING) &&
	       reason != DSR_RS_DELIVERED_ICMP_ERROR &&
	       reason != DSR_RS_REPLIED_ICMP_ERROR, "reason %d", reason);
	expect(fuzz, !memcmp(input_after(fuzz), fuzz->packet, fuzz->len),
	       "the packet has changed");
}

/* Without help, the fuzzer hardly finds that two addresses must be the same. */
static void address_error(struct fuzz *fuzz)
{
	struct model_quote quote;
	struct model m;
	struct places at;

	model_rs(fuzz->packet, fuzz->len, fuzz->v6, &m);
	if (m.kind != MODEL_ANY_ICMP || fuzz->in.flags & INPUT_OTHER_FLOW ||
	    !model_rs_quote(fuzz->packet, fuzz->len, fuzz->v6, m.at, &quote))
		return;
	at = places_of(fuzz->packet, fuzz->v6, &quote);
	memcpy(at.outer_dst, at.src, fuzz->v6 ? 16 : 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct net_device dev = { .ifindex = 7 };
	struct model_quote quote;
	struct dsr_rs_packet pkt;
	struct fuzz fuzz;
	struct model m;
	bool request;

	if (!input_decode(&fuzz, data, size, true))
		return 0;
	address_error(&fuzz);
	input_make(&fuzz);
	request = !(fuzz.in.flags & INPUT_REPLY);
	model_rs(fuzz.packet, fuzz.len, fuzz.v6, &m);
	fuzz.in.summed %= CHECKSUM_PARTIAL;
	input_sum(&fuzz, &m);
	fuzz.skb->dev = &dev;
	if (dsr_rs_packet_parse(fuzz.skb, fuzz.v6 ? AF_INET6 : AF_INET,
				request, dev.ifindex, &pkt) ==
	    DSR_RS_PACKET_ICMP) {
		if (model_rs_quote(fuzz.packet, fuzz.len, fuzz.v6, m.at, &quote))
			check_error(&fuzz, request, m.at, &quote, &pkt);
		else
			check_other(&fuzz, request, m.at, &pkt);
	}
	input_done(&fuzz);
	return 0;
}
