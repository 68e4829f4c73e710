// SPDX-License-Identifier: GPL-2.0
/* input - see input.h */

#include <stdarg.h>
#include <stdio.h>

#include "input.h"

/* Make the header one that has passed ip_rcv() or ipv6_rcv(): its version and
 * its lengths are right. Other fields are as the fuzzer wants them.
 *
 * Return: false if it cannot be made so.
 */
static bool pass_header(struct fuzz *fuzz, bool hook)
{
	uint8_t *p = fuzz->packet;

	if (fuzz->v6) {
		fuzz->head = 40;
		p[0] = 0x60 | (p[0] & 0x0f);
		p[4] = (fuzz->len - 40) >> 8;
		p[5] = fuzz->len - 40;
		return true;
	}
	p[0] = 0x40 | (p[0] & 0x0f);
	p[2] = fuzz->len >> 8;
	p[3] = fuzz->len;
	fuzz->head = (p[0] & 15) * 4;
	if (hook && fuzz->head < 20)
		fuzz->head = 20;
	if (hook && fuzz->head > fuzz->len)
		fuzz->head = fuzz->len;
	return fuzz->head >= 20 && fuzz->head <= fuzz->len;
}

/**
 * input_decode() - decode an input; input_make() has to follow
 * @fuzz: set, except for its skb
 * @data: input
 * @size: its size
 * @hook: the packet is as a hook of netfilter gets it: its data begins at its IP
 *	header, and a raw socket may have sent it, so that an IPv4 header has any
 *	length
 *
 * Return: false if it is too short.
 */
bool input_decode(struct fuzz *fuzz, const uint8_t *data, size_t size,
		  bool hook)
{
	if (size < sizeof(fuzz->in))
		return false;
	memcpy(&fuzz->in, data, sizeof(fuzz->in));
	fuzz->v6 = fuzz->in.flags & INPUT_V6;
	fuzz->network = hook ? 0 : fuzz->in.network % 16;
	fuzz->len = size - sizeof(fuzz->in);
	if (fuzz->len < (fuzz->v6 ? 40 : 20) || fuzz->len > INPUT_PACKET_MAX)
		return false;
	memcpy(fuzz->packet, data + sizeof(fuzz->in), fuzz->len);
	return pass_header(fuzz, hook);
}

/* input_make() - make the skb; input_done() frees it */
void input_make(struct fuzz *fuzz)
{
	uint8_t padded[16 + INPUT_PACKET_MAX] = { 0 };

	memcpy(padded + fuzz->network, fuzz->packet, fuzz->len);
	fuzz->skb = fuzz_skb_alloc(padded, fuzz->network + fuzz->len,
				   fuzz->network + fuzz->head + fuzz->in.linear,
				   fuzz->network);
	fuzz->skb->fails = fuzz->in.flags & INPUT_FAILS;
	fuzz->skb->cloned = fuzz->in.flags & INPUT_CLONED;
}

/* input_read() - do both */
bool input_read(struct fuzz *fuzz, const uint8_t *data, size_t size,
		bool hook)
{
	if (!input_decode(fuzz, data, size, hook))
		return false;
	input_make(fuzz);
	return true;
}

/* Give the packet, whose data begins at its IP header, the checksum mode of the
 * input. @m is the parsed packet.
 */
void input_sum(struct fuzz *fuzz, const struct model *m)
{
	struct sk_buff *skb = fuzz->skb;

	skb->ip_summed = fuzz->in.summed % 4;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = htons(model_sum(fuzz->packet, fuzz->len)) +
			    (fuzz->in.error[0] << 8 | fuzz->in.error[1]);
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return;
	skb->csum_start = skb_headroom(skb) + m->at;
	skb->csum_offset = model_check_at(m->proto);
	if (fuzz->in.flags & INPUT_TUNNEL && m->proto == MODEL_UDP)
		skb->csum_start += 58;
	if (fuzz->in.flags & INPUT_OTHER_FLOW && m->proto == MODEL_UDP)
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_TUNNEL_CSUM;
}

/* Return the bytes of the packet as they are now, from its data on. */
uint8_t *input_after(const struct fuzz *fuzz)
{
	static uint8_t after[16 + INPUT_PACKET_MAX];

	fuzz_skb_read(fuzz->skb, after);
	return after;
}

void input_done(struct fuzz *fuzz)
{
	fuzz_skb_free(fuzz->skb);
}

static void show(const char *name, const uint8_t *p, size_t len)
{
	size_t i;

	fprintf(stderr, "%s", name);
	for (i = 0; i < len; i++)
		fprintf(stderr, i % 4 ? "%02x" : " %02x", p[i]);
	fprintf(stderr, "\n");
}

/* Print what differs from the model, and the packet; end as a crash does. */
void fuzz_fail(const struct fuzz *fuzz, const char *what, ...)
{
	va_list args;

	fprintf(stderr, "DIFFERS FROM THE MODEL: ");
	va_start(args, what);
	vfprintf(stderr, what, args);
	va_end(args);
	fprintf(stderr, "\nflags %#x linear %u summed %u network %u\n",
		fuzz->in.flags, fuzz->in.linear, fuzz->in.summed % 4,
		fuzz->in.network % 16);
	show("before", fuzz->packet, fuzz->len);
	show("after ", input_after(fuzz), fuzz->skb->len);
	abort();
}
