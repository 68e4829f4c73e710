// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl real stop: unload the real server's module, and with it all rules and
 * flows; not while somebody would notice, unless forced.
 *
 * The module cannot be unloaded while an address is silenced in any network
 * namespace. So those of this one are deleted before, and nothing is begun while
 * others are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dsr.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "local.h"
#include "netlink.h"
#include "real.h"
#include "report.h"
#include "silence.h"

#define MODULE	"dsr_rs"

enum { STOP_FORCE };

const struct keyword stop_keywords[] = {
	[STOP_FORCE] = { "force", keyword_flag },
	{ NULL, NULL }
};

/* What has not been ended by one of its ends is live. */
static enum netlink_verdict on_flow(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	unsigned long *live = arg;
	uint8_t state;

	if (!attr_parse(reply, top) || !top[DSR_A_FLOW] ||
	    !attr_parse_nest(DSR_A_FLOW, top[DSR_A_FLOW], tb))
		return NETLINK_MALFORMED;
	state = attr_u8(tb[DSR_FLOW_A_STATE]);
	if (state != DSR_CONN_FIN && state != DSR_CONN_CLOSED)
		(*live)++;
	return NETLINK_MORE;
}

static int count_live(struct dsrctl *ctl, unsigned long *live)
{
	struct nl_msg *msg;
	int status;

	*live = 0;
	status = netlink_request(ctl->netlink, NETLINK_RS, DSR_RS_CMD_FLOW_GET,
				 NLM_F_DUMP, &msg);
	if (status)
		return status;
	return netlink_stream(ctl->netlink, msg, on_flow, live);
}

/**
 * struct silenced - the silenced addresses of this network namespace
 * @count: how many
 * @wanted: how many the user has silenced
 */
struct silenced {
	unsigned long count;
	unsigned long wanted;
};

static int count_silenced(struct dsrctl *ctl, struct silenced *silenced)
{
	struct netlink_replies replies;
	struct silence_info silence;
	int status;
	size_t i;

	memset(silenced, 0, sizeof(*silenced));
	status = all_list(ctl->netlink, NETLINK_RS, DSR_RS_CMD_SILENCE_GET,
			  &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!silence_parse(replies.reply[i], &silence))
			status = netlink_malformed();
		else if (attr_u8(silence.tb[DSR_SILENCE_A_WANTED]))
			silenced->wanted++;
	}
	silenced->count = replies.count;
	netlink_replies_free(&replies);
	return status;
}

/* Each silenced address is one, wherever it is; and each list on its way. */
static unsigned long count_references(void)
{
	FILE *file = fopen("/sys/module/" MODULE "/refcnt", "re");
	unsigned long references = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &references) != 1)
		references = 0;
	fclose(file);
	return references;
}

static int in_use(void)
{
	return report_error(DSRCTL_REFUSED,
			    "the module " MODULE " is in use: another network namespace has silenced addresses or rules in mode local ('dsrctl -n NETNS real silence flush', 'dsrctl -n NETNS real flush'), or somebody lists rules or flows at the moment");
}

/* Without the module the neighbours would find these addresses. */
static int check_silenced(const struct silenced *silenced, bool force)
{
	if (count_references() > silenced->count)
		return in_use();
	if (force || !silenced->wanted)
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "the neighbours would hear of %lu silenced address%s: delete %s with 'dsrctl real silence flush', or stop with 'dsrctl real stop force'",
			    silenced->wanted, silenced->wanted == 1 ? "" : "es",
			    silenced->wanted == 1 ? "it" : "them");
}

/* Let go of the module; routes first, see local.c. */
static int let_go(struct dsrctl *ctl, const struct silenced *silenced)
{
	int status = local_flush(ctl->netlink);

	if (!status && silenced->count > silenced->wanted)
		status = all_flush(ctl->netlink, NETLINK_RS,
				   DSR_RS_CMD_RULE_FLUSH);
	if (!status && silenced->wanted)
		status = all_flush(ctl->netlink, NETLINK_RS,
				   DSR_RS_CMD_SILENCE_FLUSH);
	return status;
}

/* Return: errno; EAGAIN: there are references. */
static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? errno : 0;
}

static int report_unload(int err)
{
	switch (err) {
	case 0:
		return DSRCTL_OK;
	case EPERM:
		return report_error(DSRCTL_REFUSED,
				    "the module " MODULE " was not unloaded: that needs CAP_SYS_MODULE (run it as root)");
	case EAGAIN:
		return in_use();
	default:
		return report_error(DSRCTL_REFUSED,
				    "the module " MODULE " was not unloaded: %s",
				    strerror(err));
	}
}

/**
 * stop_run() - dsrctl real stop
 * @ctl: what this run of dsrctl was told
 * @args: the words
 *
 * Return: enum dsrctl_status.
 */
int stop_run(struct dsrctl *ctl, struct args *args)
{
	int keyword, err, status = DSRCTL_OK;
	struct silenced silenced;
	unsigned long live;

	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		if (keyword != STOP_FORCE)
			status = DSRCTL_USAGE;
	if (!status && !args_seen(args, STOP_FORCE)) {
		status = count_live(ctl, &live);
		if (!status && live)
			return report_error(DSRCTL_REFUSED,
					    "%lu live flow%s would stop: wait until they end, or stop them with 'dsrctl real stop force'",
					    live, live == 1 ? "" : "s");
	}
	if (!status)
		status = count_silenced(ctl, &silenced);
	if (!status)
		status = check_silenced(&silenced, args_seen(args, STOP_FORCE));
	if (status)
		return status;
	/* Without the right to unload it nothing is given up. */
	if (silenced.count) {
		err = unload();
		if (err != EAGAIN)
			return report_unload(err);
		status = let_go(ctl, &silenced);
		if (status)
			return status;
	}
	return report_unload(unload());
}
