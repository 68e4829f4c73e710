// SPDX-License-Identifier: GPL-2.0
/*
 * Text tables: columns as wide as their widest cell, no blank at the end of a
 * line.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "table.h"

static const char *const color_start[] = {
	[TABLE_BOLD] = "\033[1m",
	[TABLE_GREEN] = "\033[32m",
	[TABLE_YELLOW] = "\033[33m",
	[TABLE_RED] = "\033[31m",
};

#define COLOR_END	"\033[0m"
#define COLUMN_GAP	2

/* so many rows of a stream are kept back, to know how wide the columns are */
#define STREAM_ROWS	256

/**
 * table_init() - begin a table
 * @table: the table
 * @out: where it will be printed
 * @color: print colours
 * @indent: blanks before each row
 */
void table_init(struct table *table, FILE *out, bool color, int indent)
{
	memset(table, 0, sizeof(*table));
	table->out = out;
	table->color = color;
	table->indent = indent;
}

/**
 * table_column() - add a column on the right
 * @table: the table, without lines so far
 * @title: in the header, kept by reference
 * @align: of the title and the cells
 * @width: it has at least
 */
void table_column(struct table *table, const char *title,
		  enum table_align align, int width)
{
	int i = table->columns++;

	table->column[i].title = title;
	table->column[i].align = align;
	table->column[i].width = width;
}

/**
 * table_optional() - have a column only if there is something to put into it
 * @table: the table; its last column is meant
 *
 * Nothing is "-". Not for streams: the first rows would lack it.
 */
void table_optional(struct table *table)
{
	table->column[table->columns - 1].hidden = true;
}

static void print_text(struct table *table, const struct table_cell *cell)
{
	if (table->color && cell->color != TABLE_PLAIN)
		fprintf(table->out, "%s%s" COLOR_END, color_start[cell->color],
			cell->text);
	else
		fputs(cell->text, table->out);
}

static void print_line(struct table *table, const struct table_line *line)
{
	int i, pad = table->indent;

	if (line->text) {
		print_text(table, &line->cell[0]);
		fputc('\n', table->out);
		return;
	}

	for (i = 0; i < table->columns; i++) {
		int free_room = table->column[i].width -
				(int)strlen(line->cell[i].text);

		if (table->column[i].hidden)
			continue;
		if (free_room < 0)
			free_room = 0;
		if (table->column[i].align == TABLE_RIGHT)
			pad += free_room;
		fprintf(table->out, "%*s", pad, "");
		print_text(table, &line->cell[i]);
		pad = COLUMN_GAP;
		if (table->column[i].align == TABLE_LEFT)
			pad += free_room;
	}
	fputc('\n', table->out);
}

static void free_line(struct table_line *line)
{
	int i;

	for (i = 0; i < TABLE_COLUMNS_MAX; i++)
		free(line->cell[i].text);
}

static void print_lines(struct table *table)
{
	size_t i;

	for (i = 0; i < table->lines; i++) {
		print_line(table, &table->line[i]);
		free_line(&table->line[i]);
	}
	table->lines = 0;
}

static struct table_line *new_line(struct table *table)
{
	struct table_line *line;

	if (table->lines == table->room) {
		table->room = table->room ? 2 * table->room : 16;
		table->line = report_alloc(table->line,
					   table->room * sizeof(*line));
	}
	line = &table->line[table->lines++];
	memset(line, 0, sizeof(*line));
	return line;
}

static void end_line(struct table *table)
{
	struct table_line *line = &table->line[table->lines - 1];
	int i, length;

	table->filled = 0;
	for (i = 0; i < table->columns && !line->text; i++) {
		length = strlen(line->cell[i].text);
		if (length > table->column[i].width)
			table->column[i].width = length;
		if (strcmp(line->cell[i].text, "-") &&
		    strcmp(line->cell[i].text, table->column[i].title))
			table->column[i].hidden = false;
	}
	if (table->stream && (table->begun || table->lines == STREAM_ROWS)) {
		table->begun = true;
		print_lines(table);
	}
}

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		text = report_alloc(NULL, (size_t)-1);
	return text;
}

/**
 * table_cell() - fill the next cell
 * @table: the table
 * @color: of the cell
 * @format: of its text
 */
void table_cell(struct table *table, enum table_color color,
		const char *format, ...)
{
	struct table_cell *cell;
	va_list args;

	if (!table->filled)
		new_line(table);
	cell = &table->line[table->lines - 1].cell[table->filled++];
	va_start(args, format);
	cell->text = format_text(format, args);
	va_end(args);
	cell->color = color;
	if (table->filled == table->columns)
		end_line(table);
}

/**
 * table_text() - add a line over all columns
 * @table: the table, with no row begun
 * @format: of the line
 */
void table_text(struct table *table, const char *format, ...)
{
	struct table_line *line = new_line(table);
	va_list args;

	line->text = true;
	va_start(args, format);
	line->cell[0].text = format_text(format, args);
	va_end(args);
	end_line(table);
}

/**
 * table_header() - add a row of the titles
 * @table: the table, with no row begun
 */
void table_header(struct table *table)
{
	int i;

	for (i = 0; i < table->columns; i++)
		table_cell(table, TABLE_BOLD, "%s", table->column[i].title);
}

/**
 * table_finish() - print what was not printed, and free the table
 * @table: the table
 */
void table_finish(struct table *table)
{
	print_lines(table);
	free(table->line);
	table->line = NULL;
	table->room = 0;
}
