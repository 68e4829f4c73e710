// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of a reading that are shown, filtered and sorted.
 */
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "report.h"
#include "view.h"

static double value_of(const struct sample_row *row, enum view_sort sort)
{
	switch (sort) {
	case VIEW_ACTIVE:
		return row->active;
	case VIEW_CONNECTIONS:
		return row->connections.now;
	case VIEW_PACKETS:
		return row->packets.now;
	case VIEW_BYTES:
		return row->bytes.now;
	default:
		return 0;
	}
}

/* Services and rules each among themselves. Equal ones are in the order of names. */
static int compare_objects(const void *a, const void *b, void *arg)
{
	const struct sample_row *one = *(const struct sample_row *const *)a;
	const struct sample_row *other = *(const struct sample_row *const *)b;
	const struct view *view = arg;
	double first = value_of(one, view->sort);
	double second = value_of(other, view->sort);
	int order;

	if (one->kind != other->kind)
		return (int)one->kind - (int)other->kind;
	if (first != second)
		order = first > second ? -1 : 1;
	else
		order = strcmp(one->name, other->name);
	return view->reverse ? -order : order;
}

static bool is_drop(const struct sample_row *row)
{
	return !strncmp(row->name, "drop", strlen("drop"));
}

/* Reasons that occur now come before others, and drops before the rest. */
static int compare_reasons(const void *a, const void *b)
{
	const struct sample_row *one = *(const struct sample_row *const *)a;
	const struct sample_row *other = *(const struct sample_row *const *)b;
	bool first = one->packets.now > 0, second = other->packets.now > 0;

	if (first != second)
		return first ? -1 : 1;
	if (is_drop(one) != is_drop(other))
		return is_drop(one) ? -1 : 1;
	if (one->packets.now != other->packets.now)
		return one->packets.now > other->packets.now ? -1 : 1;
	if (one->packets.total != other->packets.total)
		return one->packets.total > other->packets.total ? -1 : 1;
	return strcmp(one->name, other->name);
}

static bool matches(const struct view *view, const struct sample_row *row)
{
	return !*view->filter || strcasestr(row->name, view->filter) ||
	       strcasestr(row->group, view->filter) ||
	       (row->state && strcasestr(row->state, view->filter));
}

/* The rows of one kind, of one service if it is named. */
static size_t collect(const struct view *view, const struct sample_rows *rows,
		      enum sample_kind kind, size_t first,
		      const struct sample_row **to)
{
	const char *group = kind == SAMPLE_BACKEND ? rows->row[first].group :
						     NULL;
	size_t i, count = 0;

	for (i = first; i < rows->count; i++) {
		if (group && strcmp(rows->row[i].group, group))
			break;
		if (rows->row[i].kind == kind && matches(view, &rows->row[i]))
			to[count++] = &rows->row[i];
	}
	return count;
}

/* A service is shown if it matches, or one of its backends does. */
static size_t collect_services(const struct view *view,
			       const struct sample_rows *rows,
			       const struct sample_row **to,
			       const struct sample_row **scratch)
{
	size_t i, count = 0;

	for (i = 0; i < rows->count; i++)
		if (rows->row[i].kind == SAMPLE_SERVICE &&
		    (matches(view, &rows->row[i]) ||
		     collect(view, rows, SAMPLE_BACKEND, i, scratch)))
			to[count++] = &rows->row[i];
	return count;
}

static void sort_objects(struct view *view, const struct sample_row **first,
			 size_t count)
{
	qsort_r(first, count, sizeof(*first), compare_objects, view);
}

/**
 * view_update() - choose and sort the rows of a new reading
 * @view: the view; it points into the sample from now on
 * @sample: the sample
 */
void view_update(struct view *view, const struct sample *sample)
{
	const struct sample_rows *rows = &sample->rows;
	const size_t size = (rows->count + 1) * sizeof(*view->object);
	const struct sample_row **service, **to;
	size_t i, services, count;

	service = report_alloc(NULL, size);
	view->object = report_alloc(view->object, size);
	view->reason = report_alloc(view->reason, size);
	services = collect_services(view, rows, service, view->object);
	sort_objects(view, service, services);
	view->objects = 0;
	for (i = 0; i < services; i++) {
		view->object[view->objects++] = service[i];
		to = view->object + view->objects;
		count = collect(view, rows, SAMPLE_BACKEND,
				service[i] - rows->row, to);
		sort_objects(view, to, count);
		view->objects += count;
	}
	free(service);
	to = view->object + view->objects;
	count = rows->count ? collect(view, rows, SAMPLE_RULE, 0, to) : 0;
	sort_objects(view, to, count);
	view->objects += count;

	view->reasons = 0;
	for (i = 0; i < rows->count; i++)
		if (rows->row[i].kind == SAMPLE_REASON &&
		    rows->row[i].packets.total)
			view->reason[view->reasons++] = &rows->row[i];
	qsort(view->reason, view->reasons, sizeof(*view->reason),
	      compare_reasons);
}

/**
 * view_free() - free the lists of rows
 * @view: the view
 */
void view_free(struct view *view)
{
	free(view->object);
	free(view->reason);
}
