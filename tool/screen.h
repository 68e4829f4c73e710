/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SCREEN_H
#define DSRCTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"
#include "view.h"

/**
 * enum screen_key - what the user has typed, beside characters
 * @SCREEN_NONE: nothing
 * @SCREEN_UP: a line up
 * @SCREEN_DOWN: a line down
 * @SCREEN_PAGE_UP: a page up
 * @SCREEN_PAGE_DOWN: a page down
 * @SCREEN_HOME: to the beginning
 * @SCREEN_END: to the end
 * @SCREEN_ENTER: that is it
 * @SCREEN_ESCAPE: not that
 * @SCREEN_ERASE: not the last character
 * @SCREEN_GONE: the terminal is gone
 */
enum screen_key {
	SCREEN_NONE = -1,
	SCREEN_UP = 256,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
	SCREEN_ENTER,
	SCREEN_ESCAPE,
	SCREEN_ERASE,
	SCREEN_GONE,
};

/**
 * struct screen - what is drawn beside the sample
 * @host: the name of the machine
 * @interval: between two readings, as text
 * @typing: the filter is being typed
 * @first: the first object that is drawn; it is put right if there is none
 * @page: set: how many objects there is room for
 */
struct screen {
	char host[64];
	const char *interval;
	bool typing;
	size_t first;
	size_t page;
};

int screen_begin(void);
void screen_end(void);
int screen_key(int msecs);
void screen_draw(struct screen *screen, const struct sample *sample,
		 const struct view *view);

#endif /* DSRCTL_SCREEN_H */
