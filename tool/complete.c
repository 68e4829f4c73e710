// SPDX-License-Identifier: GPL-2.0
/*
 * The words that may come next on a command line, for the shell's completion.
 * They come from the parser's own tables, so that the two cannot differ.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "dsrctl.h"

/* exit status: the next word is the name of a file */
#define COMPLETE_FILE	3

/* Find the first object or command whose name begins with @word. */
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

static int complete_keywords(const struct keyword *keywords, char **words)
{
	const char *const *value;
	uint32_t seen = 0;
	int i;

	while (*words) {
		i = args_find(keywords, *words++);
		if (i < 0)
			return DSRCTL_OK;
		if (keywords[i].values != keyword_repeated)
			seen |= 1u << i;
		if (keywords[i].values == keyword_flag || *words++)
			continue;
		if (keywords[i].values == keyword_file)
			return COMPLETE_FILE;
		for (value = keywords[i].values; value && *value; value++)
			puts(*value);
		return DSRCTL_OK;
	}
	for (i = 0; keywords[i].name; i++)
		if (!(seen & (1u << i)))
			puts(keywords[i].name);
	return DSRCTL_OK;
}

/* Operands cannot be listed; keywords come after them. */
static int complete_arguments(const struct object *object,
			      const struct command *command, char **words)
{
	int i, operands = object->operands;

	if (!command->keywords)
		return DSRCTL_OK;
	if (object->question && strcmp(object->question, command->name))
		operands = 0;
	for (i = 0; i < operands; i++)
		if (!*words++)
			return DSRCTL_OK;
	return complete_keywords(command->keywords, words);
}

/* words that may follow an object */
static int complete_words(const struct object *object, char **words)
{
	const struct object *nested = object->nested;
	const struct command *command = object->commands;

	/* its few keywords are not offered: the shell offers files */
	if (object->file)
		return COMPLETE_FILE;
	if (object->bare && words[0])
		return complete_arguments(object, command, words);
	if (!words[0]) {
		for (; command->name && !object->bare; command++)
			puts(command->name);
		if (nested)
			puts(dsrctl_word(nested));
		puts("help");
		if (object->bare && !object->operands)
			complete_arguments(object, command, words);
		return DSRCTL_OK;
	}

	command = dsrctl_implied(object, words[0]);
	if (command)
		return complete_arguments(object, command, words);
	command = complete_command(object, words[0]);
	if (command)
		return complete_arguments(object, command, words + 1);
	if (nested && !strncmp(dsrctl_word(nested), words[0], strlen(words[0])))
		return complete_words(nested, words + 1);
	return DSRCTL_OK;
}

static const struct option *find_name(const char *name, size_t length)
{
	const struct option *option;

	for (option = dsrctl_options; option->name; option++)
		if (strlen(option->name) == length &&
		    !strncmp(option->name, name, length))
			return option;
	return NULL;
}

static const struct option *find_letter(int letter)
{
	const struct option *option;

	for (option = dsrctl_options; option->name; option++)
		if (option->val == letter)
			return option;
	return NULL;
}

/* The last letter after a single dash, or NULL if a value follows it. */
static const struct option *last_letter(const char *letters)
{
	const struct option *option = NULL;

	while (*letters) {
		option = find_letter(*letters++);
		if (!option || option->has_arg != no_argument)
			break;
	}
	return *letters ? NULL : option;
}

/* The option whose value must follow a word, or NULL. */
static const struct option *option_due(const char *word)
{
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "=");
	const struct option *option = find_name(name, length);

	if (option && name[length])
		return name[length + 1] ? NULL : option;
	if (!option && word[1] != '-')
		option = last_letter(name);
	return option && option->has_arg == required_argument ? option : NULL;
}

/* Offer only the first of options that do the same. */
static void print_options(void)
{
	const struct option *option;

	for (option = dsrctl_options; option->name; option++)
		if (find_letter(option->val) == option)
			printf("--%s\n", option->name);
}

static int print_values(const struct option *option)
{
	const struct dirent *entry;
	DIR *dir;

	switch (option->val) {
	case 'b':
		return COMPLETE_FILE;
	case 'c':
		puts("auto\nalways\nnever");
		break;
	case 'n':
		dir = opendir(NETNS_DIRECTORY);
		while (dir && (entry = readdir(dir)))
			if (entry->d_name[0] != '.')
				puts(entry->d_name);
		if (dir)
			closedir(dir);
		break;
	}
	return DSRCTL_OK;
}

/**
 * complete_run() - print the words that may come next, one on each line
 * @words: the words so far, ended by NULL. "-" as the last one asks for
 *	options, and an option with "=" for the values of that option
 *
 * Print nothing if the values cannot be listed, or if @words are wrong.
 *
 * Return: DSRCTL_OK, or COMPLETE_FILE.
 */
int complete_run(char **words)
{
	const struct option *due;
	const struct object *object;
	size_t i;

	for (; words[0] && words[0][0] == '-'; words++) {
		if (!words[0][1]) {
			print_options();
			return DSRCTL_OK;
		}
		due = option_due(words[0]);
		if (!due)
			continue;
		if (!words[1])
			return print_values(due);
		if (!strchr(words[0], '='))
			words++;
	}

	if (!words[0]) {
		for (i = 0; dsrctl_objects[i]; i++)
			puts(dsrctl_objects[i]->name);
		puts("help");
		return DSRCTL_OK;
	}

	if (!strcmp(words[0], "help") && !words[1]) {
		for (i = 0; dsrctl_objects[i]; i++)
			puts(dsrctl_objects[i]->name);
		return DSRCTL_OK;
	}
	object = complete_object(words[0]);
	return object ? complete_words(object, words + 1) : DSRCTL_OK;
}
