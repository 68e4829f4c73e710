/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash - hashes of memory that are the same on every machine
 *
 * Two balancers that share a VIP send a flow to the same backend, also where one
 * of them has the other byte order: memory is read as words of little endian.
 * Pure.
 */
#ifndef _DSR_HASH_H
#define _DSR_HASH_H

#include <asm/byteorder.h>
#include <linux/jhash.h>
#include <linux/types.h>

/* Nothing longer is hashed than two IPv6 addresses with their ports. */
#define DSR_HASH_WORDS	10

/** dsr_hash_word32() - four bytes in network byte order as a word to be hashed */
static inline u32 dsr_hash_word32(__be32 bytes)
{
	return le32_to_cpu((__force __le32)bytes);
}

/** dsr_hash_word16() - two bytes in network byte order as a word to be hashed */
static inline u32 dsr_hash_word16(__be16 bytes)
{
	return le16_to_cpu((__force __le16)bytes);
}

/**
 * dsr_hash_words() - hash of some words of memory
 * @words: memory
 * @count: words, DSR_HASH_WORDS at most
 * @seed: another one makes another hash
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
