/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_RATE_H
#define DSRCTL_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* rates that are remembered, one for each reading */
#define RATE_HISTORY	64

/* the longest text of rate_text(), with its NUL */
#define RATE_TEXT_MAX	24

/* bytes that rate_spark() writes for each rate, and a NUL */
#define RATE_SPARK_MAX	(3 * RATE_HISTORY + 1)

/**
 * struct rate - the rate of a counter
 * @total: the counter when it was read last
 * @now: growth in a second
 * @history: the same, of the readings before, the last one last
 * @known: readings that @history has
 * @read: the counter was read before
 */
struct rate {
	uint64_t total;
	double now;
	float history[RATE_HISTORY];
	int known;
	bool read;
};

void rate_update(struct rate *rate, uint64_t total, double seconds);
const char *rate_text(double number, char *text);
const char *rate_count_text(uint64_t count, char *text);
const char *rate_spark(const struct rate *rate, int width, bool utf8,
		       char *text);

#endif /* DSRCTL_RATE_H */
