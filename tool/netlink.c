// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the modules, all through one socket. The first request opens the
 * socket; after a dump that was not read to its end, the next request opens a
 * new socket. netlink_family.c begins the requests to the modules.
 *
 * This file reports each failure, so that callers only pass on the status.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "extack.h"
#include "netlink.h"
#include "report.h"
#include "socket.h"

/* retries of a dump that changed while it was read */
#define NETLINK_DUMP_TRIES	10

/**
 * struct netlink - the socket and the request under way
 * @sock: NULL until the first request to a module
 * @route: NULL until the first request about routes
 * @object: name of the object of the command, for messages
 * @command: name of the command, for messages
 * @prefix: text before a sentence of the kernel, or NULL
 * @check: send nothing; a request returns DSRCTL_CHECKED
 * @capture: keep a request that changes something instead of sending it
 * @captured: the request that was kept, or NULL
 * @harmless: an error number that is an answer, not a failure; 0: there is none
 * @answered: the answer was @harmless
 * @judge: called for a refusal, or NULL
 * @judge_arg: argument of @judge
 * @request: the last request
 * @reply: called for each reply
 * @reply_arg: argument of @reply
 * @done: stop reading
 * @stale: the rest of an answer was not read
 * @interrupted: the objects changed during the dump
 * @status: enum dsrctl_status of the request
 */
struct netlink {
	struct nl_sock *sock;
	struct nl_sock *route;
	const char *object;
	const char *command;
	const char *prefix;
	bool check;
	bool capture;
	struct nl_msg *captured;
	int harmless;
	bool answered;
	netlink_judge_fn judge;
	void *judge_arg;
	struct nlmsghdr *request;
	netlink_reply_fn reply;
	void *reply_arg;
	bool done;
	bool stale;
	bool interrupted;
	int status;
};

/**
 * netlink_new() - prepare for requests
 *
 * Opens no socket yet: a mistake in the arguments is reported without one.
 *
 * Return: for netlink_free().
 */
struct netlink *netlink_new(void)
{
	struct netlink *nl = report_alloc(NULL, sizeof(*nl));

	memset(nl, 0, sizeof(*nl));
	return nl;
}

static void netlink_close(struct nl_sock **sock)
{
	if (*sock)
		socket_close(*sock);
	*sock = NULL;
}

/**
 * netlink_free() - undo netlink_new()
 * @nl: from netlink_new()
 */
void netlink_free(struct netlink *nl)
{
	netlink_close(&nl->sock);
	netlink_close(&nl->route);
	free(nl);
}

/**
 * netlink_context() - name the command of the next requests
 * @nl: the requests
 * @object: name of the object, kept by reference
 * @command: name of the command, or NULL, kept by reference
 */
void netlink_context(struct netlink *nl, const char *object,
		     const char *command)
{
	nl->object = object;
	nl->command = command;
}

/**
 * netlink_check() - end each command before its first request
 * @nl: the requests
 * @on: do so, or send requests again
 */
void netlink_check(struct netlink *nl, bool on)
{
	nl->check = on;
}

/**
 * netlink_capture() - keep requests that change something instead of sending them
 * @nl: the requests
 * @on: do so, or send requests again
 */
void netlink_capture(struct netlink *nl, bool on)
{
	nl->capture = on;
}

/**
 * netlink_captures() - tell if requests that change something are kept
 * @nl: the requests
 */
bool netlink_captures(const struct netlink *nl)
{
	return nl->capture;
}

/**
 * netlink_captured() - take the request that was kept last
 * @nl: the requests
 *
 * Return: the request, for nlmsg_free(), or NULL.
 */
struct nl_msg *netlink_captured(struct netlink *nl)
{
	struct nl_msg *msg = nl->captured;

	nl->captured = NULL;
	return msg;
}

/**
 * netlink_malformed() - report a reply that cannot be understood
 *
 * Return: DSRCTL_REFUSED.
 */
int netlink_malformed(void)
{
	return report_error(DSRCTL_REFUSED,
			    "the kernel's answer is malformed: dsrctl and the loaded module are of different versions");
}

/* Where nothing is to be made, the kernel's advice on what is missing is to make it:
 * "no such service: add it first with 'service add'".
 *
 * Return: how much of the sentence is left then; 0: all of it.
 */
static int without_advice(const struct netlink *nl, int error, const char *text)
{
	const char *advice = strstr(text, ": add ");

	if (error != -ENOENT || !advice || !nl->command ||
	    (strcmp(nl->command, "delete") && strcmp(nl->command, "show")))
		return 0;
	return advice - text;
}

static void netlink_fail(struct netlink *nl, int error, const char *text)
{
	const char *blank = nl->command ? " " : "";
	const char *command = nl->command ? nl->command : "";
	int number = error < 0 && error > -4096 ? -error : EIO;
	int length = without_advice(nl, error, text);

	nl->status = DSRCTL_REFUSED;
	if (nl->prefix)
		report_error(DSRCTL_REFUSED, "%s: %s", nl->prefix,
			     *text ? text : strerror(number));
	else if (length)
		report_error(DSRCTL_REFUSED,
			     "%.*s: 'dsrctl %s show' lists those that there are",
			     length, text, nl->object);
	else if (*text)
		report_error(DSRCTL_REFUSED, "%s", text);
	else if (error == -EPERM)
		report_error(DSRCTL_REFUSED,
			     "permission denied: this needs CAP_NET_ADMIN (run dsrctl as root)");
	else if (error == -EOPNOTSUPP)
		report_error(DSRCTL_REFUSED,
			     "%s%s%s: the loaded module does not know this command: the module is older than dsrctl",
			     nl->object, blank, command);
	else
		report_error(DSRCTL_REFUSED, "%s%s%s: %s", nl->object, blank,
			     command, strerror(number));
}

/* Any process can send to the socket: accept only the kernel's messages. */
static int on_message(struct nl_msg *msg, void *arg)
{
	(void)arg;
	return nlmsg_get_src(msg)->nl_pid ? NL_SKIP : NL_OK;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *reply = nlmsg_hdr(msg);
	struct netlink *nl = arg;
	enum netlink_verdict verdict = NETLINK_MALFORMED;

	if (nl->status)
		return NL_OK;
	/* a part of a table without entries */
	if (reply->nlmsg_flags & NLM_F_MULTI && genlmsg_valid_hdr(reply, 0) &&
	    !genlmsg_attrlen(genlmsg_hdr(reply), 0))
		return NL_OK;
	if (reply->nlmsg_type == nl->request->nlmsg_type &&
	    genlmsg_valid_hdr(reply, 0))
		verdict = nl->reply ? nl->reply(reply, nl->reply_arg) :
				      NETLINK_MORE;
	if (verdict == NETLINK_MORE)
		return NL_OK;
	if (verdict == NETLINK_MALFORMED)
		nl->status = netlink_malformed();
	nl->done = true;
	nl->stale = true;
	return NL_STOP;
}

static int on_invalid(struct nl_msg *msg, void *arg)
{
	struct netlink *nl = arg;

	(void)msg;
	if (!nl->status)
		nl->status = netlink_malformed();
	nl->done = true;
	nl->stale = true;
	return NL_STOP;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct netlink *nl = arg;

	(void)msg;
	nl->interrupted = true;
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *ack = nlmsg_hdr(msg);
	char text[EXTACK_TEXT_MAX];
	struct netlink *nl = arg;
	size_t payload = sizeof(struct nlmsgerr);

	/* an ack that is not capped repeats the request */
	if (!(ack->nlmsg_flags & NLM_F_CAPPED))
		payload += nlmsg_datalen(nl->request);
	extack_read(ack, payload, nl->request, text, sizeof(text));
	if (*text)
		report_warning("%s", text);
	nl->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error,
		    void *arg)
{
	const struct nlmsghdr *ack =
		(const void *)((const char *)error - NLMSG_HDRLEN);
	char text[EXTACK_TEXT_MAX];
	struct netlink *nl = arg;
	size_t payload = sizeof(*error);

	(void)from;
	if (!(ack->nlmsg_flags & NLM_F_CAPPED))
		payload += nlmsg_datalen(nl->request);
	nl->done = true;
	/* no such family: not a failure */
	if (nl->request->nlmsg_type == GENL_ID_CTRL && error->error == -ENOENT)
		return NL_STOP;
	if (nl->harmless && error->error == -nl->harmless) {
		nl->answered = true;
		return NL_STOP;
	}
	if (nl->judge && nl->judge(error->error, extack_offset(ack, payload),
				   nl->judge_arg))
		return NL_STOP;
	extack_read(ack, payload, nl->request, text, sizeof(text));
	if (!nl->status)
		netlink_fail(nl, error->error, text);
	return NL_STOP;
}

/* The end of a dump has a result of its own, and a sentence if it failed. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *end = nlmsg_hdr(msg);
	char text[EXTACK_TEXT_MAX];
	struct netlink *nl = arg;
	int error = 0;

	nl->done = true;
	if (nlmsg_datalen(end) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(end), sizeof(error));
	extack_read(end, sizeof(error), nl->request, text, sizeof(text));
	if (error < 0 && !nl->status)
		netlink_fail(nl, error, text);
	else if (*text && !nl->status)
		report_warning("%s", text);
	return NL_STOP;
}

static int netlink_open(struct netlink *nl, struct nl_sock **sock)
{
	if (*sock)
		return DSRCTL_OK;
	*sock = sock == &nl->route ? socket_open_route() : socket_open();
	if (!*sock)
		return DSRCTL_REFUSED;
	nl_socket_modify_cb(*sock, NL_CB_MSG_IN, NL_CB_CUSTOM, on_message, nl);
	nl_socket_modify_cb(*sock, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	nl_socket_modify_cb(*sock, NL_CB_INVALID, NL_CB_CUSTOM, on_invalid,
			    nl);
	nl_socket_modify_cb(*sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, nl);
	nl_socket_modify_cb(*sock, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, nl);
	nl_socket_modify_cb(*sock, NL_CB_DUMP_INTR, NL_CB_CUSTOM,
			    on_interrupted, nl);
	nl_socket_modify_err_cb(*sock, NL_CB_CUSTOM, on_error, nl);
	return DSRCTL_OK;
}

/* Send the request and read its answer to the end, or until the reader of the
 * replies stops. The caller still owns the request.
 */
static int netlink_exchange_by(struct netlink *nl, struct nl_sock **sock,
			       struct nl_msg *msg, netlink_reply_fn fn,
			       void *arg)
{
	int err;

	if (nl->check)
		return DSRCTL_CHECKED;
	if (netlink_open(nl, sock))
		return DSRCTL_REFUSED;

	nl->request = nlmsg_hdr(msg);
	nl->request->nlmsg_seq = NL_AUTO_SEQ;
	nl->reply = fn;
	nl->reply_arg = arg;
	nl->done = false;
	nl->stale = false;
	nl->interrupted = false;
	nl->status = DSRCTL_OK;

	socket_send_size(*sock, nl->request->nlmsg_len);
	err = nl_send_auto(*sock, msg);
	if (err == -NLE_MSGSIZE && nl->judge &&
	    nl->judge(-EMSGSIZE, 0, nl->judge_arg))
		nl->done = true;
	while (err >= 0 && !nl->done)
		err = nl_recvmsgs_default(*sock);
	if (!nl->done) {
		nl->stale = true;
		if (!nl->status)
			nl->status = report_error(DSRCTL_REFUSED,
						  "cannot talk to the kernel: %s",
						  nl_geterror(err));
	}

	if (nl->stale)
		netlink_close(sock);
	nl->request = NULL;
	return nl->status;
}

static int netlink_exchange(struct netlink *nl, struct nl_msg *msg,
			    netlink_reply_fn fn, void *arg)
{
	return netlink_exchange_by(nl, &nl->sock, msg, fn, arg);
}

/**
 * netlink_too_long() - report and free a request that has no room
 * @msg: the request, or NULL
 *
 * Return: DSRCTL_USAGE.
 */
int netlink_too_long(struct nl_msg *msg)
{
	nlmsg_free(msg);
	return report_error(DSRCTL_USAGE,
			    "the values are too long for one request");
}

/**
 * netlink_do() - send a request and wait for its ack
 * @nl: the requests
 * @msg: from netlink_request(), freed here
 *
 * Return: enum dsrctl_status.
 */
int netlink_do(struct netlink *nl, struct nl_msg *msg)
{
	if (nl->capture) {
		nlmsg_free(nl->captured);
		nl->captured = msg;
		return DSRCTL_OK;
	}
	return netlink_stream(nl, msg, NULL, NULL);
}

/**
 * netlink_try() - send a request that the module may refuse
 * @nl: the requests
 * @msg: from netlink_request(), freed here
 * @harmless: error number of that refusal, which is not reported
 * @done: set to false if the module has refused it so
 *
 * Return: enum dsrctl_status.
 */
int netlink_try(struct netlink *nl, struct nl_msg *msg, int harmless, bool *done)
{
	int status;

	nl->harmless = harmless;
	nl->answered = false;
	status = netlink_do(nl, msg);
	nl->harmless = 0;
	*done = !nl->answered;
	return status;
}

/**
 * netlink_judge() - send a request whose refusals the caller judges
 * @nl: the requests
 * @msg: from netlink_request(), freed here
 * @fn: judges a refusal; also -EMSGSIZE, if the message is too long to be sent
 * @arg: argument of @fn
 *
 * Return: enum dsrctl_status.
 */
int netlink_judge(struct netlink *nl, struct nl_msg *msg, netlink_judge_fn fn,
		  void *arg)
{
	int status;

	nl->judge = fn;
	nl->judge_arg = arg;
	status = netlink_stream(nl, msg, NULL, NULL);
	nl->judge = NULL;
	return status;
}

/**
 * netlink_expect() - take an error for an answer, up to netlink_expected()
 * @nl: the requests
 * @harmless: the error number
 *
 * Not for commands that use netlink_try() or netlink_route().
 */
void netlink_expect(struct netlink *nl, int harmless)
{
	nl->harmless = harmless;
	nl->answered = false;
}

/**
 * netlink_expected() - undo netlink_expect()
 * @nl: the requests
 *
 * Return: true if a request had this answer.
 */
bool netlink_expected(struct netlink *nl)
{
	nl->harmless = 0;
	return nl->answered;
}

/**
 * netlink_stream() - read the replies to a request as they come
 * @nl: the requests
 * @msg: from netlink_query(), freed here
 * @fn: called for each reply
 * @arg: argument of @fn
 *
 * For tables that may have millions of entries and change all the time: a
 * change during the dump is not an error.
 *
 * Return: enum dsrctl_status.
 */
int netlink_stream(struct netlink *nl, struct nl_msg *msg,
		   netlink_reply_fn fn, void *arg)
{
	int status = netlink_exchange(nl, msg, fn, arg);

	nlmsg_free(msg);
	return status;
}

/**
 * netlink_route() - send a request about routes
 * @nl: the requests
 * @msg: the request, freed here
 * @prefix: begin of the message for a failure
 * @harmless: error number that means that nothing is to be done
 * @done: set to true if the request has changed something
 *
 * Return: enum dsrctl_status.
 */
int netlink_route(struct netlink *nl, struct nl_msg *msg, const char *prefix,
		  int harmless, bool *done)
{
	int status;

	nl->prefix = prefix;
	nl->harmless = harmless;
	nl->answered = false;
	status = netlink_exchange_by(nl, &nl->route, msg, NULL, NULL);
	nl->prefix = NULL;
	nl->harmless = 0;
	nlmsg_free(msg);
	*done = !status && !nl->answered;
	return status;
}

static enum netlink_verdict on_collect(struct nlmsghdr *reply, void *arg)
{
	struct netlink_replies *replies = arg;
	struct nlmsghdr *copy;

	if (replies->count == replies->room) {
		replies->room = replies->room ? 2 * replies->room : 16;
		replies->reply = report_alloc(replies->reply,
					      replies->room * sizeof(copy));
	}
	copy = report_alloc(NULL, reply->nlmsg_len);
	memcpy(copy, reply, reply->nlmsg_len);
	replies->reply[replies->count++] = copy;
	return NETLINK_MORE;
}

/**
 * netlink_collect() - read all replies to a request before using any
 * @nl: the requests
 * @msg: from netlink_query(), freed here
 * @replies: set; for netlink_replies_free() in any case
 *
 * A dump that changed while it was read is read again.
 *
 * Return: enum dsrctl_status.
 */
int netlink_collect(struct netlink *nl, struct nl_msg *msg,
		    struct netlink_replies *replies)
{
	int status, tries = NETLINK_DUMP_TRIES;

	memset(replies, 0, sizeof(*replies));
	do {
		netlink_replies_free(replies);
		status = netlink_exchange(nl, msg, on_collect, replies);
	} while (!status && nl->interrupted && --tries);
	if (!status && nl->interrupted)
		status = report_error(DSRCTL_REFUSED,
				      "the configuration changes faster than dsrctl can read it: try again later");
	nlmsg_free(msg);
	return status;
}

/**
 * netlink_replies_free() - free the result of netlink_collect()
 * @replies: the replies
 */
void netlink_replies_free(struct netlink_replies *replies)
{
	size_t i;

	for (i = 0; i < replies->count; i++)
		free(replies->reply[i]);
	free(replies->reply);
	memset(replies, 0, sizeof(*replies));
}
