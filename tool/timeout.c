// SPDX-License-Identifier: GPL-2.0
/*
 * Timeouts of connections after their last packet, by their state: those of a
 * service, and those of a table.
 */
#include <linux/dsr_common.h>
#include <string.h>

#include "attr.h"
#include "duration.h"
#include "timeout.h"

const char *const timeout_values[] = { "default", NULL };

/* in the order of the keywords */
static const struct {
	const char *name;
	int attr;
} kinds[TIMEOUTS] = {
	{ "syn", DSR_TIMEOUT_A_SYN },
	{ "established", DSR_TIMEOUT_A_ESTABLISHED },
	{ "fin", DSR_TIMEOUT_A_FIN },
	{ "closed", DSR_TIMEOUT_A_CLOSED },
	{ "udp", DSR_TIMEOUT_A_UDP },
};

/**
 * timeout_read() - read the value of a keyword of a timeout
 * @args: the words
 * @timeouts: set
 * @keyword: index of the keyword
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported unless @keyword is another.
 */
int timeout_read(struct args *args, struct timeouts *timeouts, int keyword)
{
	int i = keyword - timeouts->first;

	if (i < 0 || i >= TIMEOUTS)
		return DSRCTL_USAGE;
	return duration_read_or(args, timeout_values[0], &timeouts->msecs[i]);
}

/**
 * timeout_put() - put the named timeouts in a request
 * @msg: the request
 * @type: type of their nest, which is left out if no timeout was named
 * @args: the words
 * @timeouts: their values
 *
 * Return: 0, or negative if the request has no room.
 */
int timeout_put(struct nl_msg *msg, int type, const struct args *args,
		const struct timeouts *timeouts)
{
	struct nlattr *nest = NULL;
	int i;

	for (i = 0; i < TIMEOUTS; i++) {
		if (!args_seen(args, timeouts->first + i))
			continue;
		if (!nest)
			nest = nla_nest_start(msg, NLA_F_NESTED | type);
		if (!nest ||
		    nla_put_u32(msg, kinds[i].attr, timeouts->msecs[i]))
			return -1;
	}
	return nest ? nla_nest_end(msg, nest) : 0;
}

/**
 * timeout_print() - print the timeouts that are not the default
 * @out: the stream
 * @prefix: text before the name of each
 * @tb: by enum dsr_timeout_attr
 */
void timeout_print(FILE *out, const char *prefix, struct nlattr **tb)
{
	char text[DURATION_TEXT_MAX];
	int i;

	for (i = 0; i < TIMEOUTS; i++)
		if (attr_u32(tb[kinds[i].attr]))
			fprintf(out, "%s%s %s", prefix, kinds[i].name,
				duration_text(attr_u32(tb[kinds[i].attr]),
					      text));
}

/**
 * timeout_json() - make a JSON object of all timeouts
 * @tb: by enum dsr_timeout_attr
 *
 * Return: to be freed by json_object_put(); default timeouts are
 * null.
 */
struct json_object *timeout_json(struct nlattr **tb)
{
	struct json_object *object = json_object_new_object();
	struct nlattr *attr;
	int i;

	for (i = 0; i < TIMEOUTS; i++) {
		attr = tb[kinds[i].attr];
		attr_json(object, kinds[i].name, ATTR_MSECS,
			  attr_u32(attr) ? attr : NULL);
	}
	return object;
}
