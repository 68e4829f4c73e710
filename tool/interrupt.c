// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that end a command which runs until the user has seen enough.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include "interrupt.h"

static atomic_bool interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = true;
}

/**
 * interrupt_catch() - let a signal interrupt what the command waits for
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT end the process no more: the command asks
 * interrupt_seen(), and ends in good order.
 */
void interrupt_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
}

/** interrupt_seen() - return true if one of the signals has come */
bool interrupt_seen(void)
{
	return interrupted;
}
