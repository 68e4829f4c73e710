/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_DOCUMENT_H
#define DSRCTL_DOCUMENT_H

#include "place.h"

enum node_kind {
	NODE_WORD,
	NODE_LIST,
	NODE_MAP,
};

/**
 * struct node - a value of a document
 * @kind: its kind
 * @place: its begin in the file
 * @name: its key in a map, or NULL
 * @name_place: begin of the key
 * @word: the text of a NODE_WORD
 * @first: first element of a list or map, or NULL
 * @next: next element of the same list or map, or NULL
 */
struct node {
	enum node_kind kind;
	struct place place;
	char *name;
	struct place name_place;
	char *word;
	struct node *first;
	struct node *next;
};

int document_read(const char *path, struct node **root);
void document_free(struct node *node);

#endif /* DSRCTL_DOCUMENT_H */
