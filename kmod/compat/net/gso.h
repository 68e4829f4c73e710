/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net/gso.h - GSO functions, which have a header of their own since Linux 6.5
 *
 * The kernel's own headers come first in the search path: this one is found
 * only if the kernel has none.
 */
#ifndef _DSR_COMPAT_NET_GSO_H
#define _DSR_COMPAT_NET_GSO_H

#include <linux/skbuff.h>

#endif /* _DSR_COMPAT_NET_GSO_H */
