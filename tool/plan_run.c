// SPDX-License-Identifier: GPL-2.0
/*
 * Make the changes of a plan: those of services and backends at once, as far as the
 * module can; the others by one command each. With a time to wait, a change
 * that lacks a route or a device does not end the plan: after a boot, devices
 * come late, and the rest of the file is to be served meanwhile.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "duration.h"
#include "netlink.h"
#include "plan.h"
#include "report.h"
#include "text.h"

/* milliseconds between two attempts */
#define WAIT_STEP	200

/* Split words in place. @word has room for all of them and a NULL. */
static size_t split(char *words, char **word, size_t count)
{
	char *save, *one;

	for (one = strtok_r(words, " ", &save); one;
	     one = strtok_r(NULL, " ", &save))
		word[count++] = one;
	word[count] = NULL;
	return count;
}

/* The guards that need only the file have seen it, with its "force", and
 * plan_make() keeps a backend until its successor is there: a guard's refusal now
 * would leave half of the configuration.
 */
static bool takes_force(const struct change *change, enum item_kind kind)
{
	if (kind == ITEM_BACKEND)
		return change->verb != VERB_DRAIN;
	return kind == ITEM_SERVICE && change->verb != VERB_DELETE;
}

/* The words of the command that makes a change; to be freed. */
static char *command_words(const struct plan *plan, const struct change *change)
{
	const struct item *item = change->after ? change->after :
						  change->before;
	const struct item_type *type = &item_types[item->kind];
	bool sets = change->verb == VERB_CHANGE && change->before &&
		    item_has_set(item->kind);
	const char *verb = sets ? "set" : type->change;
	struct text text;

	text_begin(&text);
	if (change->verb == VERB_ADD)
		verb = "add";
	else if (change->verb == VERB_DELETE)
		verb = "delete";
	else if (change->verb == VERB_DRAIN)
		verb = "drain";
	fprintf(text.out, "%s %s ", type->object, verb);
	if (sets)
		item_print_set(text.out, change->before, item);
	else
		fputs(change->after ? item->words : item->name, text.out);
	if (change->verb == VERB_DRAIN && plan->config.deadline)
		fprintf(text.out, " deadline %s", plan->config.deadline);
	if (takes_force(change, item->kind))
		fputs(" force", text.out);
	return text_end(&text);
}

/**
 * plan_make_change() - run the command that makes a change
 * @ctl: the run
 * @plan: the plan
 * @change: one of its changes
 *
 * Return: enum dsrctl_status; a failure is reported with its place in the file.
 */
int plan_make_change(struct dsrctl *ctl, const struct plan *plan,
		     const struct change *change)
{
	char *words = command_words(plan, change);
	char **word = report_alloc(NULL, (strlen(words) / 2 + 2) *
				   sizeof(*word));
	int status;

	split(words, word, 0);
	report_place(change->after ? &change->after->place : NULL);
	status = dsrctl_run(ctl, word);
	report_place(NULL);
	free(word);
	free(words);
	return status;
}

static const struct item *item_of(const struct change *change)
{
	return change->after ? change->after : change->before;
}

/* Find out what has become of the other changes of the service of a backend that
 * is to go, or to get no new connections.
 */
static enum outcome outcome_before(const struct plan *plan,
				   const struct change *change)
{
	const struct item *gone = change->before, *item;
	enum outcome outcome = OUTCOME_MADE;
	const struct change *other;

	if (!change->out)
		return OUTCOME_MADE;
	for (other = plan->change; other < change; other++) {
		item = item_of(other);
		if (item->kind == ITEM_BACKEND && other->outcome < outcome &&
		    item->service == gone->service &&
		    !strncmp(item->name, gone->name, gone->service))
			outcome = other->outcome;
	}
	return outcome;
}

/* Check if the device of a path is there; other objects need none. */
static bool has_device(const struct change *change)
{
	const struct item *item = change->after;

	return !item || item->kind != ITEM_PATH ||
	       if_nametoindex(item->name + strlen("dev "));
}

/* Make a change unless a route or a device is missing. */
static int try_change(struct dsrctl *ctl, const struct plan *plan,
		      struct change *change)
{
	bool routed = change->after && change->after->kind == ITEM_BACKEND;
	bool waits = false;
	int status;

	change->outcome = outcome_before(plan, change);
	if (change->outcome == OUTCOME_MADE && !has_device(change))
		change->outcome = OUTCOME_WAITS;
	if (change->outcome != OUTCOME_MADE)
		return DSRCTL_OK;
	if (routed)
		netlink_expect(ctl->netlink, EHOSTUNREACH);
	status = plan_make_change(ctl, plan, change);
	if (routed)
		waits = netlink_expected(ctl->netlink);
	if (waits)
		change->outcome = OUTCOME_WAITS;
	else if (status)
		change->outcome = OUTCOME_REFUSED;
	return status;
}

/* Try all changes that wait. @waits: some still do. */
static int try_all(struct dsrctl *ctl, struct plan *plan, bool *waits)
{
	int one, status = DSRCTL_OK;
	struct change *change;
	size_t i;

	*waits = false;
	for (i = 0; i < plan->count; i++) {
		change = &plan->change[i];
		if (change->outcome != OUTCOME_WAITS)
			continue;
		one = try_change(ctl, plan, change);
		if (one)
			status = one;
		if (change->outcome == OUTCOME_WAITS)
			*waits = true;
	}
	return status;
}

static void note_waiting(const struct plan *plan)
{
	char time[DURATION_TEXT_MAX];
	const struct change *change;
	const struct item *item;
	bool held;
	size_t i;

	duration_text(plan->wait, time);
	for (i = 0; i < plan->count; i++) {
		change = &plan->change[i];
		item = item_of(change);
		if (change->outcome != OUTCOME_WAITS)
			continue;
		held = outcome_before(plan, change) != OUTCOME_MADE;
		report_place(change->after ? &item->place : NULL);
		report_note("%s %s %s up to %s for %s",
			    item_types[item->kind].object, item->name,
			    held ? "stays" : "waits", time,
			    held ? "what replaces it" :
			    item->kind == ITEM_PATH ? "the device" : "a route");
	}
	report_place(NULL);
}

/* Return milliseconds of a clock that is never set. */
static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000ULL + time.tv_nsec / 1000000;
}

/* Try until the time is over. Many objects may wait: pause for as long as an
 * attempt takes.
 */
static int try_again(struct dsrctl *ctl, struct plan *plan, bool *waits)
{
	uint64_t begin = now(), end = begin + plan->wait, pause;
	int one, status = DSRCTL_OK;

	while (*waits && begin < end) {
		pause = WAIT_STEP + now() - begin;
		poll(NULL, 0, pause < end - begin ? pause : end - begin);
		begin = now();
		one = try_all(ctl, plan, waits);
		if (one)
			status = one;
	}
	return status;
}

/* Try a last time, and have the reason of each refusal reported. */
static int give_up(struct dsrctl *ctl, struct plan *plan)
{
	int one, status = DSRCTL_OK;
	struct change *change;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		change = &plan->change[i];
		if (change->outcome != OUTCOME_WAITS)
			continue;
		change->outcome = outcome_before(plan, change);
		if (change->outcome != OUTCOME_MADE)
			continue;
		one = plan_make_change(ctl, plan, change);
		if (one) {
			change->outcome = OUTCOME_REFUSED;
			status = DSRCTL_REFUSED;
		}
	}
	return status;
}

static int run_patiently(struct dsrctl *ctl, struct plan *plan)
{
	int one, status;
	bool waits;

	status = try_all(ctl, plan, &waits);
	if (waits) {
		note_waiting(plan);
		one = try_again(ctl, plan, &waits);
		if (one)
			status = one;
	}
	if (waits) {
		one = give_up(ctl, plan);
		if (one)
			status = one;
	}
	return status;
}

/**
 * plan_run() - make all changes of a plan
 * @ctl: the run
 * @plan: the plan; the outcome of each change is set. Nothing is made if @plan is
 *	outdated
 *
 * Return: enum dsrctl_status; a failure is reported.
 */
int plan_run(struct dsrctl *ctl, struct plan *plan)
{
	struct change *change;
	int status;
	size_t i;

	status = plan_commit(ctl, plan);
	if (status || plan->outdated)
		return status;
	if (plan->wait)
		return run_patiently(ctl, plan);
	for (i = 0; i < plan->count && !status; i++) {
		change = &plan->change[i];
		if (change->outcome == OUTCOME_MADE)
			continue;
		status = plan_make_change(ctl, plan, change);
		change->outcome = status ? OUTCOME_REFUSED : OUTCOME_MADE;
	}
	return status;
}
