// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own ip_vs: its configuration by its netlink family, and its
 * connections by /proc, which names the server of each.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dsrctl.h"
#include "ipvs.h"
#include "proc.h"
#include "report.h"

#define MODULE		"ip_vs"
#define SYS		"/sys/module/" MODULE
#define CONNECTIONS	"/proc/net/ip_vs_conn"

/* an unloaded module lets go of another a moment later */
#define UNLOAD_TRIES	200

/** ipvs_is_loaded() - true if ip_vs is loaded, and not dsr_ipvs in its place */
bool ipvs_is_loaded(void)
{
	/* the second, if it is part of the kernel */
	FILE *file = proc_open(SYS "/initstate") ?:
		     proc_open(SYS "/parameters/conn_tab_bits");

	if (file)
		fclose(file);
	return file;
}

static const struct nla_policy service_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = { .type = NLA_U16 },
	[IPVS_SVC_ATTR_PROTOCOL] = { .type = NLA_U16 },
	[IPVS_SVC_ATTR_ADDR] = { .minlen = sizeof(struct in_addr) },
	[IPVS_SVC_ATTR_PORT] = { .type = NLA_U16 },
	[IPVS_SVC_ATTR_FWMARK] = { .type = NLA_U32 },
	[IPVS_SVC_ATTR_SCHED_NAME] = { .type = NLA_STRING },
	[IPVS_SVC_ATTR_PE_NAME] = { .type = NLA_STRING },
	[IPVS_SVC_ATTR_FLAGS] = { .minlen = sizeof(struct ip_vs_flags) },
	[IPVS_SVC_ATTR_TIMEOUT] = { .type = NLA_U32 },
	[IPVS_SVC_ATTR_NETMASK] = { .type = NLA_U32 },
};

static const struct nla_policy dest_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR] = { .minlen = sizeof(struct in_addr) },
	[IPVS_DEST_ATTR_PORT] = { .type = NLA_U16 },
	[IPVS_DEST_ATTR_FWD_METHOD] = { .type = NLA_U32 },
	[IPVS_DEST_ATTR_WEIGHT] = { .type = NLA_U32 },
	[IPVS_DEST_ATTR_U_THRESH] = { .type = NLA_U32 },
	[IPVS_DEST_ATTR_L_THRESH] = { .type = NLA_U32 },
};

static uint32_t u32_of(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

/* Addresses have 16 bytes in either family. */
static void read_address(const struct nlattr *attr, int family,
			 struct addr *addr)
{
	size_t size = family == AF_INET6 ? sizeof(addr->in6) :
					   sizeof(addr->in);

	memset(addr, 0, sizeof(*addr));
	addr->family = family;
	if (attr && (size_t)nla_len(attr) >= size)
		memcpy(&addr->in6, nla_data(attr), size);
}

static void read_name(const struct nlattr *attr, char *name, size_t size)
{
	if (attr)
		nla_strlcpy(name, attr, size);
}

static int begin(const struct ipvs *ipvs, int flags, uint8_t cmd,
		 struct nl_msg **msg)
{
	*msg = nlmsg_alloc();
	if (!*msg || !genlmsg_put(*msg, NL_AUTO_PORT, NL_AUTO_SEQ,
				  ipvs->family, 0, flags, cmd,
				  IPVS_GENL_VERSION))
		return netlink_too_long(*msg);
	return DSRCTL_OK;
}

/* A request by name would load the module. */
static int find_family(struct netlink *nl, uint16_t *id)
{
	struct netlink_replies replies;
	struct nl_msg *msg = nlmsg_alloc();
	char name[GENL_NAMSIZ];
	uint16_t number;
	int status;
	size_t i;

	*id = 0;
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL,
				 0, NLM_F_DUMP, CTRL_CMD_GETFAMILY, 1))
		return netlink_too_long(msg);
	status = netlink_collect(nl, msg, &replies);
	for (i = 0; !status && i < replies.count; i++)
		if (netlink_read_family(replies.reply[i], name, sizeof(name),
					&number) &&
		    !strcmp(name, IPVS_GENL_NAME))
			*id = number;
	netlink_replies_free(&replies);
	return status;
}

static bool parse(struct nlmsghdr *reply, int nest, int max,
		  const struct nla_policy *policy, struct nlattr **tb)
{
	struct nlattr *attr = nlmsg_find_attr(reply, GENL_HDRLEN, nest);

	return attr && !nla_parse_nested(tb, max, attr, policy);
}

static bool read_service(struct nlmsghdr *reply, struct ipvs_service *service)
{
	struct nlattr *tb[IPVS_SVC_ATTR_MAX + 1];
	struct ip_vs_flags flags = { 0 };

	memset(service, 0, sizeof(*service));
	if (!parse(reply, IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_MAX,
		   service_policy, tb) || !tb[IPVS_SVC_ATTR_AF])
		return false;
	service->family = nla_get_u16(tb[IPVS_SVC_ATTR_AF]);
	service->fwmark = u32_of(tb[IPVS_SVC_ATTR_FWMARK]);
	if (!service->fwmark) {
		if (!tb[IPVS_SVC_ATTR_PROTOCOL] || !tb[IPVS_SVC_ATTR_PORT])
			return false;
		service->proto = nla_get_u16(tb[IPVS_SVC_ATTR_PROTOCOL]);
		service->port = ntohs(nla_get_u16(tb[IPVS_SVC_ATTR_PORT]));
		read_address(tb[IPVS_SVC_ATTR_ADDR], service->family,
			     &service->vip);
	}
	read_name(tb[IPVS_SVC_ATTR_SCHED_NAME], service->scheduler,
		  sizeof(service->scheduler));
	read_name(tb[IPVS_SVC_ATTR_PE_NAME], service->engine,
		  sizeof(service->engine));
	if (tb[IPVS_SVC_ATTR_FLAGS])
		memcpy(&flags, nla_data(tb[IPVS_SVC_ATTR_FLAGS]),
		       sizeof(flags));
	service->flags = flags.flags;
	service->timeout = u32_of(tb[IPVS_SVC_ATTR_TIMEOUT]);
	service->netmask = u32_of(tb[IPVS_SVC_ATTR_NETMASK]);
	return true;
}

static bool read_dest(struct nlmsghdr *reply, int family,
		      struct ipvs_dest *dest)
{
	struct nlattr *tb[IPVS_DEST_ATTR_MAX + 1];

	memset(dest, 0, sizeof(*dest));
	if (!parse(reply, IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_MAX, dest_policy,
		   tb) || !tb[IPVS_DEST_ATTR_ADDR])
		return false;
	read_address(tb[IPVS_DEST_ATTR_ADDR], family, &dest->addr);
	if (tb[IPVS_DEST_ATTR_PORT])
		dest->port = ntohs(nla_get_u16(tb[IPVS_DEST_ATTR_PORT]));
	dest->forward = u32_of(tb[IPVS_DEST_ATTR_FWD_METHOD]) &
			IP_VS_CONN_F_FWD_MASK;
	dest->weight = u32_of(tb[IPVS_DEST_ATTR_WEIGHT]);
	dest->upper = u32_of(tb[IPVS_DEST_ATTR_U_THRESH]);
	dest->lower = u32_of(tb[IPVS_DEST_ATTR_L_THRESH]);
	return true;
}

static int put_key(struct nl_msg *msg, const struct ipvs_service *service)
{
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	if (!nest || nla_put_u16(msg, IPVS_SVC_ATTR_AF, service->family))
		return -1;
	if (service->fwmark
	    ? nla_put_u32(msg, IPVS_SVC_ATTR_FWMARK, service->fwmark)
	    : nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, service->proto) ||
	      nla_put(msg, IPVS_SVC_ATTR_ADDR, sizeof(service->vip.in6),
		      &service->vip.in6) ||
	      nla_put_u16(msg, IPVS_SVC_ATTR_PORT, htons(service->port)))
		return -1;
	return nla_nest_end(msg, nest);
}

static int read_dests(struct netlink *nl, const struct ipvs *ipvs,
		      struct ipvs_service *service)
{
	struct netlink_replies replies;
	struct nl_msg *msg;
	int status;
	size_t i;

	status = begin(ipvs, NLM_F_DUMP, IPVS_CMD_GET_DEST, &msg);
	if (status)
		return status;
	if (put_key(msg, service))
		return netlink_too_long(msg);
	status = netlink_collect(nl, msg, &replies);
	if (!status)
		service->dest = report_alloc(NULL, (replies.count + 1) *
					     sizeof(*service->dest));
	for (i = 0; !status && i < replies.count; i++)
		if (!read_dest(replies.reply[i], service->family,
			       &service->dest[service->dests++]))
			status = netlink_malformed();
	netlink_replies_free(&replies);
	return status;
}

static int read_services(struct netlink *nl, struct ipvs *ipvs)
{
	struct netlink_replies replies;
	struct nl_msg *msg;
	int status;
	size_t i;

	status = begin(ipvs, NLM_F_DUMP, IPVS_CMD_GET_SERVICE, &msg);
	if (status)
		return status;
	status = netlink_collect(nl, msg, &replies);
	if (!status)
		ipvs->service = report_alloc(NULL, (replies.count + 1) *
					     sizeof(*ipvs->service));
	for (i = 0; !status && i < replies.count; i++) {
		if (!read_service(replies.reply[i],
				  &ipvs->service[ipvs->services++]))
			status = netlink_malformed();
	}
	netlink_replies_free(&replies);
	for (i = 0; !status && i < ipvs->services; i++)
		status = read_dests(nl, ipvs, &ipvs->service[i]);
	return status;
}

static enum netlink_verdict on_config(struct nlmsghdr *reply, void *arg)
{
	static const int attrs[] = {
		IPVS_CMD_ATTR_TIMEOUT_TCP, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN,
		IPVS_CMD_ATTR_TIMEOUT_UDP
	};
	struct ipvs *ipvs = arg;
	struct nlattr *attr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		attr = nlmsg_find_attr(reply, GENL_HDRLEN, attrs[i]);
		if (attr && nla_len(attr) == sizeof(uint32_t))
			ipvs->timeouts[i] = nla_get_u32(attr);
	}
	return NETLINK_MORE;
}

/**
 * ipvs_read() - read the configuration
 * @nl: the requests
 * @ipvs: set; for ipvs_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int ipvs_read(struct netlink *nl, struct ipvs *ipvs)
{
	struct nl_msg *msg;
	int status;

	memset(ipvs, 0, sizeof(*ipvs));
	status = find_family(nl, &ipvs->family);
	if (!status && !ipvs->family)
		status = report_error(DSRCTL_REFUSED, MODULE " is not loaded");
	if (!status)
		status = read_services(nl, ipvs);
	if (!status)
		status = begin(ipvs, 0, IPVS_CMD_GET_CONFIG, &msg);
	return status ? status : netlink_stream(nl, msg, on_config, ipvs);
}

/** ipvs_free() - forget the configuration */
void ipvs_free(struct ipvs *ipvs)
{
	size_t i;

	for (i = 0; i < ipvs->services; i++)
		free(ipvs->service[i].dest);
	free(ipvs->service);
	memset(ipvs, 0, sizeof(*ipvs));
}

/**
 * ipvs_flush() - delete all services of ip_vs
 * @nl: the requests
 * @ipvs: from ipvs_read()
 *
 * Return: enum dsrctl_status.
 */
int ipvs_flush(struct netlink *nl, const struct ipvs *ipvs)
{
	struct nl_msg *msg;
	int status = begin(ipvs, 0, IPVS_CMD_FLUSH, &msg);

	return status ? status : netlink_do(nl, msg);
}

static int unload(const char *module)
{
	const struct timespec moment = { 0, 10000000 };
	int tries = UNLOAD_TRIES;

	while (syscall(SYS_delete_module, module, O_NONBLOCK)) {
		if (errno != EAGAIN || !--tries)
			return errno;
		nanosleep(&moment, NULL);
	}
	return 0;
}

/* Return: true if a scheduler holds ip_vs. */
static bool find_holder(char *name, size_t size)
{
	DIR *holders = opendir(SYS "/holders");
	struct dirent *entry;
	bool found = false;

	while (holders && !found && (entry = readdir(holders)))
		if (!strncmp(entry->d_name, MODULE "_", strlen(MODULE "_")))
			found = snprintf(name, size, "%s", entry->d_name) <
				(int)size;
	if (holders)
		closedir(holders);
	return found;
}

/**
 * ipvs_unload() - unload ip_vs, and before that the schedulers that hold it
 *
 * Return: 0 or errno.
 */
int ipvs_unload(void)
{
	char name[64];
	int err = 0;

	while (!err && find_holder(name, sizeof(name)))
		err = unload(name);
	return err ? err : unload(MODULE);
}

static int proto_of(const char *name)
{
	if (!strcmp(name, "TCP"))
		return IPPROTO_TCP;
	if (!strcmp(name, "UDP"))
		return IPPROTO_UDP;
	if (!strcmp(name, "SCTP"))
		return IPPROTO_SCTP;
	return strcmp(name, "IP") ? -1 : 0;
}

/* An IPv4 address has 8 hexadecimal digits. */
static bool read_text(const char *text, struct addr *addr)
{
	char *end;

	memset(addr, 0, sizeof(*addr));
	if (strchr(text, ':')) {
		addr->family = AF_INET6;
		return inet_pton(AF_INET6, text, &addr->in6) == 1;
	}
	addr->family = AF_INET;
	addr->in.s_addr = htonl(strtoul(text, &end, 16));
	return !*end;
}

/* Return: false for the first line, and for connections of other protocols. */
static bool read_line(const char *line, struct ipvs_conn *conn)
{
	char proto[8], client[48], vip[48], dest[48];
	unsigned int cport, vport, dport;
	int number;

	memset(conn, 0, sizeof(*conn));
	if (sscanf(line, "%7s %47s %4x %47s %4x %47s %4x %15s %u", proto,
		   client, &cport, vip, &vport, dest, &dport, conn->state,
		   &conn->expires) != 9)
		return false;
	number = proto_of(proto);
	if (number < 0 || !read_text(client, &conn->client) ||
	    !read_text(vip, &conn->vip) || !read_text(dest, &conn->dest))
		return false;
	conn->proto = number;
	conn->family = conn->client.family;
	conn->cport = cport;
	conn->vport = vport;
	return conn->dest.family == conn->family;
}

/**
 * ipvs_connections() - read all connections, and the templates of persistence
 * @fn: called for each; not 0: stop
 * @arg: its argument
 *
 * Return: result of the last call; DSRCTL_REFUSED, reported, if there is no
 * list.
 */
int ipvs_connections(int (*fn)(const struct ipvs_conn *conn, void *arg),
		     void *arg)
{
	FILE *file = proc_open(CONNECTIONS);
	struct ipvs_conn conn;
	int status = DSRCTL_OK;
	char line[512];

	if (!file)
		return report_error(DSRCTL_REFUSED, CONNECTIONS ": %s",
				    strerror(errno));
	while (!status && fgets(line, sizeof(line), file))
		if (read_line(line, &conn))
			status = fn(&conn, arg);
	fclose(file);
	return status;
}

static void print_end(FILE *out, const struct addr *addr, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	addr_name(addr, text);
	fprintf(out, addr->family == AF_INET6 ? "[%s]:%u" : "%s:%u", text,
		port);
}

static void print_key(FILE *out, char option,
		      const struct ipvs_service *service)
{
	fprintf(out, "-%c ", option);
	if (service->fwmark) {
		fprintf(out, "-f %u%s", service->fwmark,
			service->family == AF_INET6 ? " -6" : "");
		return;
	}
	fputs(service->proto == IPPROTO_UDP ? "-u " :
	      service->proto == IPPROTO_SCTP ? "--sctp-service " : "-t ", out);
	print_end(out, &service->vip, service->port);
}

/**
 * ipvs_print_service() - print a service as "ipvsadm -Sn" does
 * @out: where to
 * @service: the service
 */
void ipvs_print_service(FILE *out, const struct ipvs_service *service)
{
	print_key(out, 'A', service);
	fprintf(out, " -s %s", service->scheduler);
	if (service->flags & IP_VS_SVC_F_PERSISTENT)
		fprintf(out, " -p %u", service->timeout);
	if (*service->engine)
		fprintf(out, " --pe %s", service->engine);
	if (service->flags & IP_VS_SVC_F_ONEPACKET)
		fputs(" -o", out);
}

/**
 * ipvs_print_dest() - print a destination as "ipvsadm -Sn" does
 * @out: where to
 * @service: its service
 * @dest: the destination
 */
void ipvs_print_dest(FILE *out, const struct ipvs_service *service,
		     const struct ipvs_dest *dest)
{
	print_key(out, 'a', service);
	fputs(" -r ", out);
	print_end(out, &dest->addr, dest->port);
	fprintf(out, " %s -w %d",
		dest->forward == IP_VS_CONN_F_MASQ ? "-m" :
		dest->forward == IP_VS_CONN_F_TUNNEL ? "-i" : "-g",
		(int)dest->weight);
}
