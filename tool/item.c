// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a configuration as words, which are the same whether an object
 * comes from the kernel or from a file: so two configurations compare as texts.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"
#include "attr.h"
#include "backend.h"
#include "duration.h"
#include "item.h"
#include "key.h"
#include "path.h"
#include "report.h"
#include "rule.h"
#include "service.h"
#include "silence.h"
#include "stats.h"
#include "text.h"

/* what a path has unless it is named, in milliseconds */
#define RECHECK_DEFAULT		10000
#define SLOTS_DEFAULT		65521

const struct item_type item_types[ITEM_KINDS] = {
	[ITEM_CONNECTIONS] = { "connection", "set", NETLINK_LB, true },
	[ITEM_SERVICE] = { "service", "replace", NETLINK_LB, false },
	[ITEM_BACKEND] = { "backend", "replace", NETLINK_LB, false },
	[ITEM_PATH] = { "path", "replace", NETLINK_LB, false },
	[ITEM_RULE] = { "real", "replace", NETLINK_RS, false },
	[ITEM_SILENCE] = { "real silence", "replace", NETLINK_RS, false },
	[ITEM_FLOWS] = { "flow", "set", NETLINK_RS, true },
};

static char *copy(const char *text)
{
	return strcpy(report_alloc(NULL, strlen(text) + 1), text);
}

/* The name of a service is without the mask of its mark, which may change. */
static void name_service(FILE *out, struct nlattr **tb)
{
	struct nlattr *mask = tb[DSR_SERVICE_A_FWMARK_MASK];
	char key[KEY_TEXT_MAX];

	tb[DSR_SERVICE_A_FWMARK_MASK] = NULL;
	fputs(key_text(tb, key), out);
	tb[DSR_SERVICE_A_FWMARK_MASK] = mask;
}

/* the scheduler of a request that names none */
static struct {
	struct nlattr attr;
	char name[NLA_ALIGN(sizeof("rr"))];
} scheduler_default = {
	{ NLA_HDRLEN + sizeof("rr"), DSR_SERVICE_A_SCHEDULER }, "rr"
};

/* Leave out what the scheduler has by default: the kernel names it. */
static void drop_defaults(struct nlattr **tb)
{
	struct nlattr *scheduler = tb[DSR_SERVICE_A_SCHEDULER];
	const char *name = scheduler ? nla_data(scheduler) : "";
	uint8_t hash = attr_u8(tb[DSR_SERVICE_A_HASH]);

	if ((hash == DSR_HASH_SOURCE && !strcmp(name, "sh")) ||
	    (hash == DSR_HASH_SOURCE_PORT && !strcmp(name, "maglev")))
		tb[DSR_SERVICE_A_HASH] = NULL;
	if (attr_u32(tb[DSR_SERVICE_A_TABLE_SIZE]) == SLOTS_DEFAULT)
		tb[DSR_SERVICE_A_TABLE_SIZE] = NULL;
	if (attr_u8(tb[DSR_SERVICE_A_CHOICES]) == 1)
		tb[DSR_SERVICE_A_CHOICES] = NULL;
	if (attr_u32(tb[DSR_SERVICE_A_FWMARK_MASK]) == UINT32_MAX)
		tb[DSR_SERVICE_A_FWMARK_MASK] = NULL;
}

static bool make_service(struct item *item, const struct nlmsghdr *msg,
			 struct text *name)
{
	struct service_info service;

	if (!service_parse_reply(msg, &service))
		return false;
	if (!service.tb[DSR_SERVICE_A_SCHEDULER])
		service.tb[DSR_SERVICE_A_SCHEDULER] = &scheduler_default.attr;
	drop_defaults(service.tb);
	name_service(name->out, service.tb);
	item->words = service_text(&service, false);
	return true;
}

static void print_limit(FILE *out, const char *keyword,
			const struct nlattr *attr)
{
	if (attr_u32(attr))
		fprintf(out, " %s %u", keyword, attr_u32(attr));
}

static bool make_backend(struct item *item, const struct nlmsghdr *msg,
			 struct text *name)
{
	struct backend_info backend;
	struct nlattr **tb = backend.tb;
	char addr[ATTR_TEXT_MAX];
	struct text words;
	uint8_t admin;

	if (!backend_parse_reply(msg, &backend))
		return false;
	name_service(name->out, backend.service);
	item->service = ftell(name->out);
	attr_text(ATTR_ADDR, tb[DSR_BACKEND_A_ADDR], addr);
	fprintf(name->out, " via %s", addr);

	text_begin(&words);
	name_service(words.out, backend.service);
	fprintf(words.out, " via %s weight %u", addr,
		tb[DSR_BACKEND_A_WEIGHT] ?
			attr_u32(tb[DSR_BACKEND_A_WEIGHT]) : 1);
	print_limit(words.out, "upper", tb[DSR_BACKEND_A_UPPER]);
	print_limit(words.out, "lower", tb[DSR_BACKEND_A_LOWER]);
	admin = attr_u8(tb[DSR_BACKEND_A_ADMIN]);
	if (admin == DSR_BACKEND_DOWN)
		fputs(" down", words.out);
	if (admin == DSR_BACKEND_DRAINING)
		fputs(" draining", words.out);
	item->draining = admin == DSR_BACKEND_DRAINING;
	item->words = text_end(&words);
	return true;
}

static bool make_path(struct item *item, const struct nlmsghdr *msg,
		      struct text *name)
{
	char device[ATTR_TEXT_MAX], via[ATTR_TEXT_MAX];
	char recheck[DURATION_TEXT_MAX];
	struct path_info path;
	struct text words;
	uint32_t msecs;

	if (!path_parse(msg, &path))
		return false;
	attr_text(ATTR_DEVICE, path.tb[DSR_PATH_A_IFINDEX], device);
	fprintf(name->out, "dev %s", device);
	msecs = attr_u32(path.tb[DSR_PATH_A_RECHECK]);
	text_begin(&words);
	fprintf(words.out, "dev %s", device);
	if (msecs && msecs != RECHECK_DEFAULT)
		fprintf(words.out, " recheck %s",
			duration_text(msecs, recheck));
	if (attr_u8(path.tb[DSR_PATH_A_VIA]) != DSR_PATH_VIA_INGRESS)
		fprintf(words.out, " via %s",
			attr_text(ATTR_PATH_VIA, path.tb[DSR_PATH_A_VIA], via));
	item->words = text_end(&words);
	return true;
}

static bool make_rule(struct item *item, const struct nlmsghdr *msg,
		      struct text *name)
{
	struct rule_info rule;
	char *words;

	if (!rule_parse(msg, &rule))
		return false;
	words = rule_name(&rule);
	fputs(words, name->out);
	free(words);
	item->words = rule_words(&rule, NULL);
	return true;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Devices have no order. */
static void print_devices(FILE *out, const struct silence_info *silence)
{
	char *devices[DSR_SILENCE_DEVS_MAX + 1], text[ATTR_TEXT_MAX];
	size_t i, count = 0;
	struct nlattr *attr;
	int rest;

	nla_for_each_nested(attr, (struct nlattr *)silence->nest, rest)
		if (nla_type(attr) == DSR_SILENCE_A_DEV &&
		    count < ARRAY_SIZE(devices))
			devices[count++] = copy(attr_text(ATTR_STRING, attr,
							  text));
	qsort(devices, count, sizeof(*devices), compare_names);
	for (i = 0; i < count; i++) {
		fprintf(out, " dev %s", devices[i]);
		free(devices[i]);
	}
}

static bool make_silence(struct item *item, const struct nlmsghdr *msg,
			 struct text *name)
{
	struct silence_info silence;
	char addr[ATTR_TEXT_MAX];
	struct text words;

	if (!silence_parse(msg, &silence))
		return false;
	attr_text(ATTR_ADDR, silence.tb[DSR_SILENCE_A_ADDR], addr);
	fputs(addr, name->out);
	text_begin(&words);
	fputs(addr, words.out);
	print_devices(words.out, &silence);
	item->words = text_end(&words);
	return true;
}

static bool make_table(struct item *item, const struct nlmsghdr *msg)
{
	/* the kernel names what applies, also where the default does */
	static const struct {
		const char *name;
		uint32_t msecs;
	} states[] = {
		[DSR_TIMEOUT_A_SYN] = { "syn", 10 * 1000 },
		[DSR_TIMEOUT_A_ESTABLISHED] = { "established", 900 * 1000 },
		[DSR_TIMEOUT_A_FIN] = { "fin", 120 * 1000 },
		[DSR_TIMEOUT_A_CLOSED] = { "closed", 10 * 1000 },
		[DSR_TIMEOUT_A_UDP] = { "udp", 300 * 1000 },
	};
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX], *timeouts[ATTR_MAX];
	char text[DURATION_TEXT_MAX];
	struct text words;
	uint32_t msecs;
	size_t i;

	if (!attr_parse(msg, top) || !top[DSR_A_TABLE] ||
	    !attr_parse_nest(DSR_A_TABLE, top[DSR_A_TABLE], tb) ||
	    !attr_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS], timeouts))
		return false;
	text_begin(&words);
	if (tb[DSR_TABLE_A_MAX])
		fprintf(words.out, " max %u", attr_u32(tb[DSR_TABLE_A_MAX]));
	for (i = 1; i < ARRAY_SIZE(states); i++) {
		if (!timeouts[i])
			continue;
		msecs = attr_u32(timeouts[i]);
		fprintf(words.out, " timeout-%s %s", states[i].name,
			duration_text(msecs ? msecs : states[i].msecs, text));
	}
	item->words = text_end(&words);
	/* without the blank before them */
	if (*item->words)
		memmove(item->words, item->words + 1, strlen(item->words));
	return true;
}

/**
 * item_make() - describe an object
 * @item: set, except for its place
 * @kind: its kind
 * @msg: a reply of the kernel, or a request that creates the object
 *
 * Return: true if it is such an object.
 */
bool item_make(struct item *item, enum item_kind kind,
	       const struct nlmsghdr *msg)
{
	struct text name;
	bool made;

	memset(item, 0, sizeof(*item));
	item->kind = kind;
	text_begin(&name);
	switch (kind) {
	case ITEM_SERVICE:
		made = make_service(item, msg, &name);
		break;
	case ITEM_BACKEND:
		made = make_backend(item, msg, &name);
		break;
	case ITEM_PATH:
		made = make_path(item, msg, &name);
		break;
	case ITEM_RULE:
		made = make_rule(item, msg, &name);
		break;
	case ITEM_SILENCE:
		made = make_silence(item, msg, &name);
		break;
	default:
		made = make_table(item, msg);
		break;
	}
	item->name = text_end(&name);
	if (!made)
		free(item->name);
	return made;
}

/**
 * items_add() - add an object
 * @items: the objects
 * @item: the object, whose texts they own from now on
 *
 * Return: its copy, valid until the next one is added.
 */
struct item *items_add(struct items *items, const struct item *item)
{
	if (items->count == items->room) {
		items->room = items->room ? 2 * items->room : 16;
		items->item = report_alloc(items->item, items->room *
					   sizeof(*items->item));
	}
	items->item[items->count] = *item;
	return &items->item[items->count++];
}

static int compare(const void *one, const void *other)
{
	const struct item *a = one, *b = other;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->name, b->name);
}

/**
 * items_sort() - sort by kind and name, for items_find()
 * @items: the objects
 */
void items_sort(struct items *items)
{
	if (items->count)
		qsort(items->item, items->count, sizeof(*items->item),
		      compare);
}

/**
 * items_find() - find an object by its name
 * @items: the objects, sorted
 * @kind: its kind
 * @name: its name
 *
 * Return: the object or NULL.
 */
const struct item *items_find(const struct items *items, enum item_kind kind,
			      const char *name)
{
	const struct item key = { .kind = kind, .name = (char *)name };

	if (!items->count)
		return NULL;
	return bsearch(&key, items->item, items->count, sizeof(*items->item),
		       compare);
}

/**
 * items_find_backends() - find the backends of a service
 * @items: the objects, sorted
 * @service: the service
 *
 * Return: index of the first; the others follow. If there are none, of another
 * object, or the number of objects.
 */
size_t items_find_backends(const struct items *items,
			   const struct item *service)
{
	size_t first = 0, end = items->count, middle;
	struct item key = { .kind = ITEM_BACKEND };

	if (asprintf(&key.name, "%s via ", service->name) < 0)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	while (first < end) {
		middle = first + (end - first) / 2;
		if (compare(&items->item[middle], &key) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	free(key.name);
	return first;
}

/**
 * items_free() - free all objects
 * @items: the objects
 */
void items_free(struct items *items)
{
	size_t i;

	for (i = 0; i < items->count; i++) {
		free(items->item[i].name);
		free(items->item[i].words);
	}
	free(items->item);
	memset(items, 0, sizeof(*items));
}

/* A rule silences its VIP by itself: only a wanted silence is configuration. */
static bool is_configured(enum item_kind kind, const struct nlmsghdr *reply)
{
	struct silence_info silence;

	return kind != ITEM_SILENCE || !silence_parse(reply, &silence) ||
	       attr_u8(silence.tb[DSR_SILENCE_A_WANTED]);
}

/* Check if the module is newer, and an object may have options unknown here. */
static bool is_newer(enum item_kind kind, const struct nlmsghdr *reply)
{
	static const int nests[ITEM_KINDS] = {
		[ITEM_PATH] = DSR_A_PATH,
		[ITEM_RULE] = DSR_A_RULE,
		[ITEM_SILENCE] = DSR_A_SILENCE,
	};
	struct nlattr *top[ATTR_MAX];

	return nests[kind] && attr_parse(reply, top) &&
	       attr_is_newer(nests[kind], top[nests[kind]]);
}

static int read_kind(struct dsrctl *ctl, enum item_kind kind,
		     struct items *items)
{
	static const uint8_t lists[ITEM_KINDS] = {
		[ITEM_SERVICE] = DSR_CMD_SERVICE_GET,
		[ITEM_BACKEND] = DSR_CMD_BACKEND_GET,
		[ITEM_PATH] = DSR_CMD_PATH_GET,
		[ITEM_RULE] = DSR_RS_CMD_RULE_GET,
		[ITEM_SILENCE] = DSR_RS_CMD_SILENCE_GET,
	};
	enum netlink_module module = item_types[kind].module;
	struct netlink_replies replies;
	struct item item;
	int status;
	size_t i;

	memset(&replies, 0, sizeof(replies));
	status = item_types[kind].table ?
		 stats_get(ctl, module, &replies) :
		 all_list(ctl->netlink, module, lists[kind], &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!is_configured(kind, replies.reply[i]))
			continue;
		if (!item_make(&item, kind, replies.reply[i])) {
			status = netlink_malformed();
			continue;
		}
		item.newer = is_newer(kind, replies.reply[i]);
		items_add(items, &item);
	}
	netlink_replies_free(&replies);
	return status;
}

/**
 * items_read() - read the configuration of the loaded modules
 * @ctl: the run
 * @loaded: the modules to read
 * @items: set, sorted; for items_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int items_read(struct dsrctl *ctl, const bool loaded[NETLINK_MODULES],
	       struct items *items)
{
	int kind, status = DSRCTL_OK;

	memset(items, 0, sizeof(*items));
	attr_keep_device(true);
	for (kind = 0; !status && kind < ITEM_KINDS; kind++)
		if (loaded[item_types[kind].module])
			status = read_kind(ctl, kind, items);
	attr_keep_device(false);
	items_sort(items);
	return status;
}
