/* SPDX-License-Identifier: GPL-2.0 */
/*
 * put - put objects into netlink messages
 *
 * Replies, dumps and notifications have the same format. Each function appends
 * one nest, or returns -%EMSGSIZE: then the caller has to cancel the message.
 *
 * Locking: the lock of the object, as stated for each function.
 */
#ifndef _DSR_PUT_H
#define _DSR_PUT_H

#include <net/netlink.h>

#include "core/net.h"

struct dsr_backend;
struct dsr_conn;
struct dsr_path_dev;
struct dsr_service;
struct dsr_service_key;

int dsr_put_key(struct sk_buff *skb, const struct dsr_service_key *key);
int dsr_put_key_nest(struct sk_buff *skb, const struct dsr_service_key *key);
int dsr_put_service(struct sk_buff *skb, struct dsr_net *dn,
		    struct dsr_service *service);
int dsr_put_backend(struct sk_buff *skb, struct dsr_net *dn,
		    struct dsr_backend *backend);
int dsr_put_connection(struct sk_buff *skb, const struct dsr_net *dn,
		       const struct dsr_conn *conn);
int dsr_put_table(struct sk_buff *skb, struct dsr_net *dn);
int dsr_put_path(struct sk_buff *skb, const struct dsr_path_dev *path);

#endif /* _DSR_PUT_H */
