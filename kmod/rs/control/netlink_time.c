// SPDX-License-Identifier: GPL-2.0
/* netlink_time - times in requests and replies, shared with dsr_lb */
#include "../../common/netlink_time.c"
