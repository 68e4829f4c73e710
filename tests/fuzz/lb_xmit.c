// SPDX-License-Identifier: GPL-2.0
/*
 * lb_xmit - the balancer sends a packet on as a router: TTL, TOS, MTU, errors
 *
 * Sources: kmod/lb/datapath/xmit4.c kmod/lb/datapath/xmit6.c
 */

#include "datapath/xmit.h"
#include "input.h"

struct dst_entry *dsr_nexthop_lookup(struct net *net,
				     struct dsr_nexthop *nexthop)
{
	return NULL;
}

/* What the packet has to be behind the balancer; @tos is (mask << 8 | value). */
static void forward(uint8_t *p, bool v6, uint16_t tos)
{
	uint8_t clear = tos >> 8, set = tos, old;

	p[v6 ? 7 : 8]--;
	if (!tos)
		return;
	old = v6 ? (uint8_t)(p[0] << 4 | p[1] >> 4) : p[1];
	old = (old & ~clear) | set;
	if (v6) {
		p[0] = 0x60 | old >> 4;
		p[1] = (p[1] & 0x0f) | old << 4;
	} else {
		p[1] = old;
	}
}

static void compare(const struct fuzz *fuzz, const uint8_t *want)
{
	const uint8_t *after = input_after(fuzz);
	size_t i;

	for (i = 0; i < fuzz->len; i++)
		if (fuzz->v6 || i / 2 != 5)
			expect(fuzz, after[i] == want[i],
			       "byte %zu: %#x, not %#x", i, after[i], want[i]);
	expect(fuzz, fuzz->v6 || model_sum(after, fuzz->head) ==
	       model_sum(fuzz->packet, fuzz->head), "header checksum");
}

/* The reason and the error that a router owes the sender. */
static enum dsr_reason verdict(const struct fuzz *fuzz, uint32_t mtu,
			       struct fuzz_sent *sent)
{
	const uint8_t *p = fuzz->packet;

	*sent = (struct fuzz_sent) { };
	if (p[fuzz->v6 ? 7 : 8] <= 1) {
		*sent = (struct fuzz_sent) { .count = 1,
					     .type = fuzz->v6 ? 3 : 11 };
		return DSR_DROP_TTL_EXCEEDED;
	}
	if (fuzz->len > mtu && (fuzz->v6 || p[6] & 0x40)) {
		*sent = (struct fuzz_sent) { .count = 1, .info = mtu,
					     .type = fuzz->v6 ? 2 : 3 };
		return DSR_DROP_TOO_BIG;
	}
	return fuzz->skb->fails ? DSR_DROP_NO_MEMORY : DSR_FORWARDED;
}

static void check(struct fuzz *fuzz)
{
	uint32_t mtu = 20 + 8 * fuzz->in.error[0];
	struct net_device dev = { .ifindex = 7 };
	struct rtable route = { .dst = { .dev = &dev, .mtu = mtu } };
	struct dsr_service service = { };
	uint8_t want[INPUT_PACKET_MAX];
	struct net net = { };
	struct fuzz_sent sent;
	enum dsr_reason reason, wanted;

	service.tos = fuzz->in.number[0] << 8 |
		      (fuzz->in.number[1] & fuzz->in.number[0]);
	if (fuzz->v6 && mtu < 1280)
		mtu = 1280;
	fuzz_sent = (struct fuzz_sent) { };
	wanted = verdict(fuzz, mtu, &sent);
	reason = fuzz->v6 ?
		 dsr_xmit6_prepare(&net, fuzz->skb, &service, &route.dst) :
		 dsr_xmit4_prepare(&net, fuzz->skb, &service, &route.dst);
	expect(fuzz, reason == wanted, "reason %d, not %d", reason, wanted);
	expect(fuzz, fuzz_sent.count == sent.count &&
	       fuzz_sent.type == sent.type && fuzz_sent.info == sent.info,
	       "%d errors of type %d with %u", fuzz_sent.count, fuzz_sent.type,
	       fuzz_sent.info);
	memcpy(want, fuzz->packet, fuzz->len);
	if (reason == DSR_FORWARDED)
		forward(want, fuzz->v6, service.tos);
	compare(fuzz, want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;

	if (!input_decode(&fuzz, data, size, false))
		return 0;
	fuzz.network = 0;
	input_make(&fuzz);
	check(&fuzz);
	input_done(&fuzz);
	return 0;
}
