// SPDX-License-Identifier: GPL-2.0
/*
 * Text tables: columns as wide as their widest cell, no blank at the end of a
 * line.
 */
#include <stdarg.h>
#include <stdio.h>
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

/* rows of a stream that are kept back to compute the width of columns */
#define STREAM_ROWS	256

/**
 * table_init() - begin a table
 * @table: the table
 * @out: stream for the output
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
 * @title: title in the header, kept by reference
 * @align: alignment of the title and the cells
 * @width: minimum width
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
 * table_optional() - print a column only if a cell has a value
 * @table: the table; applies to its last column
 *
 * "-" is no value. Not for streams: the first rows would lack the column.
 */
void table_optional(struct table *table)
{
	table->column[table->columns - 1].hidden = true;
}

static char *put(char *to, const char *text, size_t length)
{
	memcpy(to, text, length);
	return to + length;
}

static char *put_blanks(char *to, int count)
{
	memset(to, ' ', count);
	return to + count;
}

static char *put_cell(struct table *table, char *to,
		      const struct table_cell *cell)
{
	bool color = table->color && cell->color != TABLE_PLAIN;

	if (color)
		to = stpcpy(to, color_start[cell->color]);
	to = put(to, table->text + cell->at, cell->length);
	return color ? stpcpy(to, COLOR_END) : to;
}

/* The longest line. */
static size_t line_size(const struct table *table,
			const struct table_line *line)
{
	const size_t color = sizeof("\033[32m" COLOR_END);
	size_t size = table->indent + 1 + color + line->cell[0].length;
	int i;

	for (i = 0; i < table->columns; i++)
		size += COLUMN_GAP + table->column[i].width +
			line->cell[i].length + color;
	return size;
}

static char *put_cells(struct table *table, char *to,
		       const struct table_line *line)
{
	int i, pad = table->indent;

	for (i = 0; i < table->columns; i++) {
		int free_room = table->column[i].width - line->cell[i].length;

		if (table->column[i].hidden)
			continue;
		if (free_room < 0)
			free_room = 0;
		if (table->column[i].align == TABLE_RIGHT)
			pad += free_room;
		to = put_blanks(to, pad);
		to = put_cell(table, to, &line->cell[i]);
		pad = COLUMN_GAP;
		if (table->column[i].align == TABLE_LEFT)
			pad += free_room;
	}
	return to;
}

static void print_line(struct table *table, const struct table_line *line)
{
	size_t size = line_size(table, line);
	char *to;

	if (size > table->row_room) {
		table->row_room = 2 * size;
		table->row = report_alloc(table->row, table->row_room);
	}
	if (line->text)
		to = put_cell(table, table->row, &line->cell[0]);
	else
		to = put_cells(table, table->row, line);
	*to++ = '\n';
	fwrite(table->row, 1, to - table->row, table->out);
}

static void print_lines(struct table *table)
{
	size_t i;

	for (i = 0; i < table->lines; i++)
		print_line(table, &table->line[i]);
	table->lines = 0;
	table->used = 0;
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

static bool is_nothing(const struct table *table,
		       const struct table_cell *cell, const char *title)
{
	const char *text = table->text + cell->at;

	return (cell->length == 1 && *text == '-') ||
	       (cell->length == (int)strlen(title) &&
		!memcmp(text, title, cell->length));
}

static void end_line(struct table *table)
{
	struct table_line *line = &table->line[table->lines - 1];
	int i;

	table->filled = 0;
	for (i = 0; i < table->columns && !line->text; i++) {
		if (line->cell[i].length > table->column[i].width)
			table->column[i].width = line->cell[i].length;
		if (table->column[i].hidden)
			table->column[i].hidden =
				is_nothing(table, &line->cell[i],
					   table->column[i].title);
	}
	if (table->stream && (table->begun || table->lines == STREAM_ROWS)) {
		table->begun = true;
		print_lines(table);
	}
}

/* Make room for the text of a cell. */
static char *text_room(struct table *table, size_t size)
{
	if (table->used + size > table->text_room) {
		table->text_room = 2 * (table->used + size);
		table->text = report_alloc(table->text, table->text_room);
	}
	return table->text + table->used;
}

static void take_text(struct table *table, struct table_cell *cell, int length,
		      enum table_color color)
{
	cell->at = table->used;
	cell->length = length;
	cell->color = color;
	table->used += length;
}

static void print_cell(struct table *table, struct table_cell *cell,
		       enum table_color color, const char *format,
		       va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(text_room(table, 64), 64, format, args);
	if (length >= 64)
		vsnprintf(text_room(table, length + 1), length + 1, format,
			  again);
	va_end(again);
	take_text(table, cell, length, color);
}

static struct table_cell *next_cell(struct table *table)
{
	if (!table->filled)
		new_line(table);
	return &table->line[table->lines - 1].cell[table->filled++];
}

/**
 * table_cell() - fill the next cell
 * @table: the table
 * @color: color of the cell
 * @format: its text, as for printf()
 */
void table_cell(struct table *table, enum table_color color,
		const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_cell(table, next_cell(table), color, format, args);
	va_end(args);
	if (table->filled == table->columns)
		end_line(table);
}

/**
 * table_put() - fill the next cell with a plain text
 * @table: the table
 * @text: the text
 *
 * For very long lists: faster than formatting.
 */
void table_put(struct table *table, const char *text)
{
	size_t length = strlen(text);

	put(text_room(table, length), text, length);
	take_text(table, next_cell(table), length, TABLE_PLAIN);
	if (table->filled == table->columns)
		end_line(table);
}

/**
 * table_text() - add a line over all columns
 * @table: the table, with no row begun
 * @format: the line, as for printf()
 */
void table_text(struct table *table, const char *format, ...)
{
	struct table_line *line = new_line(table);
	va_list args;

	line->text = true;
	va_start(args, format);
	print_cell(table, &line->cell[0], TABLE_PLAIN, format, args);
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
 * table_finish() - print the rest, and free the table
 * @table: the table
 */
void table_finish(struct table *table)
{
	print_lines(table);
	free(table->line);
	free(table->text);
	free(table->row);
	table->line = NULL;
	table->room = 0;
	table->text = NULL;
	table->text_room = 0;
	table->row = NULL;
	table->row_room = 0;
}
