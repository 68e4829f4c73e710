// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl sync: what dsrsyncd has told the other balancers, and what they have told.
 *
 * dsrsyncd answers by a line of JSON, which -j prints as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "args.h"
#include "dsrctl.h"
#include "duration.h"
#include "json.h"
#include "report.h"
#include "table.h"

#define SOCKET	"/run/dsr/sync.sock"

/* more than 64 other balancers take */
#define ANSWER_MAX	65536

enum { SYNC_SOCKET };

static const struct keyword sync_keywords[] = {
	[SYNC_SOCKET] = { "socket", keyword_file },
	{ NULL, NULL }
};

static int sync_connect(const char *path, int *fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return report_error(DSRCTL_USAGE,
				    "%s: a path of a socket has at most %zu characters",
				    path, sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 &&
	    !connect(*fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return DSRCTL_OK;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return report_error(DSRCTL_REFUSED,
				    "%s: dsrsyncd does not run: start it with 'systemctl start dsrsyncd'",
				    path);
	return report_error(DSRCTL_REFUSED, "%s: %s", path, strerror(errno));
}

/* Return: the answer, or NULL if it is none. */
static struct json_object *sync_read(int fd)
{
	char *text = report_alloc(NULL, ANSWER_MAX + 1);
	struct json_object *answer;
	size_t used = 0;
	ssize_t got;

	do {
		got = read(fd, text + used, ANSWER_MAX - used);
		if (got > 0)
			used += got;
	} while (got > 0 && used < ANSWER_MAX);
	text[used] = '\0';
	answer = json_tokener_parse(text);
	free(text);
	if (json_object_is_type(answer, json_type_object))
		return answer;
	json_object_put(answer);
	return NULL;
}

static int sync_ask(const char *path, const char *request,
		    struct json_object **answer)
{
	int fd = -1, status;

	*answer = NULL;
	status = sync_connect(path, &fd);
	if (!status && (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
			send(fd, "\n", 1, MSG_NOSIGNAL) < 0))
		status = report_error(DSRCTL_REFUSED, "%s: %s", path,
				      strerror(errno));
	if (!status)
		*answer = sync_read(fd);
	if (!status && !*answer)
		status = report_error(DSRCTL_REFUSED,
				      "%s: the answer is malformed: dsrctl and dsrsyncd are of different versions",
				      path);
	if (fd >= 0)
		close(fd);
	return status;
}

static int sync_run(struct dsrctl *ctl, struct args *args, const char *request,
		    struct json_object **answer)
{
	int keyword, status = DSRCTL_OK;
	const char *path = SOCKET;

	*answer = NULL;
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		path = keyword == SYNC_SOCKET ? args_word(args) : NULL;
		if (!path)
			status = DSRCTL_USAGE;
	}
	if (!status && ctl->check)
		status = DSRCTL_CHECKED;
	return status ? status : sync_ask(path, request, answer);
}

static struct json_object *value(struct json_object *object, const char *key)
{
	struct json_object *found = NULL;

	json_object_object_get_ex(object, key, &found);
	return found;
}

static uint64_t number(struct json_object *object, const char *key)
{
	return json_object_get_int64(value(object, key));
}

static const char *word(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(value(object, key));

	return text ? text : "";
}

static const char *readiness(struct json_object *answer)
{
	const char *ready = word(answer, "ready");

	if (!strcmp(ready, "complete"))
		return "ready, with all that the others had";
	if (!strcmp(ready, "alone"))
		return "ready, no other balancer was there";
	if (!strcmp(ready, "late"))
		return "ready without what the others had: they have not told it in time";
	return "not ready: waits for what the others have";
}

static void print_peers(const struct dsrctl *ctl, struct json_object *peers)
{
	struct json_object *peer;
	char text[DURATION_TEXT_MAX];
	struct table table;
	size_t i;

	if (!json_object_is_type(peers, json_type_array) ||
	    !json_object_array_length(peers)) {
		printf("no other balancers\n");
		return;
	}
	table_init(&table, stdout, ctl->color, 2);
	table_column(&table, "PEER", TABLE_RIGHT, 4);
	table_column(&table, "READY", TABLE_LEFT, 5);
	table_column(&table, "LAG", TABLE_RIGHT, 5);
	table_column(&table, "SILENT", TABLE_RIGHT, 6);
	table_column(&table, "RECEIVED", TABLE_RIGHT, 8);
	table_column(&table, "REJECTED", TABLE_RIGHT, 8);
	table_header(&table);
	for (i = 0; i < json_object_array_length(peers); i++) {
		peer = json_object_array_get_idx(peers, i);
		table_cell(&table, TABLE_PLAIN, "%" PRIu64,
			   number(peer, "node"));
		table_cell(&table, TABLE_PLAIN, "%s",
			   json_object_get_boolean(value(peer, "ready")) ?
			   "yes" : "no");
		table_put(&table, duration_text(number(peer, "lag"), text));
		table_put(&table, duration_text(number(peer, "silence"),
						text));
		table_cell(&table, TABLE_PLAIN, "%" PRIu64,
			   number(peer, "received"));
		table_cell(&table, TABLE_PLAIN, "%" PRIu64,
			   number(peer, "rejected"));
	}
	table_finish(&table);
}

static void print_answer(const struct dsrctl *ctl, struct json_object *answer)
{
	uint64_t exceptions = number(answer, "exceptions");
	uint64_t entries = number(answer, "entries");

	if (json_object_get_boolean(value(answer, "joined")))
		printf("group %s, node %" PRIu64 ": %s\n",
		       word(answer, "group"), number(answer, "node"),
		       readiness(answer));
	else
		printf("group %s: corosync does not run\n",
		       word(answer, "group"));
	printf("exceptions: %" PRIu64 " of %" PRIu64 " entries, %.1f %%\n",
	       exceptions, entries, entries ? 100.0 * exceptions / entries : 0);
	printf("told: %" PRIu64 ", and %" PRIu64 " wait\n",
	       number(answer, "told"), number(answer, "backlog"));
	printf("received: %" PRIu64 "; %" PRIu64 " taken, %" PRIu64
	       " known, %" PRIu64 " expired, %" PRIu64 " refused\n",
	       number(answer, "received"), number(answer, "taken"),
	       number(answer, "known"), number(answer, "expired"),
	       number(answer, "refused"));
	printf("rejected messages: %" PRIu64 " malformed, %" PRIu64
	       " of another version\n", number(answer, "malformed"),
	       number(answer, "other_version"));
	print_peers(ctl, value(answer, "peers"));
}

static int sync_show(struct dsrctl *ctl, struct args *args)
{
	struct json_object *answer;
	int status = sync_run(ctl, args, "show", &answer);

	if (status)
		return status;
	if (ctl->json)
		json_print(answer, ctl->pretty);
	else
		print_answer(ctl, answer);
	if (!ctl->json)
		json_object_put(answer);
	return DSRCTL_OK;
}

static int sync_resync(struct dsrctl *ctl, struct args *args)
{
	struct json_object *answer;
	int status = sync_run(ctl, args, "resync", &answer);

	json_object_put(answer);
	return status;
}

static int sync_wait(struct dsrctl *ctl, struct args *args)
{
	struct json_object *answer;
	int status = sync_run(ctl, args, "wait", &answer);

	json_object_put(answer);
	return status;
}

static const struct command sync_commands[] = {
	{ "show", "[socket FILE]",
	  "show the other balancers, and what they and this one have told",
	  sync_keywords, sync_show },
	{ "resync", "[socket FILE]",
	  "let all balancers tell each other all that they have",
	  sync_keywords, sync_resync },
	{ "wait", "[socket FILE]",
	  "wait until this balancer has what the others have",
	  sync_keywords, sync_wait },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object sync_object = {
	.name = "sync",
	.description = "connections that the balancers tell each other, by dsrsyncd",
	.commands = sync_commands,
	.fallback = "show",
};
