// SPDX-License-Identifier: GPL-2.0
/*
 * Texts of any length, made by printing; and fast formatting of numbers.
 */
#include <stdlib.h>

#include "dsrctl.h"
#include "report.h"
#include "text.h"

/**
 * text_number() - write a number in decimal
 * @to: set, up to TEXT_NUMBER_MAX bytes
 * @number: the number
 *
 * For output by the million, where printf() is too slow.
 *
 * Return: the end of the text, a NUL.
 */
char *text_number(char *to, uint64_t number)
{
	uint64_t rest = number;
	char *end, *at;

	do
		to++;
	while (rest /= 10);
	end = to;
	*end = '\0';
	for (at = end; number >= 10; number /= 10)
		*--at = '0' + number % 10;
	*--at = '0' + number;
	return end;
}

/**
 * text_begin() - begin a text
 * @text: the text; print to its @out
 */
void text_begin(struct text *text)
{
	text->buffer = NULL;
	text->out = open_memstream(&text->buffer, &text->size);
	if (!text->out)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
}

/**
 * text_end() - end a text
 * @text: from text_begin()
 *
 * Return: the text, to be freed.
 */
char *text_end(struct text *text)
{
	fclose(text->out);
	return text->buffer;
}
