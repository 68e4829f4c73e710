/* SPDX-License-Identifier: GPL-2.0 */
/* netns - create and destroy the balancer of each network namespace */
#ifndef _DSR_NETNS_H
#define _DSR_NETNS_H

#include <linux/init.h>

int __init dsr_netns_init(void);
void dsr_netns_exit(void);

#endif /* _DSR_NETNS_H */
