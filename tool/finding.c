// SPDX-License-Identifier: GPL-2.0
/*
 * The findings of dsrctl doctor: kept as they come, and printed at the end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "json.h"
#include "report.h"

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		abort();
	return text;
}

static struct finding *last(struct findings *findings)
{
	return &findings->one[findings->count - 1];
}

/* FNV-1a */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 16777619u;
	return hash;
}

/**
 * finding_begin() - begin a finding; what, why and commands come next
 * @findings: where to add it
 * @code: its code, kept by reference
 * @format: of its subject
 *
 * Return: false if it was found before; nothing is added then.
 */
bool finding_begin(struct findings *findings, const char *code,
		   const char *format, ...)
{
	struct finding *finding;
	uint32_t hash;
	char *subject;
	va_list args;
	size_t i;

	va_start(args, format);
	subject = format_text(format, args);
	va_end(args);
	hash = hash_text(hash_text(2166136261u, code), subject);
	for (i = 0; i < findings->count; i++) {
		finding = &findings->one[i];
		if (finding->hash != hash || strcmp(finding->code, code) ||
		    strcmp(finding->subject, subject))
			continue;
		free(subject);
		return false;
	}

	if (findings->count == findings->room) {
		findings->room = findings->room ? 2 * findings->room : 16;
		findings->one = report_alloc(findings->one,
					     findings->room * sizeof(*finding));
	}
	findings->one[findings->count++] = (struct finding){
		.code = code,
		.hash = hash,
		.subject = subject,
	};
	return true;
}

/**
 * finding_what() - say what is wrong
 * @findings: its last finding is meant
 * @format: of the sentence
 */
void finding_what(struct findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(last(findings)->what);
	last(findings)->what = format_text(format, args);
	va_end(args);
}

/**
 * finding_why() - say why it matters
 * @findings: its last finding is meant
 * @format: of the sentence
 */
void finding_why(struct findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(last(findings)->why);
	last(findings)->why = format_text(format, args);
	va_end(args);
}

/**
 * finding_mend() - add a command that mends it
 * @findings: its last finding is meant
 * @format: of the command
 */
void finding_mend(struct findings *findings, const char *format, ...)
{
	struct finding *finding = last(findings);
	va_list args;

	finding->commands = report_alloc(finding->commands,
					 (finding->count + 1) *
					 sizeof(*finding->commands));
	va_start(args, format);
	finding->commands[finding->count++] = format_text(format, args);
	va_end(args);
}

/**
 * finding_has() - check if anything of a code was found
 * @findings: the findings
 * @code: the code
 */
bool finding_has(const struct findings *findings, const char *code)
{
	size_t i;

	for (i = 0; i < findings->count; i++)
		if (!strcmp(findings->one[i].code, code))
			return true;
	return false;
}

static struct json_object *finding_json(const struct finding *finding)
{
	struct json_object *object = json_object_new_object();
	struct json_object *commands = json_object_new_array(), *one;
	size_t i;

	for (i = 0; i < finding->count; i++) {
		one = json_object_new_string(finding->commands[i]);
		json_object_array_add(commands, one);
	}
	json_object_object_add(object, "code",
			       json_object_new_string(finding->code));
	json_object_object_add(object, "subject",
			       json_object_new_string(finding->subject));
	json_object_object_add(object, "what",
			       json_object_new_string(finding->what));
	json_object_object_add(object, "why",
			       json_object_new_string(finding->why));
	json_object_object_add(object, "commands", commands);
	return object;
}

static void print_text(const struct dsrctl *ctl, const struct finding *finding)
{
	const char *bold = ctl->color ? "\033[1;31m" : "";
	const char *plain = ctl->color ? "\033[0m" : "";
	size_t i;

	printf("%s%s%s: %s\n", bold, finding->code, plain, finding->subject);
	printf("    %s\n    %s\n", finding->what, finding->why);
	for (i = 0; i < finding->count; i++)
		printf("    # %s\n", finding->commands[i]);
}

/* more than there are codes */
#define CODES_MAX	64

/* Return: the number of findings of a code before this one; @code and @count have
 * the codes so far, and their numbers.
 */
static size_t count_alike(const char *mine, const char **code, size_t *count)
{
	size_t i = 0;

	while (code[i] && strcmp(code[i], mine) && i < CODES_MAX - 1)
		i++;
	code[i] = mine;
	return count[i]++;
}

static void print_all_text(const struct dsrctl *ctl,
			   const struct findings *findings)
{
	const char *code[CODES_MAX] = { NULL };
	size_t count[CODES_MAX] = { 0 };
	size_t i, left_out = 0;

	for (i = 0; i < findings->count; i++) {
		if (count_alike(findings->one[i].code, code, count) <
		    FINDING_ALIKE_MAX)
			print_text(ctl, &findings->one[i]);
		else
			left_out++;
	}
	if (left_out)
		printf("%zu more of the same kinds: 'dsrctl -j doctor' has all\n",
		       left_out);
}

/**
 * finding_print() - print all findings
 * @ctl: the run, with the options
 * @findings: the findings; of none, text is nothing
 */
void finding_print(const struct dsrctl *ctl, const struct findings *findings)
{
	struct json_list list;
	size_t i;

	if (!ctl->json) {
		print_all_text(ctl, findings);
		return;
	}
	json_list_begin(&list, ctl->pretty);
	for (i = 0; i < findings->count; i++)
		json_list_item(&list, finding_json(&findings->one[i]));
	json_list_end(&list);
}

/**
 * finding_free() - forget all findings
 * @findings: the findings
 */
void finding_free(struct findings *findings)
{
	size_t i, j;

	for (i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->one[i];

		for (j = 0; j < finding->count; j++)
			free(finding->commands[j]);
		free(finding->commands);
		free(finding->subject);
		free(finding->what);
		free(finding->why);
	}
	free(findings->one);
	memset(findings, 0, sizeof(*findings));
}
