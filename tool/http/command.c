// SPDX-License-Identifier: GPL-2.0
/*
 * A run of dsrctl, whose output is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
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

/**
 * struct output - what a program prints to one of its outputs
 * @from: read end of the pipe
 * @text: text so far, ended by NUL
 * @size: bytes of @text without the NUL
 * @room: capacity of @text, less one
 */
struct output {
	int from;
	char *text;
	size_t size;
	size_t room;
};

enum {
	OUT,
	ERR,

	OUTPUTS
};

static void close_both(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

/* A pipe for each output: a warning does not belong into the page. */
static pid_t spawn(const char *const *words, struct output outputs[OUTPUTS])
{
	posix_spawn_file_actions_t actions;
	int out[2], bad[2], err;
	pid_t child;

	if (pipe2(out, O_CLOEXEC))
		return -1;
	if (pipe2(bad, O_CLOEXEC)) {
		close_both(out);
		return -1;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, bad[1], STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	err = posix_spawnp(&child, words[0], &actions, NULL,
			   (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	close(bad[1]);
	outputs[OUT].from = out[0];
	outputs[ERR].from = bad[0];
	if (err) {
		close(out[0]);
		close(bad[0]);
		errno = err;
		return -1;
	}
	return child;
}

/* Reads once; returns as read(), or -1 if it is too much. */
static ssize_t read_some(struct output *output)
{
	ssize_t got;
	char *more;

	if (output->size == output->room) {
		output->room = output->room ? 2 * output->room : 1 << 16;
		more = output->room > COMMAND_MAX ?
			       NULL : realloc(output->text, output->room + 1);
		if (!more)
			return -1;
		output->text = more;
	}
	got = read(output->from, output->text + output->size,
		   output->room - output->size);
	if (got > 0)
		output->size += got;
	if (got >= 0)
		output->text[output->size] = '\0';
	return got;
}

/* Reads both outputs to their ends; -1 if that takes too long or is too much. */
static int read_all(struct output outputs[OUTPUTS])
{
	struct pollfd from[OUTPUTS];
	long left, end = now_msecs() + COMMAND_MSECS;
	int i, open = OUTPUTS;
	ssize_t got;

	for (i = 0; i < OUTPUTS; i++)
		from[i] = (struct pollfd) { .fd = outputs[i].from,
					    .events = POLLIN };
	while (open) {
		left = end - now_msecs();
		if (left <= 0 || poll(from, OUTPUTS, left) <= 0)
			return -1;
		for (i = 0; i < OUTPUTS; i++) {
			if (from[i].fd < 0 || !from[i].revents)
				continue;
			got = read_some(&outputs[i]);
			if (got < 0)
				return -1;
			if (!got) {
				from[i].fd = -1;
				open--;
			}
		}
	}
	return 0;
}

/**
 * command_run() - run a program and keep what it prints
 * @words: its name and arguments, ended by NULL
 * @output: set; text that ends in NUL, to be freed; or NULL. Its standard output;
 *	if it fails, what it printed to the standard error
 * @size: set; bytes of @output without the NUL
 *
 * Return: its exit status, or -1 if it could not be run to its end.
 */
int command_run(const char *const *words, char **output, size_t *size)
{
	struct output outputs[OUTPUTS] = { 0 };
	int status = -1, failed, kept;
	pid_t child;

	*output = NULL;
	*size = 0;
	child = spawn(words, outputs);
	if (child < 0)
		return -1;
	failed = read_all(outputs);
	close(outputs[OUT].from);
	close(outputs[ERR].from);
	if (failed)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	failed |= !WIFEXITED(status);
	/* The reader of the metrics has no use for a warning. */
	if (!failed && !WEXITSTATUS(status))
		fwrite(outputs[ERR].text, 1, outputs[ERR].size, stderr);
	kept = failed ? OUTPUTS : WEXITSTATUS(status) ? ERR : OUT;
	if (kept != OUT)
		free(outputs[OUT].text);
	if (kept != ERR)
		free(outputs[ERR].text);
	if (failed)
		return -1;
	*output = outputs[kept].text;
	*size = outputs[kept].size;
	return WEXITSTATUS(status);
}
