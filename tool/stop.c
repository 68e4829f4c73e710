// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl service stop and dsrctl real stop: unload a module with all its
 * objects. Refuse while a client or an operator would lose something, unless
 * forced.
 *
 * All network namespaces share a module, and the objects of a namespace hold
 * the module. So check all namespaces and, with force, delete the objects in
 * all of them. Delete nothing without permission to unload the module.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "json.h"
#include "local.h"
#include "module.h"
#include "namespaces.h"
#include "netlink.h"
#include "path.h"
#include "rule.h"
#include "report.h"
#include "service.h"
#include "silence.h"
#include "text.h"

#define IPVS	"dsr_ipvs"

enum { STOP_FORCE };

const struct keyword stop_keywords[] = {
	[STOP_FORCE] = { "force", keyword_flag },
	{ NULL, NULL }
};

/**
 * struct loss - objects that a network namespace loses
 * @services: services
 * @connections: connections that neither end has finished
 * @rules: rules
 * @flows: flows that neither end has finished
 * @wanted: addresses that the user has silenced
 * @silenced: silenced addresses, with those of rules
 * @programs: paths by XDP: no loss without services, but their programs hold the
 *	module
 */
struct loss {
	unsigned long services;
	unsigned long connections;
	unsigned long rules;
	unsigned long flows;
	unsigned long wanted;
	unsigned long silenced;
	unsigned long programs;
};

/**
 * struct stop - a module to unload
 * @ctl: the run
 * @module: the module
 * @name: its name
 * @command: the command, for messages
 * @force: unload in spite of losses
 * @all: the network namespaces
 * @loss: losses of each of @all
 */
struct stop {
	struct dsrctl *ctl;
	enum netlink_module module;
	const char *name;
	const char *command;
	bool force;
	struct namespaces all;
	struct loss *loss;
};

/* A flow is live unless one of its ends has closed it. */
static enum netlink_verdict on_flow(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct loss *loss = arg;
	uint8_t state;

	if (!attr_parse(reply, top) || !top[DSR_A_FLOW] ||
	    !attr_parse_nest(DSR_A_FLOW, top[DSR_A_FLOW], tb))
		return NETLINK_MALFORMED;
	state = attr_u8(tb[DSR_FLOW_A_STATE]);
	if (state != DSR_CONN_FIN && state != DSR_CONN_CLOSED)
		loss->flows++;
	return NETLINK_MORE;
}

static int count_flows(struct netlink *nl, struct loss *loss)
{
	struct nl_msg *msg;
	int status;

	status = netlink_query(nl, NETLINK_RS, DSR_RS_CMD_FLOW_GET, NLM_F_DUMP,
			       &msg);
	return status ? status : netlink_stream(nl, msg, on_flow, loss);
}

/* A connection outlives its service, and is live as a flow is. */
static enum netlink_verdict on_connection(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct loss *loss = arg;
	uint8_t state;

	if (!attr_parse(reply, top) || !top[DSR_A_CONNECTION] ||
	    !attr_parse_nest(DSR_A_CONNECTION, top[DSR_A_CONNECTION], tb))
		return NETLINK_MALFORMED;
	state = attr_u8(tb[DSR_CONNECTION_A_STATE]);
	if (state == DSR_CONN_ESTABLISHED || state == DSR_CONN_UDP)
		loss->connections++;
	return NETLINK_MORE;
}

static int count_connections(struct netlink *nl, struct loss *loss)
{
	struct nl_msg *msg;
	int status;

	status = netlink_query(nl, NETLINK_LB, DSR_CMD_CONNECTION_GET,
			       NLM_F_DUMP, &msg);
	return status ? status : netlink_stream(nl, msg, on_connection, loss);
}

static int count_silenced(struct netlink *nl, struct loss *loss)
{
	struct netlink_replies replies;
	struct silence_info silence;
	int status;
	size_t i;

	status = all_list(nl, NETLINK_RS, DSR_RS_CMD_SILENCE_GET, &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!silence_parse(replies.reply[i], &silence))
			status = netlink_malformed();
		else if (attr_u8(silence.tb[DSR_SILENCE_A_WANTED]))
			loss->wanted++;
	}
	loss->silenced = replies.count;
	netlink_replies_free(&replies);
	return status;
}

static int count_all(struct netlink *nl, enum netlink_module module,
		     uint8_t cmd, unsigned long *count)
{
	struct netlink_replies replies;
	int status = all_list(nl, module, cmd, &replies);

	*count = replies.count;
	netlink_replies_free(&replies);
	return status;
}

static int count_programs(struct netlink *nl, struct loss *loss)
{
	struct netlink_replies replies;
	struct path_info path;
	int status;
	size_t i;

	status = all_list(nl, NETLINK_LB, DSR_CMD_PATH_GET, &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!path_parse(replies.reply[i], &path))
			status = netlink_malformed();
		else if (attr_u8(path.tb[DSR_PATH_A_VIA]) !=
			 DSR_PATH_VIA_INGRESS)
			loss->programs++;
	}
	netlink_replies_free(&replies);
	return status;
}

static int count(const struct stop *stop, struct netlink *nl,
		 struct loss *loss)
{
	int status;

	if (stop->module == NETLINK_LB) {
		status = count_programs(nl, loss);
		if (!status)
			status = count_connections(nl, loss);
		return status ? status :
				count_all(nl, NETLINK_LB, DSR_CMD_SERVICE_GET,
					  &loss->services);
	}
	status = count_flows(nl, loss);
	if (!status)
		status = count_silenced(nl, loss);
	if (!status)
		status = count_all(nl, NETLINK_RS, DSR_RS_CMD_RULE_GET,
				   &loss->rules);
	return status;
}

static bool loses(const struct loss *loss)
{
	return loss->services || loss->connections || loss->rules || loss->flows || loss->silenced;
}

static int take_programs(const struct stop *stop, struct netlink *nl,
			 struct loss *loss)
{
	(void)stop;
	return loss->programs ? all_flush(nl, NETLINK_LB, DSR_CMD_PATH_FLUSH) :
				DSRCTL_OK;
}

/* Delete all objects of the module; routes first, see local.c. */
static int let_go(const struct stop *stop, struct netlink *nl,
		  struct loss *loss)
{
	int status;

	if (stop->module == NETLINK_LB) {
		status = take_programs(stop, nl, loss);
		return status ? status :
				all_flush_parts(nl, NETLINK_LB,
						DSR_CMD_SERVICE_FLUSH);
	}
	status = local_flush(nl);
	if (!status && loss->silenced > loss->wanted)
		status = all_flush(nl, NETLINK_RS, DSR_RS_CMD_RULE_FLUSH);
	if (!status && loss->wanted)
		status = all_flush(nl, NETLINK_RS, DSR_RS_CMD_SILENCE_FLUSH);
	return status;
}

/* Do it in each network namespace that can be entered, with a socket each. */
static int in_each(const struct stop *stop,
		   int (*what)(const struct stop *stop, struct netlink *nl,
			       struct loss *loss))
{
	int status = DSRCTL_OK;
	struct netlink *nl;
	size_t i;

	for (i = stop->all.count; !status && i--;) {
		if (namespaces_enter(&stop->all, i))
			continue;
		nl = netlink_new();
		netlink_context(nl, stop->command, NULL);
		status = what(stop, nl, &stop->loss[i]);
		netlink_free(nl);
		if (status && i)
			report_note("that is in %s", stop->all.one[i].name);
	}
	namespaces_enter(&stop->all, 0);
	return status;
}

/* Print "3 services", after a comma unless it is the first. */
static void say(FILE *out, bool *begun, unsigned long number,
		const char *one, const char *more)
{
	if (number)
		fprintf(out, "%s%lu %s", *begun ? ", " : "", number,
			number == 1 ? one : more);
	*begun = *begun || number;
}

static void say_loss(FILE *out, const struct stop *stop, size_t i)
{
	const struct loss *loss = &stop->loss[i];
	bool begun = false;

	fprintf(out, "%s: ", stop->all.one[i].name);
	say(out, &begun, loss->services, "service", "services");
	say(out, &begun, loss->connections, "live connection",
	    "live connections");
	say(out, &begun, loss->rules, "rule", "rules");
	say(out, &begun, loss->flows, "live flow", "live flows");
	say(out, &begun, loss->silenced, "silenced address",
	    "silenced addresses");
}

static struct json_object *loss_json(const struct stop *stop, size_t i)
{
	struct json_object *object = json_object_new_object();
	const struct loss *loss = &stop->loss[i];
	const struct {
		const char *key;
		unsigned long number;
	} numbers[] = {
		{ "services", loss->services },
		{ "connections", loss->connections },
		{ "rules", loss->rules },
		{ "flows", loss->flows },
		{ "silenced", loss->silenced },
	};
	size_t n;

	json_object_object_add(object, "netns",
			       json_object_new_string(stop->all.one[i].name));
	for (n = 0; n < ARRAY_SIZE(numbers); n++)
		json_add_number(object, numbers[n].key, numbers[n].number);
	return object;
}

/* A line for each network namespace that loses something. */
static void print_losses(const struct stop *stop)
{
	struct json_list list;
	size_t i;

	if (stop->ctl->json)
		json_list_begin(&list, stop->ctl->pretty);
	for (i = 0; i < stop->all.count; i++) {
		if (!loses(&stop->loss[i]))
			continue;
		if (stop->ctl->json) {
			json_list_item(&list, loss_json(stop, i));
			continue;
		}
		say_loss(stdout, stop, i);
		puts(" lost");
	}
	if (stop->ctl->json)
		json_list_end(&list);
	fflush(stdout);
}

/* Refuse if a namespace, from @first on, would lose something. */
static int check_losses(const struct stop *stop, size_t first)
{
	struct text text;
	bool any = false;
	int status;
	char *list;
	size_t i;

	text_begin(&text);
	for (i = first; i < stop->all.count; i++) {
		if (!loses(&stop->loss[i]))
			continue;
		if (any)
			fputs("; ", text.out);
		say_loss(text.out, stop, i);
		any = true;
	}
	list = text_end(&text);
	status = any ? report_error(DSRCTL_REFUSED,
				    "%s would be lost: to stop anyway, use 'dsrctl %s force'",
				    list, stop->command) : DSRCTL_OK;
	free(list);
	return status;
}

/* Without the module the neighbours would find silenced addresses. */
static int check(const struct stop *stop)
{
	const struct loss *here = &stop->loss[0];

	if (stop->module == NETLINK_LB)
		return check_losses(stop, 0);
	if (here->flows)
		return report_error(DSRCTL_REFUSED,
				    "%lu live flow%s would break: wait until they end, or break them with 'dsrctl real stop force'",
				    here->flows, here->flows == 1 ? "" : "s");
	if (here->wanted)
		return report_error(DSRCTL_REFUSED,
				    "the neighbours would find %lu silenced address%s: delete %s with 'dsrctl real silence flush', or stop with 'dsrctl real stop force'",
				    here->wanted, here->wanted == 1 ? "" : "es",
				    here->wanted == 1 ? "it" : "them");
	return check_losses(stop, 1);
}

static bool has_ipvs(void)
{
	return !access("/sys/module/" IPVS "/initstate", F_OK);
}

static int in_use(const struct stop *stop, const char *module)
{
	if (!stop->force && stop->module == NETLINK_LB && has_ipvs())
		return report_error(DSRCTL_REFUSED,
				    "the module dsr_lb is in use by dsr_ipvs: unload both with 'modprobe -r dsr_ipvs', or with 'dsrctl service stop force'");
	return report_error(DSRCTL_REFUSED,
			    "the module %s is in use: another command is reading from the module, or a network namespace without a name or a process still uses it",
			    module);
}

/* Return: errno; EAGAIN: there are references. */
static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? errno : 0;
}

static int report_unload(const struct stop *stop, const char *module, int err)
{
	switch (err) {
	case 0:
		return DSRCTL_OK;
	case EPERM:
		return report_error(DSRCTL_REFUSED,
				    "the module %s was not unloaded: unloading needs CAP_SYS_MODULE (run dsrctl as root)",
				    module);
	case EAGAIN:
		return in_use(stop, module);
	default:
		return report_error(DSRCTL_REFUSED,
				    "the module %s was not unloaded: %s",
				    module, strerror(err));
	}
}

/* dsr_ipvs uses dsr_lb. */
static int stop_ipvs(const struct stop *stop)
{
	if (stop->module != NETLINK_LB || !has_ipvs())
		return DSRCTL_OK;
	return report_unload(stop, IPVS, unload(IPVS));
}

static bool has_programs(const struct stop *stop)
{
	size_t i;

	for (i = 0; i < stop->all.count; i++)
		if (stop->loss[i].programs)
			return true;
	return false;
}

/* Unload the module after its objects have gone. */
static int unload_empty(const struct stop *stop)
{
	/* the kernel frees a program a moment later */
	return has_programs(stop) ? module_unload(stop->name) :
				    unload(stop->name);
}

static int stop_module(const struct stop *stop)
{
	bool gives_up = stop->force || stop->module == NETLINK_RS;
	int status, err;

	err = unload(stop->name);
	if (err == EAGAIN && !gives_up && !has_ipvs() && has_programs(stop)) {
		status = in_each(stop, take_programs);
		if (status)
			return status;
		err = unload_empty(stop);
	}
	if (!err && stop->force)
		print_losses(stop);
	if (err != EAGAIN || !gives_up)
		return report_unload(stop, stop->name, err);
	if (stop->force)
		print_losses(stop);
	status = stop_ipvs(stop);
	if (!status)
		status = in_each(stop, let_go);
	return status ? status : report_unload(stop, stop->name,
					       unload_empty(stop));
}

/**
 * stop_run() - dsrctl service stop, and dsrctl real stop
 * @ctl: the run
 * @args: the words
 *
 * Return: enum dsrctl_status.
 */
int stop_run(struct dsrctl *ctl, struct args *args)
{
	bool lb = args->object == &service_object;
	struct stop stop = {
		.ctl = ctl,
		.module = lb ? NETLINK_LB : NETLINK_RS,
		.command = lb ? "service stop" : "real stop",
	};
	bool loaded[NETLINK_MODULES];
	int keyword, status = DSRCTL_OK;

	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		if (keyword != STOP_FORCE)
			status = DSRCTL_USAGE;
	if (!status)
		status = netlink_loaded(ctl->netlink, loaded);
	if (status)
		return status;
	stop.name = netlink_module_name(stop.module);
	stop.force = args_seen(args, STOP_FORCE);
	if (!loaded[stop.module])
		return netlink_not_loaded(stop.module);

	status = namespaces_find(&stop.all);
	if (!status) {
		stop.loss = report_alloc(NULL, stop.all.count *
					 sizeof(*stop.loss));
		memset(stop.loss, 0, stop.all.count * sizeof(*stop.loss));
		status = in_each(&stop, count);
	}
	if (!status && !stop.force)
		status = check(&stop);
	if (!status)
		status = stop_module(&stop);
	free(stop.loss);
	namespaces_free(&stop.all);
	return status;
}
