// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl top: rates of services, backends, rules and reasons, drawn each second.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "dsrctl.h"
#include "duration.h"
#include "interrupt.h"
#include "report.h"
#include "sample.h"
#include "screen.h"
#include "view.h"

enum {
	TOP_INTERVAL,
};

static const struct keyword top_keywords[] = {
	[TOP_INTERVAL] = { "interval", keyword_option },
	{ NULL, NULL }
};

#define INTERVAL_DEFAULT	1000
#define INTERVAL_MIN		100

/**
 * struct top - a run of dsrctl top
 * @ctl: the run
 * @sample: the last reading
 * @view: the rows of the reading to draw
 * @screen: the screen
 * @interval: between two readings, in milliseconds
 * @over: the user has ended it
 */
struct top {
	struct dsrctl *ctl;
	struct sample sample;
	struct view view;
	struct screen screen;
	uint32_t interval;
	bool over;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int top_read(struct top *top, struct args *args)
{
	int keyword, status = DSRCTL_OK;

	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		status = keyword == TOP_INTERVAL ?
			 duration_read(args, &top->interval) : DSRCTL_USAGE;
	if (!status && top->interval < INTERVAL_MIN)
		status = args_error(args, "interval is %u ms at least",
				    INTERVAL_MIN);
	if (!status && top->ctl->json)
		status = args_error(args,
				    "it draws on a terminal, and has no JSON: 'dsrctl -j -s show' has the counters");
	if (!status && !top->ctl->check &&
	    (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		status = args_error(args, "it needs a terminal");
	return status;
}

static void type_filter(struct top *top, int key)
{
	char *filter = top->view.filter;
	size_t used = strlen(filter);

	switch (key) {
	case SCREEN_ENTER:
		top->screen.typing = false;
		break;
	case SCREEN_ESCAPE:
		top->screen.typing = false;
		*filter = '\0';
		break;
	case SCREEN_ERASE:
		if (used)
			filter[used - 1] = '\0';
		break;
	default:
		if (key >= ' ' && key < 0x7f && used + 1 < VIEW_FILTER_MAX) {
			filter[used] = key;
			filter[used + 1] = '\0';
		}
	}
}

static void sort_by(struct top *top, enum view_sort sort)
{
	top->view.sort = sort;
	top->screen.first = 0;
}

static void scroll(struct top *top, int key)
{
	struct screen *screen = &top->screen;
	size_t step = 1;

	if (key == SCREEN_PAGE_UP || key == SCREEN_PAGE_DOWN)
		step = screen->page ? screen->page : 1;
	if (key == SCREEN_HOME)
		screen->first = 0;
	else if (key == SCREEN_END)
		screen->first = top->view.objects;
	else if (key == SCREEN_DOWN || key == SCREEN_PAGE_DOWN)
		screen->first += step;
	else
		screen->first -= step < screen->first ? step : screen->first;
}

static void on_key(struct top *top, int key)
{
	if (key == SCREEN_GONE) {
		top->over = true;
		return;
	}
	if (top->screen.typing) {
		type_filter(top, key);
		return;
	}
	switch (key) {
	case 'q':
	case 'Q':
		top->over = true;
		break;
	case '/':
		top->screen.typing = true;
		top->screen.first = 0;
		break;
	case SCREEN_ESCAPE:
		*top->view.filter = '\0';
		break;
	case 'n':
		sort_by(top, VIEW_NAME);
		break;
	case 'a':
		sort_by(top, VIEW_ACTIVE);
		break;
	case 'c':
		sort_by(top, VIEW_CONNECTIONS);
		break;
	case 'p':
		sort_by(top, VIEW_PACKETS);
		break;
	case 'b':
		sort_by(top, VIEW_BYTES);
		break;
	case 'r':
		top->view.reverse = !top->view.reverse;
		break;
	case ' ':
		scroll(top, SCREEN_PAGE_DOWN);
		break;
	case SCREEN_UP:
	case SCREEN_DOWN:
	case SCREEN_PAGE_UP:
	case SCREEN_PAGE_DOWN:
	case SCREEN_HOME:
	case SCREEN_END:
		scroll(top, key);
		break;
	}
}

static int top_follow(struct top *top)
{
	double due = top->sample.time + top->interval / 1e3, left;
	int key, status = DSRCTL_OK;

	while (!status && !top->over && !interrupt_seen()) {
		view_update(&top->view, &top->sample);
		screen_draw(&top->screen, &top->sample, &top->view);
		left = (due - now()) * 1e3;
		key = screen_key(left > 0 ? (int)left + 1 : 0);
		if (key != SCREEN_NONE)
			on_key(top, key);
		if (now() < due)
			continue;
		status = sample_read(top->ctl, &top->sample);
		due = top->sample.time + top->interval / 1e3;
	}
	return status;
}

static int top_run(struct dsrctl *ctl, struct args *args)
{
	struct top top = {
		.ctl = ctl,
		.interval = INTERVAL_DEFAULT,
		.view.sort = VIEW_PACKETS,
	};
	char interval[DURATION_TEXT_MAX];
	int status;

	status = top_read(&top, args);
	if (!status)
		status = sample_read(ctl, &top.sample);
	if (!status) {
		interrupt_catch();
		status = screen_begin();
	}
	if (!status) {
		top.screen.interval = duration_text(top.interval, interval);
		gethostname(top.screen.host, sizeof(top.screen.host) - 1);
		status = top_follow(&top);
		screen_end();
	}
	view_free(&top.view);
	sample_free(&top.sample);
	return status;
}

static const struct command top_commands[] = {
	{ "top", "[interval TIME]",
	  "how fast packets, bytes and connections come, by service, backend, rule and reason, drawn anew each second; q ends it",
	  top_keywords, top_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object top_object = {
	.name = "top",
	.description = "what services, backends and rules do now, on the whole terminal",
	.commands = top_commands,
	.fallback = "top",
	.bare = true,
};
