/* SPDX-License-Identifier: GPL-2.0 */
/* peer - another member of the group: another balancer */
#ifndef DSRSYNCD_PEER_H
#define DSRSYNCD_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEERS_MAX	64

/**
 * struct peer - another member
 * @node: number of its machine
 * @pid: its process
 * @elder: it was a member before this machine was
 * @ready: it has all that the others had
 * @first: milliseconds of the clock when the estimate @ahead began
 * @heard: milliseconds of the clock of its last message; 0: none yet
 * @ahead: least difference between the clocks so far, in milliseconds
 * @lag: milliseconds that its last message took longer than its fastest one
 * @entries: entries that it has told
 * @rejected: messages of it that were rejected
 */
struct peer {
	uint32_t node;
	uint32_t pid;
	bool elder;
	bool ready;
	uint64_t first;
	uint64_t heard;
	int64_t ahead;
	uint64_t lag;
	uint64_t entries;
	uint64_t rejected;
};

/**
 * struct peers - all other members
 * @peer: the members
 * @count: their number
 */
struct peers {
	struct peer peer[PEERS_MAX];
	size_t count;
};

struct peer *peer_find(struct peers *peers, uint32_t node, uint32_t pid);
struct peer *peer_add(struct peers *peers, uint32_t node, uint32_t pid);
void peer_remove(struct peers *peers, uint32_t node, uint32_t pid);
bool peer_any_elder(const struct peers *peers);
bool peer_all_ready(const struct peers *peers);
uint64_t peer_hear(struct peer *peer, uint64_t sent, uint64_t now);
uint64_t peer_silence(const struct peer *peer, uint64_t now);

#endif /* DSRSYNCD_PEER_H */
