// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl backend drain: give a real server no new connections, and wait for the
 * end of its present ones.
 */
#include <linux/dsr.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "backend.h"
#include "duration.h"
#include "json.h"
#include "netlink.h"
#include "report.h"

enum {
	DRAIN_DEADLINE = BACKEND_COUNT,
	DRAIN_WAIT,
};

const struct keyword drain_keywords[] = {
	BACKEND_KEYWORDS,
	[DRAIN_DEADLINE] = { "deadline", NULL },
	[DRAIN_WAIT] = { "wait", keyword_flag },
	{ NULL, NULL }
};

/**
 * struct drain - the options of a command line, and the progress of the drain
 * @backend: the backend
 * @deadline: in milliseconds
 * @terminal: the progress is shown in place
 * @shown: it was shown
 * @over: nothing is left to wait for
 * @left: connections, as they were shown
 * @established: those of them that are established
 * @cut: connections that the deadline ended, at most
 * @cut_established: those of them that were established
 * @admin: state of the backend, as it was shown
 */
struct drain {
	struct backend backend;
	uint32_t deadline;
	bool terminal;
	bool shown;
	bool over;
	uint64_t left;
	uint32_t established;
	uint64_t cut;
	uint32_t cut_established;
	char admin[BACKEND_STATE_MAX];
};

static int drain_read(struct args *args, struct drain *drain)
{
	int keyword, status = DSRCTL_OK;

	memset(drain, 0, sizeof(*drain));
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		if (keyword == DRAIN_DEADLINE)
			status = duration_read(args, &drain->deadline);
		else if (keyword != DRAIN_WAIT)
			status = backend_read(args, &drain->backend, keyword);
	}
	return status ? status : backend_check(args, &drain->backend);
}

static int drain_put(struct nl_msg *msg, const struct args *args,
		     const struct drain *drain)
{
	struct nlattr *nest;

	nest = backend_put_begin(msg, args, &drain->backend);
	if (!nest ||
	    nla_put_u8(msg, DSR_BACKEND_A_ADMIN, DSR_BACKEND_DRAINING))
		return -1;
	if (args_seen(args, DRAIN_DEADLINE) &&
	    nla_put_u32(msg, DSR_BACKEND_A_DEADLINE, drain->deadline))
		return -1;
	return nla_nest_end(msg, nest);
}

/* Print the number of connections left; a terminal shows it in place. */
static void show_text(struct drain *drain, uint64_t left,
		      uint32_t established, const char *admin)
{
	bool same = drain->shown && left == drain->left &&
		    established == drain->established;

	if (same && !(drain->terminal && strcmp(admin, drain->admin)))
		return;
	printf("%s%llu connection%s left, %u established (%s)%s",
	       drain->terminal ? "\r\033[K" : "", (unsigned long long)left,
	       left == 1 ? "" : "s", established, admin,
	       drain->terminal ? "" : "\n");
	fflush(stdout);
	strcpy(drain->admin, admin);
}

static void show_json(struct dsrctl *ctl, struct drain *drain,
		      struct backend_info *backend, uint64_t left)
{
	struct json_object *object;

	if (drain->shown && left == drain->left && !drain->over)
		return;
	object = backend_json(backend);
	key_json(object, backend->service);
	json_print(object, ctl->pretty);
	fflush(stdout);
}

/* Print the end of the wait, on a line of its own. */
static void end_text(struct dsrctl *ctl, const struct drain *drain,
		     const char *sentence)
{
	if (ctl->json)
		return;
	if (drain->terminal && drain->shown)
		putchar('\n');
	puts(sentence);
}

static int drain_look(struct dsrctl *ctl, struct drain *drain,
		      struct backend_info *backend)
{
	uint32_t active = attr_u32(backend->tb[DSR_BACKEND_A_ACTIVE]);
	uint64_t left = (uint64_t)active +
			attr_u32(backend->tb[DSR_BACKEND_A_INACTIVE]);
	unsigned int admin = attr_u8(backend->tb[DSR_BACKEND_A_ADMIN]);
	char text[BACKEND_STATE_MAX], sentence[128];

	/* Since the deadline some may have moved on to another backend already. */
	drain->cut = drain->shown ? drain->left : left;
	drain->cut_established = drain->shown ? drain->established : active;
	drain->over = !left || admin != DSR_BACKEND_DRAINING;
	if (ctl->json)
		show_json(ctl, drain, backend, left);
	else
		show_text(drain, left, active, admin == DSR_BACKEND_UP ? "up" :
			  backend_admin_text(backend, text));
	drain->shown = true;
	drain->left = left;
	drain->established = active;

	if (admin == DSR_BACKEND_UP) {
		if (drain->terminal && !ctl->json)
			putchar('\n');
		return report_error(DSRCTL_REFUSED,
				    "backend drain: the backend was set up again, with %llu connections left",
				    (unsigned long long)left);
	}
	if (admin == DSR_BACKEND_DOWN && drain->cut)
		snprintf(sentence, sizeof(sentence),
			 "the backend is down: %llu connection%s cut, %u of them established",
			 (unsigned long long)drain->cut,
			 drain->cut == 1 ? " was" : "s were",
			 drain->cut_established);
	else
		strcpy(sentence, "no connection is left: none was cut");
	if (drain->over)
		end_text(ctl, drain, sentence);
	return DSRCTL_OK;
}

/* Check the state of the backend once. */
static int drain_poll(struct dsrctl *ctl, const struct args *args,
		      struct drain *drain)
{
	struct netlink_replies replies;
	struct backend_info backend;
	bool found = false;
	int status;
	size_t i;

	status = key_backends(ctl, args, &drain->backend.key, &replies);
	for (i = 0; !status && !found && i < replies.count; i++) {
		if (!backend_parse_reply(replies.reply[i], &backend)) {
			status = netlink_malformed();
			break;
		}
		found = addr_is(&drain->backend.via,
				backend.tb[DSR_BACKEND_A_ADDR]);
	}
	if (!status && found)
		status = drain_look(ctl, drain, &backend);
	else if (!status)
		status = report_error(DSRCTL_REFUSED,
				      "backend drain: the backend was deleted");
	netlink_replies_free(&replies);
	return status;
}

/* ^C ends the wait as usual, with a note about the drain. */
static void drain_interrupt(const sigset_t *before)
{
	fflush(stdout);
	fputs("\ndsrctl: no longer waiting; the backend is still draining: 'dsrctl backend set ... up' ends draining\n",
	      stderr);
	raise(SIGINT);
	sigprocmask(SIG_SETMASK, before, NULL);
}

static int drain_wait(struct dsrctl *ctl, const struct args *args,
		      struct drain *drain)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t interrupt, before;
	int status;

	/* blocked except while waiting */
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	drain->terminal = isatty(STDOUT_FILENO);
	for (;;) {
		status = drain_poll(ctl, args, drain);
		if (status || drain->over || ferror(stdout))
			break;
		if (sigtimedwait(&interrupt, NULL, &second) == SIGINT)
			drain_interrupt(&before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

/**
 * drain_run() - drain a backend
 * @ctl: the run
 * @args: the words of a command with drain_keywords
 *
 * Return: enum dsrctl_status.
 */
int drain_run(struct dsrctl *ctl, struct args *args)
{
	struct drain drain;
	struct nl_msg *msg;
	int status;

	status = drain_read(args, &drain);
	if (status)
		return status;
	status = netlink_request(ctl->netlink, NETLINK_LB, DSR_CMD_BACKEND_SET,
				 0, &msg);
	if (status)
		return status;
	if (drain_put(msg, args, &drain))
		return netlink_too_long(msg);
	status = netlink_do(ctl->netlink, msg);
	if (status || !args_seen(args, DRAIN_WAIT))
		return status;
	return drain_wait(ctl, args, &drain);
}
