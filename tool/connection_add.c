// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl connection add and restore: connections that packets have not made, or
 * that the table had before.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <linux/dsr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "connection.h"
#include "duration.h"
#include "json.h"
#include "report.h"
#include "restore.h"

enum {
	ADD_PROTO,
	ADD_SRC,
	ADD_DST,
	ADD_VIA,
	ADD_FWMARK,
	ADD_STATE,
	ADD_EXPIRES,
};

const struct keyword connection_add_keywords[] = {
	[ADD_PROTO] = { "proto", attr_protos },
	[ADD_SRC] = { "src", NULL },
	[ADD_DST] = { "dst", NULL },
	[ADD_VIA] = { "via", NULL },
	[ADD_FWMARK] = { "fwmark", NULL },
	[ADD_STATE] = { "state", attr_conn_states },
	[ADD_EXPIRES] = { "expires", NULL },
	{ NULL, NULL }
};

static int read_end(struct args *args, struct addr *addr, uint16_t *port)
{
	int number, status;

	status = addr_read_endpoint(args, addr, &number, NULL);
	if (!status && number < 0)
		status = args_error(args, "%s needs a port: ADDR:PORT",
				    args->keyword);
	*port = number;
	return status;
}

static int add_read_one(struct args *args, int keyword,
			struct restore_entry *entry)
{
	unsigned int choice = 0;
	uint32_t msecs = 0;
	int status;

	switch (keyword) {
	case ADD_PROTO:
		status = args_choice(args, &choice);
		entry->proto = attr_proto_number(choice);
		return status;
	case ADD_SRC:
		return read_end(args, &entry->src, &entry->sport);
	case ADD_DST:
		return read_end(args, &entry->dst, &entry->dport);
	case ADD_VIA:
		return addr_read(args, &entry->backend);
	case ADD_FWMARK:
		return args_u32(args, 0, UINT32_MAX, &entry->fwmark);
	case ADD_STATE:
		status = args_choice(args, &choice);
		entry->state = choice;
		return status;
	case ADD_EXPIRES:
		status = duration_read(args, &msecs);
		entry->expires = msecs;
		return status;
	default:
		return DSRCTL_USAGE;
	}
}

static int add_read(struct args *args, struct restore_entry *entry)
{
	int keyword, status = DSRCTL_OK, needed;

	memset(entry, 0, sizeof(*entry));
	entry->state = -1;
	entry->expires = -1;
	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		status = add_read_one(args, keyword, entry);
	for (needed = ADD_PROTO; !status && needed <= ADD_VIA; needed++)
		status = args_need(args, needed);
	return status;
}

/**
 * connection_add() - dsrctl connection add
 * @ctl: the run
 * @args: the words
 *
 * Return: enum dsrctl_status.
 */
int connection_add(struct dsrctl *ctl, struct args *args)
{
	struct restore_entry entry;
	struct restore restore;
	int i, status;

	status = add_read(args, &entry);
	if (status)
		return status;
	restore_begin(&restore, ctl->netlink);
	status = restore_end(&restore, restore_put(&restore, &entry));
	for (i = DSR_ADDED_A_KNOWN; !status && i <= DSR_ADDED_A_MAX; i++)
		if (restore.count[i])
			status = report_error(DSRCTL_REFUSED, "%s",
					      restore_why(i));
	return status;
}

/**
 * struct listed - a file of connections, as "dsrctl -j connection show" prints
 *	them
 * @path: its name, for messages
 * @text: its contents
 * @at: the rest
 * @number: number of the connection that is being read
 */
struct listed {
	const char *path;
	char *text;
	const char *at;
	size_t number;
};

static int listed_error(const struct listed *listed, const char *what)
{
	if (!listed->number)
		return report_error(DSRCTL_USAGE, "%s: %s", listed->path, what);
	return report_error(DSRCTL_USAGE, "%s: connection %zu: %s",
			    listed->path, listed->number, what);
}

static int listed_open(struct listed *listed, const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t room = 0, used = 0, got;

	memset(listed, 0, sizeof(*listed));
	listed->path = path;
	if (!file)
		return report_error(DSRCTL_USAGE, "%s: %s", path,
				    strerror(errno));
	do {
		room = 2 * room + 65536;
		listed->text = report_alloc(listed->text, room + 1);
		got = fread(listed->text + used, 1, room - used, file);
		used += got;
	} while (used == room);
	listed->text[used] = '\0';
	listed->at = listed->text;
	got = ferror(file);
	if (file != stdin)
		fclose(file);
	return got ? report_error(DSRCTL_USAGE, "%s: cannot read", path) :
		     DSRCTL_OK;
}

static bool take(struct listed *listed, char wanted)
{
	listed->at += strspn(listed->at, " \t\r\n");
	if (*listed->at != wanted)
		return false;
	listed->at++;
	return true;
}

/* more than any connection takes */
#define OBJECT_MAX	4096

/* Only one connection at a time: there may be a million.
 *
 * Return: the next one; NULL if it is no JSON.
 */
static struct json_object *next_object(struct listed *listed)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object = NULL;

	if (tokener) {
		object = json_tokener_parse_ex(tokener, listed->at,
					       strnlen(listed->at,
						       OBJECT_MAX));
		listed->at += json_tokener_get_parse_end(tokener);
		json_tokener_free(tokener);
	}
	return object;
}

static const char *string_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ?
		       json_object_get_string(value) : NULL;
}

/* Return: false if the value is not a number up to @max; -1: there is none. */
static bool number_of(struct json_object *object, const char *key,
		      int64_t max, int64_t *number)
{
	struct json_object *value;

	*number = -1;
	if (!json_object_object_get_ex(object, key, &value) || !value)
		return true;
	*number = json_object_get_int64(value);
	return json_object_is_type(value, json_type_int) && *number >= 0 &&
	       *number <= max;
}

static int index_of(const char *const *words, const char *word)
{
	int i;

	for (i = 0; word && words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

static bool read_addr(struct json_object *object, const char *key,
		      struct addr *addr)
{
	const char *text = string_of(object, key);

	return text && addr_parse(text, addr);
}

/* Return: the key whose value is missing or wrong, or NULL. */
static const char *read_entry(struct json_object *object,
			      struct restore_entry *entry)
{
	const char *proto = string_of(object, "proto");
	int64_t sport, dport, fwmark;
	int known;

	memset(entry, 0, sizeof(*entry));
	known = index_of(attr_protos, proto);
	if (known < 0 && (!proto || strcmp(proto, "0")))
		return "proto";
	entry->proto = known < 0 ? 0 : attr_proto_number(known);
	if (!read_addr(object, "src", &entry->src))
		return "src";
	if (!read_addr(object, "dst", &entry->dst))
		return "dst";
	if (!read_addr(object, "backend", &entry->backend))
		return "backend";
	if (!number_of(object, "sport", UINT16_MAX, &sport) || sport < 0)
		return "sport";
	if (!number_of(object, "dport", UINT16_MAX, &dport) || dport < 0)
		return "dport";
	if (!number_of(object, "fwmark", UINT32_MAX, &fwmark))
		return "fwmark";
	if (!number_of(object, "expires", UINT32_MAX, &entry->expires))
		return "expires";
	entry->state = index_of(attr_conn_states, string_of(object, "state"));
	if (entry->state < 0)
		return "state";
	entry->sport = sport;
	entry->dport = dport;
	entry->fwmark = fwmark < 0 ? 0 : fwmark;
	return NULL;
}

static int restore_next(struct listed *listed, struct restore *restore)
{
	struct restore_entry entry;
	struct json_object *object;
	const char *wrong;
	char text[64];

	listed->number++;
	object = next_object(listed);
	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return listed_error(listed, "not as 'dsrctl -j connection show' prints it");
	}
	wrong = read_entry(object, &entry);
	json_object_put(object);
	if (wrong) {
		snprintf(text, sizeof(text), "'%s' is missing or wrong", wrong);
		return listed_error(listed, text);
	}
	if (!restore)
		return DSRCTL_OK;
	return restore_put(restore, &entry);
}

/* NULL: only check the file, so that a mistake at its end changes nothing. */
static int restore_all(struct listed *listed, struct restore *restore)
{
	int status = DSRCTL_OK;

	listed->at = listed->text;
	listed->number = 0;
	if (!take(listed, '['))
		return listed_error(listed, "not as 'dsrctl -j connection show' prints it");
	if (take(listed, ']'))
		return DSRCTL_OK;
	do
		status = restore_next(listed, restore);
	while (!status && take(listed, ','));
	if (!status && !take(listed, ']'))
		status = listed_error(listed, "the list is cut short");
	return status;
}

static void print_counts(const struct dsrctl *ctl,
			 const struct restore *restore)
{
	struct json_object *object;

	if (!ctl->json) {
		printf("%" PRIu64 " connections added, %" PRIu64
		       " were there, %" PRIu64 " refused\n",
		       restore->count[DSR_ADDED_A_ADDED],
		       restore->count[DSR_ADDED_A_KNOWN],
		       restore_refused(restore));
		return;
	}
	object = json_object_new_object();
	json_add_number(object, "added", restore->count[DSR_ADDED_A_ADDED]);
	json_add_number(object, "known", restore->count[DSR_ADDED_A_KNOWN]);
	json_add_number(object, "refused", restore_refused(restore));
	json_print(object, ctl->pretty);
}

/**
 * connection_restore() - dsrctl connection restore
 * @ctl: the run
 * @args: the words
 *
 * Return: enum dsrctl_status.
 */
int connection_restore(struct dsrctl *ctl, struct args *args)
{
	struct restore restore;
	struct listed listed;
	size_t number = 0;
	const char *path;
	int i, status;

	status = args_operand(args, "file");
	if (status)
		return status;
	path = args_word(args);
	status = path ? args_end(args) : DSRCTL_USAGE;
	if (status)
		return status;
	if (ctl->check)
		return DSRCTL_CHECKED;
	restore_begin(&restore, ctl->netlink);
	status = listed_open(&listed, path);
	if (!status)
		status = restore_all(&listed, NULL);
	number = listed.number;
	if (!status)
		status = restore_end(&restore,
				     restore_all(&listed, &restore));
	free(listed.text);
	if (status && !restore_tried(&restore))
		return status;
	print_counts(ctl, &restore);
	for (i = DSR_ADDED_A_NO_SERVICE; i <= DSR_ADDED_A_MAX; i++)
		if (restore.count[i])
			report_warning("%" PRIu64 " connections: %s",
				       restore.count[i], restore_why(i));
	if (status)
		report_note("%" PRIu64 " connections of the file were not tried: repeat the command for them",
			    number - restore_tried(&restore));
	return status;
}
