/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash - the kernel's names with another function behind them
 *
 * No result depends on the values, except the bucket of an entry.
 */
#ifndef _FUZZ_HASH_H
#define _FUZZ_HASH_H

#define GOLDEN_RATIO_32	0x61C88647

typedef struct {
	u64 key[2];
} hsiphash_key_t;

static inline u32 fuzz_hash(const void *data, size_t len, u64 seed)
{
	const u8 *byte = data;
	u64 sum = seed ^ 0xcbf29ce484222325ULL;

	while (len--)
		sum = (sum ^ *byte++) * 0x100000001b3ULL;
	return sum ^ sum >> 32;
}

static inline u32 hsiphash(const void *data, size_t len,
			   const hsiphash_key_t *key)
{
	return fuzz_hash(data, len, key->key[0]);
}

static inline u32 hsiphash_2u32(u32 a, u32 b, const hsiphash_key_t *key)
{
	u32 words[] = { a, b };

	return hsiphash(words, sizeof(words), key);
}

static inline u32 hsiphash_3u32(u32 a, u32 b, u32 c, const hsiphash_key_t *key)
{
	u32 words[] = { a, b, c };

	return hsiphash(words, sizeof(words), key);
}

static inline u32 jhash2(const void *words, u32 count, u32 seed)
{
	return fuzz_hash(words, count * sizeof(u32), seed);
}

static inline u32 jhash_1word(u32 a, u32 seed)
{
	return jhash2(&a, 1, seed);
}

static inline u32 jhash_2words(u32 a, u32 b, u32 seed)
{
	u32 words[] = { a, b };

	return jhash2(words, 2, seed);
}

static inline u32 hash_32(u32 word, unsigned int bits)
{
	return jhash_1word(word, 0) >> (32 - bits);
}

static inline u32 ipv6_addr_hash(const struct in6_addr *addr)
{
	return jhash2(addr, 4, 0);
}

#endif /* _FUZZ_HASH_H */
