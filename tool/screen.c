// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal of dsrctl top, by ncurses, without colours.
 */
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dsrctl.h"
#include "rate.h"
#include "report.h"
#include "screen.h"
#include "text.h"

/* size of the smallest screen that shows all columns */
#define COLUMNS_MIN	80
#define LINES_MIN	10

/* widths of the columns in such a screen */
#define NAME_WIDTH	26
#define STATE_WIDTH	11
#define NUMBER_WIDTH	6
#define REASON_WIDTH	30
#define SPARK_WIDTH	8

#define CONTROL_C	3

static bool is_open;
static bool is_utf8;

/**
 * screen_end() - give the terminal back as it was
 */
void screen_end(void)
{
	if (is_open && !isendwin())
		endwin();
}

/**
 * screen_begin() - take the terminal; it is given back at exit, and before a message
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int screen_begin(void)
{
	const char *type = getenv("TERM");

	setlocale(LC_CTYPE, "");
	is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (!newterm(NULL, stdout, stdin))
		return report_error(DSRCTL_USAGE,
				    "top: terminals of the type '%s' are not known here: set TERM to another one",
				    type ? type : "");
	is_open = true;
	atexit(screen_end);
	report_before(screen_end);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, true);
	nodelay(stdscr, true);
	set_escdelay(25);
	curs_set(0);
	return DSRCTL_OK;
}

static int meaning_of(int key)
{
	switch (key) {
	case ERR:
	case KEY_RESIZE:
		return SCREEN_NONE;
	case KEY_UP:
		return SCREEN_UP;
	case KEY_DOWN:
		return SCREEN_DOWN;
	case KEY_PPAGE:
		return SCREEN_PAGE_UP;
	case KEY_NPAGE:
		return SCREEN_PAGE_DOWN;
	case KEY_HOME:
		return SCREEN_HOME;
	case KEY_END:
		return SCREEN_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return SCREEN_ENTER;
	case '\033':
		return SCREEN_ESCAPE;
	case KEY_BACKSPACE:
	case '\b':
	case 0x7f:
		return SCREEN_ERASE;
	case CONTROL_C:
		return SCREEN_GONE;
	default:
		return key < 256 ? key : SCREEN_NONE;
	}
}

/**
 * screen_key() - wait for a key
 * @msecs: for how long
 *
 * Return: a character, or enum screen_key; SCREEN_NONE also if the size of the
 * terminal has changed, or a signal has come.
 */
int screen_key(int msecs)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int key = getch();

	if (key != ERR)
		return meaning_of(key);
	if (poll(&input, 1, msecs) > 0 && input.revents & (POLLHUP | POLLERR))
		return SCREEN_GONE;
	return meaning_of(getch());
}

/* widths of the columns that grow with the screen */
struct widths {
	int name;
	int state;
	int spark;
	bool inactive;
};

static struct widths widths_of(int columns)
{
	struct widths widths = { NAME_WIDTH, STATE_WIDTH, SPARK_WIDTH, false };
	int rest = columns - COLUMNS_MIN;

	if (rest < 0) {
		widths.spark = 0;
		return widths;
	}
	if (rest >= 20) {
		widths.inactive = true;
		rest -= NUMBER_WIDTH + 1;
	}
	widths.name += rest / 3;
	widths.state += rest / 6;
	widths.spark += rest - rest / 3 - rest / 6;
	if (widths.spark > RATE_HISTORY) {
		widths.name += widths.spark - RATE_HISTORY;
		widths.spark = RATE_HISTORY;
	}
	return widths;
}

/* Print as far as there is room; the rest of the line is blank. */
static void put_line(int line, attr_t attributes, const char *text)
{
	attrset(attributes);
	mvhline(line, 0, ' ', COLS);
	mvaddnstr(line, 0, text, -1);
	attrset(A_NORMAL);
}

static void draw_title(const struct screen *screen, const struct sample *sample)
{
	static const char *const tables[] = {
		[NETLINK_LB] = "connections",
		[NETLINK_RS] = "flows",
	};
	char text[256], clock[16];
	time_t now = time(NULL);
	unsigned int module;
	int used;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	used = snprintf(text, sizeof(text), "dsrctl top %s %s, every %s",
			screen->host, clock, screen->interval);
	for (module = 0; module < NETLINK_MODULES; module++)
		if (sample->loaded[module])
			used += snprintf(text + used, sizeof(text) - used,
					 "; %s %u of %u", tables[module],
					 sample->entries[module],
					 sample->max[module]);
	put_line(0, A_BOLD, text);
}

/* The packets of a module by the first word of their reasons, in a line. */
static void draw_sums(int line, enum netlink_module module,
		      const struct sample *sample)
{
	static const char *const words[] = {
		"forwarded", "delivered", "replied", "pass", "answered",
		"changed", "drop",
	};
	double sum[ARRAY_SIZE(words)] = { 0 };
	const struct sample_row *row;
	char text[256], number[RATE_TEXT_MAX];
	size_t i, word;
	int used;

	for (i = 0; i < sample->rows.count; i++) {
		row = &sample->rows.row[i];
		if (row->kind != SAMPLE_REASON || row->module != module)
			continue;
		for (word = 0; word < ARRAY_SIZE(words); word++)
			if (!strncmp(row->name, words[word],
				     strlen(words[word])))
				sum[word] += row->packets.now;
	}
	used = snprintf(text, sizeof(text), "%s packets/s:",
			netlink_module_name(module));
	for (word = 0; word < ARRAY_SIZE(words); word++)
		if (sum[word] > 0 || word == ARRAY_SIZE(words) - 1)
			used += snprintf(text + used, sizeof(text) - used,
					 " %s %s", words[word],
					 rate_text(sum[word], number));
	put_line(line, A_NORMAL, text);
}

/* The title of a column, right-aligned; with a mark if it is sorted by. */
static void put_title(FILE *out, const struct view *view, enum view_sort sort,
		      const char *title)
{
	const char *mark = view->sort != sort ? "" : view->reverse ? "<" : ">";

	fprintf(out, "%*s%s", NUMBER_WIDTH + 1 - (int)strlen(title), mark,
		title);
}

static void draw_object_header(int line, const struct widths *widths,
			       const struct view *view)
{
	const char *mark = view->sort != VIEW_NAME ? "" :
			   view->reverse ? "<" : ">";
	struct text text;
	char *all;

	text_begin(&text);
	fprintf(text.out, "%s%-*s %-*s", mark,
		widths->name - (int)strlen(mark), "SERVICE, BACKEND, RULE",
		widths->state, "STATE");
	put_title(text.out, view, VIEW_ACTIVE, "ACTIVE");
	if (widths->inactive)
		fprintf(text.out, " %*s", NUMBER_WIDTH, "INACT");
	put_title(text.out, view, VIEW_CONNECTIONS, "CONN/s");
	put_title(text.out, view, VIEW_PACKETS, "PKT/s");
	put_title(text.out, view, VIEW_BYTES, "BIT/s");
	fprintf(text.out, " %.*s", widths->spark, "HISTORY");
	all = text_end(&text);
	put_line(line, A_REVERSE, all);
	free(all);
}

static void draw_object(int line, const struct widths *widths,
			const struct sample_row *row)
{
	const int indent = row->kind == SAMPLE_BACKEND ? 2 : 0;
	char spark[RATE_SPARK_MAX], number[RATE_TEXT_MAX];
	bool counts = row->kind != SAMPLE_RULE;
	struct text text;
	char *all;

	text_begin(&text);
	fprintf(text.out, "%*s%-*.*s %-*.*s", indent, "",
		widths->name - indent, widths->name - indent, row->name,
		widths->state, widths->state, row->state ? row->state : "");
	fprintf(text.out, " %*s", NUMBER_WIDTH, !counts ? "-" :
		rate_count_text(row->active, number));
	if (widths->inactive)
		fprintf(text.out, " %*s", NUMBER_WIDTH, !counts ? "-" :
			rate_count_text(row->inactive, number));
	fprintf(text.out, " %*s", NUMBER_WIDTH,
		rate_text(row->connections.now, number));
	fprintf(text.out, " %*s", NUMBER_WIDTH,
		rate_text(row->packets.now, number));
	fprintf(text.out, " %*s", NUMBER_WIDTH,
		rate_text(8 * row->bytes.now, number));
	fprintf(text.out, " %s",
		rate_spark(&row->packets, widths->spark, is_utf8, spark));
	all = text_end(&text);
	put_line(line, row->kind == SAMPLE_SERVICE ? A_BOLD : A_NORMAL, all);
	free(all);
}

static void draw_reason(int line, const struct widths *widths,
			const struct sample_row *row)
{
	char text[1024], number[RATE_TEXT_MAX], total[RATE_TEXT_MAX];
	char spark[RATE_SPARK_MAX];

	snprintf(text, sizeof(text), "%s %-*.*s %*s %*s %s %s",
		 row->module == NETLINK_LB ? "lb" : "rs", REASON_WIDTH,
		 REASON_WIDTH, row->name, NUMBER_WIDTH,
		 rate_text(row->packets.now, number), NUMBER_WIDTH,
		 rate_count_text(row->packets.total, total),
		 rate_spark(&row->packets, widths->spark, is_utf8, spark),
		 row->meaning ? row->meaning : "");
	put_line(line, A_NORMAL, text);
}

static void draw_reason_header(int line, const struct widths *widths)
{
	char text[256];

	snprintf(text, sizeof(text), "%-*s %*s %*s %-*.*s MEANING",
		 REASON_WIDTH + 3, "REASON", NUMBER_WIDTH, "PKT/s",
		 NUMBER_WIDTH, "TOTAL", widths->spark, widths->spark,
		 "HISTORY");
	put_line(line, A_REVERSE, text);
}

static void draw_footer(int line, const struct screen *screen,
			const struct view *view)
{
	char text[256];

	if (screen->typing)
		snprintf(text, sizeof(text), "filter: %s_", view->filter);
	else
		snprintf(text, sizeof(text),
			 "q quit  / filter%s%s  r reverse  sort: n name a active c conn/s p pkt/s b bit/s",
			 *view->filter ? " " : "", view->filter);
	put_line(line, A_BOLD, text);
}

/* Leave no more than half of the screen to the reasons. */
static int lines_for_reasons(const struct view *view, int room)
{
	int most = room / 2 - 1;

	return view->reasons < (size_t)most ? (int)view->reasons : most;
}

/**
 * screen_draw() - draw all
 * @screen: the screen
 * @sample: the reading
 * @view: the rows of the reading to draw
 */
void screen_draw(struct screen *screen, const struct sample *sample,
		 const struct view *view)
{
	const struct widths widths = widths_of(COLS);
	int line = 1, reasons, i;
	unsigned int module;
	size_t object;

	erase();
	draw_title(screen, sample);
	for (module = 0; module < NETLINK_MODULES; module++)
		if (sample->loaded[module] && LINES >= LINES_MIN)
			draw_sums(line++, module, sample);
	draw_object_header(line++, &widths, view);
	reasons = lines_for_reasons(view, LINES - line - 1);
	screen->page = LINES - line - 1 - (reasons > 0 ? reasons + 1 : 0);
	if (LINES < LINES_MIN) {
		reasons = 0;
		screen->page = LINES - line - 1 > 0 ? LINES - line - 1 : 0;
	}
	if (view->objects <= screen->page)
		screen->first = 0;
	else if (screen->first > view->objects - screen->page)
		screen->first = view->objects - screen->page;
	for (object = screen->first;
	     object < view->objects && object < screen->first + screen->page;
	     object++)
		draw_object(line + object - screen->first, &widths,
			    view->object[object]);
	if (!view->objects && screen->page)
		put_line(line, A_NORMAL, *view->filter ?
			 "nothing matches the filter" :
			 "no services and no rules");
	if (reasons > 0)
		draw_reason_header(LINES - 2 - reasons, &widths);
	for (i = 0; i < reasons; i++)
		draw_reason(LINES - 1 - reasons + i, &widths, view->reason[i]);
	draw_footer(LINES - 1, screen, view);
	refresh();
}
