// SPDX-License-Identifier: GPL-2.0
/* peer - see peer.h */

#include <string.h>

#include "peer.h"

/* Clocks of two machines drift by less than this part of the time. */
#define DRIFT	5000

/** peer_find() - find a member; NULL: there is none */
struct peer *peer_find(struct peers *peers, uint32_t node, uint32_t pid)
{
	size_t i;

	for (i = 0; i < peers->count; i++)
		if (peers->peer[i].node == node && peers->peer[i].pid == pid)
			return &peers->peer[i];
	return NULL;
}

/** peer_add() - add a member; NULL: there are too many */
struct peer *peer_add(struct peers *peers, uint32_t node, uint32_t pid)
{
	struct peer *peer = peer_find(peers, node, pid);

	if (peer || peers->count == PEERS_MAX)
		return peer;
	peer = &peers->peer[peers->count++];
	memset(peer, 0, sizeof(*peer));
	peer->node = node;
	peer->pid = pid;
	return peer;
}

/** peer_remove() - remove a member, if there is such a one */
void peer_remove(struct peers *peers, uint32_t node, uint32_t pid)
{
	struct peer *peer = peer_find(peers, node, pid);

	if (peer)
		*peer = peers->peer[--peers->count];
}

/** peer_any_elder() - true if a member has been there longer than this machine */
bool peer_any_elder(const struct peers *peers)
{
	size_t i;

	for (i = 0; i < peers->count; i++)
		if (peers->peer[i].elder)
			return true;
	return false;
}

/** peer_all_ready() - true if each member has all that the others have */
bool peer_all_ready(const struct peers *peers)
{
	size_t i;

	for (i = 0; i < peers->count; i++)
		if (!peers->peer[i].ready)
			return false;
	return true;
}

/**
 * peer_hear() - note a message
 * @peer: its sender
 * @sent: milliseconds of the sender's clock
 * @now: milliseconds of this machine's clock
 *
 * The clocks begin at the boot of their machines. The fastest message so far shows
 * the difference between the clocks, so what other messages took longer is known
 * without a common time.
 *
 * Return: milliseconds that this message took longer than the fastest one.
 */
uint64_t peer_hear(struct peer *peer, uint64_t sent, uint64_t now)
{
	int64_t ahead = now - sent;

	if (!peer->heard) {
		peer->first = now;
		peer->ahead = ahead;
	}
	while (now - peer->first >= DRIFT) {
		peer->first += DRIFT;
		peer->ahead++;
	}
	if (ahead < peer->ahead)
		peer->ahead = ahead;
	peer->heard = now;
	peer->lag = ahead - peer->ahead;
	return peer->lag;
}

/** peer_silence() - milliseconds since the last message of a member */
uint64_t peer_silence(const struct peer *peer, uint64_t now)
{
	return peer->heard && peer->heard < now ? now - peer->heard : 0;
}
