/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_TABLE_H
#define DSRCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX	16

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT,
};

enum table_color {
	TABLE_PLAIN,
	TABLE_BOLD,
	TABLE_GREEN,
	TABLE_YELLOW,
	TABLE_RED,
};

/**
 * struct table_cell - one cell
 * @at: offset in the texts of the table
 * @length: length of its text
 * @color: its colour
 */
struct table_cell {
	size_t at;
	int length;
	enum table_color color;
};

/**
 * struct table_line - a row of cells, a header, or a text over all columns
 * @cell: one for each column; only the first is used in a text line
 * @text: it is a text line
 */
struct table_line {
	struct table_cell cell[TABLE_COLUMNS_MAX];
	bool text;
};

/**
 * struct table - lines with aligned columns
 * @out: the stream
 * @color: print colours
 * @stream: print rows as they come: the first rows decide the width of columns,
 *	and a wider cell makes its column wider
 * @begun: the first rows of a stream are printed
 * @indent: blanks before each row; text lines have none
 * @columns: number of @column
 * @column: their titles, alignments and widths; and a flag for columns that are
 *	not printed, because no cell has a value yet
 * @filled: cells of the last row that are filled
 * @lines: number of @line
 * @room: capacity of @line
 * @line: lines that are not printed yet
 * @text: the texts of their cells, one after the other
 * @used: used bytes of @text
 * @text_room: capacity of @text
 * @row: the line that is being printed
 * @row_room: capacity of @row
 */
struct table {
	FILE *out;
	bool color;
	bool stream;
	bool begun;
	int indent;
	int columns;
	struct {
		const char *title;
		enum table_align align;
		int width;
		bool hidden;
	} column[TABLE_COLUMNS_MAX];
	int filled;
	size_t lines;
	size_t room;
	struct table_line *line;
	char *text;
	size_t used;
	size_t text_room;
	char *row;
	size_t row_room;
};

void table_init(struct table *table, FILE *out, bool color, int indent);
void table_column(struct table *table, const char *title,
		  enum table_align align, int width);
void table_optional(struct table *table);
void table_header(struct table *table);
void table_text(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void table_cell(struct table *table, enum table_color color,
		const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_put(struct table *table, const char *text);
void table_finish(struct table *table);

#endif /* DSRCTL_TABLE_H */
