// SPDX-License-Identifier: GPL-2.0
/* member - see member.h */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../dsrctl.h"
#include "../duration.h"
#include "../report.h"
#include "exception.h"
#include "member.h"

/* Milliseconds between two walks, at least. */
#define WALK_EVERY	1000

/* A walk may take this part of the time of one processor. */
#define WALK_SHARE	10

/* Milliseconds between two messages of the state. */
#define STATE_EVERY	1000

/* Milliseconds until corosync may take more messages. */
#define RETRY		5

/* Walk the table soon. */
static void hurry(struct member *member)
{
	member->walk_at = duration_now();
}

static void become_ready(struct member *member, enum member_ready ready)
{
	if (member->ready)
		return;
	member->ready = ready;
	member->state_due = true;
}

static bool is_listed(const struct cpg_address *list, size_t count,
		      uint32_t node, uint32_t pid)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].nodeid == node && list[i].pid == pid)
			return true;
	return false;
}

/* If several join at once, those with lower numbers count as older. */
static bool is_before(const struct member *member, const struct cpg_address *it)
{
	return it->nodeid < member->group.node ||
	       (it->nodeid == member->group.node && it->pid < member->pid);
}

static bool is_self(const struct member *member, uint32_t node, uint32_t pid)
{
	return node == member->group.node && pid == member->pid;
}

static void add_peers(struct member *member, const struct cpg_address *list,
		      size_t count, const struct cpg_address *joined,
		      size_t joineds)
{
	bool new = is_listed(joined, joineds, member->group.node, member->pid);
	struct peer *peer;
	bool is_new;
	size_t i;

	for (i = 0; i < count; i++) {
		if (is_self(member, list[i].nodeid, list[i].pid) ||
		    peer_find(&member->peers, list[i].nodeid, list[i].pid))
			continue;
		peer = peer_add(&member->peers, list[i].nodeid, list[i].pid);
		if (!peer)
			continue;
		is_new = is_listed(joined, joineds, list[i].nodeid,
				   list[i].pid);
		peer->elder = new && (!is_new || is_before(member, &list[i]));
	}
}

/* Members have left and joined. All members see the same changes in the same order
 * among the same messages: what is told from here on, the new ones get.
 */
static void on_change(void *arg, const struct cpg_address *list, size_t count,
		      const struct cpg_address *left, size_t lefts,
		      const struct cpg_address *joined, size_t joineds)
{
	struct member *member = arg;
	size_t i;

	for (i = 0; i < lefts; i++)
		peer_remove(&member->peers, left[i].nodeid, left[i].pid);
	add_peers(member, list, count, joined, joineds);
	member->state_due = true;
	if (peer_any_elder(&member->peers))
		return;
	/* none is left that could tell it more */
	become_ready(member, MEMBER_ALONE);
	if (!peer_all_ready(&member->peers)) {
		member->all_due = true;
		member->end_due = true;
		hurry(member);
	}
}

static void count_result(struct member *member, const struct restore *restore)
{
	member->counts.taken += restore->count[DSR_ADDED_A_ADDED];
	member->counts.known += restore->count[DSR_ADDED_A_KNOWN];
	member->counts.refused += restore_refused(restore);
	if (member->missing || (!restore->count[DSR_ADDED_A_NO_SERVICE] &&
				!restore->count[DSR_ADDED_A_NO_BACKEND]))
		return;
	member->missing = !exception_backends(member->nl, &member->backends);
	member->growing = false;
}

/* Put the entries of another member into the table. */
static void take(struct member *member, struct wire *wire, uint64_t lag)
{
	struct restore_entry entry;
	struct restore restore;
	int status = DSRCTL_OK;

	restore_begin(&restore, member->nl);
	while (!status && wire_next(wire, &entry)) {
		member->counts.received++;
		if ((uint64_t)entry.expires <= lag) {
			member->counts.over++;
			continue;
		}
		entry.expires -= lag;
		entry.newer = true;
		told_note(&member->told, &entry, duration_now());
		status = restore_put(&restore, &entry);
	}
	restore_end(&restore, status);
	count_result(member, &restore);
}

static void on_good(struct member *member, struct peer *peer, struct wire *wire)
{
	uint64_t lag = peer_hear(peer, wire->sent, duration_now());

	switch (wire->type) {
	case WIRE_TELL:
		peer->entries += wire->count;
		take(member, wire, lag);
		break;
	case WIRE_END:
		if (peer->elder)
			become_ready(member, MEMBER_COMPLETE);
		break;
	case WIRE_STATE:
		peer->ready = wire->ready;
		break;
	case WIRE_RESYNC:
		member->all_due = true;
		hurry(member);
		break;
	}
}

static void on_deliver(void *arg, uint32_t node, uint32_t pid, void *data,
		       size_t size)
{
	struct member *member = arg;
	struct peer *peer = peer_find(&member->peers, node, pid);
	enum wire_verdict verdict;
	struct wire wire;

	if (!peer)
		return;
	verdict = wire_open(&wire, data, size);
	if (verdict == WIRE_GOOD) {
		on_good(member, peer, &wire);
		return;
	}
	peer->rejected++;
	if (verdict == WIRE_MALFORMED)
		member->counts.malformed++;
	else
		member->counts.version++;
}

static const struct group_ops ops = {
	.deliver = on_deliver,
	.change = on_change,
};

/**
 * member_init() - prepare
 * @member: set; for member_free()
 * @group: name of the group, kept by reference
 * @wait: milliseconds to wait for what the others have
 */
void member_init(struct member *member, const char *group, int64_t wait)
{
	memset(member, 0, sizeof(*member));
	member->nl = netlink_new();
	netlink_context(member->nl, "connection", NULL);
	told_init(&member->told);
	group_init(&member->group, group, &ops, member);
	member->pid = getpid();
	member->deadline = duration_now() + wait;
}

/* Give the group the message that is being filled. */
static void send_wire(struct member *member)
{
	if (member->wire.data)
		group_send(&member->group, &member->wire);
	member->wire.data = NULL;
}

static void tell(struct member *member, const struct restore_entry *entry)
{
	if (member->wire.data && wire_put(&member->wire, entry))
		return;
	send_wire(member);
	wire_begin(&member->wire, WIRE_TELL, duration_now());
	wire_put(&member->wire, entry);
}

static void on_exception(const struct restore_entry *entry, void *arg)
{
	struct member *member = arg;
	int64_t now = duration_now();

	member->exceptions++;
	if (!entry->expires ||
	    (!member->all_due && !told_is_news(&member->told, entry, now)))
		return;
	told_note(&member->told, entry, now);
	member->counts.told++;
	tell(member, entry);
}

static void send_plain(struct member *member, enum wire_type type)
{
	struct wire wire;

	wire_begin(&wire, type, duration_now());
	if (type == WIRE_STATE)
		wire_put_state(&wire, member->ready);
	group_send(&member->group, &wire);
}

/* Entries were refused because this machine had no backend for them, as before
 * keepalived starts. When it has got more backends, and no more come, ask again.
 */
static void ask_again(struct member *member)
{
	uint64_t before = member->backends;

	if (!member->missing ||
	    exception_backends(member->nl, &member->backends))
		return;
	if (member->backends > before) {
		member->growing = true;
	} else if (member->growing) {
		member->missing = false;
		send_plain(member, WIRE_RESYNC);
	}
}

/* Read the exceptions, and tell what the others do not know. The first failure in a
 * row is reported.
 */
static void walk(struct member *member)
{
	int64_t began = duration_now();
	int status;

	report_errors(!member->failing);
	member->exceptions = 0;
	status = exception_read(member->nl, on_exception, member);
	if (!status)
		status = exception_of(member->nl, &member->entries);
	ask_again(member);
	report_errors(true);
	send_wire(member);
	member->failing = status;
	if (member->end_due)
		send_plain(member, WIRE_END);
	member->all_due = false;
	member->end_due = false;
	told_expire(&member->told, began);
	member->walk_took = duration_now() - began;
	member->walk_at = began + member->walk_took * WALK_SHARE;
	if (member->walk_at < began + WALK_EVERY)
		member->walk_at = began + WALK_EVERY;
}

static void send_state(struct member *member)
{
	send_plain(member, WIRE_STATE);
	member->state_due = false;
	member->state_at = duration_now() + STATE_EVERY;
}

/**
 * member_lose() - corosync is gone, and with it the other members
 * @member: from member_init()
 *
 * The last messages may be lost, so this member tells all when it joins again, and
 * the others tell all then, too.
 */
void member_lose(struct member *member)
{
	member->peers.count = 0;
	member->all_due = true;
}

/**
 * member_work() - do what is due
 * @member: from member_init(), whose group is joined
 */
void member_work(struct member *member)
{
	int64_t now = duration_now();

	if (!member->ready && now >= member->deadline)
		become_ready(member, MEMBER_LATE);
	if (!member->group.joined)
		return;
	if (member->group.first && !group_flush(&member->group)) {
		member_lose(member);
		return;
	}
	if (member->state_due || now >= member->state_at)
		send_state(member);
	/* corosync takes no more: more would only wait */
	if (now >= member->walk_at && !member->group.waiting &&
	    member->peers.count)
		walk(member);
	if (!group_flush(&member->group))
		member_lose(member);
}

/**
 * member_timeout() - milliseconds until something may be due
 * @member: from member_init()
 */
int member_timeout(const struct member *member)
{
	int64_t now = duration_now(), next = member->state_at;

	if (member->group.first)
		return RETRY;
	if (member->peers.count && member->walk_at < next)
		next = member->walk_at;
	if (!member->ready && member->deadline < next)
		next = member->deadline;
	return next <= now ? 0 : next - now > STATE_EVERY ? STATE_EVERY :
							     next - now;
}

/** member_resync() - let all members, this one too, tell all that they have */
void member_resync(struct member *member)
{
	member->all_due = true;
	hurry(member);
	if (member->group.joined)
		send_plain(member, WIRE_RESYNC);
}

/** member_free() - leave the group */
void member_free(struct member *member)
{
	group_leave(&member->group);
	free(member->wire.data);
	told_free(&member->told);
	netlink_free(member->nl);
}
