// SPDX-License-Identifier: GPL-2.0
/*
 * rs_fastpath - the fast path does with a packet what the slow path does
 *
 * The fast path may leave any packet to the slow path. What it takes must be a
 * packet of the flow that changes nothing of the flow's state.
 *
 * Sources: tests/fuzz/ends.c tests/fuzz/flow.c
 */

#include "datapath/fastpath.h"
#include "ends.h"
#include "flow.h"
#include "input.h"

/* Fill in the ends of a packet, in the order of its header. */
static void ends_of(const struct fuzz *fuzz, const struct model *m,
		    struct model_ends *ends)
{
	size_t size = fuzz->v6 ? 16 : 4;

	memset(ends, 0, sizeof(*ends));
	memcpy(ends->src, m->src, size);
	memcpy(ends->dst, m->dst, size);
	if (m->kind != MODEL_FLOW)
		return;
	memcpy(ends->sport, fuzz->packet + m->at, 2);
	memcpy(ends->dport, fuzz->packet + m->at + 2, 2);
}

/* The ends that the packet must get: those of the client stay. */
static void new_ends(const struct fuzz *fuzz, bool request,
		     const struct model_ends *ends, struct model_ends *to)
{
	*to = *ends;
	if (request) {
		memcpy(to->dst, fuzz->in.ends.dst, sizeof(to->dst));
		memcpy(to->dport, fuzz->in.ends.dport, sizeof(to->dport));
	} else {
		memcpy(to->src, fuzz->in.ends.src, sizeof(to->src));
		memcpy(to->sport, fuzz->in.ends.sport, sizeof(to->sport));
	}
}

static struct dsr_rs_flow *find(struct fuzz *fuzz, bool request)
{
	const struct dsr_table *table = &flow_net()->table;

	if (fuzz->v6)
		return request ?
		       dsr_rs_fastpath_find(table, fuzz->skb, AF_INET6, true) :
		       dsr_rs_fastpath_find(table, fuzz->skb, AF_INET6, false);
	return request ? dsr_rs_fastpath_find(table, fuzz->skb, AF_INET, true) :
			 dsr_rs_fastpath_find(table, fuzz->skb, AF_INET, false);
}

static void rewrite(struct fuzz *fuzz, const struct dsr_rs_flow *flow,
		    bool request)
{
	if (fuzz->v6 && request)
		dsr_rs_fastpath_rewrite(fuzz->skb, flow, AF_INET6, true);
	else if (fuzz->v6)
		dsr_rs_fastpath_rewrite(fuzz->skb, flow, AF_INET6, false);
	else if (request)
		dsr_rs_fastpath_rewrite(fuzz->skb, flow, AF_INET, true);
	else
		dsr_rs_fastpath_rewrite(fuzz->skb, flow, AF_INET, false);
}

/* Return true if even the fast path must take a packet of the flow. */
static bool is_ordinary(const struct fuzz *fuzz, const struct model *m,
			bool request)
{
	const uint8_t *client = request ? m->src : m->dst;
	const uint8_t *p = fuzz->packet;

	if (m->at != (fuzz->v6 ? 40 : 20) || m->kind != MODEL_FLOW ||
	    m->event != MODEL_DATA || fuzz->in.linear < 20 ||
	    fuzz->in.flags & INPUT_CLONED ||
	    (fuzz->v6 && client[0] == 0xfe && client[1] >> 6 == 2))
		return false;
	return m->proto == MODEL_TCP ||
	       (m->proto == MODEL_UDP && (p[m->at + 4] || p[m->at + 5]) &&
		(p[m->at + 6] || p[m->at + 7]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_ends ends, other, to;
	struct dsr_rs_flow *flow, *found;
	struct ends want;
	struct fuzz fuzz;
	struct model m;
	bool request;

	if (!input_read(&fuzz, data, size, true))
		return 0;
	request = !(fuzz.in.flags & INPUT_REPLY);
	model_rs(fuzz.packet, fuzz.len, fuzz.v6, &m);
	input_sum(&fuzz, &m);
	ends_of(&fuzz, &m, &ends);
	other = ends;
	if (fuzz.in.flags & INPUT_OTHER_FLOW)
		other.src[fuzz.in.number[0] % (fuzz.v6 ? 16 : 4)] ^= 1;
	new_ends(&fuzz, request, &ends, &to);
	if (m.kind == MODEL_FLOW)
		ends_aim(&fuzz, &m, &to, request ? to.dport : to.sport);
	memcpy(fuzz.in.ends.sport, to.sport, 2);
	memcpy(fuzz.in.ends.dport, to.dport, 2);
	flow = flow_make(&fuzz, request, &other, m.proto);
	found = find(&fuzz, request);
	expect(&fuzz, !found || found == flow, "another flow");
	expect(&fuzz, !found || !(fuzz.in.flags & INPUT_OTHER_FLOW),
	       "the flow of another packet");
	expect(&fuzz, !found || (m.kind == MODEL_FLOW && m.event == MODEL_DATA),
	       "kind %d, event %d on the fast path", m.kind, m.event);
	expect(&fuzz, found || fuzz.in.flags & INPUT_OTHER_FLOW ||
	       !is_ordinary(&fuzz, &m, request), "not on the fast path");
	if (found) {
		ends_begin(&want, &fuzz, &m);
		ends_expect(&want, &to);
		rewrite(&fuzz, flow, request);
		ends_compare(&fuzz, &want);
	}
	flow_free(flow);
	input_done(&fuzz);
	return 0;
}
