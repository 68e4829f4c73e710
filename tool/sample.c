// SPDX-License-Identifier: GPL-2.0
/*
 * A reading of the modules' objects and reasons, with the rate of each counter since
 * the reading before.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <linux/genetlink.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "all.h"
#include "attr.h"
#include "backend.h"
#include "key.h"
#include "reason.h"
#include "report.h"
#include "rule.h"
#include "sample.h"
#include "service.h"
#include "stats.h"
#include "text.h"

static char *copy(const char *text)
{
	return strcpy(report_alloc(NULL, strlen(text) + 1), text);
}

/* Adds a row with its names, which are taken over. */
static struct sample_row *add(struct sample_rows *rows, enum sample_kind kind,
			      char *group, char *name)
{
	struct sample_row *row;

	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->row = report_alloc(rows->row,
					 rows->room * sizeof(*rows->row));
	}
	row = &rows->row[rows->count++];
	memset(row, 0, sizeof(*row));
	row->kind = kind;
	row->group = group;
	row->name = name;
	return row;
}

static void free_rows(struct sample_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		free(rows->row[i].group);
		free(rows->row[i].name);
		free(rows->row[i].state);
	}
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}

/* Set the counters. go_on() makes rates of them. */
static void add_stats(struct sample_row *row, struct nlattr **stats)
{
	row->connections.total = attr_u64(stats[DSR_STATS_A_CONNECTIONS]);
	row->packets.total = attr_u64(stats[DSR_STATS_A_PACKETS]);
	row->bytes.total = attr_u64(stats[DSR_STATS_A_BYTES]);
}

/* Return: a service as "fwmark 1" or "tcp 192.0.2.1:80", to be freed. */
static char *short_key(struct nlattr **tb)
{
	char key[KEY_TEXT_MAX], addr[ATTR_TEXT_MAX], text[ATTR_TEXT_MAX];
	const struct nlattr *last = tb[DSR_SERVICE_A_PORT_LAST];
	const struct nlattr *port = tb[DSR_SERVICE_A_PORT];
	struct text name;

	if (!tb[DSR_SERVICE_A_VIP])
		return copy(key_text(tb, key));
	text_begin(&name);
	if (tb[DSR_SERVICE_A_PROTO])
		fprintf(name.out, "%s ",
			attr_text(ATTR_PROTO, tb[DSR_SERVICE_A_PROTO], text));
	attr_text(ATTR_ADDR, tb[DSR_SERVICE_A_VIP], addr);
	fprintf(name.out, port && strchr(addr, ':') ? "[%s]" : "%s", addr);
	if (port)
		fprintf(name.out, ":%u", ntohs(nla_get_u16(port)));
	if (port && last && nla_get_u16(last) != nla_get_u16(port))
		fprintf(name.out, "-%u", ntohs(nla_get_u16(last)));
	return text_end(&name);
}

static bool add_service(struct sample_rows *rows, const struct nlmsghdr *reply)
{
	struct service_info service;
	char key[KEY_TEXT_MAX];
	struct sample_row *row;

	if (!service_parse_reply(reply, &service))
		return false;
	key_text(service.tb, key);
	row = add(rows, SAMPLE_SERVICE, copy(key), short_key(service.tb));
	add_stats(row, service.stats);
	return true;
}

static bool add_backend(struct sample_rows *rows, const struct nlmsghdr *reply)
{
	char key[KEY_TEXT_MAX], addr[ATTR_TEXT_MAX], state[BACKEND_STATE_MAX];
	struct backend_info backend;
	struct sample_row *row;

	if (!backend_parse_reply(reply, &backend))
		return false;
	attr_text(ATTR_ADDR, backend.tb[DSR_BACKEND_A_ADDR], addr);
	row = add(rows, SAMPLE_BACKEND, copy(key_text(backend.service, key)),
		  copy(addr));
	row->state = copy(backend_state_text(&backend, state));
	row->active = attr_u32(backend.tb[DSR_BACKEND_A_ACTIVE]);
	row->inactive = attr_u32(backend.tb[DSR_BACKEND_A_INACTIVE]);
	add_stats(row, backend.stats);
	return true;
}

static bool add_rule(struct sample_rows *rows, const struct nlmsghdr *reply)
{
	struct sample_row *row;
	struct rule_info rule;
	struct text text;
	char *name;

	if (!rule_parse(reply, &rule))
		return false;
	text_begin(&text);
	rule_print_words(text.out, &rule);
	name = text_end(&text);
	row = add(rows, SAMPLE_RULE, copy(name), name);
	row->module = NETLINK_RS;
	add_stats(row, rule.stats);
	return true;
}

static bool add_reasons(struct sample_rows *rows, enum netlink_module module,
			struct nlmsghdr *reply)
{
	struct nlattr *attr, *tb[ATTR_MAX];
	const struct reason *reason;
	char name[ATTR_TEXT_MAX];
	struct sample_row *row;
	int rest;

	nlmsg_for_each_attr(attr, reply, GENL_HDRLEN, rest) {
		if (nla_type(attr) != DSR_A_REASON)
			continue;
		if (!reason_parse(attr, tb, name))
			return false;
		reason = reason_find(module, name);
		row = add(rows, SAMPLE_REASON, copy(netlink_module_name(module)),
			  copy(name));
		row->module = module;
		row->packets.total = attr_u64(tb[DSR_REASON_A_PACKETS]);
		row->meaning = reason ? reason->meaning : NULL;
	}
	return true;
}

static int read_list(struct dsrctl *ctl, enum netlink_module module,
		     uint8_t cmd, struct sample_rows *rows,
		     bool (*add_one)(struct sample_rows *rows,
				     const struct nlmsghdr *reply))
{
	struct netlink_replies replies;
	int status;
	size_t i;

	status = all_list(ctl->netlink, module, cmd, &replies);
	for (i = 0; !status && i < replies.count; i++)
		if (!add_one(rows, replies.reply[i]))
			status = netlink_malformed();
	netlink_replies_free(&replies);
	return status;
}

static int read_stats(struct dsrctl *ctl, enum netlink_module module,
		      struct sample *sample, struct sample_rows *rows)
{
	struct netlink_replies replies;
	struct nlattr *tb[ATTR_MAX];
	int status;

	status = stats_get(ctl, module, &replies);
	if (status)
		return status;
	if (stats_parse_table(&replies, tb) &&
	    add_reasons(rows, module, replies.reply[0])) {
		sample->entries[module] = attr_u32(tb[DSR_TABLE_A_ENTRIES]);
		sample->max[module] = attr_u32(tb[DSR_TABLE_A_MAX]);
	} else {
		status = netlink_malformed();
	}
	netlink_replies_free(&replies);
	return status;
}

static int read_modules(struct dsrctl *ctl, struct sample *sample,
			struct sample_rows *rows)
{
	int status = DSRCTL_OK;
	unsigned int module;

	if (sample->loaded[NETLINK_LB]) {
		status = read_list(ctl, NETLINK_LB, DSR_CMD_SERVICE_GET, rows,
				   add_service);
		if (!status)
			status = read_list(ctl, NETLINK_LB,
					   DSR_CMD_BACKEND_GET, rows,
					   add_backend);
	}
	if (!status && sample->loaded[NETLINK_RS])
		status = read_list(ctl, NETLINK_RS, DSR_RS_CMD_RULE_GET, rows,
				   add_rule);
	for (module = 0; !status && module < NETLINK_MODULES; module++)
		if (sample->loaded[module])
			status = read_stats(ctl, module, sample, rows);
	return status;
}

static int compare(const void *a, const void *b)
{
	const struct sample_row *one = a, *other = b;
	int order = strcmp(one->group, other->group);

	if (!order)
		order = (int)one->kind - (int)other->kind;
	return order ? order : strcmp(one->name, other->name);
}

static void go_on(struct rate *rate, const struct rate *before, double seconds)
{
	const uint64_t total = rate->total;

	if (before)
		*rate = *before;
	rate_update(rate, total, seconds);
}

/* Add up the connections of backends for their services. */
static void add_up(struct sample_rows *rows)
{
	struct sample_row *row, *service = NULL;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		row = &rows->row[i];
		if (row->kind == SAMPLE_SERVICE)
			service = row;
		if (row->kind != SAMPLE_BACKEND || !service ||
		    strcmp(row->group, service->group))
			continue;
		service->active += row->active;
		service->inactive += row->inactive;
	}
}

/**
 * sample_read() - read all objects and the rates of their counters
 * @ctl: the run
 * @sample: the reading before, or zeros
 *
 * Return: enum dsrctl_status; the rows are those before if it is not DSRCTL_OK.
 */
int sample_read(struct dsrctl *ctl, struct sample *sample)
{
	struct sample_rows rows = { NULL, 0, 0 };
	struct sample_row *row, *before;
	struct timespec now;
	double time;
	int status;
	size_t i;

	status = netlink_some_loaded(ctl->netlink, sample->loaded);
	if (!status)
		status = read_modules(ctl, sample, &rows);
	if (status) {
		free_rows(&rows);
		return status;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	time = now.tv_sec + now.tv_nsec / 1e9;
	qsort(rows.row, rows.count, sizeof(*rows.row), compare);
	for (i = 0; i < rows.count; i++) {
		row = &rows.row[i];
		before = sample->rows.count ?
			 bsearch(row, sample->rows.row, sample->rows.count,
				 sizeof(*row), compare) : NULL;
		go_on(&row->connections, before ? &before->connections : NULL,
		      time - sample->time);
		go_on(&row->packets, before ? &before->packets : NULL,
		      time - sample->time);
		go_on(&row->bytes, before ? &before->bytes : NULL,
		      time - sample->time);
	}
	add_up(&rows);
	free_rows(&sample->rows);
	sample->rows = rows;
	sample->time = time;
	return DSRCTL_OK;
}

/**
 * sample_free() - forget all
 * @sample: from sample_read()
 */
void sample_free(struct sample *sample)
{
	free_rows(&sample->rows);
}
