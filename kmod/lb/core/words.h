/* SPDX-License-Identifier: GPL-2.0 */
/*
 * words - a tuple as words, which never were in memory
 *
 * For the lookup of a packet in xdp.c. A processor cannot read a word that was
 * written byte by byte before all these writes have arrived in its cache, so struct
 * dsr_tuple makes each packet wait. Functions on plain data.
 */
#ifndef _DSR_WORDS_H
#define _DSR_WORDS_H

#include "core/tuple.h"
#include "hsip.h"

/**
 * struct dsr_words - the words of struct dsr_tuple
 * @head: ports, protocol, family
 * @addrs: addresses: one word of IPv4, four of IPv6; the rest is not set
 */
struct dsr_words {
	u64 head;
	u64 addrs[4];
};

/* Make a word of its halves, in the order in which they are in memory. */
static __always_inline u64 dsr_words_join(u32 first, u32 second)
{
#ifdef __LITTLE_ENDIAN
	return first | (u64)second << 32;
#else
	return (u64)first << 32 | second;
#endif
}

/* A word at any address. */
struct dsr_words_one {
	u64 word;
} __packed;

static __always_inline u64 dsr_words_read(const void *from)
{
	return ((const struct dsr_words_one *)from)->word;
}

/** dsr_words_of() - make the words of a packet's tuple
 * @family: AF_INET or AF_INET6
 * @proto: protocol
 * @ports: as struct dsr_tuple.ports
 * @addrs: source address in the packet, followed by the destination
 */
static __always_inline struct dsr_words
dsr_words_of(u8 family, u8 proto, u32 ports, const void *addrs)
{
	struct dsr_words words __uninitialized;

#ifdef __LITTLE_ENDIAN
	words.head = dsr_words_join(ports, proto | family << 8);
#else
	words.head = dsr_words_join(ports, (u32)proto << 24 | family << 16);
#endif
	words.addrs[0] = dsr_words_read(addrs);
	if (likely(family == AF_INET))
		return words;
	words.addrs[1] = dsr_words_read(addrs + 8);
	words.addrs[2] = dsr_words_read(addrs + 16);
	words.addrs[3] = dsr_words_read(addrs + 24);
	return words;
}

/** dsr_words_equal() - true if the words are those of @tuple */
static __always_inline bool dsr_words_equal(const struct dsr_words *words,
					    u8 family,
					    const struct dsr_tuple *tuple)
{
	const u64 *other = (const u64 *)tuple;

	/* the family is in the first word */
	if (words->head != other[0] || words->addrs[0] != other[1])
		return false;
	return likely(family == AF_INET) || (words->addrs[1] == other[2] &&
					     words->addrs[2] == other[3] &&
					     words->addrs[3] == other[4]);
}

#if defined(DSR_HSIP) && defined(__LITTLE_ENDIAN)

/** dsr_words_key_hash() - dsr_tuple_key_hash() of words */
static __always_inline u32 dsr_words_key_hash(const struct dsr_words *words,
					      u8 family,
					      const hsiphash_key_t *key)
{
	struct dsr_hsip s = dsr_hsip_begin(key);

	if (likely(family == AF_INET)) {
		dsr_hsip_word(&s, words->addrs[0]);
		return dsr_hsip_end(&s, 3 * sizeof(u32), (u32)words->head);
	}
	dsr_hsip_word(&s, words->head);
	dsr_hsip_word(&s, words->addrs[0]);
	dsr_hsip_word(&s, words->addrs[1]);
	dsr_hsip_word(&s, words->addrs[2]);
	dsr_hsip_word(&s, words->addrs[3]);
	return dsr_hsip_end(&s, DSR_TUPLE_SIZE6, 0);
}

#else

static inline u32 dsr_words_key_hash(const struct dsr_words *words, u8 family,
				     const hsiphash_key_t *key)
{
	struct dsr_tuple tuple;

	memcpy(&tuple, words, likely(family == AF_INET) ? DSR_TUPLE_SIZE4 :
							  DSR_TUPLE_SIZE6);
	return dsr_tuple_key_hash(&tuple, key);
}

#endif

#endif /* _DSR_WORDS_H */
