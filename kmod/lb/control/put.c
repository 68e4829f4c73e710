// SPDX-License-Identifier: GPL-2.0
/* put - see put.h */

#include <linux/netdevice.h>

#include "control/netlink.h"
#include "control/put.h"
#include "core/conn.h"
#include "core/frontend.h"
#include "core/path.h"
#include "core/probe.h"
#include "core/scheduler.h"
#include "core/server.h"
#include "core/service.h"

/**
 * dsr_put_key() - append the key of a service to a nest
 * @skb: message
 * @key: key
 *
 * Return: 0 or -%EMSGSIZE.
 */
int dsr_put_key(struct sk_buff *skb, const struct dsr_service_key *key)
{
	if (key->fwmark)
		return nla_put_u32(skb, DSR_SERVICE_A_FWMARK, key->fwmark) ||
		       nla_put_u8(skb, DSR_SERVICE_A_FAMILY, key->family) ?
		       -EMSGSIZE : 0;
	if (dsr_addr_put(skb, DSR_SERVICE_A_VIP, key->family, &key->vip) ||
	    (key->proto && nla_put_u8(skb, DSR_SERVICE_A_PROTO, key->proto)) ||
	    (key->port &&
	     nla_put_be16(skb, DSR_SERVICE_A_PORT, htons(key->port))) ||
	    (key->port && key->port_last != key->port &&
	     nla_put_be16(skb, DSR_SERVICE_A_PORT_LAST,
			  htons(key->port_last))))
		return -EMSGSIZE;
	return 0;
}

/** dsr_put_key_nest() - append a service nest with the key only */
int dsr_put_key_nest(struct sk_buff *skb,
		     const struct dsr_service_key *key)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_SERVICE);

	if (!nest || dsr_put_key(skb, key))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dsr_put_service() - append a service nest
 * @skb: message
 * @dn: balancer
 * @service: service
 *
 * Context: holds dn->lock.
 * Return: 0 or -%EMSGSIZE.
 */
int dsr_put_service(struct sk_buff *skb, struct dsr_net *dn,
		    struct dsr_service *service)
{
	const struct dsr_pool *pool = dsr_service_pool(dn, service);
	struct nlattr *nest = nla_nest_start(skb, DSR_A_SERVICE);
	struct dsr_stats sum;

	if (!nest)
		return -EMSGSIZE;
	dsr_service_sum(service, &sum);
	if (dsr_put_key(skb, &service->key) ||
	    nla_put_string(skb, DSR_SERVICE_A_SCHEDULER,
			   pool->scheduler->name) ||
	    (pool->hash &&
	     nla_put_u8(skb, DSR_SERVICE_A_HASH, pool->hash)) ||
	    (pool->slots &&
	     nla_put_u32(skb, DSR_SERVICE_A_TABLE_SIZE, pool->slots)) ||
	    (pool->scheduler->other &&
	     nla_put_u8(skb, DSR_SERVICE_A_CHOICES,
			dsr_pool_has_choice(pool) ? 2 : 1)) ||
	    nla_put_u8(skb, DSR_SERVICE_A_PATH, service->path) ||
	    nla_put_u8(skb, DSR_SERVICE_A_TOS, service->tos & 0xff) ||
	    nla_put_u8(skb, DSR_SERVICE_A_TOS_MASK, service->tos >> 8) ||
	    nla_put_u8(skb, DSR_SERVICE_A_PING, service->ping) ||
	    nla_put_u8(skb, DSR_SERVICE_A_ONE_PACKET, service->one_packet) ||
	    nla_put_u8(skb, DSR_SERVICE_A_ON_DOWN, service->on_down) ||
	    nla_put_u8(skb, DSR_SERVICE_A_ON_UNREACHABLE,
		       pool->options.on_unreachable) ||
	    nla_put_u8(skb, DSR_SERVICE_A_CHANCES, service->chances) ||
	    nla_put_u32(skb, DSR_SERVICE_A_PERSIST,
			jiffies_to_msecs(service->persist)) ||
	    nla_put_u8(skb, DSR_SERVICE_A_PERSIST_PREFIX,
		       service->persist_prefix) ||
	    dsr_netlink_put_timeouts(skb, DSR_SERVICE_A_TIMEOUTS,
				     &service->timeouts, NULL) ||
	    (service->probe &&
	     nla_put_u32(skb, DSR_SERVICE_A_PROBE_MARKS,
			 dsr_probe_first(service))) ||
	    nla_put_u32(skb, DSR_SERVICE_A_BACKENDS,
			service->backends_count) ||
	    (~service->frontend->mask &&
	     nla_put_u32(skb, DSR_SERVICE_A_FWMARK_MASK,
			 service->frontend->mask)) ||
	    dsr_stats_put(skb, DSR_SERVICE_A_STATS, &sum))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dsr_put_backend() - append a backend nest
 * @skb: message
 * @dn: balancer
 * @backend: backend
 *
 * Context: holds dn->lock.
 * Return: 0 or -%EMSGSIZE.
 */
int dsr_put_backend(struct sk_buff *skb, struct dsr_net *dn,
		    struct dsr_backend *backend)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_BACKEND);
	const struct dsr_server *server = backend->server;
	u8 mac[MAX_ADDR_LEN], mac_len, state;
	struct dsr_stats sum = { };
	int ifindex;
	u32 mark;

	if (!nest)
		return -EMSGSIZE;
	state = dsr_backend_state(dn->net, backend, &ifindex, mac, &mac_len);
	mark = dsr_probe_mark(backend->service, &backend->nexthop.addr);
	dsr_stats_add(&sum, backend->stats);
	if (dsr_addr_put(skb, DSR_BACKEND_A_ADDR, backend->nexthop.family,
			 &backend->nexthop.addr) ||
	    nla_put_u32(skb, DSR_BACKEND_A_WEIGHT, backend->config.weight) ||
	    nla_put_u32(skb, DSR_BACKEND_A_UPPER, backend->config.upper) ||
	    nla_put_u32(skb, DSR_BACKEND_A_LOWER, backend->config.lower) ||
	    nla_put_u8(skb, DSR_BACKEND_A_OVERLOADED,
		       READ_ONCE(backend->overloaded)) ||
	    nla_put_u8(skb, DSR_BACKEND_A_ADMIN, backend->config.admin) ||
	    (backend->deadline &&
	     nla_put_u32(skb, DSR_BACKEND_A_DEADLINE,
			 jiffies_to_msecs(dsr_backend_drain_left(backend)))) ||
	    nla_put_u32(skb, DSR_BACKEND_A_ACTIVE,
			atomic_read(&backend->active)) ||
	    nla_put_u32(skb, DSR_BACKEND_A_INACTIVE,
			dsr_backend_inactive(backend)) ||
	    nla_put_u32(skb, DSR_BACKEND_A_PERSISTENT,
			atomic_read(&backend->persistent)) ||
	    nla_put_u32(skb, DSR_BACKEND_A_UNRESOLVED,
			atomic_read(&server->unresolved)) ||
	    nla_put_u8(skb, DSR_BACKEND_A_STATE, state) ||
	    (ifindex &&
	     nla_put_u32(skb, DSR_BACKEND_A_IFINDEX, ifindex)) ||
	    (mac_len && nla_put(skb, DSR_BACKEND_A_MAC, mac_len, mac)) ||
	    (mark && nla_put_u32(skb, DSR_BACKEND_A_PROBE_MARK, mark)) ||
	    dsr_stats_put(skb, DSR_BACKEND_A_STATS, &sum))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dsr_put_connection() - append a connection nest
 * @skb: message
 * @dn: balancer
 * @conn: connection
 *
 * Context: rcu_read_lock().
 * Return: 0 or -%EMSGSIZE.
 */
int dsr_put_connection(struct sk_buff *skb, const struct dsr_net *dn,
		       const struct dsr_conn *conn)
{
	union nf_inet_addr src = dsr_tuple_source(&conn->tuple);
	union nf_inet_addr dst = dsr_tuple_dest(&conn->tuple);
	struct dsr_backend *backend = rcu_dereference(conn->backend);
	struct nlattr *nest = nla_nest_start(skb, DSR_A_CONNECTION);
	u8 family = conn->tuple.family;

	if (!nest ||
	    nla_put_u8(skb, DSR_CONNECTION_A_PROTO, conn->tuple.proto) ||
	    dsr_addr_put(skb, DSR_CONNECTION_A_SRC, family, &src) ||
	    nla_put_be16(skb, DSR_CONNECTION_A_SPORT, conn->tuple.sport) ||
	    dsr_addr_put(skb, DSR_CONNECTION_A_DST, family, &dst) ||
	    nla_put_be16(skb, DSR_CONNECTION_A_DPORT, conn->tuple.dport) ||
	    nla_put_u8(skb, DSR_CONNECTION_A_STATE, READ_ONCE(conn->state)) ||
	    nla_put_u32(skb, DSR_CONNECTION_A_EXPIRES,
			dsr_conn_expires(dn, conn, jiffies)) ||
	    dsr_addr_put(skb, DSR_CONNECTION_A_BACKEND, family,
			 &backend->nexthop.addr))
		return -EMSGSIZE;
	if (!READ_ONCE(backend->removed) && backend->service->key.fwmark &&
	    nla_put_u32(skb, DSR_CONNECTION_A_FWMARK,
			backend->service->key.fwmark))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/** dsr_put_table() - append a table nest; holds dn->lock */
int dsr_put_table(struct sk_buff *skb, struct dsr_net *dn)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_TABLE);
	bool there = dn->has_table;

	if (!nest ||
	    nla_put_u32(skb, DSR_TABLE_A_MAX, dn->conn_max) ||
	    nla_put_u32(skb, DSR_TABLE_A_ENTRIES, there ?
			atomic_read(&dn->table.entries) : 0) ||
	    nla_put_u32(skb, DSR_TABLE_A_BUCKETS, there ?
			dsr_table_size(&dn->table) : 0) ||
	    nla_put_u64_64bit(skb, DSR_TABLE_A_BYTES, there ?
			      dsr_conn_bytes(dn) : 0,
			      DSR_TABLE_A_PAD) ||
	    nla_put_u64_64bit(skb, DSR_TABLE_A_EVICTED, there ?
			      atomic64_read(&dn->table.evicted) : 0,
			      DSR_TABLE_A_PAD) ||
	    dsr_netlink_put_timeouts(skb, DSR_TABLE_A_TIMEOUTS, NULL,
				     &dn->timeouts) ||
	    (dn->expire_quiescent &&
	     nla_put_flag(skb, DSR_TABLE_A_EXPIRE_QUIESCENT)) ||
	    (dn->expire_nodest &&
	     nla_put_flag(skb, DSR_TABLE_A_EXPIRE_NODEST)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_verdict(struct sk_buff *skb, const struct dsr_path_dev *path,
		       enum dsr_ingress_verdict verdict)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_PATH_A_REASON);

	if (!nest ||
	    nla_put_string(skb, DSR_REASON_A_NAME, dsr_path_verdict_names[verdict]) ||
	    nla_put_u64_64bit(skb, DSR_REASON_A_PACKETS,
			      dsr_path_sum(path, verdict), DSR_REASON_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/** dsr_put_path() - append a path nest; holds dn->paths_lock */
int dsr_put_path(struct sk_buff *skb, const struct dsr_path_dev *path)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_PATH);
	int i;

	if (!nest ||
	    nla_put_u32(skb, DSR_PATH_A_IFINDEX, path->hook.dev->ifindex) ||
	    nla_put_u32(skb, DSR_PATH_A_RECHECK,
			jiffies_to_msecs(path->recheck)) ||
	    nla_put_u8(skb, DSR_PATH_A_VIA, path->via))
		return -EMSGSIZE;
	for (i = 0; i < DSR_INGRESS_COUNT; i++)
		if (put_verdict(skb, path, i))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
