// SPDX-License-Identifier: GPL-2.0
/* flow - see flow.h */

#include "core/local.h"
#include "core/pending.h"
#include "core/policy.h"
#include "flow.h"
#include "ping.h"

static struct dsr_stripe stripes[DSR_STRIPES];
static struct dsr_bucket bucket;
static struct dsr_buckets buckets = { .count = 1, .bucket = &bucket };
static struct net net;
static struct dsr_rs_net rs = {
	.net = &net,
	.table = {
		.buckets = &buckets,
		.stripes = stripes,
		.key = { { 42, 43 } },
	},
};

struct dsr_rs_net *flow_net(void)
{
	int i;

	for (i = 0; i < DSR_STRIPES; i++)
		stripes[i].buckets = &buckets;
	net.generic = &rs;
	return &rs;
}

/**
 * flow_make() - put a flow into the table
 * @fuzz: input
 * @request: @ends are those of a packet from the client; else of a reply, at the
 *	socket
 * @ends: ends of one side of the flow; the other side has those of the input
 * @proto: protocol
 *
 * A link-local client is on device 7. The memory of an IPv4 flow ends behind its
 * addresses, as in the kernel.
 */
struct dsr_rs_flow *flow_make(const struct fuzz *fuzz, bool request,
			      const struct model_ends *ends, u8 proto)
{
	const struct model_ends *other = &fuzz->in.ends;
	struct dsr_rs_flow *flow = calloc(1, fuzz->v6 ? DSR_RS_FLOW_SIZE6 :
							DSR_RS_FLOW_SIZE4);
	const uint8_t *client = request ? ends->src : ends->dst;
	const uint8_t *own = request ? ends->dst : ends->src;
	const uint8_t *its = request ? other->dst : other->src;
	struct dsr_rs_tuple tuple = { .proto = proto };

	if (!flow)
		abort();
	flow->proto = proto;
	flow->family = fuzz->v6 ? AF_INET6 : AF_INET;
	flow->state = proto == IPPROTO_UDP ? DSR_CONN_UDP : DSR_CONN_ESTABLISHED;
	flow->roles = DSR_RS_WIRE | DSR_RS_SOCKET;
	if (request) {
		memcpy(&flow->cport, ends->sport, 2);
		memcpy(&flow->vport, ends->dport, 2);
		flow->local_cport = flow->cport;
		memcpy(&flow->lport, other->dport, 2);
	} else {
		memcpy(&flow->local_cport, ends->dport, 2);
		memcpy(&flow->lport, ends->sport, 2);
		flow->cport = flow->local_cport;
		memcpy(&flow->vport, other->sport, 2);
	}
	if (fuzz->v6) {
		memcpy(&flow->v6.client, client, 16);
		memcpy(request ? &flow->v6.vip : &flow->v6.local, own, 16);
		memcpy(request ? &flow->v6.local : &flow->v6.vip, its, 16);
	} else {
		memcpy(&flow->v4.client, client, 4);
		memcpy(request ? &flow->v4.vip : &flow->v4.local, own, 4);
		memcpy(request ? &flow->v4.local : &flow->v4.vip, its, 4);
	}
	tuple.family = flow->family;
	tuple.cport = flow->cport;
	memcpy(&tuple.client, client, fuzz->v6 ? 16 : 4);
	tuple.zone = dsr_rs_tuple_zone(flow->family, &tuple.client, 7);
	if (fuzz->v6)
		flow->v6.zone = tuple.zone;
	flow->node.hash = dsr_rs_tuple_hash(&tuple, &rs.table.key);
	bucket.slot[0] = &flow->node;
	bucket.tags = dsr_bucket_tag(flow->node.hash);
	return flow;
}

void flow_free(struct dsr_rs_flow *flow)
{
	bucket.tags = 0;
	bucket.slot[0] = NULL;
	free(flow);
}

struct dsr_node *dsr_rs_flow_find_apart(const struct dsr_table *table,
					dsr_match_fn match,
					const struct dsr_rs_tuple *tuple)
{
	return NULL;
}

bool dsr_rs_pending_find(struct dsr_rs_pendings *pendings, u32 hash,
			 dsr_match_fn match, const struct dsr_rs_tuple *tuple,
			 u32 now, struct dsr_rs_pending *copy)
{
	return false;
}

struct dsr_rs_rule *dsr_rs_rule_match(const struct dsr_rs_rules *rules,
				      const struct dsr_rs_tuple *tuple, u8 tos,
				      const struct sk_buff *skb,
				      struct dsr_rs_rule_match *match)
{
	return NULL;
}

bool dsr_rs_rule_has_vip(const struct dsr_rs_rules *rules, u8 family,
			 const union nf_inet_addr *vip)
{
	return true;
}

bool dsr_rs_local_is_elsewhere(struct net *net, const struct net_device *dev,
			       u8 family, const union nf_inet_addr *addr)
{
	return true;
}

bool dsr_rs_policy_allows(struct sk_buff *skb, u8 family)
{
	return true;
}

void dsr_rs_policy_delivered(struct sk_buff *skb, u8 family)
{
}

enum dsr_rs_reason dsr_rs_policy_reply(struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       const struct dsr_rs_packet *pkt,
				       enum dsr_rs_reason reason)
{
	return reason;
}

bool dsr_ping_answer(struct net *net, struct sk_buff *skb, u8 family)
{
	return true;
}
