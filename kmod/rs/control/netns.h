/* SPDX-License-Identifier: GPL-2.0 */
/* netns - set up and free the module's state in each network namespace */
#ifndef _DSR_RS_NETNS_H
#define _DSR_RS_NETNS_H

#include <linux/init.h>

int __init dsr_rs_netns_init(void);
void dsr_rs_netns_exit(void);

#endif /* _DSR_RS_NETNS_H */
