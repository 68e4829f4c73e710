// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl trace: a line for each packet that the modules decide about.
 */
#include <linux/dsr.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "condition.h"
#include "dsrctl.h"
#include "interrupt.h"
#include "netlink.h"
#include "packet.h"
#include "report.h"
#include "ring.h"
#include "tracepoint.h"

enum {
	TRACE_COUNT = CONDITION_COUNT,
	TRACE_BUFFER,
	TRACE_ALL_NETNS,
};

static const struct keyword trace_keywords[] = {
	CONDITION_KEYWORDS,
	[TRACE_COUNT] = { "count", keyword_option },
	[TRACE_BUFFER] = { "buffer", keyword_option },
	[TRACE_ALL_NETNS] = { "all-netns", keyword_flag },
	{ NULL, NULL }
};

/* size of a processor's buffer, in KiB */
#define BUFFER_DEFAULT	512
#define BUFFER_MAX	65536

/* longest time until a packet is printed, in milliseconds */
#define WAIT_MSECS	100

/* The kernel takes the time of an event and then writes the event. After this time
 * the event is in its buffer, unless an interrupt has delayed the writing.
 */
#define SETTLED_NSEC	1000000
#define SETTLED_MSECS	2

/**
 * struct trace - a trace that runs
 * @ctl: the run
 * @condition: conditions that select packets
 * @points: the tracepoints
 * @rings: buffers that the kernel writes to
 * @buffer: the size of each, in KiB
 * @count: number of packets to print; 0: no limit
 * @printed: number of printed packets
 * @packet: packets that are read and not printed yet
 * @packets: number of these
 * @room: allocated elements of @packet
 * @missed: number of packets known to be missing
 */
struct trace {
	struct dsrctl *ctl;
	struct condition condition;
	struct tracepoints points;
	struct rings rings;
	uint32_t buffer;
	uint32_t count;
	uint32_t printed;
	struct packet *packet;
	size_t packets;
	size_t room;
	uint64_t missed;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int trace_read(struct trace *trace, struct args *args)
{
	int keyword, status = DSRCTL_OK;

	condition_init(&trace->condition, args);
	trace->buffer = BUFFER_DEFAULT;
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		switch (keyword) {
		case TRACE_COUNT:
			status = args_u32(args, 1, UINT32_MAX, &trace->count);
			break;
		case TRACE_BUFFER:
			status = args_u32(args, 4, BUFFER_MAX, &trace->buffer);
			if (!status && (trace->buffer & (trace->buffer - 1)))
				status = args_error(args,
						    "buffer %u is no power of two",
						    trace->buffer);
			break;
		case TRACE_ALL_NETNS:
			trace->condition.all_netns = true;
			break;
		default:
			status = condition_read(args, &trace->condition,
						keyword);
		}
	}
	return status;
}

static int open_points(struct trace *trace)
{
	const struct tracepoint *point;
	int i, used = 0, status;
	char *filter;

	rings_open(&trace->rings, trace->buffer * 1024ul);
	for (i = 0; i < trace->points.count; i++) {
		point = &trace->points.one[i];
		if (!condition_fits(&trace->condition, point))
			continue;
		filter = condition_filter(&trace->condition, point);
		status = rings_add(&trace->rings, point->event->id, filter);
		free(filter);
		if (status)
			return status;
		used++;
	}
	if (used)
		return DSRCTL_OK;
	return report_error(DSRCTL_USAGE,
			    "trace: no packet can match: the loaded modules have no such reason ('dsrctl -s stats' lists them), or tell nothing that is asked for of it");
}

static void on_event(uint64_t time, const void *raw, uint32_t size, void *arg)
{
	struct trace *trace = arg;
	struct packet *packet;

	if (trace->packets == trace->room) {
		trace->room = trace->room ? 2 * trace->room : 256;
		trace->packet = report_alloc(trace->packet, trace->room *
					     sizeof(*trace->packet));
	}
	packet = &trace->packet[trace->packets];
	if (!tracepoints_decode(&trace->points, raw, size, packet) ||
	    !condition_match(&trace->condition, packet))
		return;
	packet->time = time;
	packet->foreign = packet->netns != trace->condition.netns;
	trace->packets++;
}

static int compare(const void *a, const void *b)
{
	const struct packet *one = a, *other = b;

	return one->time < other->time ? -1 : one->time > other->time;
}

static bool is_done(const struct trace *trace)
{
	return trace->count && trace->printed == trace->count;
}

/* Print the packets older than @before, of all processors in the order of time. */
static void print_packets(struct trace *trace, uint64_t before)
{
	size_t i;

	qsort(trace->packet, trace->packets, sizeof(*trace->packet), compare);
	for (i = 0; i < trace->packets && !is_done(trace); i++) {
		if (trace->packet[i].time >= before)
			break;
		if (trace->ctl->json)
			packet_print_json(&trace->packet[i]);
		else
			packet_print(stdout, &trace->packet[i],
				     trace->condition.all_netns);
		trace->printed++;
	}
	trace->packets -= i;
	memmove(trace->packet, trace->packet + i,
		trace->packets * sizeof(*trace->packet));
}

static void print_missed(struct trace *trace)
{
	uint64_t lost = rings_lost(&trace->rings);

	if (lost == trace->missed)
		return;
	packet_print_missed(now(), lost - trace->missed, trace->ctl->json);
	trace->missed = lost;
}

/* Read and print. Packets are lost before those that are read now are written. */
static void print_all(struct trace *trace, uint64_t before)
{
	rings_read(&trace->rings, on_event, trace);
	if (trace->packets)
		print_packets(trace, before);
	print_missed(trace);
	fflush(stdout);
}

static void trace_follow(struct trace *trace)
{
	bool heard = true;

	rings_run(&trace->rings, true);
	report_note("waiting for packets; ^C ends it");
	while (!interrupt_seen() && heard && !is_done(trace) && !ferror(stdout)) {
		heard = rings_wait(&trace->rings, trace->packets ?
				   SETTLED_MSECS : WAIT_MSECS);
		print_all(trace, now() - SETTLED_NSEC);
	}
	rings_run(&trace->rings, false);
	if (!is_done(trace))
		print_all(trace, UINT64_MAX);
	if (trace->missed)
		report_warning("%llu packets came faster than they were printed, and are missing: name fewer of them, or a larger buffer than %u KiB",
			       (unsigned long long)trace->missed,
			       trace->buffer);
}

static int trace_run(struct dsrctl *ctl, struct args *args)
{
	struct trace trace = { .ctl = ctl };
	bool loaded[NETLINK_MODULES];
	int status;

	status = trace_read(&trace, args);
	if (!status)
		status = netlink_some_loaded(ctl->netlink, loaded);
	if (status)
		return status;
	status = tracepoints_find(&trace.points, loaded);
	if (!status) {
		status = open_points(&trace);
		if (!status) {
			interrupt_catch();
			trace_follow(&trace);
		}
		rings_close(&trace.rings);
	}
	tracepoints_free(&trace.points);
	free(trace.packet);
	return status;
}

static const struct command trace_commands[] = {
	{ "trace",
	  CONDITION_SYNTAX " [count N] [buffer KIB] [all-netns]",
	  "a line for each packet, with what became of it and why, until ^C; of the packets that match. A reason may be a pattern: 'drop_*'",
	  trace_keywords, trace_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object trace_object = {
	.name = "trace",
	.description = "which packets come, and what becomes of each",
	.commands = trace_commands,
	.fallback = "trace",
	.bare = true,
};
