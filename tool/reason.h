/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_REASON_H
#define DSRCTL_REASON_H

/**
 * struct reason - why a packet leaves the balancer as it does, in words
 * @name: as DSR_REASON_A_NAME
 * @meaning: a sentence
 * @advice: what to do about it, or NULL
 */
struct reason {
	const char *name;
	const char *meaning;
	const char *advice;
};

const struct reason *reason_find(const char *name);

#endif /* DSRCTL_REASON_H */
