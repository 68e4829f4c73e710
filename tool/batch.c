// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines from a file: words between blanks, 'quoted' or "quoted" where
 * they contain some, and comments from a '#' on.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "report.h"

/* more than any command takes */
#define BATCH_WORDS_MAX	64

/* Takes the next word off a line, in place. Return: the word, or NULL at the
 * end of the line; *rest is NULL if a quote does not end.
 */
static char *next_word(char **rest)
{
	char *from = *rest, *word, *to, quote = '\0';

	while (isspace((unsigned char)*from))
		from++;
	if (!*from || *from == '#')
		return NULL;

	word = from;
	for (to = word; *from && (quote || !isspace((unsigned char)*from));
	     from++) {
		if (quote ? *from == quote : *from == '\'' || *from == '"')
			quote = quote ? '\0' : *from;
		else
			*to++ = *from;
	}
	*rest = quote ? NULL : from + !!*from;
	*to = '\0';
	return word;
}

static int batch_line(struct dsrctl *ctl, char *line)
{
	char *words[BATCH_WORDS_MAX + 1];
	char *word;
	int n = 0;

	while ((word = next_word(&line))) {
		if (!line)
			return report_error(DSRCTL_USAGE,
					    "a quote is not closed");
		if (n == BATCH_WORDS_MAX)
			return report_error(DSRCTL_USAGE,
					    "more than %d words in one line",
					    BATCH_WORDS_MAX);
		words[n++] = word;
	}
	if (!n)
		return DSRCTL_OK;
	words[n] = NULL;
	return dsrctl_run(ctl, words);
}

/**
 * batch_run() - run the command lines of a file
 * @ctl: the run; its force decides whether a failure ends it
 * @path: the file, or "-" for stdin
 *
 * Return: enum dsrctl_status, of the first command that failed.
 */
int batch_run(struct dsrctl *ctl, const char *path)
{
	int status, result = DSRCTL_OK;
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	if (!file)
		return report_error(DSRCTL_USAGE, "cannot open '%s': %s", path,
				    strerror(errno));

	while (getline(&line, &size, file) >= 0) {
		report_where(path, ++number);
		status = batch_line(ctl, line);
		fflush(stdout);
		if (!result)
			result = status;
		if (result && !ctl->force)
			break;
	}
	report_where(NULL, 0);
	if (ferror(file))
		result = report_error(DSRCTL_USAGE, "cannot read '%s': %s",
				      path, strerror(errno));

	free(line);
	if (file != stdin)
		fclose(file);
	return result;
}
