// SPDX-License-Identifier: GPL-2.0
/* The words of an object: keywords, each with its value, separated by blanks. */
#include <stdio.h>
#include <string.h>

#include "item.h"

/**
 * item_is_flag() - tell if a word of an object takes no value
 * @word: the word
 * @length: its length
 */
bool item_is_flag(const char *word, size_t length)
{
	static const char *const flags[] = { "down", "draining", "clear" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (length == strlen(flags[i]) &&
		    !strncmp(word, flags[i], length))
			return true;
	return false;
}

/**
 * item_pair_length() - return the length of a keyword and its value
 * @at: a keyword among the words of an object
 */
size_t item_pair_length(const char *at)
{
	size_t keyword = strcspn(at, " ");

	if (item_is_flag(at, keyword) || !at[keyword])
		return keyword;
	return keyword + 1 + strcspn(at + keyword + 1, " ");
}

/**
 * item_value() - find a keyword among words
 * @words: words of an object
 * @keyword: the keyword
 * @size: its length
 * @length: set to that of the value
 *
 * Return: the value, "yes" if the keyword takes none, or NULL.
 */
const char *item_value(const char *words, const char *keyword, size_t size,
		       size_t *length)
{
	static const char flag[] = "yes";
	size_t pair;

	for (; *words; words += pair + (words[pair] == ' ')) {
		pair = item_pair_length(words);
		if (strncmp(words, keyword, size) ||
		    (words[size] && words[size] != ' '))
			continue;
		*length = pair > size ? pair - size - 1 : strlen(flag);
		return pair > size ? words + size + 1 : flag;
	}
	return NULL;
}

/* Options that the words of a service leave out, and the values that reset them. */
static const char *const service_defaults[][2] = {
	{ "path", "stack" },
	{ "tos", "none" },
	{ "hash", "default" },
	{ "table-size", "0" },
	{ "choices", "1" },
	{ "ping", "reply" },
	{ "one-packet", "off" },
	{ "on-down", "reschedule" },
	{ "on-unreachable", "keep" },
	{ "chances", "off" },
	{ "persist", "off" },
	{ "probe-marks", "none" },
	{ "timeout-syn", "default" },
	{ "timeout-established", "default" },
	{ "timeout-fin", "default" },
	{ "timeout-closed", "default" },
	{ "timeout-udp", "default" },
};

static const char *const backend_defaults[][2] = {
	{ "upper", "0" },
	{ "lower", "0" },
};

static void print_defaults(FILE *out, const char *words,
			   const char *const (*defaults)[2], size_t count)
{
	size_t i, length;

	for (i = 0; i < count; i++)
		if (!item_value(words, defaults[i][0], strlen(defaults[i][0]),
				&length))
			fprintf(out, " %s %s", defaults[i][0], defaults[i][1]);
}

static void print_service(FILE *out, const struct item *before,
			  const struct item *after)
{
	const char *words = after->words, *value;
	size_t number = strlen("fwmark "), length;
	bool inet6 = strstr(after->name, "family inet6") ||
		     strchr(after->name, ':');

	/* the mask of the mark is no keyword */
	number += strcspn(words + number, " ");
	if (!strncmp(words, "fwmark ", strlen("fwmark ")) &&
	    before->words[number] == '/' &&
	    !memchr(words, '/', number)) {
		fprintf(out, "%.*s/0xffffffff", (int)number, words);
		words += number;
	}
	fputs(words, out);
	print_defaults(out, after->words, service_defaults,
		       ARRAY_SIZE(service_defaults));
	value = item_value(after->words, "persist", strlen("persist"),
			   &length);
	if (value && !memchr(value, '/', length))
		fprintf(out, " persist-prefix %d", inet6 ? 128 : 32);
}

/**
 * item_has_set() - tell if item_print_set() knows objects of a kind
 * @kind: the kind
 */
bool item_has_set(enum item_kind kind)
{
	return kind == ITEM_SERVICE || kind == ITEM_BACKEND;
}

/**
 * item_print_set() - print the words of the command "set" that changes an object
 * @out: where to
 * @before: the object in the kernel
 * @after: the object in the file
 *
 * All options that this program knows are named, those that the file leaves out by
 * their defaults. So an option that only a newer module knows stays: "replace" would
 * reset it.
 */
void item_print_set(FILE *out, const struct item *before,
		    const struct item *after)
{
	if (after->kind == ITEM_SERVICE) {
		print_service(out, before, after);
		return;
	}
	fputs(after->words, out);
	print_defaults(out, after->words, backend_defaults,
		       ARRAY_SIZE(backend_defaults));
	if (!after->draining && !strstr(after->words, " down"))
		fputs(" up", out);
}
