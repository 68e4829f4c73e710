/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_EXTACK_H
#define DSRCTL_EXTACK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* a longer sentence of the kernel is truncated */
#define EXTACK_TEXT_MAX	512

uint32_t extack_offset(const struct nlmsghdr *ack, size_t payload);
void extack_read(const struct nlmsghdr *ack, size_t payload,
		 const struct nlmsghdr *request, char *text, size_t size);

#endif /* DSRCTL_EXTACK_H */
