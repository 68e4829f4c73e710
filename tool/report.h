/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_REPORT_H
#define DSRCTL_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "place.h"

int report_error(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void report_warning(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void report_note(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void report_program(const char *name);
void report_before(void (*first)(void));
void report_warnings(bool on);
void report_errors(bool on);
void report_where(const char *file, unsigned int line);
void report_place(const struct place *place);
void report_find(void (*finder)(const char *keyword));
bool report_keyword(const char *keyword);
void *report_alloc(void *old, size_t size);

#endif /* DSRCTL_REPORT_H */
