// SPDX-License-Identifier: GPL-2.0
/* server - see server.h */

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "addr.h"
#include "core/server.h"

static struct rhashtable servers;

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct dsr_server, node),
	.key_offset = offsetof(struct dsr_server, key),
	.key_len = sizeof(struct dsr_server_key),
	.automatic_shrinking = true,
};

static void key_set(struct dsr_server_key *key, const struct net *net,
		    u8 family, const void *addr)
{
	memset(key, 0, sizeof(*key));
	key->net = net;
	key->family = family;
	memcpy(&key->addr, addr, dsr_addr_len(family));
}

/**
 * dsr_server_find() - look a server up
 * @net: namespace
 * @family: address family of @addr
 * @addr: its address, of the length that @family has
 *
 * Context: rcu_read_lock().
 * Return: the server, valid until rcu_read_unlock(), or %NULL.
 */
struct dsr_server *dsr_server_find(const struct net *net, u8 family,
				   const void *addr)
{
	struct dsr_server_key key;

	key_set(&key, net, family, addr);
	return rhashtable_lookup(&servers, &key, params);
}

/**
 * dsr_server_get() - get or create the server of a new backend
 * @net: namespace
 * @family: address family of @addr
 * @addr: its address
 *
 * Context: process context, holds dsr_net.lock of @net.
 * Return: the server, to be released by dsr_server_put(); %NULL if memory is
 * short.
 */
struct dsr_server *dsr_server_get(const struct net *net, u8 family,
				  const union nf_inet_addr *addr)
{
	struct dsr_server *server;

	rcu_read_lock();
	server = dsr_server_find(net, family, addr);
	rcu_read_unlock();
	if (server) {
		server->backends++;
		return server;
	}
	server = kzalloc(sizeof(*server), GFP_KERNEL_ACCOUNT);
	if (!server)
		return NULL;
	key_set(&server->key, net, family, addr);
	server->backends = 1;
	if (!rhashtable_insert_fast(&servers, &server->node, params))
		return server;
	kfree(server);
	return NULL;
}

/**
 * dsr_server_put() - undo dsr_server_get()
 * @server: server, or %NULL
 *
 * Context: process context, holds dsr_net.lock of its namespace.
 */
void dsr_server_put(struct dsr_server *server)
{
	if (!server || --server->backends)
		return;
	rhashtable_remove_fast(&servers, &server->node, params);
	kfree_rcu(server, rcu);
}

/** dsr_server_init() - set up the hash table; return 0 or -errno */
int dsr_server_init(void)
{
	return rhashtable_init(&servers, &params);
}

/** dsr_server_exit() - undo dsr_server_init(), once all backends are gone */
void dsr_server_exit(void)
{
	rhashtable_destroy(&servers);
}
