/* SPDX-License-Identifier: GPL-2.0 */
/*
 * extack - messages with numbers in them, on kernels that do not support them
 *
 * NL_SET_ERR_MSG_FMT() came with Linux 6.2. Before, an extended ack can only
 * point at a string that must live until the ack is sent, after the handler has
 * returned and its locks are released. So each distinct string is kept once, in
 * a pool that lives as long as its owner.
 */
#ifndef _DSR_COMPAT_EXTACK_H
#define _DSR_COMPAT_EXTACK_H

#include <linux/kernel.h>
#include <linux/netlink.h>
#include <linux/string.h>

#ifdef NL_SET_ERR_MSG_FMT

struct dsr_extack_pool {};

#define dsr_extack_fmt(pool, extack, otherwise, fmt, ...) \
	NL_SET_ERR_MSG_FMT(extack, fmt, ##__VA_ARGS__)

#else

#define DSR_EXTACK_TEXTS	8

/**
 * struct dsr_extack_pool - strings that acks may point at
 * @text: never changed once written
 */
struct dsr_extack_pool {
	char text[DSR_EXTACK_TEXTS][80];
};

/**
 * dsr_extack_fmt() - set the message of an extended ack
 * @pool: storage of the text; its owner's lock is held
 * @extack: extended ack, or %NULL
 * @otherwise: constant text, used when the pool is full
 * @fmt: as for snprintf(), 79 characters at most when formatted
 */
static inline __printf(4, 5) void
dsr_extack_fmt(struct dsr_extack_pool *pool, struct netlink_ext_ack *extack,
	       const char *otherwise, const char *fmt, ...)
{
	char text[sizeof(pool->text[0])];
	va_list args;
	int i;

	if (!extack)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	extack->_msg = otherwise;
	for (i = 0; i < DSR_EXTACK_TEXTS; i++) {
		if (!pool->text[i][0])
			strscpy(pool->text[i], text, sizeof(text));
		if (!strcmp(pool->text[i], text)) {
			extack->_msg = pool->text[i];
			return;
		}
	}
}

#endif

#endif /* _DSR_COMPAT_EXTACK_H */
