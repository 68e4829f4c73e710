// SPDX-License-Identifier: GPL-2.0
/*
 * dsrsyncd: tell the other balancers the connections that they would miss, and take
 * theirs.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/dsr_common.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../dsrctl.h"
#include "../duration.h"
#include "../interrupt.h"
#include "../report.h"
#include "member.h"
#include "status.h"

#define SOCKET		"/run/dsr/sync.sock"
#define GROUP		"dsr"
#define WAIT_SECONDS	30
#define WAIT_MAX	86400

/* Milliseconds between two attempts to join the group. */
#define JOIN_EVERY	1000

static void usage(FILE *to)
{
	fprintf(to, "Usage: dsrsyncd [-g GROUP] [-s SOCKET] [-t SECONDS]\n"
		"Keep the balancers of a group in step: see dsrsyncd(8).\n"
		"  -g GROUP    name of the group (" GROUP ")\n"
		"  -s SOCKET   where 'dsrctl sync' asks (" SOCKET ")\n"
		"  -t SECONDS  be ready after this time at the latest (%d)\n"
		"  -V          print the version\n", WAIT_SECONDS);
}

/**
 * struct options - what the command line says
 * @group: name of the group
 * @socket: path of the socket
 * @wait: milliseconds to wait for what the others have
 */
struct options {
	const char *group;
	const char *socket;
	int64_t wait;
};

static int read_wait(const char *text, int64_t *wait)
{
	char *end;
	long seconds;

	errno = 0;
	seconds = strtol(text, &end, 10);
	if (errno || end == text || *end || seconds < 0 || seconds > WAIT_MAX)
		return report_error(DSRCTL_USAGE,
				    "-t %s: give seconds, 0 to %d", text,
				    WAIT_MAX);
	*wait = 1000 * (int64_t)seconds;
	return DSRCTL_OK;
}

static int read_option(struct options *options, int option)
{
	switch (option) {
	case 'g':
		options->group = optarg;
		if (*optarg && strlen(optarg) <= CPG_MAX_NAME_LENGTH)
			return DSRCTL_OK;
		return report_error(DSRCTL_USAGE,
				    "-g %s: a name has 1 to %d characters",
				    optarg, CPG_MAX_NAME_LENGTH);
	case 's':
		options->socket = optarg;
		return DSRCTL_OK;
	case 't':
		return read_wait(optarg, &options->wait);
	case 'h':
		usage(stdout);
		exit(DSRCTL_OK);
	case 'V':
		puts("dsrsyncd " DSR_VERSION);
		exit(DSRCTL_OK);
	default:
		usage(stderr);
		return DSRCTL_USAGE;
	}
}

static int read_options(int argc, char **argv, struct options *options)
{
	int option, status = DSRCTL_OK;

	while (!status && (option = getopt(argc, argv, "g:s:t:hV")) != -1)
		status = read_option(options, option);
	if (!status && optind < argc) {
		usage(stderr);
		status = DSRCTL_USAGE;
	}
	return status;
}

/* Join the group, and report the first failure in a row. */
static void join(struct member *member, int64_t *next)
{
	static const char *last;
	const char *why;

	if (duration_now() < *next)
		return;
	*next = duration_now() + JOIN_EVERY;
	why = group_join(&member->group);
	if (why && why != last)
		report_note("%s: trying again every second", why);
	last = why;
}

static void say_ready(const struct member *member)
{
	static bool said;

	if (said || !member->ready)
		return;
	said = true;
	if (member->ready == MEMBER_LATE)
		report_warning("the other balancers have not told all in time: ready without");
	sd_notify(0, "READY=1");
}

static void wait_for_more(const struct member *member,
			  const struct status *status, const sigset_t *mask)
{
	int timeout = member->group.joined ? member_timeout(member) :
					     JOIN_EVERY;
	struct timespec time = { timeout / 1000, timeout % 1000 * 1000000 };
	struct pollfd poll[STATUS_CLIENTS + 2];
	size_t count = status_poll(status, poll);

	if (member->group.joined)
		poll[count++] = (struct pollfd){ .fd = member->group.fd,
						 .events = POLLIN };
	ppoll(poll, count, &time, mask);
}

static void serve(struct member *member, struct status *status,
		  const sigset_t *mask)
{
	int64_t join_at = 0;

	while (!interrupt_seen()) {
		if (!member->group.joined)
			join(member, &join_at);
		if (member->group.joined && !group_dispatch(&member->group))
			member_lose(member);
		member_work(member);
		say_ready(member);
		status_work(status, member);
		wait_for_more(member, status, mask);
	}
	sd_notify(0, "STOPPING=1");
}

/* Signals arrive only while the loop waits. */
static void catch_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, old);
	interrupt_catch();
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct options options = { GROUP, SOCKET, 1000 * WAIT_SECONDS };
	struct member member;
	struct status status;
	sigset_t mask;
	int result;

	report_program("dsrsyncd");
	result = read_options(argc, argv, &options);
	if (result)
		return result;
	result = status_open(&status, options.socket);
	if (result)
		return result;
	catch_signals(&mask);
	member_init(&member, options.group, options.wait);
	serve(&member, &status, &mask);
	member_free(&member);
	status_close(&status);
	return DSRCTL_OK;
}
