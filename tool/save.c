// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl save: print the configuration as a file for "apply".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "dsrctl.h"
#include "item.h"
#include "netlink.h"

/* A program may read such a value as a switch, and YAML may read a character as a part of
 * its own syntax: the name of a device has any but blanks, "/" and ":".
 */
static bool needs_quotes(const char *value, size_t length)
{
	static const char *const words[] = { "on", "off", "yes", "no" };
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (length == strlen(words[i]) &&
		    !strncmp(value, words[i], length))
			return true;
	return *value == '-' || *value == '.' || strspn(value, plain) < length;
}

static void print_value(const char *value, size_t length)
{
	bool quoted = needs_quotes(value, length);
	size_t i;

	if (quoted)
		putchar('"');
	for (i = 0; i < length; i++) {
		if (value[i] == '"' || value[i] == '\\')
			putchar('\\');
		putchar(value[i]);
	}
	if (quoted)
		putchar('"');
}

/* Print words as keys and values. @first: before the first of them, @other:
 * before the others.
 */
static void print_pairs(const char *words, const char *first,
			const char *other)
{
	const char *begin = first;
	size_t length;

	while (*words) {
		length = strcspn(words, " ");
		printf("%s%.*s: ", begin, (int)length, words);
		if (item_is_flag(words, length)) {
			fputs("yes", stdout);
		} else {
			words += length + (words[length] == ' ');
			length = strcspn(words, " ");
			print_value(words, length);
		}
		putchar('\n');
		words += length;
		words += *words == ' ';
		begin = other;
	}
}

/* Print the address, and its devices as a list. */
static void print_silence(const char *words)
{
	size_t length = strcspn(words, " ");
	const char *comma = "";

	fputs("  - address: ", stdout);
	print_value(words, length);
	putchar('\n');
	words += length;
	if (!*words)
		return;
	fputs("    dev: [", stdout);
	while (*words) {
		words += strlen(" dev ");
		length = strcspn(words, " ");
		fputs(comma, stdout);
		print_value(words, length);
		words += length;
		comma = ", ";
	}
	puts("]");
}

/* Check if guard.c would refuse the object without "force", perhaps on another machine:
 * a service of all packets of an address, or a VIP as its own backend.
 */
static bool needs_force(const struct item *item)
{
	const char *vip = item->name + strlen("vip "), *via;

	if (strncmp(item->name, "vip ", strlen("vip ")))
		return false;
	if (item->kind == ITEM_SERVICE)
		return !strchr(vip, ' ');
	via = item->name + item->service + strlen(" via ");
	return strcspn(vip, " ") == strlen(via) &&
	       !strncmp(vip, via, strlen(via));
}

/* Print the backends of a service. */
static void print_backends(const struct items *items,
			   const struct item *service)
{
	size_t length = strlen(service->name);
	size_t i = items_find_backends(items, service);
	const char *title = "    backends:\n";
	const struct item *item;

	for (; i < items->count; i++) {
		item = &items->item[i];
		if (item->kind != ITEM_BACKEND || item->service != length ||
		    strncmp(item->name, service->name, length))
			break;
		fputs(title, stdout);
		title = "";
		print_pairs(item->words + length + 1, "      - ", "        ");
		if (needs_force(item))
			puts("        force: yes");
	}
}

static void print_section(const struct items *items, enum item_kind kind,
			  const char *title)
{
	const struct item *item;
	bool any = false;
	size_t i;

	for (i = 0; i < items->count; i++) {
		item = &items->item[i];
		if (item->kind != kind)
			continue;
		if (!any)
			printf("%s:\n", title);
		any = true;
		if (kind == ITEM_SILENCE)
			print_silence(item->words);
		else
			print_pairs(item->words, item_types[kind].table ?
				    "  " : "  - ", item_types[kind].table ?
				    "  " : "    ");
		if (kind != ITEM_SERVICE)
			continue;
		if (needs_force(item))
			puts("    force: yes");
		print_backends(items, item);
	}
	if (!any)
		printf("%s: []\n", title);
}

static void print_items(const struct items *items,
			const bool loaded[NETLINK_MODULES])
{
	puts("# The configuration of 'dsrctl save', for 'dsrctl apply'; see dsrctl(8).");
	if (loaded[NETLINK_LB]) {
		print_section(items, ITEM_CONNECTIONS, "connections");
		print_section(items, ITEM_PATH, "paths");
		print_section(items, ITEM_SERVICE, "services");
	}
	if (loaded[NETLINK_RS]) {
		print_section(items, ITEM_FLOWS, "flows");
		print_section(items, ITEM_RULE, "rules");
		print_section(items, ITEM_SILENCE, "silence");
	}
	puts("...");
}

static int save_run(struct dsrctl *ctl, struct args *args)
{
	bool loaded[NETLINK_MODULES];
	struct items items = { .count = 0 };
	int status;

	status = args_end(args);
	if (!status && ctl->json)
		status = args_error(args, "the file is no JSON: see 'dsrctl -j show'");
	if (status)
		return status;
	if (ctl->check)
		return DSRCTL_CHECKED;
	status = netlink_some_loaded(ctl->netlink, loaded);
	if (!status)
		status = items_read(ctl, loaded, &items);
	if (!status)
		print_items(&items, loaded);
	items_free(&items);
	return status;
}

static const struct command save_commands[] = {
	{ "save", "",
	  "print the configuration as a file for 'dsrctl apply'",
	  NULL, save_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object save_object = {
	.name = "save",
	.description = "print the configuration as a file for apply",
	.commands = save_commands,
	.fallback = "save",
	.bare = true,
};
