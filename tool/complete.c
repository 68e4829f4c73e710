// SPDX-License-Identifier: GPL-2.0
/*
 * What may come next on a command line, for the shell's completion: read from
 * the tables that the parser uses, so that the two cannot differ.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "dsrctl.h"

/* one whose name is @word or begins with it; the first, if several do */
static const struct object *complete_object(const char *word)
{
	size_t i;

	for (i = 0; dsrctl_objects[i]; i++)
		if (!strncmp(dsrctl_objects[i]->name, word, strlen(word)))
			return dsrctl_objects[i];
	return NULL;
}

static const struct command *complete_command(const struct object *object,
					      const char *word)
{
	const struct command *command;

	for (command = object->commands; command->name; command++)
		if (!strncmp(command->name, word, strlen(word)))
			return command;
	return NULL;
}

static void complete_keywords(const struct keyword *keywords, char **words)
{
	const char *const *value;
	uint32_t seen = 0;
	int i;

	while (*words) {
		i = args_find(keywords, *words++);
		if (i < 0)
			return;
		if (keywords[i].values != keyword_repeated)
			seen |= 1u << i;
		if (keywords[i].values == keyword_flag || *words++)
			continue;
		for (value = keywords[i].values; value && *value; value++)
			puts(*value);
		return;
	}
	for (i = 0; keywords[i].name; i++)
		if (!(seen & (1u << i)))
			puts(keywords[i].name);
}

/* Operands cannot be listed; keywords come behind them. */
static void complete_arguments(const struct object *object,
			       const struct command *command, char **words)
{
	int i;

	if (!command->keywords)
		return;
	for (i = 0; i < object->operands; i++)
		if (!*words++)
			return;
	complete_keywords(command->keywords, words);
}

/* what may come behind an object */
static void complete_words(const struct object *object, char **words)
{
	const struct object *nested = object->nested;
	const struct command *command = object->commands;

	if (object->bare && object->operands && words[0]) {
		complete_arguments(object, command, words);
		return;
	}
	if (!words[0]) {
		for (; command->name && !object->bare; command++)
			puts(command->name);
		if (nested)
			puts(dsrctl_word(nested));
		puts("help");
		return;
	}

	command = dsrctl_implied(object, words[0]);
	if (command) {
		complete_arguments(object, command, words);
		return;
	}
	command = complete_command(object, words[0]);
	if (command)
		complete_arguments(object, command, words + 1);
	else if (nested && !strncmp(dsrctl_word(nested), words[0],
				    strlen(words[0])))
		complete_words(nested, words + 1);
}

/**
 * complete_run() - print what may come next, a word on each line
 * @words: what is there already, without options, ended by NULL
 *
 * Prints nothing where a value is due that cannot be listed, and where @words
 * make no sense.
 *
 * Return: DSRCTL_OK.
 */
int complete_run(char **words)
{
	const struct object *object;
	size_t i;

	if (!words[0]) {
		for (i = 0; dsrctl_objects[i]; i++)
			puts(dsrctl_objects[i]->name);
		puts("help");
		return DSRCTL_OK;
	}

	object = complete_object(words[0]);
	if (object)
		complete_words(object, words + 1);
	return DSRCTL_OK;
}
