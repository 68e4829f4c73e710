// SPDX-License-Identifier: GPL-2.0
/* group - see group.h */

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "../report.h"
#include "group.h"

/**
 * struct group_message - a message that waits
 * @next: the next one
 * @data: its bytes
 * @size: their number
 * @count: entries in it
 */
struct group_message {
	struct group_message *next;
	uint8_t *data;
	size_t size;
	uint16_t count;
};

/**
 * group_init() - prepare a group
 * @group: set
 * @name: its name, kept by reference, up to CPG_MAX_NAME_LENGTH bytes
 * @ops: what happens
 * @arg: argument of @ops
 */
void group_init(struct group *group, const char *name,
		const struct group_ops *ops, void *arg)
{
	memset(group, 0, sizeof(*group));
	group->name = name;
	group->ops = ops;
	group->arg = arg;
	group->fd = -1;
	group->last = &group->first;
}

static struct group *group_of(cpg_handle_t handle)
{
	void *group = NULL;

	cpg_context_get(handle, &group);
	return group;
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *name,
		       uint32_t node, uint32_t pid, void *data, size_t size)
{
	struct group *group = group_of(handle);

	(void)name;
	group->ops->deliver(group->arg, node, pid, data, size);
}

static void on_change(cpg_handle_t handle, const struct cpg_name *name,
		      const struct cpg_address *member, size_t members,
		      const struct cpg_address *left, size_t lefts,
		      const struct cpg_address *joined, size_t joineds)
{
	struct group *group = group_of(handle);

	(void)name;
	group->ops->change(group->arg, member, members, left, lefts, joined,
			   joineds);
}

static const char *fail(struct group *group, const char *what)
{
	cpg_finalize(group->handle);
	return what;
}

/**
 * group_join() - become a member
 * @group: from group_init(), not joined
 *
 * Return: NULL, or the reason why this fails now.
 */
const char *group_join(struct group *group)
{
	cpg_model_v1_data_t model = {
		.model = CPG_MODEL_V1,
		.cpg_deliver_fn = on_deliver,
		.cpg_confchg_fn = on_change,
	};
	struct cpg_name name = { .length = strlen(group->name) };
	cs_error_t err;

	memcpy(name.value, group->name, name.length);
	err = cpg_model_initialize(&group->handle, CPG_MODEL_V1,
				   (cpg_model_data_t *)&model, group);
	if (err == CS_ERR_ACCESS)
		return "corosync does not let this user in";
	if (err != CS_OK)
		return "corosync does not run";
	if (cpg_local_get(group->handle, &group->node) != CS_OK ||
	    cpg_fd_get(group->handle, &group->fd) != CS_OK)
		return fail(group, "corosync does not answer");
	if (cpg_join(group->handle, &name) != CS_OK)
		return fail(group, "corosync does not admit this process to the group");
	group->joined = true;
	return NULL;
}

static void forget_messages(struct group *group)
{
	struct group_message *message;

	while ((message = group->first)) {
		group->first = message->next;
		free(message->data);
		free(message);
	}
	group->last = &group->first;
	group->waiting = 0;
	group->messages = 0;
}

/* corosync is gone: what the others have to be told is found again later. */
static void lose(struct group *group)
{
	cpg_finalize(group->handle);
	forget_messages(group);
	group->joined = false;
	group->fd = -1;
}

/**
 * group_dispatch() - handle what has happened
 * @group: the group, joined
 *
 * Return: false if corosync is gone.
 */
bool group_dispatch(struct group *group)
{
	cs_error_t err = cpg_dispatch(group->handle, CS_DISPATCH_ALL);

	if (err == CS_OK || err == CS_ERR_TRY_AGAIN)
		return true;
	lose(group);
	return false;
}

/**
 * group_send() - send a message to all members, when corosync takes it
 * @group: the group
 * @wire: the message, whose data is freed later
 */
void group_send(struct group *group, const struct wire *wire)
{
	struct group_message *message = report_alloc(NULL, sizeof(*message));

	message->next = NULL;
	message->data = wire->data;
	message->size = wire->size;
	message->count = wire->type == WIRE_TELL ? wire->count : 0;
	*group->last = message;
	group->last = &message->next;
	group->waiting += message->count;
	group->messages++;
}

/**
 * group_flush() - give corosync the messages that wait, as far as it takes them
 * @group: the group, joined
 *
 * Return: false if corosync is gone.
 */
bool group_flush(struct group *group)
{
	struct group_message *message;
	struct iovec part;
	cs_error_t err;

	while ((message = group->first)) {
		part.iov_base = message->data;
		part.iov_len = message->size;
		err = cpg_mcast_joined(group->handle, CPG_TYPE_AGREED, &part,
				       1);
		if (err == CS_ERR_TRY_AGAIN)
			return true;
		if (err != CS_OK) {
			lose(group);
			return false;
		}
		group->first = message->next;
		if (!group->first)
			group->last = &group->first;
		group->waiting -= message->count;
		group->messages--;
		group->sent++;
		free(message->data);
		free(message);
	}
	return true;
}

/** group_leave() - leave the group, and forget what waits */
void group_leave(struct group *group)
{
	if (group->joined)
		lose(group);
	else
		forget_messages(group);
}
