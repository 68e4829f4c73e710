/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_TEXT_H
#define DSRCTL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct text - a text that grows while it is printed
 * @out: stream to print to
 * @buffer: the text, after its end
 * @size: size of @buffer
 */
struct text {
	FILE *out;
	char *buffer;
	size_t size;
};

/* the digits of any number, and a NUL */
#define TEXT_NUMBER_MAX	21

char *text_number(char *to, uint64_t number);
void text_begin(struct text *text);
char *text_end(struct text *text);

#endif /* DSRCTL_TEXT_H */
