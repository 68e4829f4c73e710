// SPDX-License-Identifier: GPL-2.0
/*
 * The families of the modules: find their numbers, load a module, and begin a request
 * to one. netlink.c sends the request.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "netlink.h"
#include "report.h"

static const struct {
	const char *name;
	const char *family;
} modules[NETLINK_MODULES] = {
	[NETLINK_LB] = { "dsr_lb", DSR_GENL_NAME },
	[NETLINK_RS] = { "dsr_rs", DSR_RS_GENL_NAME },
};

/**
 * netlink_module_name() - return the name of a module
 * @module: the module
 */
const char *netlink_module_name(enum netlink_module module)
{
	return modules[module].name;
}

/**
 * netlink_not_loaded() - report that a module is not loaded
 * @module: the module
 *
 * Return: DSRCTL_REFUSED.
 */
int netlink_not_loaded(enum netlink_module module)
{
	const char *name = modules[module].name;

	return report_error(DSRCTL_REFUSED,
			    "%s is not loaded: load it with 'modprobe %s'",
			    name, name);
}

/**
 * netlink_none_loaded() - report that no module is loaded
 *
 * Return: DSRCTL_REFUSED.
 */
int netlink_none_loaded(void)
{
	return report_error(DSRCTL_REFUSED,
			    "neither dsr_lb nor dsr_rs is loaded: run 'modprobe dsr_lb' on a balancer, 'modprobe dsr_rs' on a real server");
}

/**
 * netlink_read_family() - read the name and number of a family
 * @reply: from the controller
 * @name: set to its name
 * @size: size of @name
 * @id: set to its number
 *
 * Return: true if the reply describes a family.
 */
bool netlink_read_family(struct nlmsghdr *reply, char *name, size_t size,
			 uint16_t *id)
{
	struct nla_policy policy[CTRL_ATTR_FAMILY_NAME + 1] = {
		[CTRL_ATTR_FAMILY_ID] = { .type = NLA_U16 },
		[CTRL_ATTR_FAMILY_NAME] = { .type = NLA_STRING },
	};
	struct nlattr *tb[CTRL_ATTR_FAMILY_NAME + 1];

	if (genlmsg_parse(reply, 0, tb, CTRL_ATTR_FAMILY_NAME, policy) ||
	    !tb[CTRL_ATTR_FAMILY_ID] || !tb[CTRL_ATTR_FAMILY_NAME])
		return false;
	attr_string(tb[CTRL_ATTR_FAMILY_NAME], name, size);
	*id = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	return true;
}

static enum netlink_verdict on_family(struct nlmsghdr *reply, void *arg)
{
	char name[GENL_NAMSIZ];

	return netlink_read_family(reply, name, sizeof(name), arg) ?
		       NETLINK_MORE : NETLINK_MALFORMED;
}

/**
 * netlink_ask_family() - ask the controller for a family
 * @nl: the requests
 * @family: its name: this makes the kernel load the module if it is installed
 * @fn: called with the reply, if there is such a family
 * @arg: argument of @fn
 *
 * Return: enum dsrctl_status.
 */
int netlink_ask_family(struct netlink *nl, const char *family,
		       netlink_reply_fn fn, void *arg)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg ||
	    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0, 0,
			 CTRL_CMD_GETFAMILY, 1) ||
	    nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, family))
		return netlink_too_long(msg);
	return netlink_stream(nl, msg, fn, arg);
}

/**
 * netlink_load() - load a module if it is installed
 * @nl: the requests
 * @module: the module
 * @id: set to the number of its family
 *
 * Return: enum dsrctl_status; DSRCTL_REFUSED, reported, if not installed.
 */
int netlink_load(struct netlink *nl, enum netlink_module module, uint16_t *id)
{
	int status;

	*id = 0;
	status = netlink_ask_family(nl, modules[module].family, on_family, id);
	if (!status && !*id)
		status = netlink_not_loaded(module);
	return status;
}

/* Search all families. A request for one by name would load the module, but a
 * command that only shows must change nothing. 0: the module is not loaded.
 */
static int list_families(struct netlink *nl, uint16_t id[NETLINK_MODULES])
{
	struct netlink_replies replies;
	struct nl_msg *msg = nlmsg_alloc();
	char name[GENL_NAMSIZ];
	uint16_t number;
	size_t i, m;
	int status;

	memset(id, 0, NETLINK_MODULES * sizeof(*id));
	if (!msg ||
	    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0,
			 NLM_F_DUMP, CTRL_CMD_GETFAMILY, 1))
		return netlink_too_long(msg);

	status = netlink_collect(nl, msg, &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!netlink_read_family(replies.reply[i], name, sizeof(name),
					 &number))
			continue;
		for (m = 0; m < NETLINK_MODULES; m++)
			if (!strcmp(name, modules[m].family))
				id[m] = number;
	}
	netlink_replies_free(&replies);
	return status;
}

/**
 * netlink_family() - find the family number of a loaded module
 * @nl: the requests
 * @module: the module
 * @id: set
 *
 * Return: enum dsrctl_status; DSRCTL_REFUSED, reported, if not loaded.
 */
int netlink_family(struct netlink *nl, enum netlink_module module,
		   uint16_t *id)
{
	uint16_t all[NETLINK_MODULES];
	int status = list_families(nl, all);

	*id = all[module];
	if (!status && !*id)
		status = netlink_not_loaded(module);
	return status;
}

/**
 * netlink_loaded() - find the loaded modules
 * @nl: the requests
 * @loaded: set for each module
 *
 * Return: enum dsrctl_status.
 */
int netlink_loaded(struct netlink *nl, bool loaded[NETLINK_MODULES])
{
	uint16_t id[NETLINK_MODULES];
	int status = list_families(nl, id);
	size_t m;

	for (m = 0; m < NETLINK_MODULES; m++)
		loaded[m] = id[m];
	return status;
}

/**
 * netlink_some_loaded() - find the loaded modules, of which there must be one
 * @nl: the requests
 * @loaded: set for each module
 *
 * Return: enum dsrctl_status; DSRCTL_REFUSED, reported, if none is loaded.
 */
int netlink_some_loaded(struct netlink *nl, bool loaded[NETLINK_MODULES])
{
	int status = netlink_loaded(nl, loaded);

	if (!status && !loaded[NETLINK_LB] && !loaded[NETLINK_RS])
		status = netlink_none_loaded();
	return status;
}

static int begin(enum netlink_module module, uint16_t family, uint8_t cmd,
		 int flags, struct nl_msg **msg)
{
	uint8_t version = module == NETLINK_LB ? DSR_GENL_VERSION :
						 DSR_RS_GENL_VERSION;

	*msg = nlmsg_alloc();
	if (!*msg || !genlmsg_put(*msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				  flags, cmd, version))
		return netlink_too_long(*msg);
	return DSRCTL_OK;
}

/**
 * netlink_request() - begin a request that changes something
 * @nl: the requests
 * @module: the module; loaded if it is installed
 * @cmd: command of its family
 * @flags: flags of the netlink message
 * @msg: set to the request, for netlink_do(), which frees it
 *
 * Return: enum dsrctl_status; DSRCTL_REFUSED, reported, if not loaded.
 */
int netlink_request(struct netlink *nl, enum netlink_module module,
		    uint8_t cmd, int flags, struct nl_msg **msg)
{
	uint16_t family = 0;
	int status;

	/* a request that is not sent needs no module */
	status = netlink_captures(nl) ? DSRCTL_OK :
		 netlink_load(nl, module, &family);
	return status ? status : begin(module, family, cmd, flags, msg);
}

/**
 * netlink_query() - begin a request that only reads
 * @nl: the requests
 * @module: the module; never loaded by this
 * @cmd: command of its family
 * @flags: flags of the netlink message
 * @msg: set to the request, for netlink_stream() or
 *	netlink_collect(), which free it
 *
 * Return: enum dsrctl_status; DSRCTL_REFUSED, reported, if not loaded.
 */
int netlink_query(struct netlink *nl, enum netlink_module module, uint8_t cmd,
		  int flags, struct nl_msg **msg)
{
	uint16_t family;
	int status;

	status = netlink_family(nl, module, &family);
	return status ? status : begin(module, family, cmd, flags, msg);
}
