/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel - stand-ins for the kernel, so that kmod/ compiles in user space
 *
 * The compiler includes this file before each source file, and finds an empty
 * file for each header of the kernel that kmod/ includes, see build.sh. So all
 * that the sources use of the kernel is here and in the files below. Headers of
 * the kernel's user interface are the real ones.
 *
 * The stand-ins do the same as the kernel's functions, as slowly and as plainly
 * as possible. A stand-in that can fail or move memory does so if the input of
 * the fuzzer says so.
 */
#ifndef _FUZZ_KERNEL_H
#define _FUZZ_KERNEL_H

#include <asm/byteorder.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>

/* The compiler's attributes. */
#undef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#define noinline	__attribute__((noinline))
#define __force
#define __rcu
#define __percpu
#define __read_mostly
#define __uninitialized
#define __must_check
#define __init
#define __exit
#define __aligned(n)	__attribute__((aligned(n)))
#define __packed	__attribute__((packed))
#define ____cacheline_aligned_in_smp	__aligned(64)
#define ____cacheline_aligned	__aligned(64)
#define likely(x)	(x)
#define unlikely(x)	(x)
#define barrier()	do { } while (0)
#define fallthrough	__attribute__((fallthrough))

#define EXPORT_SYMBOL_GPL(name)
#define EXPORT_SYMBOL_NS_GPL(name, space)

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned int gfp_t;

#define GFP_ATOMIC	0
#define GFP_KERNEL	0
#define __GFP_NOWARN	0

#define BUILD_BUG_ON(x)	_Static_assert(!(x), "BUILD_BUG_ON")
#define static_assert(x, ...)	_Static_assert(x, #x)
#define WARN_ON_ONCE(x)	({ if (x) abort(); 0; })

#define U8_MAX	UINT8_MAX

#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))
#define ARRAY_SIZE(a)	((int)(sizeof(a) / sizeof((a)[0])))
#define min_t(t, a, b)	((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define max_t(t, a, b)	((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define swap(a, b) \
	do { typeof(a) _old = (a); (a) = (b); (b) = _old; } while (0)
#define offsetofend(t, m)	(offsetof(t, m) + sizeof(((t *)0)->m))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile typeof(x) *)&(x) = (v))

#define htons(x)	__cpu_to_be16(x)
#define ntohs(x)	__be16_to_cpu(x)
#define htonl(x)	__cpu_to_be32(x)
#define ntohl(x)	__be32_to_cpu(x)
#define cpu_to_le32(x)	__cpu_to_le32(x)
#define le32_to_cpu(x)	__le32_to_cpu(x)
#define le16_to_cpu(x)	__le16_to_cpu(x)

static inline u32 rol32(u32 word, unsigned int bits)
{
	return word << bits | word >> (32 - bits);
}

static inline int __ffs64(u64 word)
{
	return __builtin_ctzll(word);
}

#define HZ	250
extern unsigned long jiffies;

#include "kernel/sync.h"
#include "kernel/hash.h"
#include "kernel/checksum.h"
#include "kernel/skb.h"
#include "kernel/ip.h"
#include "kernel/net.h"
#include "kernel/route.h"

/* From here on a header of the kernel is empty. */
#define FUZZ_KERNEL_DONE

#endif /* _FUZZ_KERNEL_H */
