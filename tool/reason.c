// SPDX-License-Identifier: GPL-2.0
/*
 * Why packets leave the modules as they do, in words: one reason, or all of them.
 */
#include <json-c/json.h>
#include <linux/dsr.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "json.h"
#include "reason.h"

/* of a line of text */
#define WIDTH	80

static const struct reason *const reasons[NETLINK_MODULES] = {
	[NETLINK_LB] = reason_lb,
	[NETLINK_RS] = reason_rs,
};

/**
 * reason_find() - find a reason
 * @module: the module
 * @name: its name
 *
 * Return: the reason, or NULL if dsrctl does not know it.
 */
const struct reason *reason_find(enum netlink_module module, const char *name)
{
	const struct reason *reason;

	for (reason = reasons[module]; reason->name; reason++)
		if (!strcmp(reason->name, name))
			return reason;
	return NULL;
}

/**
 * reason_parse() - take a reason and its packets out of a reply
 * @attr: DSR_A_REASON of a module, or DSR_PATH_A_REASON of a path
 * @tb: ATTR_MAX pointers to set, by enum dsr_reason_attr
 * @name: ATTR_TEXT_MAX bytes, set to its name
 *
 * Return: true if it is well-formed.
 */
bool reason_parse(const struct nlattr *attr, struct nlattr **tb, char *name)
{
	if (!attr_parse_nest(DSR_A_REASON, attr, tb) || !tb[DSR_REASON_A_NAME])
		return false;
	attr_text(ATTR_STRING, tb[DSR_REASON_A_NAME], name);
	return true;
}

/* Prints a text in lines of WIDTH, each of them indented. */
static void print_wrapped(const char *text, int indent)
{
	int length, used = 0;

	while (*text) {
		length = strcspn(text, " ");
		if (used && used + 1 + length > WIDTH) {
			putchar('\n');
			used = 0;
		}
		used += printf("%*s%.*s", used ? 1 : indent, "", length, text);
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_text(enum netlink_module module)
{
	const struct reason *reason;

	puts(netlink_module_name(module));
	for (reason = reasons[module]; reason->name; reason++) {
		printf("  %s\n", reason->name);
		print_wrapped(reason->meaning, 6);
		if (reason->advice)
			print_wrapped(reason->advice, 10);
	}
}

static struct json_object *make_json(enum netlink_module module)
{
	struct json_object *document = json_object_new_object();
	struct json_object *object, *advice;
	const struct reason *reason;

	for (reason = reasons[module]; reason->name; reason++) {
		object = json_object_new_object();
		advice = reason->advice ?
				 json_object_new_string(reason->advice) : NULL;
		json_object_object_add(object, "meaning",
				       json_object_new_string(reason->meaning));
		json_object_object_add(object, "advice", advice);
		json_object_object_add(document, reason->name, object);
	}
	return document;
}

/**
 * reason_show() - print what each reason means, and what to do about it
 * @ctl: the run
 * @args: the words of the command: there are none
 *
 * Asks no module: the reasons are those that this version knows.
 *
 * Return: enum dsrctl_status.
 */
int reason_show(struct dsrctl *ctl, struct args *args)
{
	struct json_object *document;
	unsigned int module;
	int status;

	status = args_end(args);
	if (status || ctl->check)
		return status;
	document = ctl->json ? json_object_new_object() : NULL;
	for (module = 0; module < NETLINK_MODULES; module++) {
		if (document)
			json_object_object_add(document,
					       netlink_module_name(module),
					       make_json(module));
		else
			print_text(module);
	}
	if (document)
		json_print(document, ctl->pretty);
	return DSRCTL_OK;
}
