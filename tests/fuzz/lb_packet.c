// SPDX-License-Identifier: GPL-2.0
/*
 * lb_packet - the balancer's parser, and the ports of the tracepoints
 *
 * Sources: kmod/lb/core/packet.c
 */

#include "core/packet.h"
#include "ports.h"
#include "input.h"

static enum model_kind kind_of(bool parsed, const struct dsr_packet *pkt,
			       enum dsr_reason reason)
{
	if (parsed) {
		switch (pkt->kind) {
		case DSR_PACKET_FLOW:
			return MODEL_FLOW;
		case DSR_PACKET_ICMP_ERROR:
			return MODEL_ICMP_ERROR;
		case DSR_PACKET_ECHO:
			return MODEL_ECHO;
		default:
			return MODEL_PORTLESS;
		}
	}
	switch (reason) {
	case DSR_DROP_MALFORMED:
		return MODEL_MALFORMED;
	case DSR_DROP_FRAGMENT:
		return MODEL_FRAGMENT;
	case DSR_PASS_ICMP_UNRELATED:
		return MODEL_UNRELATED;
	case DSR_PASS_NO_SERVICE:
		return MODEL_NOT_SERVED;
	default:
		return -1;
	}
}

static enum model_event event_of(u8 event)
{
	static const enum model_event events[] = {
		[DSR_EVENT_OPEN] = MODEL_OPEN,
		[DSR_EVENT_DATA] = MODEL_DATA,
		[DSR_EVENT_CLOSE] = MODEL_CLOSE,
		[DSR_EVENT_ABORT] = MODEL_ABORT,
		[DSR_EVENT_ACCEPT] = MODEL_ACCEPT,
	};

	return events[event];
}

static void compare(const struct fuzz *fuzz, const struct dsr_packet *pkt,
		    const struct model *m)
{
	const struct dsr_tuple *tuple = &pkt->tuple;
	size_t size = fuzz->v6 ? 16 : 4;

	expect(fuzz, tuple->family == (fuzz->v6 ? AF_INET6 : AF_INET) &&
	       !tuple->last, "family %u, last %u", tuple->family, tuple->last);
	expect(fuzz, tuple->proto == m->proto, "protocol %u, not %u",
	       tuple->proto, m->proto);
	expect(fuzz, !memcmp(fuzz->v6 ? (void *)&tuple->v6.saddr :
			     (void *)&tuple->v4.saddr, m->src, size), "source");
	expect(fuzz, !memcmp(fuzz->v6 ? (void *)&tuple->v6.daddr :
			     (void *)&tuple->v4.daddr, m->dst, size),
	       "destination");
	expect(fuzz, tuple->sport == m->sport && tuple->dport == m->dport,
	       "ports %#x %#x, not %#x %#x", tuple->sport, tuple->dport,
	       m->sport, m->dport);
	expect(fuzz, event_of(pkt->event) == m->event, "event %u, not %u",
	       event_of(pkt->event), m->event);
}

/* The tracepoint tells the same ports, and never of what is not there. */
static void compare_ports(const struct fuzz *fuzz, const struct model *m)
{
	struct dsr_ports ports;

	dsr_ports_read(fuzz->skb, fuzz->v6 ? AF_INET6 : AF_INET, &ports);
	if (m->kind != MODEL_FLOW)
		return;
	expect(fuzz, ports.protocol == m->proto &&
	       htons(ports.sport) == m->sport && htons(ports.dport) == m->dport,
	       "traced protocol %u, ports %u %u", ports.protocol, ports.sport,
	       ports.dport);
	expect(fuzz, ports.tcp_flags == (m->proto == MODEL_TCP ?
					 fuzz->packet[m->at + 13] : 0),
	       "traced flags %#x", ports.tcp_flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum dsr_reason reason = DSR_REASON_COUNT;
	enum model_kind kind;
	struct dsr_packet pkt;
	struct fuzz fuzz;
	struct model m;
	bool parsed;

	if (!input_read(&fuzz, data, size, false))
		return 0;
	parsed = dsr_packet_parse(fuzz.skb, fuzz.v6 ? AF_INET6 : AF_INET, &pkt,
				  &reason);
	kind = kind_of(parsed, &pkt, reason);
	model_lb(fuzz.packet, fuzz.len, fuzz.v6, &m);
	expect(&fuzz, kind == m.kind, "kind %d, not %d", kind, m.kind);
	if (parsed)
		compare(&fuzz, &pkt, &m);
	if (m.kind == MODEL_FLOW) {
		dsr_packet_prove(fuzz.skb, &pkt);
		expect(&fuzz, pkt.proof == model_lb_proof(fuzz.packet, &m),
		       "proof %#x", pkt.proof);
	}
	compare_ports(&fuzz, &m);
	input_done(&fuzz);
	return 0;
}
