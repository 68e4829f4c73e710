// SPDX-License-Identifier: GPL-2.0
/*
 * A run of dsrctl, whose output is kept.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

/* the longest that dsrctl may take */
#define COMMAND_MSECS	10000

/* what dsrctl may print: some 100,000 backends */
#define COMMAND_MAX	(256 << 20)

static long now_msecs(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Both outputs of the child into one pipe: a failure prints to stderr only. */
static pid_t spawn(const char *const *words, int *from)
{
	posix_spawn_file_actions_t actions;
	int ends[2], err;
	pid_t child;

	if (pipe(ends))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	err = posix_spawnp(&child, words[0], &actions, NULL,
			   (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		errno = err;
		return -1;
	}
	*from = ends[0];
	return child;
}

/* Reads to the end; -1 if that takes too long or is too much. */
static int read_all(int from, char **output, size_t *size)
{
	struct pollfd poll_from = { .fd = from, .events = POLLIN };
	long left, end = now_msecs() + COMMAND_MSECS;
	size_t room = 0;
	ssize_t got;
	char *more;

	for (;;) {
		if (*size == room) {
			room = room ? 2 * room : 1 << 16;
			more = room > COMMAND_MAX ? NULL : realloc(*output,
								   room + 1);
			if (!more)
				return -1;
			*output = more;
		}
		left = end - now_msecs();
		if (left <= 0 || poll(&poll_from, 1, left) <= 0)
			return -1;
		got = read(from, *output + *size, room - *size);
		if (got < 0)
			return -1;
		if (!got)
			break;
		*size += got;
	}
	(*output)[*size] = '\0';
	return 0;
}

/**
 * command_run() - run a program and keep what it prints
 * @words: its name and arguments, ended by NULL
 * @output: set; text that ends in NUL, to be freed; or NULL
 * @size: set; bytes of @output without the NUL
 *
 * Return: its exit status, or -1 if it could not be run to its end.
 */
int command_run(const char *const *words, char **output, size_t *size)
{
	int from, status = -1, failed;
	pid_t child;

	*output = NULL;
	*size = 0;
	child = spawn(words, &from);
	if (child < 0)
		return -1;
	failed = read_all(from, output, size);
	close(from);
	if (failed)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!failed && WIFEXITED(status))
		return WEXITSTATUS(status);
	free(*output);
	*output = NULL;
	return -1;
}
