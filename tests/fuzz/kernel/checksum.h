/* SPDX-License-Identifier: GPL-2.0 */
/*
 * checksum - sums of 16-bit words (RFC 1071), and their updates (RFC 1624)
 *
 * A __wsum is a sum of 32 bits that folds to one of 16.
 */
#ifndef _FUZZ_CHECKSUM_H
#define _FUZZ_CHECKSUM_H

#define CSUM_MANGLED_0	((__sum16)0xffff)

static inline __wsum csum_add(__wsum a, __wsum b)
{
	u64 sum = (u64)a + b;

	return (u32)sum + (u32)(sum >> 32);
}

static inline __wsum csum_sub(__wsum a, __wsum b)
{
	return csum_add(a, ~b);
}

static inline __wsum csum_unfold(__sum16 sum)
{
	return sum;
}

static inline __sum16 csum_fold(__wsum sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline void csum_replace4(__sum16 *sum, __be32 from, __be32 to)
{
	*sum = csum_fold(csum_add(csum_sub(~csum_unfold(*sum), from), to));
}

static inline void csum_replace2(__sum16 *sum, __be16 from, __be16 to)
{
	csum_replace4(sum, from, to);
}

#endif /* _FUZZ_CHECKSUM_H */
