// SPDX-License-Identifier: GPL-2.0
/*
 * Read a YAML document into a tree whose nodes know their places in the file.
 * libyaml finds the events and their places. This file accepts the part of YAML
 * that a configuration needs: maps, lists and words, all of them short.
 *
 * A document must end with "...". Without this mark, a file that was cut short
 * between two lines would be a valid document.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "document.h"
#include "dsrctl.h"
#include "report.h"

/* levels of lists and maps: more than any configuration has */
#define DEPTH_MAX	8

/* bytes of a word: more than any keyword takes */
#define WORD_MAX	1024

/**
 * struct reader - a document while it is read
 * @parser: the parser of libyaml
 * @event: the present event
 * @path: name of the file
 */
struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *path;
};

static struct node *read_value(struct reader *reader, int depth);

static struct place place_of(const struct reader *reader,
			     const yaml_mark_t *mark)
{
	return (struct place){ reader->path, mark->line + 1, mark->column + 1 };
}

static void *fail_at(const struct reader *reader, const yaml_mark_t *mark,
		     const char *sentence)
{
	struct place place = place_of(reader, mark);

	report_place(&place);
	report_error(DSRCTL_USAGE, "%s", sentence);
	report_place(NULL);
	return NULL;
}

static void *fail(const struct reader *reader, const char *sentence)
{
	return fail_at(reader, &reader->event.start_mark, sentence);
}

/* Read the next event. Return: false, reported, if the file is no YAML. */
static bool next(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	char text[256];

	yaml_event_delete(&reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event))
		return true;
	memset(&reader->event, 0, sizeof(reader->event));
	if (parser->error == YAML_MEMORY_ERROR)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	snprintf(text, sizeof(text), "%s%s%s",
		 parser->problem ? parser->problem : "the file is no YAML",
		 parser->context ? " " : "",
		 parser->context ? parser->context : "");
	fail_at(reader, parser->error == YAML_READER_ERROR ?
		&parser->mark : &parser->problem_mark, text);
	return false;
}

static struct node *new_node(const struct reader *reader, enum node_kind kind)
{
	struct node *node = report_alloc(NULL, sizeof(*node));

	memset(node, 0, sizeof(*node));
	node->kind = kind;
	node->place = place_of(reader, &reader->event.start_mark);
	return node;
}

/* A word ends up in messages and in requests: printable ASCII is enough. */
static bool is_plain(const unsigned char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* Copy the text of the present event, which is a scalar; NULL, reported. */
static char *take_word(struct reader *reader)
{
	const yaml_event_t *event = &reader->event;
	size_t length = event->data.scalar.length;
	char *word;

	if (event->data.scalar.anchor || event->data.scalar.tag)
		return fail(reader, "anchors and tags are not supported");
	if (length > WORD_MAX)
		return fail(reader, "this word is too long");
	if (!is_plain(event->data.scalar.value, length))
		return fail(reader,
			    "this word has a character that is no printable ASCII character");
	word = report_alloc(NULL, length + 1);
	memcpy(word, event->data.scalar.value, length);
	word[length] = '\0';
	return word;
}

static struct node *read_word(struct reader *reader)
{
	char *word = take_word(reader);
	struct node *node;

	if (!word)
		return NULL;
	node = new_node(reader, NODE_WORD);
	node->word = word;
	return node;
}

static bool has_name(const struct node *map, const char *name)
{
	const struct node *node;

	for (node = map->first; node; node = node->next)
		if (!strcmp(node->name, name))
			return true;
	return false;
}

/* Read a key and its value. */
static struct node *read_pair(struct reader *reader, const struct node *map,
			      int depth)
{
	struct place place = place_of(reader, &reader->event.start_mark);
	struct node *node;
	char text[2 * WORD_MAX];
	char *name;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail(reader, "a key must be a word");
	name = take_word(reader);
	if (!name)
		return NULL;
	if (has_name(map, name)) {
		snprintf(text, sizeof(text), "%s is given twice", name);
		fail(reader, text);
		goto free_name;
	}
	if (!next(reader))
		goto free_name;
	node = read_value(reader, depth);
	if (!node)
		goto free_name;
	node->name = name;
	node->name_place = place;
	return node;

free_name:
	free(name);
	return NULL;
}

static struct node *read_elements(struct reader *reader, enum node_kind kind,
				  int depth)
{
	yaml_event_type_t end = kind == NODE_MAP ? YAML_MAPPING_END_EVENT :
						   YAML_SEQUENCE_END_EVENT;
	struct node *node, *element, **last;

	if (depth == DEPTH_MAX)
		return fail(reader, "lists and maps are nested too deeply");
	node = new_node(reader, kind);
	last = &node->first;
	while (next(reader)) {
		if (reader->event.type == end)
			return node;
		element = kind == NODE_MAP ?
			  read_pair(reader, node, depth + 1) :
			  read_value(reader, depth + 1);
		if (!element)
			break;
		*last = element;
		last = &element->next;
	}
	document_free(node);
	return NULL;
}

/* Read the value that begins with the present event; NULL, reported. */
static struct node *read_value(struct reader *reader, int depth)
{
	const yaml_event_t *event = &reader->event;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_word(reader);
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor ||
		    event->data.sequence_start.tag)
			return fail(reader,
				    "anchors and tags are not supported");
		return read_elements(reader, NODE_LIST, depth);
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor ||
		    event->data.mapping_start.tag)
			return fail(reader,
				    "anchors and tags are not supported");
		return read_elements(reader, NODE_MAP, depth);
	default:
		return fail(reader, "aliases are not supported");
	}
}

/* Read the end of the document, and of the file. */
static bool read_end(struct reader *reader)
{
	if (!next(reader))
		return false;
	if (reader->event.data.document_end.implicit) {
		fail_at(reader, &reader->event.end_mark,
			"the file does not end with a line '...': it may have been cut short");
		return false;
	}
	if (!next(reader))
		return false;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return true;
	fail(reader, "the file has more than one document");
	return false;
}

static struct node *read_document(struct reader *reader)
{
	struct node *root;

	if (!next(reader) || !next(reader))
		return NULL;
	if (reader->event.type != YAML_DOCUMENT_START_EVENT)
		return fail(reader, "the file is empty");
	if (!next(reader))
		return NULL;
	root = read_value(reader, 0);
	if (!root)
		return NULL;
	if (!read_end(reader)) {
		document_free(root);
		return NULL;
	}
	return root;
}

/**
 * document_read() - read a file
 * @path: its name, or "-" for stdin; kept by reference
 * @root: set to the value of its document, for document_free()
 *
 * Return: enum dsrctl_status; each mistake is reported.
 */
int document_read(const char *path, struct node **root)
{
	struct reader reader = { .path = path };
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;

	*root = NULL;
	if (!file)
		return report_error(DSRCTL_USAGE, "cannot open '%s': %s", path,
				    strerror(errno));
	if (!yaml_parser_initialize(&reader.parser))
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	yaml_parser_set_input_file(&reader.parser, file);
	*root = read_document(&reader);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	if (file != stdin)
		fclose(file);
	return *root ? DSRCTL_OK : DSRCTL_USAGE;
}

/**
 * document_free() - free a value with all that is in it
 * @node: the value, or NULL
 */
void document_free(struct node *node)
{
	struct node *element;

	if (!node)
		return;
	while ((element = node->first)) {
		node->first = element->next;
		document_free(element);
	}
	free(node->name);
	free(node->word);
	free(node);
}
