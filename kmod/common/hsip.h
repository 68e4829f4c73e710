/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hsip - hsiphash() of words in registers, in place
 *
 * The same hash as the kernel's, without the call and without the memory that the
 * call reads: both cost a tenth of it, and more for an IPv6 tuple. For the one path
 * that is short enough to notice. Pure functions.
 */
#ifndef _DSR_HSIP_H
#define _DSR_HSIP_H

#include <linux/siphash.h>
#include <linux/types.h>

#if BITS_PER_LONG == 64 && defined(SIPHASH_PERMUTATION)
#define DSR_HSIP

/**
 * struct dsr_hsip - state of SipHash-1-3
 * @v0: the words of the state
 * @v1: see @v0
 * @v2: see @v0
 * @v3: see @v0
 */
struct dsr_hsip {
	u64 v0;
	u64 v1;
	u64 v2;
	u64 v3;
};

/** dsr_hsip_begin() - return the state before the first word */
static __always_inline struct dsr_hsip
dsr_hsip_begin(const hsiphash_key_t *key)
{
	return (struct dsr_hsip) {
		.v0 = SIPHASH_CONST_0 ^ key->key[0],
		.v1 = SIPHASH_CONST_1 ^ key->key[1],
		.v2 = SIPHASH_CONST_2 ^ key->key[0],
		.v3 = SIPHASH_CONST_3 ^ key->key[1],
	};
}

/** dsr_hsip_word() - take in the next eight bytes, little-endian */
static __always_inline void dsr_hsip_word(struct dsr_hsip *s, u64 word)
{
	s->v3 ^= word;
	SIPHASH_PERMUTATION(s->v0, s->v1, s->v2, s->v3);
	s->v0 ^= word;
}

/**
 * dsr_hsip_end() - return the hash
 * @s: state after all whole words
 * @len: bytes in all
 * @rest: the bytes after the last whole word, fewer than eight
 */
static __always_inline u32 dsr_hsip_end(struct dsr_hsip *s, u64 len, u64 rest)
{
	dsr_hsip_word(s, len << 56 | rest);
	s->v2 ^= 0xff;
	SIPHASH_PERMUTATION(s->v0, s->v1, s->v2, s->v3);
	SIPHASH_PERMUTATION(s->v0, s->v1, s->v2, s->v3);
	SIPHASH_PERMUTATION(s->v0, s->v1, s->v2, s->v3);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#endif

#endif /* _DSR_HSIP_H */
