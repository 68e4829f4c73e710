/* SPDX-License-Identifier: GPL-2.0 */
/* dst - convert a route to that of its family; named in Linux 6.9 */
#ifndef _DSR_COMPAT_DST_H
#define _DSR_COMPAT_DST_H

#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/route.h>

#ifndef dst_rtable
#define dst_rtable(ptr) \
	container_of((struct dst_entry *)(ptr), struct rtable, dst)
#endif

#ifndef dst_rt6_info
#define dst_rt6_info(ptr) \
	container_of((struct dst_entry *)(ptr), struct rt6_info, dst)
#endif

#endif /* _DSR_COMPAT_DST_H */
