// SPDX-License-Identifier: GPL-2.0
/*
 * The command line: options, objects and their commands, found by a unique
 * abbreviation. The code of a command is in the file of its object.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "dsrctl.h"
#include "netlink.h"
#include "report.h"

/* more than the commands of any object, and more than all objects */
#define NAMES_MAX	32

const struct object *const dsrctl_objects[] = {
	&service_object,
	&backend_object,
	&connection_object,
	&path_object,
	&real_object,
	&flow_object,
	&stats_object,
	&show_object,
	&monitor_object,
	&trace_object,
	&top_object,
	&explain_object,
	&metrics_object,
	&doctor_object,
	&apply_object,
	&save_object,
	&import_object,
	&upgrade_object,
	&sync_object,
	NULL
};

const struct option dsrctl_options[] = {
	{ "statistics", no_argument, NULL, 's' },
	{ "brief", no_argument, NULL, OPTION_BRIEF },
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "netns", required_argument, NULL, 'n' },
	{ "batch", required_argument, NULL, 'b' },
	{ "force", no_argument, NULL, 'f' },
	{ "color", optional_argument, NULL, 'c' },
	{ "version", no_argument, NULL, 'V' },
	/* as ip(8) spells these */
	{ "stats", no_argument, NULL, 's' },
	{ "Version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static const char options_help[] =
	"Options:\n"
	"  -s, --statistics      counters and sizes too\n"
	"  -br, --brief          a line for each object, without titles\n"
	"  -j, --json            JSON instead of text\n"
	"  -p, --pretty          JSON with indentation\n"
	"  -n, --netns NAME      in this network namespace\n"
	"  -b, --batch FILE      run the command lines of a file; - is stdin\n"
	"  -f, --force           go on after a failure in the batch\n"
	"  -c, --color[=WHEN]    colours: auto, always (without WHEN) or never\n"
	"  -V, --version         print the versions of dsrctl and of the loaded modules\n"
	"  -h, --help            print this\n";

/** dsrctl_print_help() - print the usage of the whole tool */
void dsrctl_print_help(FILE *out)
{
	size_t i;

	fputs("Usage: dsrctl [OPTIONS] OBJECT {COMMAND | help}\n"
	      "       dsrctl [OPTIONS] -b FILE\n"
	      "       dsrctl help [OBJECT]\n"
	      "\n"
	      "Objects:\n", out);
	for (i = 0; dsrctl_objects[i]; i++)
		fprintf(out, "  %-12s%s\n", dsrctl_objects[i]->name,
			dsrctl_objects[i]->description);
	fprintf(out, "\n%s\n"
		"Objects and commands may be abbreviated; list and ls are show. 'dsrctl OBJECT\n"
		"help' prints the commands of an object; dsrctl(8) describes everything, with examples.\n",
		options_help);
}

static void print_object_help(const struct object *object)
{
	const struct command *command = object->commands;

	printf("%s: %s\n\n", object->name, object->description);
	for (; command->name; command++)
		printf("  dsrctl %s%s%s%s%s\n      %s\n", object->name,
		       object->bare ? "" : " ",
		       object->bare ? "" : command->name,
		       *command->syntax ? " " : "", command->syntax,
		       command->description);
	if (object->nested)
		printf("  dsrctl %s {COMMAND | help}\n      %s\n",
		       object->nested->name, object->nested->description);
	if (object->notes)
		printf("\n%s", object->notes);
	if (object->implied)
		printf("\nWithout a command: %s; before an address: %s.\n",
		       object->fallback, object->implied);
	else if (!object->bare)
		printf("\nWithout a command: %s.\n", object->fallback);
}

/* Return the index of the name @word, or else of the only name that begins
 * with it; -1, reported, if there is none or several do.
 */
static int find_name(const char *where, const char *what, const char *word,
		     const char *const *names)
{
	const char *candidates[NAMES_MAX + 1] = { NULL };
	int i, n = 0, found = -1;
	char *list;

	for (i = 0; names[i]; i++) {
		if (strncmp(names[i], word, strlen(word)))
			continue;
		if (!names[i][strlen(word)])
			return i;
		candidates[n++] = names[i];
		found = i;
	}
	if (n == 1)
		return found;

	list = args_list(n ? candidates : names);
	if (n)
		report_error(DSRCTL_USAGE, "%s%s '%s' is ambiguous: %s", where,
			     what, word, list);
	else
		report_error(DSRCTL_USAGE, "%sunknown %s '%s': expected %s",
			     where, what, word, list);
	free(list);
	return -1;
}

/**
 * dsrctl_word() - return the word of an object
 * @object: the object
 */
const char *dsrctl_word(const struct object *object)
{
	const char *blank = strrchr(object->name, ' ');

	return blank ? blank + 1 : object->name;
}

/**
 * dsrctl_implied() - return the command that an address stands for
 * @object: the object
 * @word: the word in place of a command, or NULL
 *
 * Return: the command, or NULL if @word is no address or implies no command.
 */
const struct command *dsrctl_implied(const struct object *object,
				     const char *word)
{
	const struct command *command = object->commands;

	if (!object->implied || !word || !strpbrk(word, ".:"))
		return NULL;
	while (strcmp(command->name, object->implied))
		command++;
	return command;
}

/* NULL, reported, if there is none of that name; "help" is none. */
static const struct object *find_object(const char *word)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	int i, found;

	for (i = 0; dsrctl_objects[i]; i++)
		names[i] = dsrctl_objects[i]->name;
	found = find_name("help: ", "object", word, names);
	return found < 0 ? NULL : dsrctl_objects[found];
}

/* Translate the names that ip(8) has for show. */
static const char *plain_word(const char *word)
{
	return word && (!strcmp(word, "list") || !strcmp(word, "ls")) ?
		       "show" : word;
}

/* These commands remove everything, so abbreviations are refused. */
static bool takes_all(const char *command)
{
	return !strcmp(command, "flush") || !strcmp(command, "stop");
}

static int run_command(struct dsrctl *ctl, const struct object *object,
		       const struct command *command, char **words)
{
	struct args args = {
		.object = object,
		.command = command,
		.words = words,
	};

	netlink_context(ctl->netlink, object->name,
			object->bare ? NULL : command->name);
	return command->run(ctl, &args);
}

/* object: NULL for the help about all objects, or about that which is named next */
static int run_help(struct dsrctl *ctl, const struct object *object,
		    char **words)
{
	if (words[0] && !object) {
		object = find_object(words[0]);
		if (!object)
			return DSRCTL_USAGE;
		words++;
		if (words[0] && object->nested &&
		    !strcmp(words[0], dsrctl_word(object->nested))) {
			object = object->nested;
			words++;
		}
	}
	if (words[0])
		return report_error(DSRCTL_USAGE,
				    "%s%shelp: unexpected argument '%s': 'dsrctl OBJECT help' prints the commands of one object",
				    object ? object->name : "",
				    object ? " " : "", words[0]);
	if (ctl->check)
		return DSRCTL_OK;
	if (object)
		print_object_help(object);
	else
		dsrctl_print_help(stdout);
	return DSRCTL_OK;
}

static int run_object(struct dsrctl *ctl, const struct object *object,
		      char **words)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	const struct command *implied;
	const char *word = words[0];
	int i, commands, found;
	char where[64];

	if (object->bare) {
		if (!word || !*word || strncmp("help", word, strlen(word)))
			return run_command(ctl, object, object->commands,
					   words);
		return run_help(ctl, object, words + 1);
	}

	implied = dsrctl_implied(object, word);
	if (implied)
		return run_command(ctl, object, implied, words);

	for (i = 0; object->commands[i].name; i++)
		names[i] = object->commands[i].name;
	commands = i;
	if (object->nested)
		names[i++] = dsrctl_word(object->nested);
	names[i] = "help";

	snprintf(where, sizeof(where), "%s: ", object->name);
	word = plain_word(word);
	found = find_name(where, "command", word ? word : object->fallback,
			  names);
	if (found < 0)
		return DSRCTL_USAGE;
	if (word && strcmp(names[found], word) && takes_all(names[found]))
		return report_error(DSRCTL_USAGE,
				    "%s'%s' does not stand for %s: write the command in full",
				    where, word, names[found]);
	if (found < commands)
		return run_command(ctl, object, &object->commands[found],
				   words + !!word);
	if (found < i)
		return run_object(ctl, object->nested, words + 1);
	return run_help(ctl, object, words + 1);
}

/**
 * dsrctl_run() - run a command line
 * @ctl: the run, with the options
 * @words: the object and its words, ended by NULL; at least one
 *
 * Return: enum dsrctl_status; DSRCTL_CHECKED if the words are only checked, and
 * the request to the kernel would be next.
 */
int dsrctl_run(struct dsrctl *ctl, char **words)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	int i, found;

	for (i = 0; dsrctl_objects[i]; i++)
		names[i] = dsrctl_objects[i]->name;
	names[i] = "help";

	found = find_name("", "object", plain_word(words[0]), names);
	if (found < 0)
		return DSRCTL_USAGE;
	if (found < i)
		return run_object(ctl, dsrctl_objects[found], words + 1);
	return run_help(ctl, NULL, words + 1);
}
