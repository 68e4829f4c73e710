// SPDX-License-Identifier: GPL-2.0
/*
 * JSON on stdout: one document for each command.
 */
#include <stdio.h>
#include <string.h>

#include "json.h"

static const char *json_text(struct json_object *object, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	return json_object_to_json_string_ext(object, flags);
}

/** json_add_number() - add a number to an object, under @key */
void json_add_number(struct json_object *object, const char *key,
		     uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
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
	list->used = 0;
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

/* Return room for so many more bytes of the element. */
static char *row_room(struct json_list *list, size_t size)
{
	if (list->used + size > sizeof(list->row)) {
		fwrite(list->row, 1, list->used, stdout);
		list->used = 0;
	}
	return list->row + list->used;
}

/**
 * json_row_begin() - begin an element that is an object of plain values
 * @list: the array
 *
 * For very long lists: the output is that of json_list_item(), without building
 * a tree.
 */
void json_row_begin(struct json_list *list)
{
	char *to = row_room(list, sizeof(",\n  {"));

	if (list->count++)
		*to++ = ',';
	json_row_take(list, stpcpy(to, list->pretty ? "\n  {" : "{"));
	list->values = 0;
}

/**
 * json_row_key() - begin a value of the element
 * @list: the array
 * @key: key of the value, JSON_TEXT_MAX bytes at most
 *
 * Return: a buffer for the value in JSON syntax: JSON_TEXT_MAX bytes and two
 * quotation marks at most. Call json_row_take() afterwards.
 */
char *json_row_key(struct json_list *list, const char *key)
{
	char *to = row_room(list, sizeof(",\n    \"\": \"\"") +
			    2 * JSON_TEXT_MAX);

	if (list->values++)
		*to++ = ',';
	if (list->pretty)
		to = stpcpy(to, "\n    ");
	*to++ = '"';
	to = stpcpy(to, key);
	*to++ = '"';
	*to++ = ':';
	if (list->pretty)
		*to++ = ' ';
	return to;
}

/**
 * json_row_take() - end a value
 * @list: the array
 * @end: end of the value that json_row_key() began
 */
void json_row_take(struct json_list *list, const char *end)
{
	list->used = end - list->row;
}

/**
 * json_row_end() - end the element
 * @list: the array
 */
void json_row_end(struct json_list *list)
{
	char *to = row_room(list, sizeof("\n  }"));

	json_row_take(list, stpcpy(to, list->pretty ? "\n  }" : "}"));
	fwrite(list->row, 1, list->used, stdout);
	list->used = 0;
}

/**
 * json_list_end() - end the document
 * @list: the array
 */
void json_list_end(struct json_list *list)
{
	puts(list->pretty && list->count ? "\n]" : "]");
}
