/* SPDX-License-Identifier: GPL-2.0 */
/*
 * told - the exceptions that the other balancers have been told, or have told
 *
 * A hash table in memory. An entry lives as long as the others have the exception.
 */
#ifndef DSRSYNCD_TOLD_H
#define DSRSYNCD_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../restore.h"

/* A time stamp of the kernel is up to a second old, on each balancer. */
#define TOLD_LATER	2000

struct told_entry;

/**
 * struct told - the table
 * @bucket: lists of entries
 * @buckets: their number, a power of two
 * @count: number of entries
 * @seed: of the hash, by lot: clients choose addresses and ports
 */
struct told {
	struct told_entry **bucket;
	size_t buckets;
	size_t count;
	uint64_t seed;
};

void told_init(struct told *told);
bool told_is_news(struct told *told, const struct restore_entry *entry,
		  uint64_t now);
void told_note(struct told *told, const struct restore_entry *entry,
	       uint64_t now);
void told_expire(struct told *told, uint64_t now);
void told_free(struct told *told);

#endif /* DSRSYNCD_TOLD_H */
