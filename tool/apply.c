// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl apply: make the configuration that of a file. The file and the kernel
 * are compared object by object, as words; each difference becomes a command.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "config.h"
#include "dsrctl.h"
#include "duration.h"
#include "item.h"
#include "json.h"
#include "netlink.h"
#include "plan.h"
#include "report.h"
#include "text.h"
#include "transaction.h"

/* attempts while another program changes the configuration */
#define APPLY_TRIES	10

enum {
	APPLY_DRY_RUN,
	APPLY_WAIT,
};

static const struct keyword apply_keywords[] = {
	[APPLY_DRY_RUN] = { "dry-run", keyword_flag },
	[APPLY_WAIT] = { "wait", NULL },
	{ NULL, NULL }
};

static const char *const verb_names[] = {
	[VERB_ADD] = "add",
	[VERB_CHANGE] = "change",
	[VERB_DELETE] = "delete",
	[VERB_DRAIN] = "drain",
};

static const char verb_signs[] = {
	[VERB_ADD] = '+',
	[VERB_CHANGE] = '~',
	[VERB_DELETE] = '-',
	[VERB_DRAIN] = '-',
};

/* Check if a table has all values that the file names. */
static bool has_values(const char *words, const char *wanted)
{
	size_t pair, size, length, other;
	const char *value, *found;

	for (; *wanted; wanted += pair + (wanted[pair] == ' ')) {
		pair = item_pair_length(wanted);
		size = strcspn(wanted, " ");
		value = item_value(wanted, wanted, size, &length);
		found = item_value(words, wanted, size, &other);
		if (!found || other != length || strncmp(found, value, length))
			return false;
	}
	return true;
}

static bool is_same(const struct item *before, const struct item *after)
{
	if (item_types[after->kind].table)
		return has_values(before->words, after->words);
	return !strcmp(before->words, after->words);
}

/* Check if a backend gets new connections; other objects always do. */
static bool takes_connections(const struct item *item)
{
	const char *weight;
	size_t length;

	if (item->kind != ITEM_BACKEND)
		return true;
	weight = item_value(item->words, "weight", strlen("weight"), &length);
	return !item->draining && !strstr(item->words, " down") &&
	       (!weight || length != 1 || *weight != '0');
}

static void plan_add(struct plan *plan, enum verb verb,
		     const struct item *before, const struct item *after)
{
	bool out = before && before->kind == ITEM_BACKEND &&
		   (!after || !takes_connections(after));

	/* grows at each power of two */
	if (!(plan->count & (plan->count - 1)))
		plan->change = report_alloc(plan->change,
					    (plan->count ? 2 * plan->count : 1)
					    * sizeof(*plan->change));
	plan->change[plan->count++] = (struct change){ verb, before, after, out,
						       OUTCOME_WAITS };
}

/* Find the service of a backend. */
static const struct item *service_of(const struct items *items,
				     const struct item *backend)
{
	char *name = report_alloc(NULL, backend->service + 1);
	const struct item *service;

	memcpy(name, backend->name, backend->service);
	name[backend->service] = '\0';
	service = items_find(items, ITEM_SERVICE, name);
	free(name);
	return service;
}

static void plan_removal(struct plan *plan, const struct item *live)
{
	const struct config *config = &plan->config;

	if (live->kind == ITEM_BACKEND) {
		if (config->drain && live->draining)
			return;
		if (config->drain && !strstr(live->words, " down")) {
			plan_add(plan, VERB_DRAIN, live, NULL);
			return;
		}
	}
	if (live->kind == ITEM_SERVICE && config->keep_services)
		return;
	plan_add(plan, VERB_DELETE, live, NULL);
}

static void plan_removals(struct plan *plan, enum item_kind kind)
{
	const struct item *live;
	size_t i;

	for (i = 0; i < plan->live.count; i++) {
		live = &plan->live.item[i];
		if (live->kind == kind && plan->config.has[kind] &&
		    !item_types[kind].table &&
		    !items_find(&plan->config.items, kind, live->name))
			plan_removal(plan, live);
	}
}

/* Return: the last byte of the address, which is the number of the backend's probe
 * mark; -1: none.
 */
static int mark_number(const struct item *backend)
{
	const char *via = backend->name + backend->service + strlen(" via ");
	unsigned char byte[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, via, byte) == 1)
		return byte[3];
	return inet_pton(AF_INET6, via, byte) == 1 ? byte[15] : -1;
}

/* Check if another backend of a service needs the probe mark of an old one. */
static bool needs_mark(const struct plan *plan, const struct item *service,
		       const struct item *live)
{
	const struct items *items = &plan->config.items;
	size_t i = items_find_backends(items, service);
	const struct item *item;

	if (!strstr(service->words, " probe-marks "))
		return false;
	for (; i < items->count; i++) {
		item = &items->item[i];
		if (item->kind != ITEM_BACKEND ||
		    item->service != live->service ||
		    strncmp(item->name, live->name, live->service))
			break;
		if (mark_number(item) == mark_number(live))
			return true;
	}
	return false;
}

/* @early: those that have to make room for another one, or all others */
static void plan_backend_removals(struct plan *plan, bool early)
{
	const struct item *live, *service;
	size_t i;

	for (i = 0; plan->config.has[ITEM_BACKEND] && i < plan->live.count;
	     i++) {
		live = &plan->live.item[i];
		if (live->kind != ITEM_BACKEND ||
		    items_find(&plan->config.items, ITEM_BACKEND, live->name))
			continue;
		/* it goes with its service, or stays with it */
		service = service_of(&plan->config.items, live);
		if (service && needs_mark(plan, service, live) == early)
			plan_removal(plan, live);
	}
}

static void plan_changes(struct plan *plan, enum item_kind kind, bool takes)
{
	const struct item *after, *before;
	size_t i;

	for (i = 0; i < plan->config.items.count; i++) {
		after = &plan->config.items.item[i];
		if (after->kind != kind || takes_connections(after) != takes)
			continue;
		before = items_find(&plan->live, kind, after->name);
		if (!before)
			plan_add(plan, item_types[kind].table ? VERB_CHANGE :
				 VERB_ADD, NULL, after);
		else if (!is_same(before, after))
			plan_add(plan, VERB_CHANGE, before, after);
	}
}

/* Removals first: a new object may need what they leave, such as a mark. But a
 * backend goes after the one that replaces it has come: the service always has
 * one.
 */
static void plan_make(struct plan *plan)
{
	plan_changes(plan, ITEM_CONNECTIONS, true);
	plan_backend_removals(plan, true);
	plan_removals(plan, ITEM_SERVICE);
	plan_changes(plan, ITEM_SERVICE, true);
	plan_changes(plan, ITEM_BACKEND, true);
	plan_changes(plan, ITEM_BACKEND, false);
	plan_backend_removals(plan, false);
	plan_removals(plan, ITEM_PATH);
	plan_changes(plan, ITEM_PATH, true);
	plan_removals(plan, ITEM_RULE);
	plan_changes(plan, ITEM_RULE, true);
	plan_removals(plan, ITEM_SILENCE);
	plan_changes(plan, ITEM_SILENCE, true);
	plan_changes(plan, ITEM_FLOWS, true);
}

/* An object of a kind without "set" is replaced, with all of its options. */
static void warn_of_reset(const struct plan *plan)
{
	const struct change *change;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		change = &plan->change[i];
		if (change->verb != VERB_CHANGE || !change->before ||
		    !change->before->newer)
			continue;
		report_place(&change->after->place);
		report_warning("%s %s has options of a newer module, which this dsrctl does not know, and the change resets them: use the dsrctl of the module's version",
			       item_types[change->after->kind].object,
			       change->after->name);
	}
	report_place(NULL);
}

/* Print a keyword of a change if its value differs. */
static void print_difference(FILE *out, const char *keyword, size_t size,
			     const char *before, const char *after)
{
	size_t old_length = 0, new_length = 0;
	const char *old, *new;

	old = item_value(before, keyword, size, &old_length);
	new = item_value(after, keyword, size, &new_length);
	if (old && new && old_length == new_length &&
	    !strncmp(old, new, old_length))
		return;
	fprintf(out, " %.*s %.*s -> %.*s", (int)size, keyword,
		old ? (int)old_length : 1, old ? old : "-",
		new ? (int)new_length : 1, new ? new : "-");
}

/* Print what changes: the values of the file, and those that it leaves out. */
static void print_differences(FILE *out, const struct change *change)
{
	const char *before = change->before ? change->before->words : "";
	const char *after = change->after->words, *at;
	size_t pair, length;

	for (at = after; *at; at += pair + (at[pair] == ' ')) {
		pair = item_pair_length(at);
		print_difference(out, at, strcspn(at, " "), before, after);
	}
	if (item_types[change->after->kind].table)
		return;
	for (at = before; *at; at += pair + (at[pair] == ' ')) {
		pair = item_pair_length(at);
		if (!item_value(after, at, strcspn(at, " "), &length))
			print_difference(out, at, strcspn(at, " "), before,
					 after);
	}
}

static void print_change(const struct plan *plan, const struct change *change)
{
	const struct item *item = change->after ? change->after :
						  change->before;

	printf("%c %s", verb_signs[change->verb],
	       item_types[item->kind].object);
	if (change->verb == VERB_ADD) {
		printf(" %s", item->words);
	} else if (change->verb == VERB_CHANGE) {
		if (*item->name)
			printf(" %s", item->name);
		print_differences(stdout, change);
	} else {
		printf(" %s", item->name);
	}
	if (change->verb == VERB_DRAIN)
		printf(plan->config.deadline ? " (drains for %s)" :
					       " (drains)",
		       plan->config.deadline);
	putchar('\n');
}

static void add_text(struct json_object *object, const char *key,
		     const char *text)
{
	json_object_object_add(object, key,
			       text ? json_object_new_string(text) : NULL);
}

static void print_json(const struct dsrctl *ctl, const struct plan *plan,
		       bool dry)
{
	struct json_object *document = json_object_new_object();
	struct json_object *list = json_object_new_array(), *object;
	const struct change *change;
	const struct item *item;
	size_t i, count = 0;

	for (i = 0; i < plan->count; i++) {
		change = &plan->change[i];
		if (!dry && change->outcome != OUTCOME_MADE)
			continue;
		item = change->after ? change->after : change->before;
		object = json_object_new_object();
		add_text(object, "change", verb_names[change->verb]);
		add_text(object, "object", item_types[item->kind].object);
		add_text(object, "name", *item->name ? item->name : NULL);
		add_text(object, "before",
			 change->before ? change->before->words : NULL);
		add_text(object, "after",
			 change->after ? change->after->words : NULL);
		json_object_array_add(list, object);
		count++;
	}
	json_object_object_add(document, "changed",
			       json_object_new_uint64(dry ? 0 : count));
	json_object_object_add(document, "dry_run",
			       json_object_new_boolean(dry));
	json_object_object_add(document, "changes", list);
	json_print(document, ctl->pretty);
}

static void print_plan(const struct dsrctl *ctl, const struct plan *plan,
		       bool dry)
{
	size_t i, count = 0;

	if (ctl->json) {
		print_json(ctl, plan, dry);
		return;
	}
	for (i = 0; i < plan->count; i++) {
		if (!dry && plan->change[i].outcome != OUTCOME_MADE)
			continue;
		print_change(plan, &plan->change[i]);
		count++;
	}
	printf("%s %zu", dry ? "would change" : "changed", count);
	if (count < plan->count)
		printf(" of %zu", plan->count);
	putchar('\n');
}

/* @wait: set, in milliseconds; 0: the words name no time */
static int apply_read(struct args *args, const char **path, uint32_t *wait)
{
	int keyword, status = DSRCTL_OK;
	const char *word;

	*path = NULL;
	*wait = 0;
	while (!status && (word = args_peek(args))) {
		keyword = args_find(args->command->keywords, word);
		if (keyword >= 0) {
			status = args_keyword(args) < 0 ? DSRCTL_USAGE :
							  DSRCTL_OK;
			if (!status && keyword == APPLY_WAIT)
				status = duration_read(args, wait);
		} else if (*path) {
			status = args_end(args);
		} else {
			status = args_operand(args, "file");
			*path = status ? NULL : args_word(args);
			if (!*path)
				status = DSRCTL_USAGE;
		}
	}
	if (!status && !*path)
		status = args_operand(args, "file");
	return status;
}

/* Compare the file with the configuration of the kernel. */
static int plan_read(struct dsrctl *ctl, struct plan *plan)
{
	bool loaded[NETLINK_MODULES];
	int status;

	plan->count = 0;
	plan->generation = 0;
	plan->outdated = false;
	status = netlink_loaded(ctl->netlink, loaded);
	/* before the objects, so that it is theirs or an earlier one */
	if (!status && loaded[NETLINK_LB])
		status = transaction_generation(ctl, &plan->generation);
	if (!status)
		status = items_read(ctl, loaded, &plan->live);
	if (!status)
		plan_make(plan);
	return status;
}

static void plan_forget(struct plan *plan)
{
	free(plan->change);
	plan->change = NULL;
	items_free(&plan->live);
	memset(&plan->live, 0, sizeof(plan->live));
}

/* Another program may change the configuration between the reading and the
 * transaction: then the kernel changes nothing, and the plan is made anew.
 */
static int plan_carry_out(struct dsrctl *ctl, struct plan *plan)
{
	int status, tries = APPLY_TRIES;

	status = plan_run(ctl, plan);
	while (!status && plan->outdated && --tries) {
		plan_forget(plan);
		status = plan_read(ctl, plan);
		if (!status)
			status = plan_run(ctl, plan);
	}
	if (!status && plan->outdated)
		status = report_error(DSRCTL_REFUSED,
				      "the configuration changes faster than dsrctl can apply a file: try again later");
	return status;
}

static int apply_run(struct dsrctl *ctl, struct args *args)
{
	struct plan plan = { .count = 0 };
	const char *path;
	int status;
	bool dry;

	status = apply_read(args, &path, &plan.wait);
	if (status)
		return status;
	if (ctl->check)
		return DSRCTL_CHECKED;
	dry = args_seen(args, APPLY_DRY_RUN);
	status = config_read(ctl, path, plan.wait, &plan.config);
	if (!status)
		status = plan_read(ctl, &plan);
	if (!status) {
		warn_of_reset(&plan);
		if (!dry)
			status = plan_carry_out(ctl, &plan);
		/* after a refusal, too: what was made stays */
		print_plan(ctl, &plan, dry);
	}
	plan_forget(&plan);
	config_free(&plan.config);
	return status;
}

static const struct command apply_commands[] = {
	{ "apply", "[dry-run] [wait TIME] FILE",
	  "make the configuration that of a file, or only print the difference",
	  apply_keywords, apply_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

static const char apply_notes[] =
	"The file is YAML; dsrctl(8) describes it, and 'dsrctl save' prints one. The\n"
	"whole file is checked before anything changes. With 'wait', what has no route\n"
	"or device yet is waited for, and all the rest is made at once.\n";

const struct object apply_object = {
	.name = "apply",
	.description = "make the configuration that of a file",
	.notes = apply_notes,
	.commands = apply_commands,
	.fallback = "apply",
	.bare = true,
	.file = true,
};
