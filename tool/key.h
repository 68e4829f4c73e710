/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_KEY_H
#define DSRCTL_KEY_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "args.h"
#include "attr.h"
#include "netlink.h"

/* indices of the keywords; those of the command follow */
enum {
	KEY_FWMARK,
	KEY_FAMILY,
	KEY_VIP,
	KEY_PROTO,
	KEY_PORT,

	KEY_COUNT
};

extern const char *const key_families[];

/* first keywords of a command that takes the key of a service */
#define KEY_KEYWORDS \
	[KEY_FWMARK] = { "fwmark", NULL }, \
	[KEY_FAMILY] = { "family", key_families }, \
	[KEY_VIP] = { "vip", NULL }, \
	[KEY_PROTO] = { "proto", attr_protos }, \
	[KEY_PORT] = { "port", NULL }

#define KEY_SYNTAX \
	"fwmark N[/MASK] [family inet|inet6] | vip ADDR [proto tcp|udp|sctp [port P[-Q]]]"

/* the longest name of a service, with its NUL */
#define KEY_TEXT_MAX	128

/**
 * struct key - the service that a command line names
 * @fwmark: the mark
 * @mask: the bits of the mark that are compared
 * @has_mask: a mask was given
 * @family: AF_INET or AF_INET6, or 0 if not given
 * @vip: the address
 * @proto: index in attr_protos
 * @port: the first port
 * @port_last: the last port, or -1
 */
struct key {
	uint32_t fwmark;
	uint32_t mask;
	bool has_mask;
	int family;
	struct addr vip;
	unsigned int proto;
	uint16_t port;
	int port_last;
};

/**
 * struct key_id - the key of a service from the kernel
 *
 * Two keys of the same service are equal in every byte.
 */
struct key_id {
	uint32_t fwmark;
	uint8_t vip[16];
	uint16_t port;
	uint16_t port_last;
	uint8_t proto;
	uint8_t family;
	uint8_t has;
	uint8_t pad;
};

int key_read(struct args *args, struct key *key, int keyword);
bool key_seen(const struct args *args);
int key_check(const struct args *args, bool needed);
int key_put(struct nl_msg *msg, const struct args *args,
	    const struct key *key);
int key_put_service(struct nl_msg *msg, const struct args *args,
		    const struct key *key);
int key_backends(struct dsrctl *ctl, const struct args *args,
		 const struct key *key, struct netlink_replies *replies);

bool key_is_inet6(struct nlattr **tb);
bool key_valid(struct nlattr **tb);
void key_get_id(struct nlattr **tb, struct key_id *id);
const char *key_text(struct nlattr **tb, char *text);
void key_json(struct json_object *object, struct nlattr **tb);

#endif /* DSRCTL_KEY_H */
