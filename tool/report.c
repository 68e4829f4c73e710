// SPDX-License-Identifier: GPL-2.0
/*
 * Report failures on stderr: one sentence for each failure, in a batch with the
 * file and the line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dsrctl.h"
#include "report.h"

static const char *report_name = "dsrctl";
static const char *report_file;
static unsigned int report_line;
static unsigned int report_column;
static void (*report_finder)(const char *keyword);
static bool report_errors_only;
static bool report_nothing;
static void (*report_first)(void);

static void report(const char *kind, const char *format, va_list args)
{
	if (report_nothing)
		return;
	if (report_first)
		report_first();
	fflush(stdout);
	fprintf(stderr, "%s: ", report_name);
	if (report_file && report_column)
		fprintf(stderr, "%s:%u:%u: ", report_file, report_line,
			report_column);
	else if (report_file)
		fprintf(stderr, "%s:%u: ", report_file, report_line);
	fputs(kind, stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

/**
 * report_error() - report a failure
 * @status: enum dsrctl_status
 * @format: the sentence, without prefix and newline
 *
 * Return: @status, so that the caller can return it in turn.
 */
int report_error(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report("", format, args);
	va_end(args);
	return status;
}

/**
 * report_warning() - report a probable mistake in a command that is carried out
 * @format: the sentence, without prefix and newline
 */
void report_warning(const char *format, ...)
{
	va_list args;

	if (report_errors_only)
		return;
	va_start(args, format);
	report("warning: ", format, args);
	va_end(args);
}

/**
 * report_note() - say what is going on, apart from what is asked for
 * @format: of the sentence, without prefix and newline
 */
void report_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report("", format, args);
	va_end(args);
}

/**
 * report_program() - set the name of the program, with which each message begins
 * @name: its name, kept by reference
 */
void report_program(const char *name)
{
	report_name = name;
}

/**
 * report_before() - have something done before a message is printed
 * @first: does it
 */
void report_before(void (*first)(void))
{
	report_first = first;
}

/**
 * report_warnings() - turn warnings on or off
 * @on: print them, which is the default
 */
void report_warnings(bool on)
{
	report_errors_only = !on;
}

/**
 * report_errors() - turn all messages on or off
 * @on: print them, which is the default; false: the caller expects a failure
 *	and goes on without
 */
void report_errors(bool on)
{
	report_nothing = !on;
}

/**
 * report_where() - set the place that later messages name
 * @file: batch file, or NULL for the command line; kept by reference
 * @line: its line
 */
void report_where(const char *file, unsigned int line)
{
	report_file = file;
	report_line = line;
	report_column = 0;
}

/**
 * report_place() - set the place that later messages name, with its column
 * @place: the place, or NULL for none
 */
void report_place(const struct place *place)
{
	report_where(place ? place->file : NULL, place ? place->line : 0);
	report_column = place ? place->column : 0;
}

/**
 * report_find() - have the place of a keyword found before a message is printed
 * @finder: calls report_place() for a keyword of the present command, or for the
 *	command if the keyword is NULL; NULL: keywords have no places
 */
void report_find(void (*finder)(const char *keyword))
{
	report_finder = finder;
}

/**
 * report_keyword() - set the place of a keyword for later messages
 * @keyword: the keyword, or NULL for the command
 *
 * Return: true if keywords have places: the command is from a configuration
 * file.
 */
bool report_keyword(const char *keyword)
{
	if (report_finder)
		report_finder(keyword);
	return report_finder;
}

/**
 * report_alloc() - realloc() that does not fail
 * @old: memory to resize, or NULL
 * @size: in bytes
 *
 * Without memory, report the failure and exit: the tool runs for milliseconds
 * only.
 *
 * Return: the memory, never NULL.
 */
void *report_alloc(void *old, size_t size)
{
	void *memory = realloc(old, size ? size : 1);

	if (!memory)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	return memory;
}
