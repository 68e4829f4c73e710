// SPDX-License-Identifier: GPL-2.0
/* skb - see skb.h */

#include <sanitizer/asan_interface.h>

#define HEADROOM	64

unsigned long jiffies = 1000000;
struct fuzz_sent fuzz_sent;

static u8 *linear_alloc(unsigned int len)
{
	u8 *head = malloc(HEADROOM + len);

	if (!head)
		abort();
	ASAN_POISON_MEMORY_REGION(head, HEADROOM);
	return head;
}

static void linear_free(u8 *head)
{
	ASAN_UNPOISON_MEMORY_REGION(head, HEADROOM);
	free(head);
}

/**
 * fuzz_skb_alloc() - make a packet
 * @data: its bytes
 * @len: number of bytes
 * @linear: so many of them are in the linear part, or all if there are fewer
 * @network: offset of the IP header
 */
struct sk_buff *fuzz_skb_alloc(const u8 *data, unsigned int len,
			       unsigned int linear, unsigned int network)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));

	if (!skb)
		abort();
	if (linear > len)
		linear = len;
	skb->head = linear_alloc(linear);
	skb->data = skb->head + HEADROOM;
	skb->len = len;
	skb->data_len = len - linear;
	skb->network = HEADROOM + network;
	skb->transport = skb->network;
	memcpy(skb->data, data, linear);
	if (skb->data_len) {
		skb->paged = malloc(skb->data_len);
		if (!skb->paged)
			abort();
		memcpy(skb->paged, data + linear, skb->data_len);
	}
	return skb;
}

void fuzz_skb_free(struct sk_buff *skb)
{
	linear_free(skb->head);
	free(skb->paged);
	free(skb);
}

/* Copy the whole packet to @to. */
void fuzz_skb_read(const struct sk_buff *skb, u8 *to)
{
	if (skb_copy_bits(skb, 0, to, skb->len))
		abort();
}

/* Move the linear part to other memory, with @linear bytes of the packet at
 * least. Pointers into the old part are then invalid.
 *
 * Return: false, with nothing changed, if memory is short.
 */
bool fuzz_skb_move(struct sk_buff *skb, unsigned int linear)
{
	u8 *head, *paged = NULL;
	unsigned int left;

	if (skb->fails)
		return false;
	if (linear < skb_headlen(skb))
		linear = skb_headlen(skb);
	left = skb->len - linear;
	head = linear_alloc(linear);
	if (skb_copy_bits(skb, 0, head + HEADROOM, linear))
		abort();
	if (left) {
		paged = malloc(left);
		if (!paged || skb_copy_bits(skb, linear, paged, left))
			abort();
	}
	linear_free(skb->head);
	free(skb->paged);
	skb->head = head;
	skb->data = head + HEADROOM;
	skb->paged = paged;
	skb->data_len = left;
	skb->cloned = false;
	return true;
}

int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len)
{
	int linear = skb_headlen(skb), part;

	if (offset < 0 || len < 0 || offset > (int)skb->len - len)
		return -EFAULT;
	part = offset < linear ? linear - offset : 0;
	if (part > len)
		part = len;
	memcpy(to, skb->data + offset, part);
	if (len > part)
		memcpy((u8 *)to + part, skb->paged + offset + part - linear,
		       len - part);
	return 0;
}

void *skb_header_pointer(const struct sk_buff *skb, int offset, int len,
			 void *buffer)
{
	/* The kernel takes no negative offset either, but does not say so. */
	if (offset < 0)
		abort();
	if ((int)skb_headlen(skb) - offset >= len)
		return skb->data + offset;
	return skb_copy_bits(skb, offset, buffer, len) ? NULL : buffer;
}

bool pskb_may_pull(struct sk_buff *skb, unsigned int len)
{
	return len <= skb_headlen(skb) ||
	       (len <= skb->len && fuzz_skb_move(skb, len));
}

int skb_ensure_writable(struct sk_buff *skb, unsigned int len)
{
	return len <= skb->len && fuzz_skb_move(skb, len) ? 0 : -ENOMEM;
}

int skb_cow(struct sk_buff *skb, unsigned int headroom)
{
	return fuzz_skb_move(skb, 0) ? 0 : -ENOMEM;
}

int skb_unclone(struct sk_buff *skb, gfp_t gfp)
{
	return fuzz_skb_move(skb, 0) ? 0 : -ENOMEM;
}

/* Packets are trimmed before they get here. */
int pskb_trim_rcsum(struct sk_buff *skb, unsigned int len)
{
	abort();
}

void inet_proto_csum_replace4(__sum16 *sum, struct sk_buff *skb, __be32 from,
			      __be32 to, bool pseudo)
{
	__wsum change = csum_sub(to, from);

	if (skb->ip_summed != CHECKSUM_PARTIAL) {
		*sum = csum_fold(csum_add(~csum_unfold(*sum), change));
		if (skb->ip_summed == CHECKSUM_COMPLETE && pseudo)
			skb->csum = csum_sub(skb->csum, change);
	} else if (pseudo) {
		*sum = ~csum_fold(csum_add(csum_unfold(*sum), change));
	}
}

void inet_proto_csum_replace2(__sum16 *sum, struct sk_buff *skb, __be16 from,
			      __be16 to, bool pseudo)
{
	inet_proto_csum_replace4(sum, skb, from, to, pseudo);
}

/* IPv6 has no header checksum: the changed address and the changed checksum
 * cancel each other out in skb->csum.
 */
void inet_proto_csum_replace16(__sum16 *sum, struct sk_buff *skb,
			       const __be32 *from, const __be32 *to,
			       bool pseudo)
{
	__wsum change = 0;
	int i;

	for (i = 0; i < 4; i++)
		change = csum_add(change, csum_sub(to[i], from[i]));
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		*sum = csum_fold(csum_add(~csum_unfold(*sum), change));
	else if (pseudo)
		*sum = ~csum_fold(csum_add(csum_unfold(*sum), change));
}
