/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skb - a packet: a linear part, and one paged part behind it
 *
 * Each part is an allocation of its own that ends where the part ends, and the
 * headroom is poisoned: AddressSanitizer reports each access beyond a packet.
 */
#ifndef _FUZZ_SKB_H
#define _FUZZ_SKB_H

enum {
	CHECKSUM_NONE,
	CHECKSUM_UNNECESSARY,
	CHECKSUM_COMPLETE,
	CHECKSUM_PARTIAL,
};

#define SKB_GSO_UDP_TUNNEL_CSUM	BIT(0)
#define SKB_GSO_FRAGLIST	BIT(1)

#define PACKET_HOST	0
#define PACKET_OUTGOING	4

struct net_device;
struct sk_buff;

struct skb_shared_info {
	struct sk_buff *frag_list;
	unsigned int gso_type;
	u16 gso_size;
	u16 gso_segs;
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	u8 *head;
	u8 *data;
	u8 *paged;
	unsigned int len;
	unsigned int data_len;
	unsigned int network;		/* from head, as the next two */
	unsigned int transport;
	unsigned int csum_start;
	unsigned int csum_offset;
	__wsum csum;
	u32 mark;
	u32 priority;
	__be16 protocol;
	u8 ip_summed;
	u8 pkt_type;
	bool ignore_df;
	bool cloned;
	bool fails;			/* allocations for it */
	void *dst;
	struct skb_shared_info shared;
	char cb[48] __aligned(8);
};

#define skb_shinfo(skb)		(&(skb)->shared)
#define skb_is_gso(skb)		((skb)->shared.gso_size)
#define skb_headlen(skb)	((skb)->len - (skb)->data_len)
#define skb_headroom(skb)	((unsigned int)((skb)->data - (skb)->head))
#define skb_network_header(skb)	((void *)((skb)->head + (skb)->network))
#define skb_network_offset(skb) \
	((int)((skb)->head + (skb)->network - (skb)->data))
#define skb_checksum_start_offset(skb) \
	((int)(skb)->csum_start - (int)skb_headroom(skb))
#define skb_cloned(skb)		((skb)->cloned)
#define skb_shared(skb)		0
#define skb_walk_frags(skb, one) \
	for ((one) = skb_shinfo(skb)->frag_list; (one); (one) = (one)->next)

struct sk_buff *fuzz_skb_alloc(const u8 *data, unsigned int len,
			       unsigned int linear, unsigned int network);
void fuzz_skb_free(struct sk_buff *skb);
void fuzz_skb_read(const struct sk_buff *skb, u8 *to);
bool fuzz_skb_move(struct sk_buff *skb, unsigned int linear);

int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len);
void *skb_header_pointer(const struct sk_buff *skb, int offset, int len,
			 void *buffer);
int skb_ensure_writable(struct sk_buff *skb, unsigned int len);
bool pskb_may_pull(struct sk_buff *skb, unsigned int len);
int skb_cow(struct sk_buff *skb, unsigned int headroom);
int pskb_trim_rcsum(struct sk_buff *skb, unsigned int len);
int skb_unclone(struct sk_buff *skb, gfp_t gfp);

static inline bool skb_clone_writable(const struct sk_buff *skb,
				      unsigned int len)
{
	return !skb->cloned;
}

/* No chain is shared here. */
static inline struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp)
{
	abort();
}

static inline void consume_skb(struct sk_buff *skb)
{
	abort();
}

static inline void skb_forward_csum(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
}

static inline void skb_clear_tstamp(struct sk_buff *skb)
{
}

static inline void skb_dst_drop(struct sk_buff *skb)
{
	skb->dst = NULL;
}

void inet_proto_csum_replace4(__sum16 *sum, struct sk_buff *skb, __be32 from,
			      __be32 to, bool pseudo);
void inet_proto_csum_replace2(__sum16 *sum, struct sk_buff *skb, __be16 from,
			      __be16 to, bool pseudo);
void inet_proto_csum_replace16(__sum16 *sum, struct sk_buff *skb,
			       const __be32 *from, const __be32 *to,
			       bool pseudo);

#endif /* _FUZZ_SKB_H */
