// SPDX-License-Identifier: GPL-2.0
/*
 * The packets that pass this machine while dsrctl doctor looks: the first ones of
 * connections of TCP and SCTP, datagrams of UDP, and the answers to them.
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "report.h"
#include "watch.h"

/**
 * watch_init() - prepare to look
 * @watch: set; for watch_free() in any case
 */
void watch_init(struct watch *watch)
{
	memset(watch, 0, sizeof(*watch));
	watch->fd[WATCH_FIRST] = -1;
	watch->fd[WATCH_UDP] = -1;
}

/**
 * watch_begin() - begin to look
 * @watch: from watch_init(), with the functions to call
 *
 * Without CAP_NET_RAW nothing is seen.
 */
void watch_begin(struct watch *watch)
{
	watch->fd[WATCH_FIRST] = sniff_open(false);
	if (watch->kind_of)
		watch->fd[WATCH_UDP] = sniff_open(true);
	watch->seen = report_alloc(NULL,
				   WATCH_SEEN_MAX * sizeof(*watch->seen));
}

/* Check if a packet is the same one again. */
static bool is_again(const struct seen *one, const struct seen *other)
{
	return one->proto == other->proto && one->out == other->out &&
	       one->answer == other->answer &&
	       one->ifindex == other->ifindex && one->sport == other->sport &&
	       one->dport == other->dport && one->tos == other->tos &&
	       addr_same(&one->src, &other->src) &&
	       addr_same(&one->dst, &other->dst) &&
	       !memcmp(one->mac, other->mac, sizeof(one->mac));
}

static void keep(struct watch *watch, struct seen *seen)
{
	enum watch_kind kind;
	size_t i;

	if (!seen->src.family)
		return;
	if (seen->proto == IPPROTO_UDP) {
		kind = watch->kind_of ? watch->kind_of(seen, watch->arg) :
					WATCH_OTHER;
		if (kind == WATCH_OTHER)
			return;
		seen->answer = kind == WATCH_ANSWER;
	}
	for (i = 0; i < watch->count; i++)
		if (is_again(&watch->seen[i], seen)) {
			watch->seen[i].times++;
			return;
		}
	if (watch->count == WATCH_SEEN_MAX)
		return;
	seen->time = duration_now();
	watch->seen[watch->count++] = *seen;
	if (watch->on_new)
		watch->on_new(seen, watch->arg);
}

/* When a lot has come, close the socket, so that the machine makes no more copies. */
static void read_socket(struct watch *watch, enum watch_socket which)
{
	struct seen seen;

	while (watch->fd[which] >= 0 && sniff_read(watch->fd[which], &seen)) {
		keep(watch, &seen);
		if (++watch->packets[which] < WATCH_PACKETS_MAX)
			continue;
		close(watch->fd[which]);
		watch->fd[which] = -1;
	}
}

/**
 * watch_wait() - look for a while
 * @watch: from watch_begin()
 * @msecs: for how long
 */
void watch_wait(struct watch *watch, uint32_t msecs)
{
	int64_t end = duration_now() + msecs, left;
	struct pollfd wait[WATCH_SOCKETS];
	int i;

	watch->msecs = msecs;
	while ((left = end - duration_now()) > 0) {
		for (i = 0; i < WATCH_SOCKETS; i++)
			wait[i] = (struct pollfd){ watch->fd[i], POLLIN, 0 };
		poll(wait, WATCH_SOCKETS, left);
		for (i = 0; i < WATCH_SOCKETS; i++)
			read_socket(watch, i);
	}
	watch->end = duration_now();
}

/**
 * watch_free() - end to look, and forget what was seen
 * @watch: from watch_begin()
 */
void watch_free(struct watch *watch)
{
	int i;

	for (i = 0; i < WATCH_SOCKETS; i++)
		if (watch->fd[i] >= 0)
			close(watch->fd[i]);
	free(watch->seen);
}
