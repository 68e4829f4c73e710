// SPDX-License-Identifier: GPL-2.0
/*
 * The rate of a counter, now and in the readings before.
 */
#include <stdio.h>
#include <string.h>

#include "dsrctl.h"
#include "rate.h"
#include "text.h"

/**
 * rate_update() - take a reading of a counter
 * @rate: the rate; zeros before the first reading
 * @total: the counter
 * @seconds: since the reading before
 *
 * A counter that is smaller than before is another one of the same name.
 */
void rate_update(struct rate *rate, uint64_t total, double seconds)
{
	bool grows = rate->read && total >= rate->total && seconds > 0;

	rate->now = grows ? (total - rate->total) / seconds : 0;
	rate->total = total;
	if (rate->read) {
		memmove(rate->history, rate->history + 1,
			sizeof(rate->history) - sizeof(*rate->history));
		rate->history[RATE_HISTORY - 1] = rate->now;
		if (rate->known < RATE_HISTORY)
			rate->known++;
	}
	rate->read = true;
}

/**
 * rate_text() - write a number in five characters at most
 * @number: the number
 * @text: buffer of RATE_TEXT_MAX bytes
 *
 * Return: @text, such as "0", "0.4", "12", "999", "1.0k", "54.3M".
 */
const char *rate_text(double number, char *text)
{
	static const char units[] = " kMGTPE";
	int unit = 0;

	/* from where "1000" would be printed */
	while (number >= 999.5 && units[unit + 1]) {
		number /= 1000;
		unit++;
	}
	if (!unit && (number >= 9.95 || number < 0.05))
		snprintf(text, RATE_TEXT_MAX, "%.0f", number);
	else if (!unit)
		snprintf(text, RATE_TEXT_MAX, "%.1f", number);
	else if (number >= 99.95)
		snprintf(text, RATE_TEXT_MAX, "%.0f%c", number, units[unit]);
	else
		snprintf(text, RATE_TEXT_MAX, "%.1f%c", number, units[unit]);
	return text;
}

/**
 * rate_count_text() - write a count in six characters at most
 * @count: the count
 * @text: buffer of RATE_TEXT_MAX bytes
 *
 * Return: @text: exact as far as there is room.
 */
const char *rate_count_text(uint64_t count, char *text)
{
	if (count >= 1000000)
		return rate_text(count, text);
	text_number(text, count);
	return text;
}

/**
 * rate_spark() - draw the history of a rate
 * @rate: the rate
 * @width: number of characters; a place without a reading is blank
 * @utf8: by the blocks of Unicode, and else by ASCII
 * @text: buffer of RATE_SPARK_MAX bytes
 *
 * The highest rate that is drawn has the whole height.
 *
 * Return: @text.
 */
const char *rate_spark(const struct rate *rate, int width, bool utf8,
		       char *text)
{
	static const char *const blocks[] = {
		"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586",
		"\u2587", "\u2588",
	};
	static const char *const letters[] = {
		"_", ".", ":", "-", "=", "+", "*", "#",
	};
	const int levels = ARRAY_SIZE(blocks);
	float highest = 0;
	char *to = text;
	int i, first, level;

	if (width > RATE_HISTORY)
		width = RATE_HISTORY;
	first = RATE_HISTORY - width;
	for (i = first; i < RATE_HISTORY; i++)
		if (rate->history[i] > highest)
			highest = rate->history[i];
	for (i = first; i < RATE_HISTORY; i++) {
		/* the lowest stands for nothing at all */
		level = rate->history[i] > 0 ?
			rate->history[i] / highest * (levels - 2) + 1.5 : 0;
		if (i < RATE_HISTORY - rate->known)
			to = stpcpy(to, " ");
		else
			to = stpcpy(to, utf8 ? blocks[level] : letters[level]);
	}
	*to = '\0';
	return text;
}
