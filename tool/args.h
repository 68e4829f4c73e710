/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ARGS_H
#define DSRCTL_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "dsrctl.h"

enum {
	ARGS_END = -1,		/* no word is left */
	ARGS_ERROR = -2,	/* reported */
};

/**
 * struct args - the words after the command, while they are read
 * @object: the object, for messages
 * @command: the command, with the keywords it accepts
 * @words: the words that are left, ended by NULL
 * @keyword: the last keyword; the next value belongs to it
 * @seen: a bit for each keyword that was read
 */
struct args {
	const struct object *object;
	const struct command *command;
	char **words;
	const char *keyword;
	uint32_t seen;
};

char *args_list(const char *const *words);
int args_error(const struct args *args, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int args_usage(const struct args *args, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int args_find(const struct keyword *keywords, const char *word);
int args_mark(struct args *args, int keyword);
int args_keyword(struct args *args);
bool args_seen(const struct args *args, int keyword);
int args_need(const struct args *args, int keyword);
int args_operand(struct args *args, const char *name);
const char *args_peek(const struct args *args);
const char *args_word(struct args *args);
int args_parse_u32(const struct args *args, const char *text, uint32_t min,
		   uint32_t max, uint32_t *value);
int args_u32(struct args *args, uint32_t min, uint32_t max, uint32_t *value);
int args_parse_port(const struct args *args, const char *text, uint16_t *port);
int args_port(struct args *args, uint16_t *port);
int args_ports(struct args *args, uint16_t *first, int *last);
int args_choice(struct args *args, unsigned int *choice);
int args_tos(struct args *args, bool with_mask, uint8_t *tos, uint8_t *mask);
int args_device(struct args *args, uint32_t *ifindex);
int args_end(struct args *args);

#endif /* DSRCTL_ARGS_H */
