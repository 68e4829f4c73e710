/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash - hash memory with the same result on every machine
 *
 * Two balancers that share a VIP have to send a flow to the same backend, even
 * if their byte orders differ. So memory is read as little-endian words. Pure
 * functions.
 */
#ifndef _DSR_HASH_H
#define _DSR_HASH_H

#include <asm/byteorder.h>
#include <linux/jhash.h>
#include <linux/types.h>

/* The longest input: two IPv6 addresses with their ports. */
#define DSR_HASH_WORDS	10

/** dsr_hash_word32() - make a hash word of four bytes in network order */
static inline u32 dsr_hash_word32(__be32 bytes)
{
	return le32_to_cpu((__force __le32)bytes);
}

/** dsr_hash_word16() - make a hash word of two bytes in network order */
static inline u32 dsr_hash_word16(__be16 bytes)
{
	return le16_to_cpu((__force __le16)bytes);
}

/**
 * dsr_hash_words() - hash an array of words
 * @words: memory
 * @count: number of words, DSR_HASH_WORDS at most
 * @seed: selects one of many hash functions
 */
static inline u32 dsr_hash_words(const void *words, u32 count, u32 seed)
{
#ifdef __LITTLE_ENDIAN
	return jhash2(words, count, seed);
#else
	u32 swapped[DSR_HASH_WORDS];
	u32 i;

	for (i = 0; i < count; i++)
		swapped[i] = le32_to_cpup((const __le32 *)words + i);
	return jhash2(swapped, count, seed);
#endif
}

#endif /* _DSR_HASH_H */
