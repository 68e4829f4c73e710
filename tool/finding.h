/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_FINDING_H
#define DSRCTL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsrctl.h"

/* findings of one code that are printed as text at most; JSON has all */
#define FINDING_ALIKE_MAX	10

/**
 * struct finding - one thing that is wrong
 * @code: a stable short name of what is wrong
 * @hash: of @code and @subject
 * @subject: the object that has it, as it is named on the command line
 * @what: what is wrong, one sentence
 * @why: why that matters, one sentence
 * @commands: what mends it, one command each
 * @count: how many @commands there are
 */
struct finding {
	const char *code;
	uint32_t hash;
	char *subject;
	char *what;
	char *why;
	char **commands;
	size_t count;
};

/**
 * struct findings - all that is wrong
 * @one: the findings
 * @count: how many there are
 * @room: for how many @one has room
 */
struct findings {
	struct finding *one;
	size_t count;
	size_t room;
};

bool finding_begin(struct findings *findings, const char *code,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void finding_what(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_why(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_mend(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool finding_has(const struct findings *findings, const char *code);
void finding_print(const struct dsrctl *ctl, const struct findings *findings);
void finding_free(struct findings *findings);

#endif /* DSRCTL_FINDING_H */
