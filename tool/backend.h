/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_BACKEND_H
#define DSRCTL_BACKEND_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>

#include "addr.h"
#include "attr.h"
#include "dsrctl.h"
#include "key.h"
#include "table.h"

/* indices of the keywords; those of the command follow */
enum {
	BACKEND_VIA = KEY_COUNT,

	BACKEND_COUNT
};

/* first keywords of a command that takes a backend */
#define BACKEND_KEYWORDS \
	KEY_KEYWORDS, \
	[BACKEND_VIA] = { "via", NULL }

#define BACKEND_SYNTAX	"{" KEY_SYNTAX "} via ADDR"

/* the longest state of a backend, with its NUL */
#define BACKEND_STATE_MAX	128

/**
 * struct backend - the backend that a command line names
 * @key: its service
 * @via: its address
 */
struct backend {
	struct key key;
	struct addr via;
};

/**
 * struct backend_info - a backend, as the kernel sent it
 * @service: attributes of its service, by enum dsr_service_attr
 * @tb: its attributes, by enum dsr_backend_attr
 * @stats: its counters, by enum dsr_stats_attr
 */
struct backend_info {
	struct nlattr *service[ATTR_MAX];
	struct nlattr *tb[ATTR_MAX];
	struct nlattr *stats[ATTR_MAX];
};

int backend_read(struct args *args, struct backend *backend, int keyword);
int backend_check(const struct args *args, struct backend *backend);
struct nlattr *backend_put_begin(struct nl_msg *msg, const struct args *args,
				 const struct backend *backend);

bool backend_parse(struct nlattr **top, struct backend_info *backend);
bool backend_parse_reply(const struct nlmsghdr *reply,
			 struct backend_info *backend);
const char *backend_admin_text(const struct backend_info *backend, char *text);
const char *backend_state_text(const struct backend_info *backend, char *text);
struct json_object *backend_json(struct backend_info *backend);
void backend_columns(struct table *table, bool statistics);
void backend_brief_columns(struct table *table);
void backend_brief_cells(struct table *table, struct backend_info *backend);
void backend_cells(struct table *table, bool statistics,
		   struct backend_info *backend);

/* drain.c */
extern const struct keyword drain_keywords[];
int drain_run(struct dsrctl *ctl, struct args *args);

#endif /* DSRCTL_BACKEND_H */
