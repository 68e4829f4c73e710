// SPDX-License-Identifier: GPL-2.0
/*
 * lb_decide - a packet goes to the backend of its connection, and to no other
 *
 * The table has the connection of the packet, and others that differ from it in one
 * byte. All have the same hash. Each has a backend of its own.
 *
 * Sources: kmod/lb/core/packet.c kmod/lb/datapath/decide.c
 */

#include "core/probe.h"
#include "datapath/decide.h"
#include "datapath/schedule.h"
#include "input.h"

#define CONNS	DSR_BUCKET_SLOTS
#define IKE	(CONNS - 1)		/* the connection of IKE, for ESP and AH */

static struct dsr_stripe stripes[DSR_STRIPES];
static struct dsr_bucket bucket;
static struct dsr_buckets buckets = { .count = 1, .bucket = &bucket };
static struct dsr_net dn = { .table = { .buckets = &buckets, .stripes = stripes } };
static struct dsr_frontend frontend;
static struct dsr_service service = { .frontend = &frontend };
static struct dsr_backend backends[CONNS];

/* No connection has ended, and no service takes a packet without one. */
bool dsr_conn_is_over(const struct dsr_net *dn, const struct dsr_conn *conn,
		      u32 now)
{
	return false;
}

bool dsr_conn_is_silent(const struct dsr_net *dn, const struct dsr_conn *conn,
			u8 state, u32 now)
{
	return false;
}

struct dsr_service *dsr_frontend_match(const struct dsr_frontend *frontend,
				       const struct dsr_tuple *tuple)
{
	return NULL;
}

bool dsr_frontend_matches(const struct dsr_service_key *key,
			  const struct dsr_tuple *tuple)
{
	return false;
}

struct dsr_service *dsr_frontend_pick_up(const struct dsr_frontend *frontend)
{
	return NULL;
}

struct dsr_backend *dsr_probe_backend(const struct dsr_frontend *frontend)
{
	abort();
}

struct dsr_backend *dsr_backend_find(struct dsr_net *dn,
				     const struct dsr_service *service,
				     const union nf_inet_addr *addr)
{
	return NULL;
}

bool dsr_schedule_is_bad_source(const struct dsr_tuple *tuple)
{
	return false;
}

struct dsr_backend *
dsr_schedule_persistent(struct dsr_net *dn, const struct dsr_tuple *tuple,
			const struct dsr_service *service)
{
	abort();
}

struct dsr_backend *dsr_schedule_stateless(struct dsr_net *dn,
					   const struct dsr_service *service,
					   const struct dsr_tuple *tuple)
{
	abort();
}

/* The connection that the packet is of, by the model. */
static void tuple_of(const struct fuzz *fuzz, const struct model *m,
		     struct dsr_tuple *tuple)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->family = fuzz->v6 ? AF_INET6 : AF_INET;
	tuple->proto = m->proto;
	tuple->sport = m->sport;
	tuple->dport = m->dport;
	memcpy(fuzz->v6 ? (void *)&tuple->v6.saddr : &tuple->v4.saddr, m->src,
	       fuzz->v6 ? 16 : 4);
	memcpy(fuzz->v6 ? (void *)&tuple->v6.daddr : &tuple->v4.daddr, m->dst,
	       fuzz->v6 ? 16 : 4);
}

/* Connection 0 is that of the packet; each other differs in one byte. */
static void change(const struct fuzz *fuzz, int number, struct dsr_tuple *tuple)
{
	size_t size = fuzz->v6 ? 16 : 4;
	u8 *addresses = fuzz->v6 ? (u8 *)&tuple->v6 : (u8 *)&tuple->v4;

	switch (number) {
	case 1:
		((u8 *)&tuple->sport)[fuzz->in.error[0] % 2] ^= 1;
		break;
	case 2:
		((u8 *)&tuple->dport)[fuzz->in.error[0] % 2] ^= 1;
		break;
	case 3:
		tuple->proto ^= 0x40;
		break;
	case 4:
		addresses[fuzz->in.error[0] % size] ^= 1;
		break;
	case 5:
		addresses[size + fuzz->in.error[0] % size] ^= 1;
		break;
	case IKE:
		tuple->proto = IPPROTO_UDP;
		tuple->sport = htons(500);
		tuple->dport = htons(500);
		break;
	}
	if (!number && fuzz->in.flags & INPUT_OTHER_FLOW)
		tuple->proto ^= 0x20;
}

static void fill(const struct fuzz *fuzz, const struct model *m,
		 struct dsr_conn *conns[])
{
	size_t size = fuzz->v6 ? DSR_CONN_SIZE6 : DSR_CONN_SIZE4;
	struct dsr_tuple own, tuple, ike;
	u32 hash;
	int i;

	tuple_of(fuzz, m, &own);
	ike = own;
	change(fuzz, IKE, &ike);
	/* ESP and AH are looked up by the tuple of IKE. */
	hash = dsr_conn_hash(&dn.table, m->proto == IPPROTO_ESP ||
			     m->proto == IPPROTO_AH ? &ike : &own);
	for (i = 0; i < CONNS; i++) {
		tuple = own;
		change(fuzz, i, &tuple);
		conns[i] = calloc(1, size);
		if (!conns[i])
			abort();
		memcpy(&conns[i]->tuple, &tuple, dsr_tuple_size(&tuple));
		conns[i]->node.hash = hash;
		conns[i]->backend = &backends[i];
		conns[i]->state = m->proto == IPPROTO_UDP || i == IKE ?
				  DSR_CONN_UDP : DSR_CONN_ESTABLISHED;
		conns[i]->node.seen = jiffies;
		backends[i].service = &service;
		backends[i].removed = fuzz->in.number[0] & 1;
		backends[i].config.weight = 1;
		backends[i].config.admin = fuzz->in.number[0] & 2 ?
					   DSR_BACKEND_DOWN : DSR_BACKEND_UP;
		/* the packet's own is not always found first */
		bucket.slot[(i + fuzz->in.error[1]) % CONNS] = &conns[i]->node;
	}
	for (i = 0; i < DSR_STRIPES; i++)
		stripes[i].buckets = &buckets;
	bucket.tags = dsr_bucket_tag(hash) * DSR_BUCKET_ONES;
}

/* The backend that the packet has to go to; -1: none. */
static int expected(const struct fuzz *fuzz, const struct model *m)
{
	bool flow = m->proto == MODEL_TCP || m->proto == MODEL_UDP ||
		    m->proto == MODEL_SCTP;

	if (fuzz->in.number[0] & 3)
		return -1;
	switch (m->kind) {
	case MODEL_FLOW:
		break;
	case MODEL_ICMP_ERROR:
	case MODEL_PORTLESS:
		if (!flow)
			return m->proto == 50 || m->proto == 51 ? IKE : -1;
		break;
	default:
		return -1;
	}
	/* IKE itself */
	if (m->proto == MODEL_UDP && m->sport == htons(500) &&
	    m->dport == htons(500))
		return IKE;
	return fuzz->in.flags & INPUT_OTHER_FLOW ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dsr_conn *conns[CONNS];
	struct dsr_decision decision;
	enum dsr_reason reason;
	struct dsr_packet pkt;
	struct fuzz fuzz;
	struct model m;
	int want, got, i;

	if (!input_read(&fuzz, data, size, false))
		return 0;
	model_lb(fuzz.packet, fuzz.len, fuzz.v6, &m);
	if (dsr_packet_parse(fuzz.skb, fuzz.v6 ? AF_INET6 : AF_INET, &pkt,
			     &reason)) {
		fill(&fuzz, &m, conns);
		dsr_decide(&dn, &frontend, &pkt, &decision);
		got = decision.backend ? decision.backend - backends : -1;
		want = expected(&fuzz, &m);
		/* Two connections may be the same one. */
		expect(&fuzz, got == want || (got == IKE && want == 0) ||
		       (got == 0 && want == IKE), "backend %d, not %d", got, want);
		for (i = 0; i < CONNS; i++)
			free(conns[i]);
	}
	input_done(&fuzz);
	return 0;
}
