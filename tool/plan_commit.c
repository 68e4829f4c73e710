// SPDX-License-Identifier: GPL-2.0
/*
 * Make the changes of services and backends of a plan in one transaction of
 * dsr_lb: at once, or not at all.
 */
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"
#include "report.h"
#include "transaction.h"

static bool is_staged(const struct change *change)
{
	enum item_kind kind = change->after ? change->after->kind :
					      change->before->kind;

	return kind == ITEM_SERVICE || kind == ITEM_BACKEND;
}

/* Set the place of the change that the kernel refuses. */
static void place(size_t number, void *arg)
{
	struct plan *plan = arg;
	struct change *change;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		change = &plan->change[i];
		if (!is_staged(change) || number--)
			continue;
		change->outcome = OUTCOME_REFUSED;
		report_place(change->after ? &change->after->place : NULL);
		return;
	}
}

/* Add the requests of all changes. */
static int stage(struct dsrctl *ctl, const struct plan *plan,
		 struct transaction *tx)
{
	struct netlink *nl = ctl->netlink;
	int status = DSRCTL_OK;
	struct nl_msg *request;
	size_t i;

	netlink_capture(nl, true);
	for (i = 0; i < plan->count && !status; i++) {
		if (!is_staged(&plan->change[i]))
			continue;
		status = plan_make_change(ctl, plan, &plan->change[i]);
		request = netlink_captured(nl);
		if (!status)
			status = transaction_add(tx, request);
	}
	netlink_capture(nl, false);
	return status;
}

static void mark_made(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (is_staged(&plan->change[i]))
			plan->change[i].outcome = OUTCOME_MADE;
}

static int commit(struct dsrctl *ctl, struct plan *plan, struct transaction *tx)
{
	int status;

	/* the first request about services loads the module */
	status = plan->generation ? DSRCTL_OK :
		 transaction_generation(ctl, &plan->generation);
	if (status || !plan->generation)
		return status;
	status = transaction_send(ctl, tx, plan->generation);
	report_place(NULL);
	if (status)
		return status;
	switch (tx->answer) {
	case TRANSACTION_MADE:
		mark_made(plan);
		break;
	case TRANSACTION_OUTDATED:
		plan->outdated = true;
		break;
	case TRANSACTION_TOO_LARGE:
		report_warning("%zu changes are too many for one transaction here: dsrctl makes them one by one",
			       tx->count);
		break;
	case TRANSACTION_UNKNOWN:
	case TRANSACTION_NO_ROUTE:
		break;
	}
	return DSRCTL_OK;
}

/**
 * plan_commit() - make the changes of services and backends at once
 * @ctl: the run
 * @plan: the plan; the outcomes of these changes are set if they were made
 *
 * A module without transactions, a plan that is too large, and a plan that is to
 * wait for a route are left to the caller.
 *
 * Return: enum dsrctl_status; a refusal is reported, with its place.
 */
int plan_commit(struct dsrctl *ctl, struct plan *plan)
{
	struct transaction tx = { .waits = plan->wait, .place = place,
				  .arg = plan };
	uint16_t family;
	int status;

	status = stage(ctl, plan, &tx);
	if (!status && tx.count)
		status = netlink_load(ctl->netlink, NETLINK_LB, &family);
	if (!status && tx.count)
		status = commit(ctl, plan, &tx);
	transaction_free(&tx);
	return status;
}
