/* SPDX-License-Identifier: GPL-2.0 */
/*
 * member - this balancer as a member of the group
 *
 * No member has a role. Each tells the others its exceptions, and takes theirs: they
 * fill gaps, and replace an entry whose last packet is older. The member that has
 * been there longest tells all that it has when another one joins, from the point
 * of the join on; then the new one is ready.
 */
#ifndef DSRSYNCD_MEMBER_H
#define DSRSYNCD_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "../netlink.h"
#include "group.h"
#include "peer.h"
#include "told.h"

/**
 * enum member_ready - result of waiting for what the others have
 * @MEMBER_WAITS: not yet
 * @MEMBER_COMPLETE: the member that has been there longest has told all
 * @MEMBER_ALONE: no other member was there
 * @MEMBER_LATE: the others have not told all in time
 */
enum member_ready {
	MEMBER_WAITS,
	MEMBER_COMPLETE,
	MEMBER_ALONE,
	MEMBER_LATE,
};

/**
 * struct member_counts - what has happened since the start
 * @told: entries that others were told
 * @received: entries that others have told
 * @taken: … that were added to the table or have replaced others
 * @known: … that the table had, with a packet as late
 * @over: … that had timed out on their way
 * @refused: … that the table did not take
 * @malformed: messages that were rejected: not as they have to be
 * @version: messages that were rejected: of another version
 */
struct member_counts {
	uint64_t told;
	uint64_t received;
	uint64_t taken;
	uint64_t known;
	uint64_t over;
	uint64_t refused;
	uint64_t malformed;
	uint64_t version;
};

/**
 * struct member - this balancer
 * @nl: the requests
 * @group: the group
 * @peers: the other members
 * @told: what the others know
 * @pid: of this process
 * @ready: has this machine what the others have
 * @all_due: tell all exceptions, also those that the others know
 * @end_due: say then that all were told
 * @state_due: tell the others if this machine is ready
 * @deadline: milliseconds of the clock: do not wait longer
 * @walk_at: milliseconds of the clock of the next walk
 * @state_at: … of the next message of the state
 * @exceptions: their number in the last walk
 * @entries: number of all entries then
 * @walk_took: milliseconds that the last walk took
 * @failing: the last walk has failed
 * @missing: entries were refused, because this machine has no backend for them
 * @growing: it has got more backends since
 * @backends: their number
 * @wire: message that is being filled, or without data
 * @counts: what has happened
 */
struct member {
	struct netlink *nl;
	struct group group;
	struct peers peers;
	struct told told;
	uint32_t pid;
	enum member_ready ready;
	bool all_due;
	bool end_due;
	bool state_due;
	int64_t deadline;
	int64_t walk_at;
	int64_t state_at;
	uint64_t exceptions;
	uint64_t entries;
	int64_t walk_took;
	bool failing;
	bool missing;
	bool growing;
	uint64_t backends;
	struct wire wire;
	struct member_counts counts;
};

void member_init(struct member *member, const char *group, int64_t wait);
void member_lose(struct member *member);
void member_work(struct member *member);
int member_timeout(const struct member *member);
void member_resync(struct member *member);
void member_free(struct member *member);

#endif /* DSRSYNCD_MEMBER_H */
