// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl upgrade: load another dsr_lb in place of the loaded one, under traffic.
 *
 * All network namespaces share the module, so what each of them has is read, and
 * written again. From before the connections are read until they are written the
 * packets for the VIPs wait: without the module the machine would route them.
 *
 * The upgrade begins with the step that can fail without harm. It asks the kernel to
 * load the new file beside the old module: the kernel refuses a good file only for
 * its name.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/dsr.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "all.h"
#include "args.h"
#include "dsrctl.h"
#include "duration.h"
#include "hold.h"
#include "json.h"
#include "module.h"
#include "namespaces.h"
#include "netlink.h"
#include "report.h"
#include "rescue.h"
#include "saved.h"
#include "setting.h"

#define MODULE	"dsr_lb"
#define IPVS	"dsr_ipvs"

/* Times that another program may load the installed module in between. */
#define LOAD_TRIES	5

enum { UPGRADE_FROM };

static const struct keyword upgrade_keywords[] = {
	[UPGRADE_FROM] = { "from", keyword_file },
	{ NULL, NULL }
};

/**
 * struct upgrade_netns - a network namespace
 * @saved: what dsr_lb has in it
 * @settings: of dsr_ipvs
 * @hold: the packets that wait in it
 */
struct upgrade_netns {
	struct saved saved;
	struct settings settings;
	struct hold hold;
};

/**
 * struct upgrade - an upgrade
 * @ctl: the run
 * @path: file of the new module
 * @ipvs: file of dsr_ipvs, if that is loaded; else NULL
 * @parameters: of the old module
 * @all: the network namespaces
 * @place: what each of @all has
 * @rescue: the process that writes @place back if this one is killed
 * @missing: objects that the new module refuses; the connections of a namespace
 *	are one object
 * @kept: connections that it has
 */
struct upgrade {
	struct dsrctl *ctl;
	char *path;
	char *ipvs;
	char *parameters;
	struct namespaces all;
	struct upgrade_netns *place;
	struct rescue rescue;
	unsigned int missing;
	uint64_t kept;
};

/* Do it in each network namespace that has something, with a socket each. */
static int in_each(struct upgrade *upgrade,
		   int (*what)(struct upgrade *upgrade, struct netlink *nl,
			       struct upgrade_netns *place))
{
	int status = DSRCTL_OK;
	struct netlink *nl;
	size_t i;

	for (i = upgrade->all.count; !status && i--;) {
		if (namespaces_enter(&upgrade->all, i))
			continue;
		nl = netlink_new();
		netlink_context(nl, "upgrade", NULL);
		status = what(upgrade, nl, &upgrade->place[i]);
		netlink_free(nl);
		if (status && i)
			report_note("that is in %s", upgrade->all.one[i].name);
	}
	namespaces_enter(&upgrade->all, 0);
	return status;
}

static bool is_empty(const struct upgrade_netns *place)
{
	return !place->saved.services.count && !place->saved.paths.count;
}

static void keep(struct upgrade *upgrade, const struct upgrade_netns *place)
{
	if (!is_empty(place))
		namespaces_keep(&upgrade->all, place - upgrade->place);
}

static int read_place(struct upgrade *upgrade, struct netlink *nl,
		      struct upgrade_netns *place)
{
	int status;

	if (upgrade->ipvs)
		settings_read(&place->settings);
	status = saved_read(nl, &place->saved);
	if (!status)
		keep(upgrade, place);
	return status;
}

/* Connections take seconds to read, in which a health checker may change a weight. */
static int read_again(struct upgrade *upgrade, struct netlink *nl,
		      struct upgrade_netns *place)
{
	int status = saved_read_again(nl, &place->saved);

	if (!status)
		keep(upgrade, place);
	return status;
}

static int hold_place(struct upgrade *upgrade, struct netlink *nl,
		      struct upgrade_netns *place)
{
	struct hold_wanted wanted;
	int status;

	(void)upgrade;
	(void)nl;
	status = saved_want(&place->saved, &wanted);
	if (!status)
		status = hold_begin(&place->hold, &wanted);
	hold_want_free(&wanted);
	return status;
}

static int read_connections(struct upgrade *upgrade, struct netlink *nl,
			    struct upgrade_netns *place)
{
	(void)upgrade;
	return is_empty(place) ? DSRCTL_OK :
				 saved_read_connections(nl, &place->saved);
}

static int empty_place(struct upgrade *upgrade, struct netlink *nl,
		       struct upgrade_netns *place)
{
	int status = DSRCTL_OK;

	(void)upgrade;
	/* the XDP program of a path holds the module */
	if (place->saved.paths.count)
		status = all_flush(nl, NETLINK_LB, DSR_CMD_PATH_FLUSH);
	if (!status && place->saved.services.count)
		status = all_flush(nl, NETLINK_LB, DSR_CMD_SERVICE_FLUSH);
	return status;
}

/* Return: DSRCTL_OK also if a part was refused: each of the other namespaces has to
 * get back what it had.
 */
static int write_place(struct upgrade *upgrade, struct netlink *nl,
		       struct upgrade_netns *place)
{
	unsigned int missing;

	/* the limit and the timeouts of the table, if nothing else */
	saved_write(nl, &place->saved, &missing);
	upgrade->missing += missing;
	if (!is_empty(place) &&
	    saved_write_connections(nl, &place->saved, &upgrade->kept))
		upgrade->missing++;
	return DSRCTL_OK;
}

static int write_settings(struct upgrade *upgrade, struct netlink *nl,
			  struct upgrade_netns *place)
{
	size_t refused = settings_write(&place->settings);

	(void)upgrade;
	(void)nl;
	if (refused)
		report_warning("dsr_ipvs does not take back %zu settings net.ipv4.vs.*",
			       refused);
	return DSRCTL_OK;
}

static void release(struct upgrade *upgrade)
{
	size_t i;

	for (i = 0; i < upgrade->all.count; i++)
		hold_end(&upgrade->place[i].hold);
}

/* Write all that the old module had to the loaded one. dsr_ipvs comes last: a program
 * that finds it adds what it misses.
 */
static int write_all(struct upgrade *upgrade)
{
	int status = in_each(upgrade, write_place), err;

	if (!status && upgrade->ipvs) {
		err = module_load(upgrade->ipvs, "");
		if (err && err != EEXIST)
			report_warning("dsr_ipvs was not loaded again: %s",
				       strerror(err));
		else
			in_each(upgrade, write_settings);
	}
	return status;
}

/* The services are gone, and the old module is still there. */
static int put_back(struct upgrade *upgrade, int err)
{
	static const char used[] =
		"a program, or a network namespace without a name, uses it";

	upgrade->missing = 0;
	upgrade->kept = 0;
	write_all(upgrade);
	return report_error(DSRCTL_REFUSED,
			    "the module dsr_lb was not unloaded: %s; the old one has its services again, with %"
			    PRIu64 " connections",
			    err == EAGAIN ? used : strerror(err),
			    upgrade->kept);
}

/* A request of another program, as keepalived, makes the kernel load the installed
 * module at any time: into the gap between both modules, too.
 */
static int load_new(const struct upgrade *upgrade)
{
	int err, tries = LOAD_TRIES;

	do {
		err = module_load(upgrade->path, upgrade->parameters);
		/* a parameter may have gone */
		if (err == EINVAL)
			err = module_load(upgrade->path, "");
	} while (err == EEXIST && --tries && !module_unload(MODULE));
	return err;
}

static int say_left(const struct upgrade *upgrade, int err)
{
	size_t i, services = 0;

	for (i = 0; i < upgrade->all.count; i++)
		services += upgrade->place[i].saved.services.count;
	return report_error(DSRCTL_REFUSED,
			    "no dsr_lb is loaded: %s: %s: its %zu services and their connections are gone; load it with 'modprobe dsr_lb', and configure it again",
			    upgrade->path, strerror(err), services);
}

/* The old module is gone, and the new one was not loaded: the installed one is better
 * than none.
 */
static int fall_back(struct upgrade *upgrade, int err)
{
	if (!module_probe(MODULE, upgrade->parameters) &&
	    !module_probe(MODULE, ""))
		return say_left(upgrade, err);
	write_all(upgrade);
	return report_error(DSRCTL_REFUSED,
			    "%s: %s: the installed dsr_lb is loaded instead; it has the services again, but for %u objects, with %"
			    PRIu64 " connections",
			    upgrade->path, strerror(err), upgrade->missing,
			    upgrade->kept);
}

static int swap(struct upgrade *upgrade)
{
	int status, err;

	if (upgrade->ipvs) {
		err = module_unload(IPVS);
		if (err)
			return report_error(DSRCTL_REFUSED,
					    "the module dsr_ipvs was not unloaded: %s; nothing was changed",
					    err == EAGAIN ?
					    "a program uses it" :
					    strerror(err));
	}
	status = in_each(upgrade, empty_place);
	if (status)
		return put_back(upgrade, EBUSY);
	err = module_unload(MODULE);
	if (err)
		return put_back(upgrade, err);
	err = load_new(upgrade);
	return err ? fall_back(upgrade, err) : write_all(upgrade);
}

/* In the process that survives a kill: no matter how far the other one came, the
 * configuration is there again afterwards. What is there already is refused, which
 * does no harm. The packets wait until this process ends.
 */
static void rescue(void *arg)
{
	struct upgrade *upgrade = arg;

	report_note("the upgrade was killed: the configuration is being restored");
	report_errors(false);
	if (!module_is_loaded(MODULE) && load_new(upgrade) &&
	    !module_probe(MODULE, upgrade->parameters))
		module_probe(MODULE, "");
	write_all(upgrade);
}

/* Swap the modules, with a second process behind. */
static int swap_safely(struct upgrade *upgrade)
{
	int status;

	if (rescue_post(&upgrade->rescue, -1, NULL, rescue, upgrade))
		status = report_error(DSRCTL_REFUSED,
				      "cannot start a process that restores the configuration if this one is killed: %s; nothing was changed",
				      strerror(errno));
	else
		status = swap(upgrade);
	rescue_dismiss(&upgrade->rescue);
	return status;
}

static size_t count(const struct upgrade *upgrade, bool backends)
{
	size_t i, number = 0;

	for (i = 0; i < upgrade->all.count; i++)
		number += backends ? upgrade->place[i].saved.backends.count :
				     upgrade->place[i].saved.services.count;
	return number;
}

static void print_result(const struct upgrade *upgrade, uint64_t took)
{
	struct json_object *object;
	uint64_t had = 0;
	size_t i;

	for (i = 0; i < upgrade->all.count; i++)
		had += upgrade->place[i].saved.connections;
	if (!upgrade->ctl->json) {
		printf("%zu services, %zu backends, %" PRIu64 " of %" PRIu64
		       " connections kept; packets waited for %" PRIu64
		       " ms\n",
		       count(upgrade, false), count(upgrade, true),
		       upgrade->kept, had, took);
		return;
	}
	object = json_object_new_object();
	json_add_number(object, "services", count(upgrade, false));
	json_add_number(object, "backends", count(upgrade, true));
	json_add_number(object, "connections", had);
	json_add_number(object, "kept", upgrade->kept);
	json_add_number(object, "missing", upgrade->missing);
	json_add_number(object, "milliseconds", took);
	json_print(object, upgrade->ctl->pretty);
}

/* From here on an interrupt would leave half of a balancer. */
static void block_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, old);
}

/* The file of another module would pass for a good one: that is loaded as well, or the
 * check would load it.
 */
static int check_name(const char *path)
{
	char *name = module_name(path);
	int status = DSRCTL_OK;

	if (access(path, R_OK))
		status = report_error(DSRCTL_REFUSED, "%s: %s; nothing was changed",
				      path, strerror(errno));
	else if (!name)
		status = report_error(DSRCTL_REFUSED,
				      "%s: modinfo finds no module in this file; nothing was changed",
				      path);
	else if (strcmp(name, MODULE))
		status = report_error(DSRCTL_REFUSED,
				      "%s: this is the module %s, not dsr_lb; nothing was changed",
				      path, name);
	free(name);
	return status;
}

static int find_files(struct upgrade *upgrade)
{
	int err;

	if (!upgrade->path)
		upgrade->path = module_file(MODULE);
	if (!upgrade->path)
		return report_error(DSRCTL_REFUSED,
				    "modinfo finds no file of the module dsr_lb: name one with 'from FILE'");
	if (check_name(upgrade->path))
		return DSRCTL_REFUSED;
	err = module_check(upgrade->path);
	if (err)
		return report_error(DSRCTL_REFUSED,
				    "%s: this kernel does not load it: %s; nothing was changed",
				    upgrade->path, strerror(err));
	if (!module_is_loaded(IPVS))
		return DSRCTL_OK;
	upgrade->ipvs = module_file(IPVS);
	if (upgrade->ipvs)
		return DSRCTL_OK;
	return report_error(DSRCTL_REFUSED,
			    "dsr_ipvs uses dsr_lb, and modinfo finds no file of it: unload it first with 'modprobe -r dsr_ipvs'");
}

static int run(struct upgrade *upgrade)
{
	uint64_t began;
	sigset_t old;
	int status;

	status = find_files(upgrade);
	if (!status)
		status = namespaces_find(&upgrade->all);
	if (status)
		return status;
	upgrade->place = report_alloc(NULL, (upgrade->all.count + 1) *
				      sizeof(*upgrade->place));
	memset(upgrade->place, 0,
	       upgrade->all.count * sizeof(*upgrade->place));
	upgrade->parameters = module_parameters(MODULE);
	status = in_each(upgrade, read_place);
	if (status)
		return status;
	block_signals(&old);
	began = duration_now();
	status = in_each(upgrade, hold_place);
	if (!status)
		status = in_each(upgrade, read_connections);
	if (!status)
		status = in_each(upgrade, read_again);
	if (!status)
		status = swap_safely(upgrade);
	release(upgrade);
	began = duration_now() - began;
	if (!status) {
		print_result(upgrade, began);
		if (upgrade->missing)
			status = report_error(DSRCTL_REFUSED,
					      "the new module refuses %u objects, see above",
					      upgrade->missing);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}

static void free_place(struct upgrade_netns *place)
{
	saved_free(&place->saved);
	settings_free(&place->settings);
}

static int upgrade_lb(struct dsrctl *ctl, struct args *args)
{
	struct upgrade upgrade = { .ctl = ctl };
	int keyword, status = DSRCTL_OK;
	const char *word;
	size_t i;

	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		word = keyword == UPGRADE_FROM ? args_word(args) : NULL;
		if (word)
			upgrade.path = strdup(word);
		else
			status = DSRCTL_USAGE;
	}
	if (!status && ctl->check)
		status = DSRCTL_CHECKED;
	if (!status && !module_is_loaded(MODULE))
		status = netlink_not_loaded(NETLINK_LB);
	if (!status)
		status = run(&upgrade);
	for (i = 0; upgrade.place && i < upgrade.all.count; i++)
		free_place(&upgrade.place[i]);
	if (upgrade.place)
		namespaces_free(&upgrade.all);
	free(upgrade.place);
	free(upgrade.parameters);
	free(upgrade.ipvs);
	free(upgrade.path);
	return status;
}

static const struct command upgrade_commands[] = {
	{ "dsr_lb", "[from FILE]",
	  "load the installed dsr_lb, or that of a file, in place of the loaded one; connections are kept",
	  upgrade_keywords, upgrade_lb },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object upgrade_object = {
	.name = "upgrade",
	.description = "replace a loaded module under traffic",
	.commands = upgrade_commands,
	.fallback = "dsr_lb",
};
