// SPDX-License-Identifier: GPL-2.0
/*
 * A second process that acts if this one is killed in the middle of a change. The
 * process has a copy of all that was read before, and no signal of the terminal
 * ends it. Its name is another one, so that "pkill dsrctl" does not end both.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rescue.h"

#define NAME	"dsr-rescue"

static void serve(int end, int patience, void (*act)(void *arg), void *arg)
{
	struct pollfd wait = { .fd = end, .events = POLLIN };
	char done;

	if (poll(&wait, 1, patience) > 0 && read(end, &done, 1) == 1)
		_exit(0);
	act(arg);
	_exit(0);
}

/**
 * rescue_post() - begin to wait for the end of this process
 * @rescue: set; for rescue_dismiss() in any case
 * @patience: milliseconds after which the other process acts anyway, or -1
 * @begin: called in the other process at once, with its end of the pair of
 *	sockets, or NULL
 * @act: called in the other process if this one ends without rescue_dismiss()
 * @arg: argument of both
 *
 * Return: 0, or -1 if there is no other process.
 */
int rescue_post(struct rescue *rescue, int patience,
		void (*begin)(int end, void *arg), void (*act)(void *arg),
		void *arg)
{
	int ends[2];

	rescue->pid = 0;
	rescue->alive = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	fflush(stdout);
	rescue->pid = fork();
	if (!rescue->pid) {
		close(ends[1]);
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGPIPE, SIG_IGN);
		setsid();
		prctl(PR_SET_NAME, NAME);
		if (begin)
			begin(ends[0], arg);
		serve(ends[0], patience, act, arg);
	}
	close(ends[0]);
	rescue->alive = ends[1];
	return rescue->pid > 0 ? 0 : -1;
}

/**
 * rescue_dismiss() - end the other process: the change is made, or undone
 * @rescue: from rescue_post(); twice does no harm
 */
void rescue_dismiss(struct rescue *rescue)
{
	if (rescue->alive < 0)
		return;
	send(rescue->alive, "", 1, MSG_NOSIGNAL);
	close(rescue->alive);
	rescue->alive = -1;
	if (rescue->pid > 0)
		waitpid(rescue->pid, NULL, 0);
}
