/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_RING_H
#define DSRCTL_RING_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/**
 * struct rings - buffers that the kernel fills, one for each processor
 * @ring: the buffers
 * @count: number of buffers
 * @bytes: size of each
 * @wait: descriptors for poll()
 */
struct rings {
	struct ring *ring;
	int count;
	size_t bytes;
	struct pollfd *wait;
};

/* takes an event as the kernel has written it, with its time by CLOCK_MONOTONIC */
typedef void (*ring_fn)(uint64_t time, const void *raw, uint32_t size,
			void *arg);

void rings_open(struct rings *rings, size_t bytes);
int rings_add(struct rings *rings, int id, const char *filter);
void rings_run(struct rings *rings, bool on);
bool rings_wait(struct rings *rings, int msecs);
void rings_read(struct rings *rings, ring_fn fn, void *arg);
uint64_t rings_lost(struct rings *rings);
void rings_close(struct rings *rings);

#endif /* DSRCTL_RING_H */
