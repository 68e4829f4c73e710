// SPDX-License-Identifier: GPL-2.0
/*
 * JSON on stdout: one document for each command.
 */
#include <stdio.h>

#include "json.h"

static const char *json_text(struct json_object *object, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	return json_object_to_json_string_ext(object, flags);
}

/**
 * json_print() - print a document
 * @object: the document, freed here
 * @pretty: indent it
 */
void json_print(struct json_object *object, bool pretty)
{
	puts(json_text(object, pretty));
	json_object_put(object);
}

/**
 * json_list_begin() - begin a document that is an array
 * @list: the array
 * @pretty: indent it
 */
void json_list_begin(struct json_list *list, bool pretty)
{
	list->pretty = pretty;
	list->count = 0;
	putchar('[');
}

/**
 * json_list_item() - print an element
 * @list: the array
 * @object: the element, freed here
 */
void json_list_item(struct json_list *list, struct json_object *object)
{
	const char *text = json_text(object, list->pretty);

	if (list->count++)
		putchar(',');
	if (!list->pretty) {
		fputs(text, stdout);
	} else {
		/* a newline within a string would be escaped */
		fputs("\n  ", stdout);
		for (; *text; text++) {
			putchar(*text);
			if (*text == '\n')
				fputs("  ", stdout);
		}
	}
	json_object_put(object);
}

/**
 * json_list_end() - end the document
 * @list: the array
 */
void json_list_end(struct json_list *list)
{
	puts(list->pretty && list->count ? "\n]" : "]");
}
