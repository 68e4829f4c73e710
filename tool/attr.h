/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ATTR_H
#define DSRCTL_ATTR_H

#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "table.h"

/* the longest text of one attribute that is printed */
#define ATTR_TEXT_MAX	64

/* room for the attributes of any nest */
#define ATTR_MAX	32

/* kinds of attributes, which decide how to print them */
enum attr_kind {
	ATTR_U8,
	ATTR_U32,
	ATTR_BOOL,		/* u8: off or on; JSON false or true */
	ATTR_U64,
	ATTR_LIMIT,		/* u32; 0: there is none */
	ATTR_BYTES,		/* u64: bytes; text has units */
	ATTR_MSECS,		/* u32: milliseconds; text has seconds */
	ATTR_PORT,		/* be16 */
	ATTR_STRING,
	ATTR_ADDR,		/* 4 bytes: IPv4, or 16: IPv6 */
	ATTR_PROTO,		/* u8, IPPROTO_* */
	ATTR_PATH,		/* u8, enum dsr_path */
	ATTR_HASH,		/* u8, enum dsr_hash */
	ATTR_CONN_STATE,	/* u8, enum dsr_conn_state */
	ATTR_BACKEND_STATE,	/* u8, enum dsr_backend_state */
	ATTR_BACKEND_ADMIN,	/* u8, enum dsr_backend_admin */
	ATTR_PING,		/* u8, enum dsr_ping */
	ATTR_RULE_MODE,		/* u8, enum dsr_rule_mode */
	ATTR_ON_DOWN,		/* u8, enum dsr_on_down */
	ATTR_PATH_VIA,		/* u8, enum dsr_path_via */
	ATTR_ON_UNREACHABLE,	/* u8, enum dsr_on_unreachable */
	ATTR_CHOICE,		/* u8, enum dsr_choice */
	ATTR_MAC,		/* binary */
	ATTR_DEVICE,		/* u32: ifindex; printed as the name */
};

/**
 * struct attr_field - an attribute of an object
 * @key: key in JSON
 * @kind: kind of the attribute
 * @attr: its number in the nest of the object
 */
struct attr_field {
	const char *key;
	enum attr_kind kind;
	int attr;
};

extern const char *const attr_paths[];
extern const char *const attr_hashes[];
extern const char *const attr_protos[];
extern const char *const attr_switches[];
extern const char *const attr_pings[];
extern const char *const attr_rule_modes[];
extern const char *const attr_on_downs[];
extern const char *const attr_path_vias[];
extern const char *const attr_on_unreachables[];
extern const char *const attr_conn_states[];
extern const char *const attr_flow_states[];

bool attr_parse(const struct nlmsghdr *reply, struct nlattr **tb);
bool attr_parse_nest(unsigned int type, const struct nlattr *nest,
		     struct nlattr **tb);
bool attr_is_newer(unsigned int type, const struct nlattr *nest);
bool attr_parse_stats(const struct nlattr *nest, struct nlattr **tb);
bool attr_is_ipv6(const struct nlattr *addr);
void attr_string(const struct nlattr *attr, char *text, size_t size);
bool attr_parse_timeouts(const struct nlattr *nest, struct nlattr **tb);
uint8_t attr_u8(const struct nlattr *attr);
uint32_t attr_u32(const struct nlattr *attr);
uint64_t attr_u64(const struct nlattr *attr);
unsigned int attr_proto_number(unsigned int choice);

void attr_keep_device(bool keep);
const char *attr_text(enum attr_kind kind, const struct nlattr *attr,
		      char *text);
const char *attr_endpoint_text(const struct nlattr *addr,
			       const struct nlattr *port, char *text);
const char *attr_to_text(const struct nlattr *addr, const struct nlattr *port,
			 char *text);
const char *attr_tos_text(const struct nlattr *tos, const struct nlattr *mask,
			  char *text);

void attr_cell(struct table *table, enum attr_kind kind,
	       const struct nlattr *attr);
void attr_cell_endpoint(struct table *table, const struct nlattr *addr,
			const struct nlattr *port);
void attr_json(struct json_object *object, const char *key,
	       enum attr_kind kind, const struct nlattr *attr);
struct json_object *attr_json_object(const struct attr_field *fields,
				     struct nlattr **tb);
void attr_json_row(struct json_list *list, const struct attr_field *fields,
		   struct nlattr **tb);

#endif /* DSRCTL_ATTR_H */
