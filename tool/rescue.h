/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_RESCUE_H
#define DSRCTL_RESCUE_H

#include <sys/types.h>

/**
 * struct rescue - a process that mends what this one leaves half done
 * @pid: the process, or 0
 * @alive: this end of a pair of sockets closes when this process ends, or -1
 */
struct rescue {
	pid_t pid;
	int alive;
};

int rescue_post(struct rescue *rescue, int patience,
		void (*begin)(int end, void *arg), void (*act)(void *arg),
		void *arg);
void rescue_dismiss(struct rescue *rescue);

#endif /* DSRCTL_RESCUE_H */
