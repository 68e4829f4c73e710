// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics as text: OpenMetrics 1.0, or version 0.0.4 of the format of Prometheus,
 * which node_exporter reads from files.
 *
 * The two name a counter differently: the family dsr_packets of OpenMetrics has the
 * sample dsr_packets_total; for Prometheus the family has that name, too.
 */
#include <inttypes.h>

#include "dsrctl.h"
#include "exposition.h"
#include "text.h"

static const struct {
	const char *suffix;
	const char *openmetrics;
	const char *prometheus;
} types[] = {
	[EXPOSITION_GAUGE] = { "", "gauge", "gauge" },
	[EXPOSITION_COUNTER] = { "_total", "counter", "counter" },
	[EXPOSITION_INFO] = { "_info", "info", "gauge" },
};

/**
 * exposition_label() - add a label to those of a sample
 * @out: a text that holds nothing but labels
 * @name: name of the label
 * @value: its value, of printable ASCII
 */
void exposition_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s%s=\"", ftell(out) > 0 ? "," : "", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

/**
 * exposition_begin() - begin a family
 * @exposition: where to write it
 * @family: the family; kept by reference
 */
void exposition_begin(struct exposition *exposition,
		      const struct exposition_family *family)
{
	bool openmetrics = exposition->format == EXPOSITION_OPENMETRICS;
	const char *suffix = openmetrics ? "" : types[family->type].suffix;
	FILE *out = exposition->out;

	exposition->family = family;
	fprintf(out, "# HELP %s%s %s\n", family->name, suffix, family->help);
	fprintf(out, "# TYPE %s%s %s\n", family->name, suffix,
		openmetrics ? types[family->type].openmetrics :
			      types[family->type].prometheus);
	if (openmetrics && family->unit)
		fprintf(out, "# UNIT %s %s\n", family->name, family->unit);
}

/**
 * exposition_sample() - add a sample to the family that was begun last
 * @exposition: where to write it
 * @labels: from exposition_label(), or NULL
 * @value: the value; milliseconds if the unit of the family is seconds
 */
void exposition_sample(struct exposition *exposition, const char *labels,
		       uint64_t value)
{
	const struct exposition_family *family = exposition->family;
	char number[TEXT_NUMBER_MAX];
	FILE *out = exposition->out;

	fputs(family->name, out);
	fputs(types[family->type].suffix, out);
	if (labels && *labels)
		fprintf(out, "{%s}", labels);
	if (family->unit && *family->unit == 's') {
		fprintf(out, " %" PRIu64 ".%03" PRIu64 "\n", value / 1000,
			value % 1000);
		return;
	}
	text_number(number, value);
	fprintf(out, " %s\n", number);
}

/**
 * exposition_end() - end the metrics
 * @exposition: where to write the end, if the format has one
 */
void exposition_end(struct exposition *exposition)
{
	if (exposition->format == EXPOSITION_OPENMETRICS)
		fputs("# EOF\n", exposition->out);
}
