// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl real stop: unload the real server's module, and with it all rules and
 * flows; not while somebody would notice, unless forced.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dsr.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "local.h"
#include "netlink.h"
#include "real.h"
#include "report.h"

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

static int unload(void)
{
	if (!syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		return DSRCTL_OK;
	if (errno == EPERM)
		return report_error(DSRCTL_REFUSED,
				    "the module " MODULE " was not unloaded: that needs CAP_SYS_MODULE (run it as root)");
	if (errno == EAGAIN)
		return report_error(DSRCTL_REFUSED,
				    "the module " MODULE " is in use at the moment, by one who lists its rules or flows: try again");
	return report_error(DSRCTL_REFUSED,
			    "the module " MODULE " was not unloaded: %s",
			    strerror(errno));
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
	int keyword, status = DSRCTL_OK;
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
		status = local_flush(ctl->netlink);
	if (status)
		return status;
	status = unload();
	if (status)
		local_mend(ctl->netlink);
	return status;
}
