/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dsrctl - the command of the dsr modules: shared definitions
 */
#ifndef DSRCTL_H
#define DSRCTL_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct args;
struct netlink;

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* result of a command, and the exit status */
enum dsrctl_status {
	DSRCTL_CHECKED = -1,	/* words are correct; not run */
	DSRCTL_OK = 0,
	DSRCTL_USAGE = 1,	/* the tool itself found a mistake */
	DSRCTL_REFUSED = 2,	/* kernel refused, or no module */
};

/**
 * struct dsrctl - one run of the tool
 * @json: print JSON instead of text
 * @pretty: indent the JSON
 * @statistics: also print counters and sizes
 * @brief: print a line for each object, without titles
 * @color: print colours
 * @force: go on after a failure in a batch
 * @check: only check the words of a command
 * @netlink: requests to the kernel
 */
struct dsrctl {
	bool json;
	bool pretty;
	bool statistics;
	bool brief;
	bool color;
	bool force;
	bool check;
	struct netlink *netlink;
};

/**
 * struct keyword - a word that a command accepts, followed by its value
 * @name: as it is written
 * @values: its values, ended by NULL, or NULL if they cannot be listed; used by
 *	the parser and the completion. keyword_flag: the keyword has no value,
 *	and may have two dashes before it; keyword_option: it has any value, and
 *	may have the dashes; keyword_file: the same with the name of a file;
 *	keyword_repeated: it has any value, and may be repeated
 */
struct keyword {
	const char *name;
	const char *const *values;
};

extern const char *const keyword_flag[];
extern const char *const keyword_option[];
extern const char *const keyword_file[];
extern const char *const keyword_repeated[];

/**
 * struct command - a command of an object
 * @name: its word; any unique abbreviation stands for it, except for "flush"
 *	and "stop"
 * @syntax: syntax of its arguments, for the help
 * @description: one line
 * @keywords: its keywords, ended by one without a name; NULL if none
 * @run: runs the command; returns an enum dsrctl_status. It reads all words
 *	before it sends a request to the kernel
 */
struct command {
	const char *name;
	const char *syntax;
	const char *description;
	const struct keyword *keywords;
	int (*run)(struct dsrctl *ctl, struct args *args);
};

/**
 * struct object - the first word of a command line
 * @name: its word; any unique abbreviation stands for it. The name of a nested
 *	object begins with the name of the outer object and a blank
 * @description: one line
 * @notes: text of the help after the commands, or NULL
 * @commands: ended by one without a name
 * @fallback: name of the default command
 * @bare: @fallback is its only command and never written
 * @operands: number of words before the keywords, in commands with keywords
 * @question: name of the only command with @operands; NULL: all have them
 * @file: an argument may be the name of a file
 * @nested: an object that is written like a command of this one, or NULL
 * @implied: name of the command that an address in place of a command implies,
 *	or NULL
 */
struct object {
	const char *name;
	const char *description;
	const char *notes;
	const struct command *commands;
	const char *fallback;
	bool bare;
	int operands;
	const char *question;
	bool file;
	const struct object *nested;
	const char *implied;
};

extern const struct object service_object;
extern const struct object backend_object;
extern const struct object connection_object;
extern const struct object path_object;
extern const struct object real_object;
extern const struct object silence_object;
extern const struct object flow_object;
extern const struct object stats_object;
extern const struct object show_object;
extern const struct object monitor_object;
extern const struct object trace_object;
extern const struct object top_object;
extern const struct object explain_object;
extern const struct object metrics_object;
extern const struct object doctor_object;
extern const struct object apply_object;
extern const struct object save_object;
extern const struct object import_object;
extern const struct object upgrade_object;
extern const struct object sync_object;

/* run.c */
#define OPTION_BRIEF	256	/* has no letter: -b is the batch */

extern const struct option dsrctl_options[];
extern const struct object *const dsrctl_objects[];
void dsrctl_print_help(FILE *out);
const char *dsrctl_word(const struct object *object);
const struct command *dsrctl_implied(const struct object *object,
				     const char *word);
int dsrctl_run(struct dsrctl *ctl, char **words);

/* batch.c */
int batch_run(struct dsrctl *ctl, const char *path);

/* complete.c */
int complete_run(char **words);

/* stop.c */
extern const struct keyword stop_keywords[];
int stop_run(struct dsrctl *ctl, struct args *args);

/* netns.c */
#define NETNS_DIRECTORY	"/run/netns"

int netns_enter(const char *name);

/* version.c */
void version_print(void);

#endif /* DSRCTL_H */
