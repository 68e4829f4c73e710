/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_OUTCOME_H
#define DSRCTL_OUTCOME_H

#include <json-c/json.h>

/**
 * struct outcome - what becomes of a packet, as far as it can be told
 * @reason: name of the reason
 * @condition: words before @meaning, for what only the packet itself can tell
 * @meaning: a sentence, or NULL
 * @advice: what mends it, or NULL
 */
struct outcome {
	const char *reason;
	const char *condition;
	const char *meaning;
	const char *advice;
};

void outcome_text(const struct outcome *outcome);
void outcome_json(struct json_object *object, const struct outcome *outcome);

#endif /* DSRCTL_OUTCOME_H */
