// SPDX-License-Identifier: GPL-2.0
/*
 * Read the words after a command: keywords, each at most once and in any order,
 * and their values. This file only checks the syntax; the kernel checks the
 * meaning.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "report.h"
#include "text.h"

const char *const keyword_flag[] = { NULL };
const char *const keyword_option[] = { NULL };
const char *const keyword_file[] = { NULL };
const char *const keyword_repeated[] = { NULL };

/**
 * args_error() - report a mistake in the words of a command
 * @args: the words
 * @format: the sentence, as for printf()
 *
 * Return: DSRCTL_USAGE.
 */
int args_error(const struct args *args, const char *format, ...)
{
	char *text = NULL;
	va_list list;

	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		text = NULL;
	va_end(list);

	if (report_keyword(args->keyword))
		report_error(DSRCTL_USAGE, "%s", text ? text : format);
	else if (args->object->bare)
		report_error(DSRCTL_USAGE, "%s: %s", args->object->name,
			     text ? text : format);
	else
		report_error(DSRCTL_USAGE, "%s %s: %s", args->object->name,
			     args->command->name, text ? text : format);
	free(text);
	return DSRCTL_USAGE;
}

/**
 * args_usage() - report a mistake, and the syntax of the command
 * @args: the words
 * @format: the sentence, as for printf()
 *
 * Return: DSRCTL_USAGE.
 */
int args_usage(const struct args *args, const char *format, ...)
{
	const struct object *object = args->object;
	char *text = NULL;
	va_list list;

	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		text = NULL;
	va_end(list);

	if (report_keyword(NULL))
		report_error(DSRCTL_USAGE, "%s", text ? text : format);
	else
		args_error(args, "%s: dsrctl %s%s%s %s", text ? text : format,
			   object->name, object->bare ? "" : " ",
			   object->bare ? "" : args->command->name,
			   args->command->syntax);
	free(text);
	return DSRCTL_USAGE;
}

/**
 * args_list() - format words as part of a sentence
 * @words: ended by NULL
 *
 * Return: "a", "a or b", "a, b or c"; to be freed.
 */
char *args_list(const char *const *words)
{
	struct text text;
	size_t i;

	text_begin(&text);
	for (i = 0; words[i]; i++)
		fprintf(text.out, "%s%s",
			!i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	return text_end(&text);
}

/* The same for the keywords of a command. */
static char *list_keywords(const struct keyword *keywords)
{
	const char *names[32 + 1] = { NULL };
	size_t i;

	for (i = 0; keywords[i].name && i < 32; i++)
		names[i] = keywords[i].name;
	return args_list(names);
}

/**
 * args_find() - find a keyword
 * @keywords: keywords of a command
 * @word: the word
 *
 * Return: its index, or -1 if there is no such keyword.
 */
int args_find(const struct keyword *keywords, const char *word)
{
	const char *const *values;
	int i;

	for (i = 0; keywords[i].name; i++) {
		values = keywords[i].values;
		if (!strcmp(word, keywords[i].name) ||
		    ((values == keyword_flag || values == keyword_option ||
		      values == keyword_file) &&
		     !strncmp(word, "--", 2) &&
		     !strcmp(word + 2, keywords[i].name)))
			return i;
	}
	return -1;
}

/**
 * args_mark() - mark a keyword as read; the next value belongs to it
 * @args: the words
 * @keyword: its index in the keywords of the command
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported, if it was read before.
 */
int args_mark(struct args *args, int keyword)
{
	const struct keyword *found = &args->command->keywords[keyword];
	const char *name = found->name;

	if (args_seen(args, keyword) && found->values != keyword_repeated)
		return args_error(args, "%s is given twice", name);
	args->seen |= 1u << keyword;
	args->keyword = name;
	return DSRCTL_OK;
}

/**
 * args_keyword() - read the next keyword
 * @args: the words
 *
 * Return: its index in the keywords of the command; ARGS_END if no word is
 * left; ARGS_ERROR, reported, if the word is no keyword or a repeated one.
 */
int args_keyword(struct args *args)
{
	const struct keyword *keywords = args->command->keywords;
	const char *word = *args->words;
	char *known;
	int i;

	if (!word)
		return ARGS_END;
	if (!keywords) {
		args_end(args);
		return ARGS_ERROR;
	}
	args->words++;

	i = args_find(keywords, word);
	if (i < 0) {
		known = list_keywords(keywords);
		args_error(args, "unknown keyword '%s': expected %s", word,
			   known);
		free(known);
		return ARGS_ERROR;
	}
	return args_mark(args, i) ? ARGS_ERROR : i;
}

/**
 * args_seen() - tell if a keyword was given
 * @args: the words
 * @keyword: its index in the keywords of the command
 */
bool args_seen(const struct args *args, int keyword)
{
	return args->seen & (1u << keyword);
}

/**
 * args_need() - require a keyword
 * @args: the words, all read
 * @keyword: its index in the keywords of the command
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported, if it was not given.
 */
int args_need(const struct args *args, int keyword)
{
	if (args_seen(args, keyword))
		return DSRCTL_OK;
	return args_usage(args, "%s is missing",
			  args->command->keywords[keyword].name);
}

/**
 * args_operand() - begin a word before the keywords
 * @args: the words
 * @name: name of the word; its value is read next, as that of a keyword
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported, if no word is left.
 */
int args_operand(struct args *args, const char *name)
{
	args->keyword = name;
	if (*args->words)
		return DSRCTL_OK;
	return args_usage(args, "%s is missing", name);
}

/**
 * args_peek() - return the next word without reading it
 * @args: the words
 *
 * Return: the word, or NULL if none is left.
 */
const char *args_peek(const struct args *args)
{
	return *args->words;
}

/**
 * args_word() - read the value of the last keyword as a plain word
 * @args: the words
 *
 * Return: the value, or NULL, reported, if no word is left.
 */
const char *args_word(struct args *args)
{
	if (*args->words && **args->words)
		return *args->words++;
	args_usage(args, "%s needs a value", args->keyword);
	return NULL;
}

/* Read a decimal number, or a hexadecimal one with 0x; no other characters may
 * follow. -ERANGE: a number of more than 32 bits.
 */
static int parse_number(const char *text, uint32_t *number)
{
	unsigned long long value;
	int base = 10;
	char *end;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	/* strtoull() would accept blanks, signs and a second 0x */
	if (!isxdigit((unsigned char)text[0]) || text[1] == 'x' ||
	    text[1] == 'X')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	if (*end || end == text)
		return -EINVAL;
	if (errno || value > UINT32_MAX)
		return -ERANGE;
	/* mark 010 is 8 for iptables, but a reader expects 10 */
	if (base == 10 && text[0] == '0' && text[1])
		return -EINVAL;
	*number = value;
	return 0;
}

static int number_error(const struct args *args, const char *text, int err,
			uint32_t min, uint32_t max)
{
	if (err == -EINVAL)
		return args_error(args,
				  "%s '%s' is not a number: write a decimal number without leading zeros, or a hexadecimal one with 0x",
				  args->keyword, text);
	return args_error(args, "%s %s is out of range: %" PRIu32 " to %" PRIu32,
			  args->keyword, text, min, max);
}

/**
 * args_parse_u32() - read part of the value of the last keyword as a number
 * @args: the words
 * @text: the part
 * @min: the smallest that can be sent
 * @max: the largest that can be sent
 * @value: set to the number
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_parse_u32(const struct args *args, const char *text, uint32_t min,
		   uint32_t max, uint32_t *value)
{
	int err;

	err = parse_number(text, value);
	if (!err && (*value < min || *value > max))
		err = -ERANGE;
	if (err)
		return number_error(args, text, err, min, max);
	return DSRCTL_OK;
}

/**
 * args_u32() - read the value of the last keyword as a number
 * @args: the words
 * @min: the smallest that can be sent
 * @max: the largest that can be sent
 * @value: set to the number
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_u32(struct args *args, uint32_t min, uint32_t max, uint32_t *value)
{
	const char *word;

	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	return args_parse_u32(args, word, min, max, value);
}

/**
 * args_parse_port() - read part of the value of the last keyword as a port
 * @args: the words
 * @text: the part
 * @port: set to the port, in host byte order
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_parse_port(const struct args *args, const char *text, uint16_t *port)
{
	uint32_t number = 0;
	int status;

	status = args_parse_u32(args, text, 0, UINT16_MAX, &number);
	*port = number;
	return status;
}

/**
 * args_port() - read the value of the last keyword as PORT or :PORT
 * @args: the words
 * @port: set to the port, in host byte order
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_port(struct args *args, uint16_t *port)
{
	const char *word;

	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	return args_parse_port(args, word[0] == ':' ? word + 1 : word, port);
}

/**
 * args_ports() - read the value of the last keyword as PORT or PORT-PORT
 * @args: the words
 * @first: set to the first port, in host byte order
 * @last: set to the last port; -1 if the word has one port only
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_ports(struct args *args, uint16_t *first, int *last)
{
	const char *word, *dash;
	uint16_t number;
	int status;
	char *copy;

	*last = -1;
	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	dash = word[0] == '-' ? NULL : strchr(word, '-');
	if (!dash)
		return args_parse_port(args, word, first);

	copy = report_alloc(NULL, strlen(word) + 1);
	strcpy(copy, word);
	copy[dash - word] = '\0';
	status = args_parse_port(args, copy, first);
	free(copy);
	if (!status)
		status = args_parse_port(args, dash + 1, &number);
	if (!status)
		*last = number;
	return status;
}

/**
 * args_choice() - read the value of the last keyword as one of its values
 * @args: the words
 * @choice: set to the index of the value
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_choice(struct args *args, unsigned int *choice)
{
	const struct keyword *keyword = args->command->keywords;
	const char *word;
	unsigned int i;
	char *known;

	while (strcmp(keyword->name, args->keyword))
		keyword++;
	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;
	for (i = 0; keyword->values[i]; i++) {
		if (!strcmp(word, keyword->values[i])) {
			*choice = i;
			return DSRCTL_OK;
		}
	}
	known = args_list(keyword->values);
	args_error(args, "unknown %s '%s': expected %s", args->keyword, word,
		   known);
	free(known);
	return DSRCTL_USAGE;
}

/**
 * args_tos() - read the value of the last keyword as a TOS byte
 * @args: the words
 * @with_mask: also accept VALUE/MASK
 * @tos: set to the value
 * @mask: set to the mask; without a mask, the six bits of the DSCP,
 *	or all eight if the value has one of the two of ECN (RFC 3168)
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_tos(struct args *args, bool with_mask, uint8_t *tos, uint8_t *mask)
{
	uint32_t value, bits = 0;
	const char *word, *slash;
	char *copy;
	int err;

	word = args_word(args);
	if (!word)
		return DSRCTL_USAGE;

	slash = with_mask ? strchr(word, '/') : NULL;
	copy = report_alloc(NULL, strlen(word) + 1);
	strcpy(copy, word);
	if (slash)
		copy[slash - word] = '\0';
	err = parse_number(copy, &value);
	free(copy);
	if (!err && slash)
		err = parse_number(slash + 1, &bits);
	if (err == -EINVAL)
		return number_error(args, word, err, 0, 0xff);
	if (err || value > 0xff || bits > 0xff)
		return args_error(args, "%s %s is out of range: 0 to 0xff",
				  args->keyword, word);
	if (!slash)
		bits = value & 0x03 ? 0xff : 0xfc;
	*tos = value;
	*mask = bits;
	return DSRCTL_OK;
}

/**
 * args_device() - read the value of the last keyword as the name of a device
 * @args: the words
 * @ifindex: set to the index of the device
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int args_device(struct args *args, uint32_t *ifindex)
{
	const char *name = args_word(args);

	if (!name)
		return DSRCTL_USAGE;
	*ifindex = if_nametoindex(name);
	if (!*ifindex)
		return args_error(args, "there is no device '%s'", name);
	return DSRCTL_OK;
}

/**
 * args_end() - require the end of the words
 * @args: the words
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported, if a word is left.
 */
int args_end(struct args *args)
{
	if (!*args->words)
		return DSRCTL_OK;
	return args_error(args, "unexpected argument '%s': this command takes none",
			  *args->words);
}
