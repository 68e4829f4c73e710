/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SCREEN_H
#define DSRCTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"
#include "view.h"

/**
 * enum screen_key - keys other than characters
 * @SCREEN_NONE: nothing
 * @SCREEN_UP: a line up
 * @SCREEN_DOWN: a line down
 * @SCREEN_PAGE_UP: a page up
 * @SCREEN_PAGE_DOWN: a page down
 * @SCREEN_HOME: to the beginning
 * @SCREEN_END: to the end
 * @SCREEN_ENTER: Enter
 * @SCREEN_ESCAPE: Escape
 * @SCREEN_ERASE: erase the last character
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
 * struct screen - state of the screen beside the reading
 * @host: the name of the machine
 * @interval: between two readings, as text
 * @typing: the filter is being typed
 * @first: index of the first object to draw; corrected if it is too large
 * @page: set to the number of objects that fit
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
