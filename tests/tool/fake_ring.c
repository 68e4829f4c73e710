// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for tool/ring.c: the events come from the file "ring" in the directory
 * $DSRCTL_FAKE_TRACEFS, and not from the kernel. Each is a time, a size, a number of
 * events that are lost before it, and then as many bytes; where a size is 0, what
 * has been read so far is all that is there at that time. What the kernel is to
 * filter goes to the file "filters", a line for each tracepoint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dsrctl.h"
#include "report.h"
#include "ring.h"

static FILE *events;
static uint64_t lost;

static FILE *fake_open(const char *name, const char *mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", getenv("DSRCTL_FAKE_TRACEFS"),
		 name);
	return fopen(path, mode);
}

void rings_open(struct rings *rings, size_t bytes)
{
	rings->count = 1;
	rings->bytes = bytes;
	rings->ring = NULL;
	rings->wait = NULL;
	events = fake_open("ring", "re");
}

int rings_add(struct rings *rings, int id, const char *filter)
{
	FILE *file = fake_open("filters", "ae");

	(void)rings;
	if (!file)
		return DSRCTL_REFUSED;
	fprintf(file, "%d: %s\n", id, filter);
	fclose(file);
	return DSRCTL_OK;
}

void rings_run(struct rings *rings, bool on)
{
	(void)rings;
	(void)on;
}

/* At the end of the file the reader of the output is gone. */
bool rings_wait(struct rings *rings, int msecs)
{
	(void)rings;
	(void)msecs;
	return events && !feof(events);
}

void rings_read(struct rings *rings, ring_fn fn, void *arg)
{
	struct {
		uint64_t time;
		uint32_t size;
		uint32_t lost;
	} head;
	void *raw;

	(void)rings;
	while (events && fread(&head, sizeof(head), 1, events)) {
		lost += head.lost;
		if (!head.size)
			return;
		raw = report_alloc(NULL, head.size);
		if (fread(raw, head.size, 1, events))
			fn(head.time, raw, head.size, arg);
		free(raw);
	}
}

uint64_t rings_lost(struct rings *rings)
{
	(void)rings;
	return lost;
}

void rings_close(struct rings *rings)
{
	(void)rings;
	if (events)
		fclose(events);
}
