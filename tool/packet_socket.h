/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PACKET_SOCKET_H
#define DSRCTL_PACKET_SOCKET_H

#include <linux/filter.h>
#include <stdint.h>

int packet_socket_open(uint16_t protocol, const struct sock_fprog *filter);

#endif /* DSRCTL_PACKET_SOCKET_H */
