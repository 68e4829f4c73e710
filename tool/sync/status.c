// SPDX-License-Identifier: GPL-2.0
/*
 * status - see status.h
 *
 * A client sends a word and a newline: "show", "resync", or "wait" until this
 * machine is ready. The answer is one line of JSON, and the end of the connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../dsrctl.h"
#include "../duration.h"
#include "../json.h"
#include "../report.h"
#include "status.h"

static int fail(struct status *status, const char *what)
{
	int err = errno;

	if (status->fd >= 0)
		close(status->fd);
	status->fd = -1;
	return report_error(DSRCTL_REFUSED, "%s: %s: %s", status->path, what,
			    strerror(err));
}

/* A socket file that no process listens on is left from an earlier run. */
static bool is_used(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool used;

	if (fd < 0)
		return false;
	used = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	close(fd);
	return used;
}

/**
 * status_open() - listen
 * @status: set; for status_close()
 * @path: path of the socket, kept by reference
 *
 * Return: enum dsrctl_status, reported.
 */
int status_open(struct status *status, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int i, err;

	status->path = path;
	status->fd = -1;
	for (i = 0; i < STATUS_CLIENTS; i++)
		status->client[i].fd = -1;
	if (strlen(path) >= sizeof(addr.sun_path))
		return report_error(DSRCTL_USAGE,
				    "%s: a path of a socket has at most %zu characters",
				    path, sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	if (is_used(&addr))
		return report_error(DSRCTL_REFUSED,
				    "%s: another dsrsyncd has this socket: stop it, or name another one by -s",
				    path);
	unlink(path);
	status->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			    SOCK_NONBLOCK, 0);
	if (status->fd < 0)
		return fail(status, "cannot open a socket");
	mask = umask(077);
	err = bind(status->fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (err || listen(status->fd, STATUS_CLIENTS))
		return fail(status, "cannot listen");
	return DSRCTL_OK;
}

/**
 * status_poll() - list what to wait for
 * @status: from status_open()
 * @poll: set, with room for STATUS_CLIENTS + 1
 *
 * Return: number of descriptors.
 */
size_t status_poll(const struct status *status, struct pollfd *poll)
{
	size_t i, count = 0;

	for (i = 0; i < STATUS_CLIENTS; i++)
		if (status->client[i].fd >= 0)
			poll[count++] = (struct pollfd){
				.fd = status->client[i].fd, .events = POLLIN };
	/* others wait until one of these has gone */
	if (count < STATUS_CLIENTS)
		poll[count++] = (struct pollfd){ .fd = status->fd,
						 .events = POLLIN };
	return count;
}

static void hang_up(struct status_client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void accept_all(struct status *status)
{
	struct status_client *client;
	int i;

	for (i = 0; i < STATUS_CLIENTS; i++) {
		client = &status->client[i];
		if (client->fd >= 0)
			continue;
		memset(client, 0, sizeof(*client));
		client->fd = accept4(status->fd, NULL, NULL,
				     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client->fd < 0)
			return;
	}
}

static struct json_object *peer_json(const struct peer *peer)
{
	struct json_object *object = json_object_new_object();

	json_add_number(object, "node", peer->node);
	json_add_number(object, "pid", peer->pid);
	json_object_object_add(object, "ready",
			       json_object_new_boolean(peer->ready));
	json_add_number(object, "lag", peer->lag);
	json_add_number(object, "silence",
			peer_silence(peer, duration_now()));
	json_add_number(object, "received", peer->entries);
	json_add_number(object, "rejected", peer->rejected);
	return object;
}

static void add_counts(struct json_object *object,
		       const struct member_counts *counts)
{
	json_add_number(object, "told", counts->told);
	json_add_number(object, "received", counts->received);
	json_add_number(object, "taken", counts->taken);
	json_add_number(object, "known", counts->known);
	json_add_number(object, "expired", counts->over);
	json_add_number(object, "refused", counts->refused);
	json_add_number(object, "malformed", counts->malformed);
	json_add_number(object, "other_version", counts->version);
}

static struct json_object *member_json(const struct member *member)
{
	static const char *const words[] = {
		[MEMBER_WAITS] = "no",
		[MEMBER_COMPLETE] = "complete",
		[MEMBER_ALONE] = "alone",
		[MEMBER_LATE] = "late",
	};
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t i;

	json_object_object_add(object, "group",
			       json_object_new_string(member->group.name));
	json_object_object_add(object, "joined",
			       json_object_new_boolean(member->group.joined));
	json_add_number(object, "node", member->group.node);
	json_object_object_add(object, "ready",
			       json_object_new_string(words[member->ready]));
	json_add_number(object, "exceptions", member->exceptions);
	json_add_number(object, "entries", member->entries);
	json_add_number(object, "backlog", member->group.waiting);
	json_add_number(object, "walk", member->walk_took);
	add_counts(object, &member->counts);
	for (i = 0; i < member->peers.count; i++)
		json_object_array_add(list, peer_json(&member->peers.peer[i]));
	json_object_object_add(object, "peers", list);
	return object;
}

/* The answer is shorter than the buffer of a socket. */
static void answer(struct status_client *client, const struct member *member)
{
	struct json_object *object = member_json(member);
	const char *text;

	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	if (send(client->fd, text, strlen(text), MSG_NOSIGNAL) >= 0)
		send(client->fd, "\n", 1, MSG_NOSIGNAL);
	json_object_put(object);
	hang_up(client);
}

static void serve(struct status_client *client, struct member *member)
{
	if (!strcmp(client->text, "wait")) {
		client->waits = true;
		return;
	}
	if (!strcmp(client->text, "resync"))
		member_resync(member);
	else if (strcmp(client->text, "show"))
		hang_up(client);
	if (client->fd >= 0)
		answer(client, member);
}

static void read_request(struct status_client *client, struct member *member)
{
	ssize_t got = recv(client->fd, client->text + client->used,
			   sizeof(client->text) - 1 - client->used, 0);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* a client that goes away, and one that talks on */
	if (got <= 0 || client->waits) {
		hang_up(client);
		return;
	}
	client->used += got;
	client->text[client->used] = '\0';
	end = strchr(client->text, '\n');
	if (end) {
		*end = '\0';
		serve(client, member);
	} else if (client->used == sizeof(client->text) - 1) {
		hang_up(client);
	}
}

/**
 * status_work() - answer the programs that ask
 * @status: from status_open()
 * @member: this machine
 */
void status_work(struct status *status, struct member *member)
{
	struct status_client *client;
	int i;

	accept_all(status);
	for (i = 0; i < STATUS_CLIENTS; i++) {
		client = &status->client[i];
		if (client->fd >= 0)
			read_request(client, member);
		if (client->fd >= 0 && client->waits && member->ready)
			answer(client, member);
	}
}

/** status_close() - stop to listen, and remove the socket */
void status_close(struct status *status)
{
	int i;

	for (i = 0; i < STATUS_CLIENTS; i++)
		if (status->client[i].fd >= 0)
			hang_up(&status->client[i]);
	if (status->fd >= 0) {
		close(status->fd);
		unlink(status->path);
	}
}
