// SPDX-License-Identifier: GPL-2.0
/* netlink_time - times in requests and replies, shared with dsr_rs */
#include "../../common/netlink_time.c"
