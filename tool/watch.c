// SPDX-License-Identifier: GPL-2.0
/*
 * The packets that pass this machine while dsrctl doctor looks: the first ones of
 * connections of TCP, and the answers to them.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "report.h"
#include "watch.h"

/**
 * watch_begin() - begin to look
 * @watch: set; for watch_free() in any case
 *
 * Without CAP_NET_RAW nothing is seen.
 */
void watch_begin(struct watch *watch)
{
	memset(watch, 0, sizeof(*watch));
	watch->fd = sniff_open();
	watch->seen = report_alloc(NULL,
				   WATCH_SEEN_MAX * sizeof(*watch->seen));
}

/* Check if a packet is the same one again. */
static bool is_again(const struct seen *one, const struct seen *other)
{
	return one->out == other->out && one->answer == other->answer &&
	       one->ifindex == other->ifindex && one->sport == other->sport &&
	       one->dport == other->dport && one->tos == other->tos &&
	       addr_same(&one->src, &other->src) &&
	       addr_same(&one->dst, &other->dst) &&
	       !memcmp(one->mac, other->mac, sizeof(one->mac));
}

static void keep(struct watch *watch, const struct seen *seen)
{
	size_t i;

	if (!seen->src.family)
		return;
	for (i = 0; i < watch->count; i++)
		if (is_again(&watch->seen[i], seen)) {
			watch->seen[i].times++;
			return;
		}
	if (watch->count == WATCH_SEEN_MAX)
		return;
	watch->seen[watch->count++] = *seen;
	if (watch->on_new)
		watch->on_new(seen, watch->arg);
}

/**
 * watch_wait() - look for a while
 * @watch: from watch_begin()
 * @msecs: for how long
 *
 * When a lot has come, the socket is closed, so that the machine makes no more
 * copies, and the rest of the time just passes.
 */
void watch_wait(struct watch *watch, uint32_t msecs)
{
	int64_t end = duration_now() + msecs, left;
	unsigned int packets = 0;
	struct seen seen;

	watch->msecs = msecs;
	while ((left = end - duration_now()) > 0) {
		struct pollfd wait = { .fd = watch->fd, .events = POLLIN };

		poll(&wait, 1, left);
		while (watch->fd >= 0 && sniff_read(watch->fd, &seen)) {
			keep(watch, &seen);
			if (++packets < WATCH_PACKETS_MAX)
				continue;
			close(watch->fd);
			watch->fd = -1;
		}
	}
}

/**
 * watch_free() - end to look, and forget what was seen
 * @watch: from watch_begin()
 */
void watch_free(struct watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->seen);
}
