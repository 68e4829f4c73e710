// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl monitor: what changes on a balancer, as it does.
 */
#include <linux/dsr.h>
#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "attr.h"
#include "backend.h"
#include "group.h"
#include "json.h"
#include "key.h"
#include "netlink.h"
#include "path.h"
#include "report.h"
#include "service.h"
#include "socket.h"
#include "text.h"

#define TIME_MAX	48

/**
 * struct monitor - a balancer that is watched
 * @ctl: the run
 * @family: number of the module's family
 * @over: nothing more is to be read
 * @status: enum dsrctl_status
 */
struct monitor {
	struct dsrctl *ctl;
	uint16_t family;
	bool over;
	int status;
};

/* what a command has done; NULL where the object says it by itself */
static const struct {
	const char *verb;
	const char *event;
} actions[DSR_CMD_MAX + 1] = {
	[DSR_CMD_SERVICE_ADD] = { "added", "add" },
	[DSR_CMD_SERVICE_SET] = { "changed", "set" },
	[DSR_CMD_SERVICE_REPLACE] = { "replaced", "replace" },
	[DSR_CMD_SERVICE_DELETE] = { "deleted", "delete" },
	[DSR_CMD_SERVICE_FLUSH] = { "deleted all services", "flush" },
	[DSR_CMD_BACKEND_ADD] = { "added", "add" },
	[DSR_CMD_BACKEND_SET] = { "changed", "set" },
	[DSR_CMD_BACKEND_REPLACE] = { "replaced", "replace" },
	[DSR_CMD_BACKEND_DELETE] = { "deleted", "delete" },
	[DSR_CMD_BACKEND_STATE] = { NULL, "state" },
	[DSR_CMD_PATH_ADD] = { "added", "add" },
	[DSR_CMD_PATH_SET] = { "changed", "set" },
	[DSR_CMD_PATH_REPLACE] = { "replaced", "replace" },
	[DSR_CMD_PATH_DELETE] = { "deleted", "delete" },
	[DSR_CMD_CONNECTION_SET] = { "changed the connection table", "set" },
	[DSR_CMD_CONNECTION_FLUSH] = { "forgot all connections", "flush" },
};

/* when it is: local time; with the zone for programs */
static void now_text(char *text, bool zone)
{
	struct timespec now;
	struct tm tm;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	used = strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	used += snprintf(text + used, TIME_MAX - used, ".%03ld",
			 now.tv_nsec / 1000000);
	if (zone)
		strftime(text + used, TIME_MAX - used, "%z", &tm);
}

static void print_line(const char *sentence)
{
	char time[TIME_MAX];

	now_text(time, false);
	printf("[%s] %s\n", time, sentence);
	fflush(stdout);
}

/* One object on one line, whatever the options say. */
static void print_json(const char *event, const char *name,
		       struct json_object *service,
		       struct json_object *backend, struct json_object *path)
{
	struct json_object *object = json_object_new_object();
	char time[TIME_MAX];

	now_text(time, true);
	json_object_object_add(object, "time", json_object_new_string(time));
	json_object_object_add(object, "event", json_object_new_string(event));
	json_object_object_add(object, "object",
			       name ? json_object_new_string(name) : NULL);
	json_object_object_add(object, "service", service);
	json_object_object_add(object, "backend", backend);
	json_object_object_add(object, "path", path);
	json_print(object, false);
	fflush(stdout);
}

static struct json_object *key_object(struct nlattr **tb)
{
	struct json_object *object = json_object_new_object();

	key_json(object, tb);
	return object;
}

static bool service_event(struct monitor *monitor, unsigned int cmd,
			  struct nlattr **top)
{
	bool key_only = cmd == DSR_CMD_SERVICE_DELETE;
	struct service_info service;
	char key[KEY_TEXT_MAX];
	struct text text;
	char *line;

	if (!service_parse(top[DSR_A_SERVICE], &service))
		return false;
	if (monitor->ctl->json) {
		print_json(actions[cmd].event, "service",
			   service_json(&service), NULL, NULL);
		return true;
	}

	line = key_only ? NULL : service_text(&service);
	text_begin(&text);
	fprintf(text.out, "%s service %s", actions[cmd].verb,
		line ? line : key_text(service.tb, key));
	free(line);
	line = text_end(&text);
	print_line(line);
	free(line);
	return true;
}

static bool backend_event(struct monitor *monitor, unsigned int cmd,
			  struct nlattr **top)
{
	bool by_itself = cmd == DSR_CMD_BACKEND_STATE;
	bool key_only = cmd == DSR_CMD_BACKEND_DELETE;
	char addr[ATTR_TEXT_MAX], weight[ATTR_TEXT_MAX], key[KEY_TEXT_MAX];
	char state[BACKEND_STATE_MAX];
	struct backend_info backend;
	struct text text;
	char *line;

	if (!backend_parse(top, &backend))
		return false;
	if (monitor->ctl->json) {
		print_json(actions[cmd].event, "backend",
			   key_object(backend.service),
			   backend_json(&backend), NULL);
		return true;
	}

	text_begin(&text);
	fprintf(text.out, "%s%sbackend via %s of service %s",
		by_itself ? "" : actions[cmd].verb, by_itself ? "" : " ",
		attr_text(ATTR_ADDR, backend.tb[DSR_BACKEND_A_ADDR], addr),
		key_text(backend.service, key));
	if (by_itself)
		fprintf(text.out, ": %s", backend_state_text(&backend, state));
	else if (!key_only)
		fprintf(text.out, " weight %s: %s",
			attr_text(ATTR_U32, backend.tb[DSR_BACKEND_A_WEIGHT],
				  weight),
			backend_state_text(&backend, state));
	line = text_end(&text);
	print_line(line);
	free(line);
	return true;
}

static bool path_event(struct monitor *monitor, unsigned int cmd,
		       const struct nlmsghdr *event)
{
	struct path_info path;
	struct text text;
	char *line;

	if (!path_parse(event, &path))
		return false;
	if (monitor->ctl->json) {
		print_json(actions[cmd].event, "path", NULL, NULL,
			   path_json(&path));
		return true;
	}
	text_begin(&text);
	fprintf(text.out, "%s ", actions[cmd].verb);
	path_print_words(text.out, &path);
	line = text_end(&text);
	print_line(line);
	free(line);
	return true;
}

static bool other_event(struct monitor *monitor, unsigned int cmd)
{
	const char *object = cmd == DSR_CMD_SERVICE_FLUSH ? "service" :
							    "connection";

	if (cmd > DSR_CMD_MAX || !actions[cmd].verb) {
		report_warning("an event of kind %u: dsrctl is older than the loaded module",
			       cmd);
		return true;
	}
	if (monitor->ctl->json)
		print_json(actions[cmd].event, object, NULL, NULL, NULL);
	else
		print_line(actions[cmd].verb);
	return true;
}

static bool print_event(struct monitor *monitor, struct nlmsghdr *event)
{
	unsigned int cmd = genlmsg_hdr(event)->cmd;
	struct nlattr *top[ATTR_MAX];

	if (!attr_parse(event, top))
		return false;
	switch (cmd) {
	case DSR_CMD_SERVICE_ADD:
	case DSR_CMD_SERVICE_SET:
	case DSR_CMD_SERVICE_REPLACE:
	case DSR_CMD_SERVICE_DELETE:
		return service_event(monitor, cmd, top);
	case DSR_CMD_BACKEND_ADD:
	case DSR_CMD_BACKEND_SET:
	case DSR_CMD_BACKEND_REPLACE:
	case DSR_CMD_BACKEND_DELETE:
	case DSR_CMD_BACKEND_STATE:
		return backend_event(monitor, cmd, top);
	case DSR_CMD_PATH_ADD:
	case DSR_CMD_PATH_SET:
	case DSR_CMD_PATH_REPLACE:
	case DSR_CMD_PATH_DELETE:
		return path_event(monitor, cmd, event);
	default:
		return other_event(monitor, cmd);
	}
}

/* Any process can send to the socket: only what the kernel sends counts. */
static int on_message(struct nl_msg *msg, void *arg)
{
	(void)arg;
	return nlmsg_get_src(msg)->nl_pid ? NL_SKIP : NL_OK;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *event = nlmsg_hdr(msg);
	struct monitor *monitor = arg;

	if (monitor->over)
		return NL_STOP;
	if (event->nlmsg_type == GENL_ID_CTRL) {
		if (group_is_gone(event, monitor->family)) {
			monitor->status = report_error(DSRCTL_REFUSED,
						       "dsr_lb was unloaded: there is nothing left to watch");
			monitor->over = true;
		}
	} else if (event->nlmsg_type == monitor->family) {
		if (!genlmsg_valid_hdr(event, 0) ||
		    !print_event(monitor, event)) {
			monitor->status = netlink_malformed();
			monitor->over = true;
		}
	}
	monitor->over = monitor->over || ferror(stdout);
	return monitor->over ? NL_STOP : NL_OK;
}

static int on_invalid(struct nl_msg *msg, void *arg)
{
	struct monitor *monitor = arg;

	(void)msg;
	monitor->status = netlink_malformed();
	monitor->over = true;
	return NL_STOP;
}

static void say_overrun(const struct monitor *monitor)
{
	report_warning("events came faster than they were read, and some are missing: 'dsrctl show' tells how things are now");
	if (monitor->ctl->json)
		print_json("overrun", NULL, NULL, NULL, NULL);
}

static void monitor_read(struct monitor *monitor, struct nl_sock *sock)
{
	int err;

	while (!monitor->over) {
		err = nl_recvmsgs_default(sock);
		if (monitor->over)
			break;
		if (err == -NLE_NOMEM) {	/* ENOBUFS */
			say_overrun(monitor);
		} else if (err < 0) {
			monitor->status = report_error(DSRCTL_REFUSED,
						       "cannot talk to the kernel: %s",
						       nl_geterror(err));
			monitor->over = true;
		}
	}
}

static int monitor_run(struct dsrctl *ctl, struct args *args)
{
	struct monitor monitor = { .ctl = ctl };
	uint32_t events, families;
	struct nl_sock *sock;
	int status;

	status = args_end(args);
	if (!status)
		status = group_find(ctl->netlink, &monitor.family, &events,
				    &families);
	if (status)
		return status;

	sock = socket_open();
	if (!sock)
		return DSRCTL_REFUSED;
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_MSG_IN, NL_CB_CUSTOM, on_message,
			    NULL);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    &monitor);
	nl_socket_modify_cb(sock, NL_CB_INVALID, NL_CB_CUSTOM, on_invalid,
			    &monitor);
	monitor.status = socket_join(sock, families);
	if (!monitor.status)
		monitor.status = socket_join(sock, events);
	if (!monitor.status)
		monitor_read(&monitor, sock);
	socket_close(sock);
	return monitor.status;
}

static const struct command monitor_commands[] = {
	{ "monitor", "",
	  "a line for each change of services, backends and paths, when it comes, until ^C",
	  NULL, monitor_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object monitor_object = {
	.name = "monitor",
	.description = "what changes on a balancer, as it does",
	.commands = monitor_commands,
	.fallback = "monitor",
	.bare = true,
};
