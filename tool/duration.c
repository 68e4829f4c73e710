// SPDX-License-Identifier: GPL-2.0
/*
 * Spans of time: milliseconds for the kernel, numbers with units for people.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "duration.h"

/* from the largest to the smallest, the order in which they may follow */
static const struct {
	const char *name;
	uint32_t msecs;
} units[] = {
	{ "d", 24 * 60 * 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "m", 60 * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

#define UNITS	((int)ARRAY_SIZE(units))

/* Return the index of the unit at the beginning of @text, or UNITS. */
static int find_unit(const char *text)
{
	size_t length = 0;
	int i;

	while (isalpha((unsigned char)text[length]))
		length++;
	for (i = 0; i < UNITS; i++)
		if (length == strlen(units[i].name) &&
		    !strncmp(text, units[i].name, length))
			break;
	return i;
}

/* Read seconds, or numbers with units, the largest unit first.
 * -ERANGE: a duration of more than 32 bits.
 */
static int parse_duration(const char *text, uint32_t *msecs)
{
	unsigned long long number, sum = 0;
	bool overflow = false;
	int unit, from = 0;
	char *end;

	do {
		/* strtoull() would accept blanks and signs */
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		errno = 0;
		number = strtoull(text, &end, 10);
		overflow |= errno || number > UINT32_MAX;
		unit = find_unit(end);
		if (!*end && !from)
			unit = UNITS - 2;	/* a bare number: seconds */
		if (unit < from || unit == UNITS)
			return -EINVAL;
		sum += (number & UINT32_MAX) * units[unit].msecs;
		overflow |= sum > UINT32_MAX;
		from = unit + 1;
		text = *end ? end + strlen(units[unit].name) : end;
	} while (*text);

	if (overflow || !sum)
		return -ERANGE;
	*msecs = sum;
	return 0;
}

/**
 * duration_parse() - read part of the value of the last keyword as a duration
 * @args: the words
 * @text: the part
 * @msecs: set, in milliseconds; never 0
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int duration_parse(const struct args *args, const char *text, uint32_t *msecs)
{
	char max[DURATION_TEXT_MAX];
	int err;

	err = parse_duration(text, msecs);
	if (!err)
		return DSRCTL_OK;
	if (err == -ERANGE)
		return args_error(args, "%s %s is out of range: 1ms to %s",
				  args->keyword, text,
				  duration_text(UINT32_MAX, max));
	return args_error(args,
			  "%s '%s' is not a time: write a time like 500ms, 30s, 10m, 2h, 1d or 1h30m; a number without a unit means seconds",
			  args->keyword, text);
}

/**
 * duration_read() - read the value of the last keyword as a duration
 * @args: the words
 * @msecs: set, in milliseconds; never 0
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int duration_read(struct args *args, uint32_t *msecs)
{
	const char *word;

	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	return duration_parse(args, word, msecs);
}

/**
 * duration_read_or() - read a duration, or a word that stands for 0
 * @args: the words
 * @word: the word
 * @msecs: set, in milliseconds
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int duration_read_or(struct args *args, const char *word, uint32_t *msecs)
{
	const char *next = args_peek(args);

	*msecs = 0;
	if (next && !strcmp(next, word))
		return args_word(args) ? DSRCTL_OK : DSRCTL_USAGE;
	return duration_read(args, msecs);
}

/**
 * duration_text() - format a duration as text
 * @msecs: in milliseconds
 * @text: set, DURATION_TEXT_MAX bytes
 *
 * Return: @text, which duration_read() accepts unless it is "0s".
 */
const char *duration_text(uint32_t msecs, char *text)
{
	size_t used = 0;
	int i;

	strcpy(text, "0s");
	for (i = 0; i < UNITS; i++) {
		if (msecs < units[i].msecs)
			continue;
		used += snprintf(text + used, DURATION_TEXT_MAX - used,
				 "%" PRIu32 "%s", msecs / units[i].msecs,
				 units[i].name);
		msecs %= units[i].msecs;
	}
	return text;
}

/** duration_now() - return the time since the machine started, in milliseconds */
int64_t duration_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
}
