/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_WATCH_H
#define DSRCTL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* bounds of what is looked at, however much comes */
#define WATCH_PACKETS_MAX	20000
#define WATCH_SEEN_MAX		2000

/* the sockets: of TCP and SCTP, and of UDP */
enum watch_socket {
	WATCH_FIRST,
	WATCH_UDP,
	WATCH_SOCKETS
};

/* what a datagram is to a service */
enum watch_kind {
	WATCH_OTHER,		/* not of interest */
	WATCH_REQUEST,		/* a client sent it */
	WATCH_ANSWER,		/* a server did */
};

/**
 * struct seen - packets that begin a connection between the same two ends, or
 *	datagrams of UDP between these
 * @proto: IPPROTO_*
 * @out: this machine sent them; else they came for its MAC address
 * @answer: they go to the client
 * @ifindex: the device
 * @src: source
 * @dst: destination
 * @sport: source port
 * @dport: destination port
 * @tos: TOS byte, or traffic class
 * @mss: of TCP: the largest segment that its sender takes; 0 if it names none
 * @time: when the first one was read, as by duration_now()
 * @has_mac: @mac is known
 * @mac: of the machine that sent them
 * @times: how many there were
 */
struct seen {
	uint8_t proto;
	bool out;
	bool answer;
	int ifindex;
	struct addr src;
	struct addr dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t tos;
	uint16_t mss;
	int64_t time;
	bool has_mac;
	uint8_t mac[6];
	unsigned int times;
};

/**
 * struct watch - what passed this machine while it was looked at
 * @fd: the sockets, or -1
 * @packets: how many packets came from each
 * @msecs: for how long it was looked at
 * @end: when that was over
 * @seen: what was seen
 * @count: how many @seen there are
 * @kind_of: tells what a datagram is; NULL: do not look at UDP
 * @on_new: called for each @seen when it is added; may be NULL
 * @arg: for @kind_of and @on_new
 */
struct watch {
	int fd[WATCH_SOCKETS];
	unsigned int packets[WATCH_SOCKETS];
	uint32_t msecs;
	int64_t end;
	struct seen *seen;
	size_t count;
	enum watch_kind (*kind_of)(const struct seen *seen, void *arg);
	void (*on_new)(const struct seen *seen, void *arg);
	void *arg;
};

void watch_init(struct watch *watch);
void watch_begin(struct watch *watch);
void watch_wait(struct watch *watch, uint32_t msecs);
void watch_free(struct watch *watch);

/* sniff.c, which the tests replace */
int sniff_open(bool udp);
bool sniff_read(int fd, struct seen *seen);

#endif /* DSRCTL_WATCH_H */
