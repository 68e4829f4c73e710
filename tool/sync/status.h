/* SPDX-License-Identifier: GPL-2.0 */
/* status - the socket by which dsrctl asks dsrsyncd */
#ifndef DSRSYNCD_STATUS_H
#define DSRSYNCD_STATUS_H

#include <poll.h>

#include "member.h"

#define STATUS_CLIENTS	8

/* longest request, with its newline */
#define STATUS_REQUEST	16

/**
 * struct status_client - a program that asks
 * @fd: its socket; -1: there is none
 * @text: what it has sent so far
 * @used: bytes of @text
 * @waits: answer when this machine is ready
 */
struct status_client {
	int fd;
	char text[STATUS_REQUEST];
	size_t used;
	bool waits;
};

/**
 * struct status - the socket
 * @path: its path
 * @fd: it
 * @client: the programs that ask
 */
struct status {
	const char *path;
	int fd;
	struct status_client client[STATUS_CLIENTS];
};

int status_open(struct status *status, const char *path);
size_t status_poll(const struct status *status, struct pollfd *poll);
void status_work(struct status *status, struct member *member);
void status_close(struct status *status);

#endif /* DSRSYNCD_STATUS_H */
