/* SPDX-License-Identifier: GPL-2.0 */
/*
 * group - the closed process group of corosync that all balancers are members of
 *
 * corosync encrypts and authenticates messages, and repeats lost ones. All members
 * get all messages and all changes of the membership in the same order.
 */
#ifndef DSRSYNCD_GROUP_H
#define DSRSYNCD_GROUP_H

#include <corosync/cpg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct group_message;

/**
 * struct group_ops - what happens in the group
 * @deliver: a member has sent a message, also this one
 * @change: members have left and joined
 */
struct group_ops {
	void (*deliver)(void *arg, uint32_t node, uint32_t pid, void *data,
			size_t size);
	void (*change)(void *arg, const struct cpg_address *member,
		       size_t members, const struct cpg_address *left,
		       size_t lefts, const struct cpg_address *joined,
		       size_t joineds);
};

/**
 * struct group - the group
 * @name: its name
 * @ops: what happens
 * @arg: argument of @ops
 * @handle: of libcpg
 * @joined: corosync runs, and this process is a member
 * @node: number of this machine
 * @fd: becomes readable when something happens; -1 without corosync
 * @first: messages that wait until corosync takes them
 * @last: where to add the next one
 * @waiting: entries in them
 * @messages: number of them
 * @sent: messages that corosync has taken
 */
struct group {
	const char *name;
	const struct group_ops *ops;
	void *arg;
	cpg_handle_t handle;
	bool joined;
	unsigned int node;
	int fd;
	struct group_message *first;
	struct group_message **last;
	uint64_t waiting;
	uint64_t messages;
	uint64_t sent;
};

void group_init(struct group *group, const char *name,
		const struct group_ops *ops, void *arg);
const char *group_join(struct group *group);
bool group_dispatch(struct group *group);
void group_send(struct group *group, const struct wire *wire);
bool group_flush(struct group *group);
void group_leave(struct group *group);

#endif /* DSRSYNCD_GROUP_H */
