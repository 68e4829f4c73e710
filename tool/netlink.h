/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_NETLINK_H
#define DSRCTL_NETLINK_H

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>

struct netlink;

enum netlink_module {
	NETLINK_LB,
	NETLINK_RS,

	NETLINK_MODULES
};

enum netlink_verdict {
	NETLINK_MORE,		/* go on */
	NETLINK_STOP,		/* stop: do not read the rest */
	NETLINK_MALFORMED,	/* the module must not send this */
};

/* called for each reply, which is freed afterwards */
typedef enum netlink_verdict (*netlink_reply_fn)(struct nlmsghdr *reply,
						 void *arg);

/* called for a refusal, with the offset of the attribute in the request that is to
 * blame, or 0; returns true if it is an answer, and not to be reported
 */
typedef bool (*netlink_judge_fn)(int error, uint32_t offset, void *arg);

/**
 * struct netlink_replies - the result of a dump
 * @reply: copies of the messages
 * @count: their number
 * @room: capacity of @reply
 */
struct netlink_replies {
	struct nlmsghdr **reply;
	size_t count;
	size_t room;
};

struct netlink *netlink_new(void);
void netlink_free(struct netlink *nl);
void netlink_context(struct netlink *nl, const char *object,
		     const char *command);
void netlink_check(struct netlink *nl, bool on);
void netlink_capture(struct netlink *nl, bool on);
bool netlink_captures(const struct netlink *nl);
struct nl_msg *netlink_captured(struct netlink *nl);

const char *netlink_module_name(enum netlink_module module);
int netlink_loaded(struct netlink *nl, bool loaded[NETLINK_MODULES]);
int netlink_some_loaded(struct netlink *nl, bool loaded[NETLINK_MODULES]);
int netlink_ask_family(struct netlink *nl, const char *family,
		       netlink_reply_fn fn, void *arg);
bool netlink_read_family(struct nlmsghdr *reply, char *name, size_t size,
			 uint16_t *id);
int netlink_load(struct netlink *nl, enum netlink_module module, uint16_t *id);
int netlink_family(struct netlink *nl, enum netlink_module module,
		   uint16_t *id);
int netlink_not_loaded(enum netlink_module module);
int netlink_none_loaded(void);

int netlink_request(struct netlink *nl, enum netlink_module module,
		    uint8_t cmd, int flags, struct nl_msg **msg);
int netlink_query(struct netlink *nl, enum netlink_module module, uint8_t cmd,
		  int flags, struct nl_msg **msg);
int netlink_too_long(struct nl_msg *msg);
int netlink_do(struct netlink *nl, struct nl_msg *msg);
int netlink_try(struct netlink *nl, struct nl_msg *msg, int harmless,
		bool *done);
int netlink_judge(struct netlink *nl, struct nl_msg *msg, netlink_judge_fn fn,
		  void *arg);
void netlink_expect(struct netlink *nl, int harmless);
bool netlink_expected(struct netlink *nl);
int netlink_stream(struct netlink *nl, struct nl_msg *msg,
		   netlink_reply_fn fn, void *arg);
int netlink_route(struct netlink *nl, struct nl_msg *msg, const char *prefix,
		  int harmless, bool *done);
int netlink_collect(struct netlink *nl, struct nl_msg *msg,
		    struct netlink_replies *replies);
void netlink_replies_free(struct netlink_replies *replies);
int netlink_malformed(void);

#endif /* DSRCTL_NETLINK_H */
