// SPDX-License-Identifier: GPL-2.0
/*
 * Packets as the tracepoint dsr:dsr_packet reports them, for the marks that they
 * have: no copy of a packet has its mark.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "decided.h"
#include "dsrctl.h"
#include "report.h"

/* the size of a SYN at most, with a VLAN's or other headers */
#define SYN_SIZE	120

/* of each processor, in bytes: some thousand packets */
#define BUFFER_SIZE	(512 * 1024)

/* Return the number of a reason, or -1 if the module has none of that name. */
static int find_reason(const struct tracepoint *point, const char *reason)
{
	int i;

	for (i = 0; i < TRACEPOINT_REASONS_MAX; i++)
		if (point->reason[i] && !strcmp(point->reason[i], reason))
			return i;
	return -1;
}

static bool begin(struct decided *decided, const char *reason)
{
	static const bool loaded[NETLINK_MODULES] = { [NETLINK_LB] = true };
	const struct tracepoint *point;
	struct stat own;
	char filter[128];
	int number;

	if (stat("/proc/self/ns/net", &own) ||
	    tracepoints_find(&decided->points, loaded) ||
	    !decided->points.count)
		return false;
	point = &decided->points.one[0];
	number = find_reason(point, reason);
	if (number < 0)
		return false;
	snprintf(filter, sizeof(filter),
		 "netns == %u && reason == %d && protocol == 6 && len <= %d",
		 (unsigned int)own.st_ino, number, SYN_SIZE);
	if (rings_add(&decided->rings, point->event->id, filter))
		return false;
	rings_run(&decided->rings, true);
	return true;
}

/**
 * decided_begin() - begin to keep packets of this network namespace
 * @decided: set; for decided_end() in any case
 * @reason: name of the reason
 *
 * Return: false if dsrctl cannot trace here, as in a container. Nothing is
 * reported then.
 */
bool decided_begin(struct decided *decided, const char *reason)
{
	bool begun;

	memset(decided, 0, sizeof(*decided));
	rings_open(&decided->rings, BUFFER_SIZE);
	report_errors(false);
	begun = begin(decided, reason);
	report_errors(true);
	return begun;
}

/* the arguments of decided_read() */
struct reader {
	struct decided *decided;
	decided_fn fn;
	void *arg;
};

static void on_event(uint64_t time, const void *raw, uint32_t size, void *arg)
{
	struct reader *reader = arg;
	struct packet packet = { .time = time };

	if (tracepoints_decode(&reader->decided->points, raw, size, &packet))
		reader->fn(&packet, reader->arg);
}

/**
 * decided_read() - stop to keep packets, and pass the kept ones to a function
 * @decided: from decided_begin()
 * @fn: called for each packet
 * @arg: passed to @fn
 */
void decided_read(struct decided *decided, decided_fn fn, void *arg)
{
	struct reader reader = { decided, fn, arg };

	rings_run(&decided->rings, false);
	rings_read(&decided->rings, on_event, &reader);
}

/** decided_end() - undo decided_begin() */
void decided_end(struct decided *decided)
{
	rings_close(&decided->rings);
	tracepoints_free(&decided->points);
}
