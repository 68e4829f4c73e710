/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dsrctl - the command of the dsr modules: what its parts share
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

/* the tool's result, and its exit status */
enum dsrctl_status {
	DSRCTL_CHECKED = -1,	/* its words are right; it was not carried out */
	DSRCTL_OK = 0,
	DSRCTL_USAGE = 1,	/* the tool itself found it wrong */
	DSRCTL_REFUSED = 2,	/* the kernel refused, or is not there */
};

/**
 * struct dsrctl - one run of the tool
 * @json: print JSON instead of text
 * @pretty: indent the JSON
 * @statistics: print counters and sizes too
 * @color: print colours
 * @force: go on after a failure in a batch
 * @check: only find out whether the words of a command are right
 * @netlink: what the commands talk to the kernel through
 */
struct dsrctl {
	bool json;
	bool pretty;
	bool statistics;
	bool color;
	bool force;
	bool check;
	struct netlink *netlink;
};

/**
 * struct keyword - a word that a command accepts, followed by its value
 * @name: as it is written
 * @values: NULL-terminated, the values it takes, or NULL if they cannot be
 *	listed; what the parser accepts as well as what the completion offers.
 *	keyword_flag: it takes none, and may be written with two dashes before
 *	it; keyword_option: any, and the keyword may be written so, too;
 *	keyword_file: the name of a file, and so may it; keyword_repeated:
 *	any, and the keyword may come again
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
 * struct command - what can be done with an object
 * @name: as it is written, or any unique abbreviation of it; "flush" and
 *	"stop" have to be written in full
 * @syntax: of its arguments, for people
 * @description: one line
 * @keywords: those it accepts, ended by one without a name; NULL if none
 * @run: does it; returns an enum dsrctl_status. The words are read before the
 *	kernel is asked for anything
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
 * @name: as it is written, or any unique abbreviation of it; of a nested one
 *	with the name of the other before it, and a blank
 * @description: one line
 * @notes: what the help says behind the commands, or NULL
 * @commands: ended by one without a name
 * @fallback: name of the command that an absent one stands for
 * @bare: @fallback is its only command and never written
 * @operands: how many words its commands with keywords want before these
 * @nested: an object that is written like a command of this one, or NULL
 * @implied: name of the command that is meant where an address stands in the
 *	place of one, or NULL
 */
struct object {
	const char *name;
	const char *description;
	const char *notes;
	const struct command *commands;
	const char *fallback;
	bool bare;
	int operands;
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

/* run.c */
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
