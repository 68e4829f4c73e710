// SPDX-License-Identifier: GPL-2.0
/*
 * The outcome of a packet that is explained, on a balancer or on a real server.
 */
#include <stdio.h>
#include <stdlib.h>

#include "outcome.h"

/**
 * outcome_text() - print the outcome, one line, and the advice, another one
 * @outcome: the outcome
 */
void outcome_text(const struct outcome *outcome)
{
	printf("outcome     %s", outcome->reason);
	if (outcome->meaning)
		printf(": %s%s", outcome->condition, outcome->meaning);
	putchar('\n');
	if (outcome->advice)
		printf("advice      %s\n", outcome->advice);
}

static struct json_object *meaning_json(const struct outcome *outcome)
{
	struct json_object *object;
	char *text;

	if (!outcome->meaning)
		return NULL;
	if (asprintf(&text, "%s%s", outcome->condition, outcome->meaning) < 0)
		abort();
	object = json_object_new_string(text);
	free(text);
	return object;
}

/**
 * outcome_json() - add the outcome to an object
 * @object: the object
 * @outcome: the outcome
 */
void outcome_json(struct json_object *object, const struct outcome *outcome)
{
	json_object_object_add(object, "reason",
			       json_object_new_string(outcome->reason));
	json_object_object_add(object, "meaning", meaning_json(outcome));
	json_object_object_add(object, "advice", outcome->advice ?
			       json_object_new_string(outcome->advice) : NULL);
}
