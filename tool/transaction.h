/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_TRANSACTION_H
#define DSRCTL_TRANSACTION_H

#include <stddef.h>
#include <stdint.h>

#include "dsrctl.h"
#include "netlink.h"

/* the end of a transaction that is not reported as a failure */
enum transaction_answer {
	TRANSACTION_MADE,
	TRANSACTION_UNKNOWN,	/* the module is older, and has none */
	TRANSACTION_TOO_LARGE,	/* too many changes, or too long a message */
	TRANSACTION_OUTDATED,	/* the configuration has changed meanwhile */
	TRANSACTION_NO_ROUTE,	/* a backend lacks a route */
};

/**
 * struct transaction - requests that dsr_lb carries out at once, or not at all
 * @data: the changes, as attributes of one message
 * @size: their size
 * @room: capacity of @data
 * @end: the end of each change in @data
 * @count: number of changes
 * @waits: a missing route is an answer, not a failure
 * @place: called with the number of the change that the kernel refuses, before
 *	the refusal is reported
 * @arg: argument of @place
 * @answer: set by transaction_send()
 */
struct transaction {
	char *data;
	size_t size;
	size_t room;
	size_t *end;
	size_t count;
	bool waits;
	void (*place)(size_t number, void *arg);
	void *arg;
	enum transaction_answer answer;
};

int transaction_add(struct transaction *tx, struct nl_msg *request);
int transaction_send(struct dsrctl *ctl, struct transaction *tx,
		     uint32_t generation);
void transaction_free(struct transaction *tx);
int transaction_generation(struct dsrctl *ctl, uint32_t *generation);

#endif /* DSRCTL_TRANSACTION_H */
