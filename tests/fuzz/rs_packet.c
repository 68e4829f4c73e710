// SPDX-License-Identifier: GPL-2.0
/*
 * rs_packet - the real server's parser, of requests and of replies
 *
 * Sources: kmod/rs/core/packet.c
 */

#include "core/packet.h"
#include "input.h"

static enum model_kind kind_of(enum dsr_rs_packet_kind kind)
{
	switch (kind) {
	case DSR_RS_PACKET_FLOW:
		return MODEL_FLOW;
	case DSR_RS_PACKET_ICMP:
		return MODEL_ANY_ICMP;
	case DSR_RS_PACKET_FRAGMENT:
		return MODEL_FRAGMENT;
	case DSR_RS_PACKET_OTHER:
		return MODEL_OTHER;
	case DSR_RS_PACKET_MALFORMED:
		return MODEL_MALFORMED;
	}
	return -1;
}

static enum model_event event_of(const struct dsr_rs_packet *pkt)
{
	switch (pkt->event) {
	case DSR_EVENT_OPEN:
		return pkt->answer ? MODEL_ACCEPT : MODEL_OPEN;
	case DSR_EVENT_CLOSE:
		return MODEL_CLOSE;
	case DSR_EVENT_ABORT:
		return MODEL_ABORT;
	default:
		/* an INIT ACK of SCTP is data */
		return pkt->answer ? MODEL_ACCEPT : MODEL_DATA;
	}
}

static bool is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && address[1] >> 6 == 2;
}

static void compare(const struct fuzz *fuzz, const struct dsr_rs_packet *pkt,
		    const struct model *m, bool request)
{
	const struct dsr_rs_tuple *tuple = &pkt->tuple;
	const uint8_t *client = request ? m->src : m->dst;
	const uint8_t *server = request ? m->dst : m->src;
	size_t size = fuzz->v6 ? 16 : 4;
	uint8_t padded[2][16] = { { 0 } };

	memcpy(padded[0], client, size);
	memcpy(padded[1], server, size);
	expect(fuzz, !memcmp(&tuple->client, padded[0], 16), "client");
	expect(fuzz, !memcmp(&tuple->server, padded[1], 16), "server");
	expect(fuzz, tuple->family == (fuzz->v6 ? AF_INET6 : AF_INET), "family");
	expect(fuzz, tuple->zone == (fuzz->v6 && is_link_local(client) ? 7 : 0),
	       "zone %u", tuple->zone);
	if (m->kind == MODEL_MALFORMED)
		return;
	expect(fuzz, tuple->proto == m->proto, "protocol %u, not %u",
	       tuple->proto, m->proto);
	expect(fuzz, pkt->tos == m->tos, "TOS %#x, not %#x", pkt->tos, m->tos);
	expect(fuzz, pkt->thoff == m->at, "offset %u, not %zu", pkt->thoff,
	       m->at);
	if (m->kind != MODEL_FLOW)
		return;
	expect(fuzz, tuple->cport == (request ? m->sport : m->dport) &&
	       tuple->sport == (request ? m->dport : m->sport), "ports");
	expect(fuzz, !pkt->answer || m->event == MODEL_ACCEPT ||
	       m->event == MODEL_ABORT, "answer");
	expect(fuzz, m->event == MODEL_ABORT ?
	       pkt->event == DSR_EVENT_ABORT : event_of(pkt) == m->event,
	       "event %u, answer %u, not %u", pkt->event, pkt->answer, m->event);
	expect(fuzz, !pkt->th == (m->proto != MODEL_TCP), "TCP header");
	expect(fuzz, !pkt->th || !memcmp(pkt->th, fuzz->packet + m->at, 20),
	       "content of the TCP header");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum dsr_rs_packet_kind kind;
	struct dsr_rs_packet pkt;
	struct fuzz fuzz;
	struct model m;
	bool request;

	if (!input_read(&fuzz, data, size, true))
		return 0;
	request = !(fuzz.in.flags & INPUT_REPLY);
	kind = dsr_rs_packet_parse(fuzz.skb, fuzz.v6 ? AF_INET6 : AF_INET,
				   request, 7, &pkt);
	model_rs(fuzz.packet, fuzz.len, fuzz.v6, &m);
	expect(&fuzz, kind_of(kind) == m.kind, "kind %d, not %d", kind_of(kind),
	       m.kind);
	compare(&fuzz, &pkt, &m, request);
	input_done(&fuzz);
	return 0;
}
