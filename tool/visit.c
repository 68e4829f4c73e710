// SPDX-License-Identifier: GPL-2.0
/*
 * The connections that clients began while this machine was watched: their SYNs may
 * have left it again, or been answered by it.
 */
#include <string.h>

#include "addr.h"
#include "visit.h"

/* The same SYN, on its way out. */
static bool is_departure(const struct seen *in, const struct seen *out)
{
	return out->out && !out->answer && in->proto == out->proto &&
	       in->sport == out->sport &&
	       in->dport == out->dport && addr_same(&in->src, &out->src) &&
	       addr_same(&in->dst, &out->dst);
}

static bool is_answer(const struct seen *in, const struct seen *out)
{
	return out->out && out->answer && in->proto == out->proto &&
	       in->sport == out->dport &&
	       in->dport == out->sport && addr_same(&in->src, &out->dst) &&
	       addr_same(&in->dst, &out->src);
}

static struct visit *find(struct visits *visits, const struct seen *seen)
{
	struct visit *visit;
	size_t i;

	for (i = 0; i < visits->count; i++) {
		visit = &visits->one[i];
		if (visit->first->proto == seen->proto &&
		    visit->first->dport == seen->dport &&
		    addr_same(&visit->first->dst, &seen->dst))
			return visit;
	}
	if (visits->count == VISITS_MAX)
		return NULL;
	visit = &visits->one[visits->count++];
	memset(visit, 0, sizeof(*visit));
	visit->first = seen;
	return visit;
}

/**
 * visit_has_left() - check if a SYN left this machine again
 * @watch: what was seen
 * @seen: the SYN, as it came in
 */
bool visit_has_left(const struct watch *watch, const struct seen *seen)
{
	size_t i;

	for (i = 0; i < watch->count; i++)
		if (is_departure(seen, &watch->seen[i]))
			return true;
	return false;
}

/**
 * visit_read() - group what was seen by address, protocol and port
 * @watch: what was seen
 * @host: the machine
 * @visits: set; refers to @watch
 */
void visit_read(const struct watch *watch, const struct host *host,
		struct visits *visits)
{
	bool left, answered;
	const struct seen *seen;
	struct visit *visit;
	size_t i, j;

	visits->count = 0;
	for (i = 0; i < watch->count; i++) {
		seen = &watch->seen[i];
		if (seen->out || seen->answer ||
		    !host_sees_ip(host, seen->ifindex))
			continue;
		visit = find(visits, seen);
		if (!visit)
			continue;
		left = visit_has_left(watch, seen);
		for (answered = false, j = 0; j < watch->count; j++)
			answered |= is_answer(seen, &watch->seen[j]);
		visit->came++;
		visit->left += left;
		visit->answered += answered;
		visit->again += seen->times > 1;
		if (!left && !answered && !visit->lost)
			visit->lost = seen;
		visit->own = host_has(host, &seen->dst, NULL);
	}
}

/**
 * visit_is_lost() - check if not one of the connections came any further
 * @visit: the visit
 *
 * One that came once may still be on its way.
 */
bool visit_is_lost(const struct visit *visit)
{
	return !visit->left && !visit->answered &&
	       (visit->again || visit->came > 2);
}
