// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines from a file: words between blanks, 'quoted' or "quoted" if they
 * contain blanks, and comments from a '#' on. A '\' at the end of a line joins
 * the next line to it.
 *
 * The batch checks the words of all lines before it runs the first line, so
 * that a mistake in the last line does not leave half of a configuration.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "netlink.h"
#include "report.h"

/**
 * struct line - a command of a batch
 * @number: number of the line in the file that the command begins in
 * @words: index of its first word in &struct batch.word
 * @problem: the mistake in the line, or NULL
 */
struct line {
	unsigned int number;
	size_t words;
	const char *problem;
};

/**
 * struct batch - a file
 * @path: its name, for messages
 * @text: its contents
 * @at: the next character to read
 * @end: end of @text
 * @number: number of the line of @at
 * @store: the words, each ended by a NUL
 * @stored: the end of the last one
 * @line: the commands
 * @lines: number of @line
 * @word: the words of all commands, those of each ended by NULL
 * @words: number of @word
 */
struct batch {
	const char *path;
	char *text;
	const char *at;
	const char *end;
	unsigned int number;
	char *store;
	char *stored;
	struct line *line;
	size_t lines;
	char **word;
	size_t words;
};

/* Make room for one more entry: arrays grow at each power of two. */
static void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return report_alloc(array, (count ? 2 * count : 1) * size);
}

static void add_word(struct batch *batch, char *word)
{
	batch->word = grow(batch->word, batch->words, sizeof(*batch->word));
	batch->word[batch->words++] = word;
}

/* Return the next character, with lines joined; '\n' at the end of the file. */
static int next_char(struct batch *batch, struct line *line)
{
	const char *at;

	while (batch->at != batch->end && *batch->at == '\\') {
		at = batch->at + 1;
		if (at != batch->end && *at == '\r')
			at++;
		if (at != batch->end && *at != '\n')
			break;
		if (at == batch->end || at + 1 == batch->end) {
			line->problem =
				"the file is truncated: its last line ends with '\\'";
			at = batch->end - 1;
		}
		batch->at = at + 1;
		batch->number++;
	}
	return batch->at == batch->end ? '\n' : (unsigned char)*batch->at;
}

static void take_char(struct batch *batch, struct line *line)
{
	if (!*batch->at++)
		line->problem = "the line contains a NUL byte: a batch is a text file";
}

/* Return: true if a word was left in the line. */
static bool read_word(struct batch *batch, struct line *line)
{
	int c, quote = 0;

	while ((c = next_char(batch, line)) != '\n' && isspace(c))
		take_char(batch, line);
	while (c == '#' && batch->at != batch->end && *batch->at != '\n')
		take_char(batch, line);
	if (c == '#' || c == '\n')
		return false;

	add_word(batch, batch->stored);
	while ((c = next_char(batch, line)) != '\n' && (quote || !isspace(c))) {
		take_char(batch, line);
		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? 0 : c;
		else
			*batch->stored++ = c;
	}
	*batch->stored++ = '\0';
	if (quote && !line->problem)
		line->problem = "a quoted string is not closed";
	return true;
}

static void read_line(struct batch *batch)
{
	struct line line = {
		.number = batch->number,
		.words = batch->words,
	};

	while (read_word(batch, &line))
		;
	if (batch->at != batch->end)
		batch->at++;
	batch->number++;
	if (batch->words == line.words && !line.problem)
		return;
	add_word(batch, NULL);
	batch->line = grow(batch->line, batch->lines, sizeof(*batch->line));
	batch->line[batch->lines++] = line;
}

/* Read the whole file, and return its size. */
static int read_text(const char *path, char **text, size_t *size)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t room = 4096;
	int err;

	*size = 0;
	*text = NULL;
	if (!file)
		return report_error(DSRCTL_USAGE, "cannot open '%s': %s", path,
				    strerror(errno));
	do {
		room *= 2;
		*text = report_alloc(*text, room);
		*size += fread(*text + *size, 1, room - *size, file);
	} while (*size == room);
	err = ferror(file) ? errno : 0;
	if (file != stdin)
		fclose(file);
	if (err)
		return report_error(DSRCTL_USAGE, "cannot read '%s': %s", path,
				    strerror(err));
	return DSRCTL_OK;
}

static int run_line(struct dsrctl *ctl, const struct batch *batch,
		    const struct line *line)
{
	int status;

	report_where(batch->path, line->number);
	if (line->problem)
		status = report_error(DSRCTL_USAGE, "%s", line->problem);
	else
		status = dsrctl_run(ctl, batch->word + line->words);
	fflush(stdout);
	return status;
}

/* Check each line, and report those with a mistake. */
static int check_lines(const struct dsrctl *ctl, const struct batch *batch)
{
	struct dsrctl check = *ctl;
	int result = DSRCTL_OK;
	size_t i;

	check.check = true;
	netlink_check(ctl->netlink, true);
	report_warnings(false);
	for (i = 0; i < batch->lines; i++)
		if (run_line(&check, batch, &batch->line[i]) > DSRCTL_OK)
			result = DSRCTL_USAGE;
	report_warnings(true);
	netlink_check(ctl->netlink, false);
	return result;
}

static int run_lines(struct dsrctl *ctl, const struct batch *batch)
{
	int status, result = DSRCTL_OK;
	size_t i;

	for (i = 0; i < batch->lines && (!result || ctl->force); i++) {
		status = run_line(ctl, batch, &batch->line[i]);
		if (!result)
			result = status;
	}
	return result;
}

/**
 * batch_run() - run the command lines of a file
 * @ctl: the run; with force, the batch continues after a failure, and a
 *	mistake in one line does not stop the other lines
 * @path: the file, or "-" for stdin
 *
 * Return: enum dsrctl_status, of the first command that failed.
 */
int batch_run(struct dsrctl *ctl, const char *path)
{
	struct batch batch = { .path = path, .number = 1 };
	size_t size;
	int status;

	status = read_text(path, &batch.text, &size);
	if (status)
		goto free_text;

	batch.at = batch.text;
	batch.end = batch.text + size;
	/* a word is not longer than its text, and has an end mark */
	batch.store = report_alloc(NULL, size + 1);
	batch.stored = batch.store;
	while (batch.at != batch.end)
		read_line(&batch);

	if (!ctl->force)
		status = check_lines(ctl, &batch);
	if (!status)
		status = run_lines(ctl, &batch);
	report_where(NULL, 0);

	free(batch.word);
	free(batch.line);
	free(batch.store);
free_text:
	free(batch.text);
	return status;
}
