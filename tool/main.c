// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl: the command of the modules dsr_lb and dsr_rs. Reads the options, and
 * runs a command line, a batch of them, or the completion.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsrctl.h"
#include "netlink.h"
#include "report.h"

static int read_color(const char *when, bool *color)
{
	/* -c=always, as with ip(8) */
	if (when && *when == '=')
		when++;
	if (!when || !strcmp(when, "always"))
		*color = true;
	else if (!strcmp(when, "never"))
		*color = false;
	else if (strcmp(when, "auto"))
		return report_error(DSRCTL_USAGE,
				    "unknown color '%s': expected auto, always or never",
				    when);
	return DSRCTL_OK;
}

/**
 * struct request - options that are not in struct dsrctl
 * @batch: the file, or NULL
 * @netns: the network namespace, or NULL
 * @help: print the help and end
 * @version: print the version and end
 */
struct request {
	const char *batch;
	const char *netns;
	bool help;
	bool version;
};

/* getopt() leaves the short option in optopt; @word may have several */
static int option_error(const char *word, const char *what)
{
	char name[] = { '-', optopt, '\0' };

	return report_error(DSRCTL_USAGE,
			    "option %s %s: 'dsrctl help' lists the options",
			    strncmp(word, "--", 2) && optopt ? name : word,
			    what);
}

static int read_options(int argc, char **argv, struct dsrctl *ctl,
			struct request *request)
{
	int option;

	opterr = 0;
	/* long options with one dash or two, as with ip(8) */
	while ((option = getopt_long_only(argc, argv, "+:sjpn:b:fc::Vh",
					  dsrctl_options, NULL)) >= 0) {
		switch (option) {
		case 's':
			ctl->statistics = true;
			break;
		case OPTION_BRIEF:
			ctl->brief = true;
			break;
		case 'j':
			ctl->json = true;
			break;
		case 'p':
			ctl->pretty = true;
			break;
		case 'n':
			request->netns = optarg;
			break;
		case 'b':
			request->batch = optarg;
			break;
		case 'f':
			ctl->force = true;
			break;
		case 'c':
			if (read_color(optarg, &ctl->color))
				return DSRCTL_USAGE;
			break;
		case 'V':
			request->version = true;
			break;
		case 'h':
			request->help = true;
			break;
		case ':':
			return option_error(argv[optind - 1], "needs a value");
		default:
			return option_error(argv[optind - 1],
					    "is unknown or takes no value");
		}
	}
	return DSRCTL_OK;
}

static int run(struct dsrctl *ctl, const struct request *request, char **words)
{
	int status;

	if (request->version) {
		version_print();
		return DSRCTL_OK;
	}
	if (request->help) {
		dsrctl_print_help(stdout);
		return DSRCTL_OK;
	}
	if (request->batch && words[0])
		return report_error(DSRCTL_USAGE,
				    "unexpected argument '%s': with -b, commands come from the file",
				    words[0]);
	if (!request->batch && !words[0]) {
		dsrctl_print_help(stderr);
		return DSRCTL_USAGE;
	}
	if (!request->batch && !strcmp(words[0], "complete"))
		return complete_run(words + 1);

	if (request->netns) {
		status = netns_enter(request->netns);
		if (status)
			return status;
	}
	ctl->netlink = netlink_new();
	status = request->batch ? batch_run(ctl, request->batch) :
				  dsrctl_run(ctl, words);
	netlink_free(ctl->netlink);
	return status;
}

int main(int argc, char **argv)
{
	const char *no_color = getenv("NO_COLOR");
	struct request request = { NULL, NULL, false, false };
	struct dsrctl ctl = { 0 };
	int status;

	ctl.color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	status = read_options(argc, argv, &ctl, &request);
	if (!status)
		status = run(&ctl, &request, argv + optind);

	if (fflush(stdout) || ferror(stdout))
		status = report_error(DSRCTL_USAGE, "cannot write: %s",
				      strerror(errno));
	return status;
}
