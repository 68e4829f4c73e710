// SPDX-License-Identifier: GPL-2.0
/*
 * The DSCP: six bits of the TOS byte, whose values have names.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "attr.h"
#include "dscp.h"
#include "dsrctl.h"
#include "text.h"

/* RFC 2474, 2597 and 3246; of two names for a value, the first is printed */
static const struct {
	const char *name;
	uint8_t value;
} names[] = {
	{ "cs0", 0 },	{ "cs1", 8 },	{ "cs2", 16 },	{ "cs3", 24 },
	{ "cs4", 32 },	{ "cs5", 40 },	{ "cs6", 48 },	{ "cs7", 56 },
	{ "af11", 10 }, { "af12", 12 }, { "af13", 14 }, { "af21", 18 },
	{ "af22", 20 }, { "af23", 22 }, { "af31", 26 }, { "af32", 28 },
	{ "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	{ "ef", 46 },	{ "be", 0 },
};

static const char *name_of(unsigned int value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].value == value)
			return names[i].name;
	return NULL;
}

/**
 * dscp_read() - read the value of the last keyword as a DSCP
 * @args: the words
 * @dscp: set; 0 to 63
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int dscp_read(struct args *args, uint8_t *dscp)
{
	const char *word = *args->words;
	uint32_t value = 0;
	int status;
	size_t i;

	for (i = 0; word && i < ARRAY_SIZE(names); i++) {
		if (!strcasecmp(word, names[i].name)) {
			args_word(args);
			*dscp = names[i].value;
			return DSRCTL_OK;
		}
	}
	if (word && (strspn(word, "0123456789") == 0 || !*word)) {
		args_word(args);
		return args_error(args,
				  "%s '%s' is neither a number from 0 to 63 nor a class: cs0 to cs7, af11 to af43, ef",
				  args->keyword, word);
	}
	status = args_u32(args, 0, 0x3f, &value);
	*dscp = value;
	return status;
}

/**
 * dscp_is() - tell if a mask is the mask of the DSCP
 * @mask: u8, or NULL
 */
bool dscp_is(const struct nlattr *mask)
{
	return mask && attr_u8(mask) == DSCP_MASK;
}

/**
 * dscp_text() - format the TOS or DSCP that a rule compares
 * @tos: u8, or NULL
 * @mask: u8, or NULL; the mask of the DSCP selects the form "dscp N"
 * @text: set, ATTR_TEXT_MAX bytes
 *
 * Return: @text.
 */
const char *dscp_text(const struct nlattr *tos, const struct nlattr *mask,
		      char *text)
{
	unsigned int value = attr_u8(tos) >> 2;
	const char *name = name_of(value);

	if (!dscp_is(mask))
		return attr_tos_text(tos, mask, text);
	if (name)
		snprintf(text, ATTR_TEXT_MAX, "dscp %s", name);
	else
		snprintf(text, ATTR_TEXT_MAX, "dscp %u", value);
	return text;
}

/**
 * dscp_both_text() - a TOS byte, and its DSCP, for people
 * @tos: u8, or NULL
 * @mask: u8, or NULL; if it is that of the DSCP, this is added
 * @text: where to put it, ATTR_TEXT_MAX bytes
 *
 * Return: @text, such as "0x20 (dscp cs1)".
 */
const char *dscp_both_text(const struct nlattr *tos, const struct nlattr *mask,
			   char *text)
{
	char dscp[ATTR_TEXT_MAX];
	size_t used;

	attr_tos_text(tos, mask, text);
	if (!dscp_is(mask))
		return text;
	used = strlen(text);
	snprintf(text + used, ATTR_TEXT_MAX - used, " (%s)",
		 dscp_text(tos, mask, dscp));
	return text;
}

/**
 * dscp_json() - add a DSCP to a JSON object
 * @object: the object
 * @key: its key
 * @tos: u8, or NULL
 * @mask: u8, or NULL; unless it is the mask of the DSCP, null is added
 */
void dscp_json(struct json_object *object, const char *key,
	       const struct nlattr *tos, const struct nlattr *mask)
{
	struct json_object *value = NULL;

	if (dscp_is(mask))
		value = json_object_new_uint64(attr_u8(tos) >> 2);
	json_object_object_add(object, key, value);
}
