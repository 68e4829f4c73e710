/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SOCKET_H
#define DSRCTL_SOCKET_H

#include <stddef.h>
#include <stdint.h>

struct nl_sock;

struct nl_sock *socket_open(void);
struct nl_sock *socket_open_route(void);
struct nl_sock *socket_open_host(void);
struct nl_sock *socket_open_netfilter(void);
struct nl_sock *socket_open_diag(void);
int socket_join(struct nl_sock *sock, uint32_t group);
void socket_send_size(struct nl_sock *sock, size_t size);
void socket_close(struct nl_sock *sock);

#endif /* DSRCTL_SOCKET_H */
