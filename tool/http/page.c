// SPDX-License-Identifier: GPL-2.0
/*
 * The page for people: services, backends, rules, and packets by reason. It has
 * neither scripts nor anything from another address, and loads itself again.
 *
 * Rates are since the page before, which any reader may have asked for.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "page.h"

/* Rates are over this long at least, so that two readers do not spoil them. */
#define RATE_SECONDS	5

#define PAGE_NAME_MAX	256

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"refresh\" content=\"10\">\n<title>dsr</title>\n<style>\n"
	"body{font:16px/1.4 sans-serif;margin:1em;color:#222;background:#fff}\n"
	"h1{font-size:1.3em}h2{font-size:1.1em;margin:1.2em 0 .3em}\n"
	"div{overflow-x:auto}table{border-collapse:collapse}\n"
	"th,td{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right}\n"
	"th:first-child,td:first-child{text-align:left}\n"
	".good{color:#060}.bad{color:#b00;font-weight:bold}.wait{color:#850}\n"
	"@media(prefers-color-scheme:dark){body{color:#ddd;background:#111}\n"
	"th,td{border-color:#444}.good{color:#7c7}.bad{color:#f77}.wait{color:#fc6}}\n"
	"</style></head><body>\n<h1>dsr</h1>\n";

/**
 * struct page - a page as it is written
 * @out: where to
 * @before: counters of the page that rates refer to, by name; or NULL
 * @now: counters of this one
 * @seconds: between the two
 */
struct page {
	FILE *out;
	struct json_object *before;
	struct json_object *now;
	double seconds;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct json_object *last;
static double last_at;

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static const char *get_text(struct json_object *object, const char *key)
{
	const char *text;

	text = json_object_get_string(json_object_object_get(object, key));
	return text ? text : "";
}

static uint64_t get_number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(json_object_object_get(object, key));
}

/* Write the key of a service or of a rule to @name. */
static void key_name(struct json_object *object, char *name)
{
	static const char *const keys[] = { "fwmark", "vip", "proto", "port",
					    "port_last", "tos" };
	size_t i, used = 0;
	const char *value;

	name[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		value = get_text(object, keys[i]);
		if (*value && used < PAGE_NAME_MAX)
			used += snprintf(name + used, PAGE_NAME_MAX - used,
					 "%s%s %s", used ? " " : "",
					 strcmp(keys[i], "port_last") ?
						 keys[i] : "to", value);
	}
	if (!strcmp(get_text(object, "family"), "inet6") &&
	    !*get_text(object, "vip") && used < PAGE_NAME_MAX)
		snprintf(name + used, PAGE_NAME_MAX - used, " inet6");
}

/* A cell with a counter, and one with its rate. */
static void put_counter(struct page *page, const char *name, const char *what,
			uint64_t value)
{
	struct json_object *old = NULL;
	char key[2 * PAGE_NAME_MAX];

	snprintf(key, sizeof(key), "%s %s", name, what);
	json_object_object_add(page->now, key, json_object_new_uint64(value));
	fprintf(page->out, "<td>%" PRIu64 "</td>", value);
	if (page->before &&
	    json_object_object_get_ex(page->before, key, &old) &&
	    json_object_get_uint64(old) <= value)
		fprintf(page->out, "<td>%.1f</td>",
			(value - json_object_get_uint64(old)) / page->seconds);
	else
		fputs("<td>-</td>", page->out);
}

static void put_counters(struct page *page, const char *name,
			 struct json_object *object)
{
	put_counter(page, name, "connections",
		    get_number(object, "connections"));
	put_counter(page, name, "packets", get_number(object, "packets"));
	put_counter(page, name, "bytes", get_number(object, "bytes"));
}

#define COUNTER_TITLES \
	"<th>connections</th><th>/s</th><th>packets</th><th>/s</th>" \
	"<th>bytes</th><th>/s</th>"

static const char *state_class(const char *state, const char *admin)
{
	if (!strcmp(admin, "down") || !strcmp(state, "unreachable") ||
	    !strcmp(state, "no_route"))
		return "bad";
	if (!strcmp(admin, "draining"))
		return "wait";
	return !strcmp(state, "reachable") || !strcmp(state, "local") ?
		       "good" : "wait";
}

static void put_backend(struct page *page, const char *service,
			struct json_object *backend)
{
	const char *state = get_text(backend, "state");
	const char *admin = get_text(backend, "admin");
	char name[2 * PAGE_NAME_MAX];

	snprintf(name, sizeof(name), "%s %s", service,
		 get_text(backend, "addr"));
	fputs("<tr><td>", page->out);
	put_text(page->out, get_text(backend, "addr"));
	fprintf(page->out, "</td><td class=\"%s\">", state_class(state, admin));
	put_text(page->out, admin);
	fputs(", ", page->out);
	put_text(page->out, state);
	fprintf(page->out, "</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td><td>%" PRIu64 "</td>", get_number(backend, "weight"),
		get_number(backend, "active"), get_number(backend, "inactive"));
	put_counters(page, name, backend);
	fputs("</tr>\n", page->out);
}

static void put_service(struct page *page, struct json_object *service)
{
	struct json_object *backends;
	char name[PAGE_NAME_MAX];
	size_t i;

	key_name(service, name);
	backends = json_object_object_get(service, "backends");
	fputs("<h2>service ", page->out);
	put_text(page->out, name);
	fputs(", ", page->out);
	put_text(page->out, get_text(service, "scheduler"));
	fputs("</h2>\n<div><table><tr><th>backend</th><th>state</th><th>weight</th><th>active</th><th>inactive</th>"
	      COUNTER_TITLES "</tr>\n", page->out);
	for (i = 0; i < json_object_array_length(backends); i++)
		put_backend(page, name, json_object_array_get_idx(backends, i));
	fputs("<tr><td>all</td><td></td><td></td><td></td><td></td>",
	      page->out);
	put_counters(page, name, service);
	fputs("</tr></table></div>\n", page->out);
}

static void put_rules(struct page *page, struct json_object *rules)
{
	struct json_object *rule;
	char name[PAGE_NAME_MAX];
	size_t i;

	fputs("<h2>real server rules</h2>\n<div><table><tr><th>rule</th>"
	      COUNTER_TITLES "</tr>\n", page->out);
	for (i = 0; i < json_object_array_length(rules); i++) {
		rule = json_object_array_get_idx(rules, i);
		key_name(rule, name);
		fputs("<tr><td>", page->out);
		put_text(page->out, name);
		fputs("</td>", page->out);
		put_counters(page, name, rule);
		fputs("</tr>\n", page->out);
	}
	fputs("</table></div>\n", page->out);
}

/* A module's packets by reason, and how full its table is. */
static void put_module(struct page *page, const char *module,
		       struct json_object *stats)
{
	struct json_object *table = json_object_object_get(stats, "table");
	struct json_object *reasons = json_object_object_get(stats, "reasons");
	uint64_t packets;

	fprintf(page->out, "<h2>%s</h2>\n<p>table: %" PRIu64 " of at most %"
		PRIu64 "</p>\n<div><table><tr><th>reason</th><th>packets</th><th>/s</th></tr>\n",
		module, get_number(table, "entries"), get_number(table, "max"));
	json_object_object_foreach(reasons, reason, value) {
		packets = json_object_get_uint64(value);
		if (!packets)
			continue;
		fprintf(page->out, "<tr><td class=\"%s\">",
			strncmp(reason, "drop_", 5) ? "" : "bad");
		put_text(page->out, reason);
		fputs("</td>", page->out);
		put_counter(page, module, reason, packets);
		fputs("</tr>\n", page->out);
	}
	fputs("</table></div>\n", page->out);
}

static void put_all(struct page *page, struct json_object *show,
		    struct json_object *stats)
{
	static const char *const modules[] = { "dsr_lb", "dsr_rs" };
	struct json_object *lb, *rs, *list, *module;
	size_t i;

	fputs(head, page->out);
	lb = json_object_object_get(show, "dsr_lb");
	rs = json_object_object_get(show, "dsr_rs");
	list = lb ? json_object_object_get(lb, "services") : NULL;
	for (i = 0; list && i < json_object_array_length(list); i++)
		put_service(page, json_object_array_get_idx(list, i));
	list = rs ? json_object_object_get(rs, "rules") : NULL;
	if (list)
		put_rules(page, list);
	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		module = json_object_object_get(stats, modules[i]);
		if (module)
			put_module(page, modules[i], module);
	}
	fputs("<p><a href=\"metrics\">metrics</a></p>\n</body></html>\n",
	      page->out);
}

/* Takes over the counters of this page where those before are old enough. */
static void keep(struct page *page, double at)
{
	if (last && at - last_at < RATE_SECONDS) {
		json_object_put(page->now);
		return;
	}
	json_object_put(last);
	last = page->now;
	last_at = at;
}

/**
 * page_make() - make the page
 * @show: JSON of "dsrctl show"
 * @stats: JSON of "dsrctl stats"
 * @size: set to its size
 *
 * Return: the page, to be freed; NULL if one of the two is no JSON.
 */
char *page_make(const char *show, const char *stats, size_t *size)
{
	struct json_object *shown = json_tokener_parse(show);
	struct json_object *counted = json_tokener_parse(stats);
	struct page page = { 0 };
	char *text = NULL;
	double at;

	if (shown && counted)
		page.out = open_memstream(&text, size);
	if (page.out) {
		pthread_mutex_lock(&lock);
		at = now_seconds();
		page.before = last;
		page.seconds = at - last_at;
		page.now = json_object_new_object();
		put_all(&page, shown, counted);
		keep(&page, at);
		pthread_mutex_unlock(&lock);
		fclose(page.out);
	}
	json_object_put(shown);
	json_object_put(counted);
	return text;
}
