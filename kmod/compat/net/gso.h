/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net/gso.h - where GSO is declared since Linux 6.5
 *
 * The kernel's own headers come first in the search: this one is found only
 * where the kernel has none.
 */
#ifndef _DSR_COMPAT_NET_GSO_H
#define _DSR_COMPAT_NET_GSO_H

#include <linux/skbuff.h>

#endif /* _DSR_COMPAT_NET_GSO_H */
