// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl monitor: print the changes on a balancer or on a real server.
 *
 * After lost events all objects are shown again.
 */
#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "change.h"
#include "group.h"
#include "netlink.h"
#include "report.h"
#include "socket.h"

/**
 * struct monitor - modules that are watched
 * @ctl: the run
 * @sock: gets the events
 * @family: number of each module's family; 0: the module is not loaded
 * @over: stop reading
 * @status: enum dsrctl_status
 */
struct monitor {
	struct dsrctl *ctl;
	struct nl_sock *sock;
	uint16_t family[NETLINK_MODULES];
	bool over;
	int status;
};

/* Show all objects of the watched modules. */
static int show_all(struct monitor *monitor)
{
	int status = DSRCTL_OK;
	unsigned int module;

	for (module = 0; !status && module < NETLINK_MODULES; module++)
		if (monitor->family[module])
			status = change_show(monitor->ctl, module);
	if (!status)
		change_word(monitor->ctl, "shown", NULL, "that is all there is");
	return status;
}

static int watch_module(struct monitor *monitor, enum netlink_module module)
{
	uint32_t events;
	int status;

	status = group_find(monitor->ctl->netlink, module,
			    &monitor->family[module], &events);
	return status ? status : socket_join(monitor->sock, events);
}

/* Any process can send to the socket: accept only the kernel's messages. */
static int on_message(struct nl_msg *msg, void *arg)
{
	(void)arg;
	return nlmsg_get_src(msg)->nl_pid ? NL_SKIP : NL_OK;
}

static void end(struct monitor *monitor, int status)
{
	monitor->status = status;
	monitor->over = true;
}

static bool watches_any(const struct monitor *monitor)
{
	unsigned int module;

	for (module = 0; module < NETLINK_MODULES; module++)
		if (monitor->family[module])
			return true;
	return false;
}

/* A module was unloaded. */
static void on_gone(struct monitor *monitor, enum netlink_module module)
{
	const char *name = netlink_module_name(module);
	char sentence[64];

	monitor->family[module] = 0;
	if (!watches_any(monitor)) {
		end(monitor, report_error(DSRCTL_REFUSED,
					  "%s was unloaded: no module is left to watch",
					  name));
		return;
	}
	snprintf(sentence, sizeof(sentence), "%s was unloaded", name);
	change_word(monitor->ctl, "unloaded", name, sentence);
}

/* A module was loaded: events before joining its group were missed. */
static void on_come(struct monitor *monitor, enum netlink_module module)
{
	const char *name = netlink_module_name(module);
	char sentence[64];
	int status;

	snprintf(sentence, sizeof(sentence), "%s was loaded", name);
	change_word(monitor->ctl, "loaded", name, sentence);
	status = watch_module(monitor, module);
	if (!status)
		status = change_show(monitor->ctl, module);
	if (status)
		end(monitor, status);
}

static void on_controller(struct monitor *monitor, struct nlmsghdr *event)
{
	unsigned int module;

	for (module = 0; module < NETLINK_MODULES; module++) {
		if (monitor->family[module] &&
		    group_is_gone(event, monitor->family[module]))
			on_gone(monitor, module);
		else if (!monitor->family[module] &&
			 group_has_come(event, module))
			on_come(monitor, module);
	}
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *event = nlmsg_hdr(msg);
	struct monitor *monitor = arg;
	unsigned int module;

	if (monitor->over)
		return NL_STOP;
	if (event->nlmsg_type == GENL_ID_CTRL)
		on_controller(monitor, event);
	for (module = 0; module < NETLINK_MODULES; module++)
		if (event->nlmsg_type == monitor->family[module] &&
		    (!genlmsg_valid_hdr(event, 0) ||
		     !change_print(monitor->ctl, module, event)))
			end(monitor, netlink_malformed());
	monitor->over = monitor->over || ferror(stdout);
	return monitor->over ? NL_STOP : NL_OK;
}

static int on_invalid(struct nl_msg *msg, void *arg)
{
	(void)msg;
	end(arg, netlink_malformed());
	return NL_STOP;
}

/* Open a socket for the events of all loaded modules. Join the group of the
 * controller first, so that a module that is loaded meanwhile is not missed.
 */
static int watch_begin(struct monitor *monitor)
{
	struct netlink *nl = monitor->ctl->netlink;
	bool loaded[NETLINK_MODULES];
	unsigned int module;
	uint32_t families;
	int status;

	memset(monitor->family, 0, sizeof(monitor->family));
	status = group_find_controller(nl, &families);
	if (status)
		return status;
	monitor->sock = socket_open();
	if (!monitor->sock)
		return DSRCTL_REFUSED;
	nl_socket_disable_seq_check(monitor->sock);
	nl_socket_modify_cb(monitor->sock, NL_CB_MSG_IN, NL_CB_CUSTOM,
			    on_message, NULL);
	nl_socket_modify_cb(monitor->sock, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    monitor);
	nl_socket_modify_cb(monitor->sock, NL_CB_INVALID, NL_CB_CUSTOM,
			    on_invalid, monitor);
	status = socket_join(monitor->sock, families);
	if (!status)
		status = netlink_loaded(nl, loaded);
	for (module = 0; !status && module < NETLINK_MODULES; module++)
		if (loaded[module])
			status = watch_module(monitor, module);
	if (!status && !watches_any(monitor))
		status = netlink_none_loaded();
	return status;
}

static void watch_end(struct monitor *monitor)
{
	if (monitor->sock)
		socket_close(monitor->sock);
	monitor->sock = NULL;
}

/* Events are missing. The events in the receive queue are older than the
 * objects that are shown now, so start again with a new socket.
 */
static int watch_again(struct monitor *monitor)
{
	int status;

	report_warning("events came faster than dsrctl read them, and some are missing: all present objects follow");
	change_word(monitor->ctl, "overrun", NULL,
		    "events are missing: these are all present objects");
	watch_end(monitor);
	status = watch_begin(monitor);
	return status ? status : show_all(monitor);
}

static void monitor_read(struct monitor *monitor)
{
	int err;

	while (!monitor->over) {
		err = nl_recvmsgs_default(monitor->sock);
		if (monitor->over)
			break;
		if (err == -NLE_NOMEM) {	/* ENOBUFS */
			err = watch_again(monitor);
			if (err)
				end(monitor, err);
		} else if (err < 0) {
			end(monitor, report_error(DSRCTL_REFUSED,
						  "cannot talk to the kernel: %s",
						  nl_geterror(err)));
		}
	}
}

static int monitor_run(struct dsrctl *ctl, struct args *args)
{
	struct monitor monitor = { .ctl = ctl };

	monitor.status = args_end(args);
	if (monitor.status)
		return monitor.status;
	monitor.status = watch_begin(&monitor);
	if (!monitor.status)
		monitor_read(&monitor);
	watch_end(&monitor);
	return monitor.status;
}

static const struct command monitor_commands[] = {
	{ "monitor", "",
	  "print a line for each change of the loaded modules, until ^C",
	  NULL, monitor_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object monitor_object = {
	.name = "monitor",
	.description = "changes as they happen",
	.commands = monitor_commands,
	.fallback = "monitor",
	.bare = true,
};
