// SPDX-License-Identifier: GPL-2.0
/* The text of each reason is the name of its enumerator. */

#include <linux/ctype.h>
#include <kunit/test.h>

#include "core/reason.h"

#define NAME(name, text, verdict) #name,
static const char *const enumerators[] = {
	DSR_RS_REASONS(NAME)
};

static void reason_texts(struct kunit *test)
{
	const char *name, *text;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(enumerators); i++) {
		name = enumerators[i];
		text = dsr_rs_reason_names[i];
		KUNIT_EXPECT_EQ_MSG(test, strlen(name), strlen(text),
				    "%s is shown as %s", name, text);
		for (j = 0; name[j] && text[j]; j++)
			KUNIT_EXPECT_EQ_MSG(test, tolower(name[j]), text[j],
					    "%s is shown as %s", name, text);
	}
}

static struct kunit_case reason_cases[] = {
	KUNIT_CASE(reason_texts),
	{}
};

static struct kunit_suite reason_suite = {
	.name = "dsr_rs_reason",
	.test_cases = reason_cases,
};

kunit_test_suite(reason_suite);
