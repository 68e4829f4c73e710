// SPDX-License-Identifier: GPL-2.0
/*
 * A path in a file whose device is missing: "lo", which is always there, stands
 * for the device while the other words are checked.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "absent.h"
#include "text.h"

static char *const present = (char *)"lo";

/**
 * absent_take() - replace a device that is missing
 * @words: the words of the command, ended by NULL
 *
 * Return: the device's name, for absent_put(), or NULL with nothing replaced: the
 * device is there, or can never be.
 */
const char *absent_take(char **words)
{
	const char *name;

	while (*words && strcmp(*words, "dev"))
		words++;
	if (!*words || !words[1])
		return NULL;
	name = words[1];
	/* as the kernel checks names */
	if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/: ") ||
	    if_nametoindex(name))
		return NULL;
	words[1] = present;
	return name;
}

/**
 * absent_put() - give a path its device again
 * @item: the path, made of the words after absent_take()
 * @device: from absent_take()
 */
void absent_put(struct item *item, const char *device)
{
	const char *rest = item->words + strlen("dev ") + strlen(present);
	struct text text;

	text_begin(&text);
	fprintf(text.out, "dev %s%s", device, rest);
	free(item->words);
	item->words = text_end(&text);
	text_begin(&text);
	fprintf(text.out, "dev %s", device);
	free(item->name);
	item->name = text_end(&text);
}
