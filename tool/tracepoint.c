// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of the modules. The kernel describes the format of each in
 * tracefs, and libtraceevent reads this description.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsrctl.h"
#include "report.h"
#include "tracefs.h"
#include "tracepoint.h"

static const struct {
	enum netlink_module module;
	const char *system;
	const char *name;
	bool message;
} known[TRACEPOINTS_MAX] = {
	{ NETLINK_LB, "dsr", "dsr_packet", false },
	{ NETLINK_RS, "dsr_rs", "dsr_rs_packet", false },
	{ NETLINK_RS, "dsr_rs", "dsr_rs_silence", true },
};

static const char *const fields[TRACEPOINT_FIELDS] = {
	[TRACEPOINT_NETNS] = "netns",
	[TRACEPOINT_REASON] = "reason",
	[TRACEPOINT_IFINDEX] = "ifindex",
	[TRACEPOINT_FAMILY] = "family",
	[TRACEPOINT_DADDR] = "daddr",
	[TRACEPOINT_DADDR4] = "daddr4",
	[TRACEPOINT_SKBADDR] = "skbaddr",
	[TRACEPOINT_LEN] = "len",
	[TRACEPOINT_PROTOCOL] = "protocol",
	[TRACEPOINT_TCP_FLAGS] = "tcp_flags",
	[TRACEPOINT_SADDR] = "saddr",
	[TRACEPOINT_SADDR4] = "saddr4",
	[TRACEPOINT_SPORT] = "sport",
	[TRACEPOINT_DPORT] = "dport",
	[TRACEPOINT_MARK] = "mark",
	[TRACEPOINT_BACKEND] = "backend",
	[TRACEPOINT_HOOK] = "hook",
};

/**
 * tracepoint_field_name() - the name of a field, as the kernel has it
 * @field: the field
 */
const char *tracepoint_field_name(enum tracepoint_field field)
{
	return fields[field];
}

/* Read the names of the reasons from the print format of the event. */
static void read_reasons(struct tracepoint *point)
{
	const struct tep_print_arg *arg = point->event->print_fmt.args;
	const struct tep_print_flag_sym *symbol;
	unsigned long number;

	while (arg && arg->type != TEP_PRINT_SYMBOL)
		arg = arg->next;
	for (symbol = arg ? arg->symbol.symbols : NULL; symbol;
	     symbol = symbol->next) {
		number = strtoul(symbol->value, NULL, 0);
		if (number < TRACEPOINT_REASONS_MAX)
			point->reason[number] = symbol->str;
	}
}

static bool is_complete(const struct tracepoint *point)
{
	const int last = point->message ? TRACEPOINT_DADDR4 : TRACEPOINT_MARK;
	int i;

	for (i = 0; i <= last; i++)
		if (!point->field[i])
			return false;
	return point->reason[0] &&
	       point->field[TRACEPOINT_DADDR]->size == 16;
}

static int read_format(struct tracepoints *all, int dir, int which)
{
	struct tracepoint *point = &all->one[all->count];
	char *format;
	int i;

	format = tracefs_read(dir, known[which].system, known[which].name,
			      "format");
	if (!format && errno == EACCES)
		return report_error(DSRCTL_REFUSED,
				    "permission denied: to trace packets needs root");
	if (!format)
		return report_error(DSRCTL_REFUSED,
				    "the loaded %s has no tracepoint %s",
				    netlink_module_name(known[which].module),
				    known[which].name);
	point->module = known[which].module;
	point->message = known[which].message;
	if (!tep_parse_format(all->tep, &point->event, format, strlen(format),
			      known[which].system)) {
		for (i = 0; i < TRACEPOINT_FIELDS; i++)
			point->field[i] = tep_find_field(point->event,
							 fields[i]);
		read_reasons(point);
	}
	free(format);
	all->count++;
	if (point->event && is_complete(point))
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "the tracepoint %s is not as it has to be: dsrctl and the loaded %s are of different versions",
			    known[which].name,
			    netlink_module_name(point->module));
}

/**
 * tracepoints_find() - read the formats of the tracepoints
 * @all: set; for tracepoints_free() in any case
 * @loaded: by enum netlink_module, the modules that are loaded
 *
 * Return: enum dsrctl_status.
 */
int tracepoints_find(struct tracepoints *all, const bool *loaded)
{
	int dir, i, status;

	memset(all, 0, sizeof(*all));
	status = tracefs_open(&dir);
	if (status)
		return status;
	tep_set_loglevel(TEP_LOG_NONE);
	all->tep = tep_alloc();
	if (!all->tep)
		exit(report_error(DSRCTL_REFUSED, "out of memory"));
	tep_set_long_size(all->tep, sizeof(long));
	for (i = 0; !status && i < TRACEPOINTS_MAX; i++)
		if (loaded[known[i].module])
			status = read_format(all, dir, i);
	close(dir);
	return status;
}

/**
 * tracepoints_free() - forget them
 * @all: from tracepoints_find()
 */
void tracepoints_free(struct tracepoints *all)
{
	if (all->tep)
		tep_free(all->tep);
}

/* an event as the kernel has written it */
struct raw {
	const struct tracepoint *point;
	const uint8_t *data;
	uint32_t size;
};

static bool has(const struct raw *raw, enum tracepoint_field which)
{
	const struct tep_format_field *field = raw->point->field[which];

	return field && field->offset >= 0 && field->size > 0 &&
	       (uint32_t)field->offset + (uint32_t)field->size <= raw->size;
}

static uint64_t number(const struct raw *raw, enum tracepoint_field which)
{
	unsigned long long value = 0;

	if (has(raw, which))
		tep_read_number_field(raw->point->field[which], raw->data,
				      &value);
	return value;
}

static void address(const struct raw *raw, enum tracepoint_field which,
		    uint8_t *to)
{
	if (has(raw, which) && raw->point->field[which]->size == 16)
		memcpy(to, raw->data + raw->point->field[which]->offset, 16);
	else
		memset(to, 0, 16);
}

/**
 * tracepoints_decode() - read an event as a packet
 * @all: the tracepoints
 * @raw: the event as the kernel has written it
 * @size: of that
 * @packet: set, except for @time and @foreign
 *
 * Return: the tracepoint; NULL if the event is of another one, or has an unknown
 * reason.
 */
const struct tracepoint *tracepoints_decode(const struct tracepoints *all,
					    const void *raw, uint32_t size,
					    struct packet *packet)
{
	struct raw event = { .data = raw, .size = size };
	uint64_t reason;
	uint16_t id;
	int i;

	if (size < sizeof(id))
		return NULL;
	memcpy(&id, raw, sizeof(id));
	for (i = 0; i < all->count; i++)
		if (all->one[i].event->id == id)
			event.point = &all->one[i];
	if (!event.point)
		return NULL;
	reason = number(&event, TRACEPOINT_REASON);
	if (reason >= TRACEPOINT_REASONS_MAX || !event.point->reason[reason])
		return NULL;

	packet->module = event.point->module;
	packet->message = event.point->message;
	packet->reason = event.point->reason[reason];
	packet->netns = number(&event, TRACEPOINT_NETNS);
	packet->ifindex = number(&event, TRACEPOINT_IFINDEX);
	packet->mark = number(&event, TRACEPOINT_MARK);
	packet->len = number(&event, TRACEPOINT_LEN);
	packet->family = number(&event, TRACEPOINT_FAMILY);
	packet->proto = number(&event, TRACEPOINT_PROTOCOL);
	packet->tcp_flags = number(&event, TRACEPOINT_TCP_FLAGS);
	packet->hook = number(&event, TRACEPOINT_HOOK);
	packet->sport = number(&event, TRACEPOINT_SPORT);
	packet->dport = number(&event, TRACEPOINT_DPORT);
	packet->skb = number(&event, TRACEPOINT_SKBADDR);
	address(&event, TRACEPOINT_SADDR, packet->src);
	address(&event, TRACEPOINT_DADDR, packet->dst);
	address(&event, TRACEPOINT_BACKEND, packet->backend);
	return event.point;
}
