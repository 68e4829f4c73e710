// SPDX-License-Identifier: GPL-2.0
/*
 * Texts of any length, made by printing.
 */
#include <stdlib.h>

#include "dsrctl.h"
#include "report.h"
#include "text.h"

/**
 * text_begin() - begin a text
 * @text: the text, to be printed to its out
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
