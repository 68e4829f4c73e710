// SPDX-License-Identifier: GPL-2.0
/*
 * The modules: those of dsr have to be the tool's, and no other one may balance
 * the same traffic.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "doctor.h"
#include "proc.h"

#define LINE_MAX_SIZE	256

/* The first line of a file, without its end; false if there is none. */
static bool read_line(const char *path, char *line)
{
	FILE *file = proc_open(path);
	bool found;

	if (!file)
		return false;
	found = fgets(line, LINE_MAX_SIZE, file);
	fclose(file);
	if (found)
		line[strcspn(line, "\n")] = '\0';
	return found;
}

static bool is_loaded(const char *module)
{
	char path[64], line[LINE_MAX_SIZE];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return read_line(path, line);
}

static void check_version(struct doctor *doctor, const char *module)
{
	char path[64], version[LINE_MAX_SIZE] = "none";

	if (!is_loaded(module))
		return;
	snprintf(path, sizeof(path), "/sys/module/%s/version", module);
	if (read_line(path, version) && !strcmp(version, DSR_VERSION))
		return;
	if (!finding_begin(&doctor->findings, "module-version", "module %s",
			   module))
		return;
	finding_what(&doctor->findings,
		     "the loaded %s says version %s, and dsrctl is %s", module,
		     version, DSR_VERSION);
	finding_why(&doctor->findings,
		    "the two may misunderstand each other; the module has to be loaded anew when its successor is installed, and loses its connections and its configuration then");
	finding_mend(&doctor->findings, "rmmod %s && modprobe %s", module,
		     module);
}

static bool has_mark(const struct doctor *doctor, uint32_t mark)
{
	struct service_info service;
	size_t i;

	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], &service) &&
		    service.tb[DSR_SERVICE_A_FWMARK] &&
		    attr_u32(service.tb[DSR_SERVICE_A_FWMARK]) == mark)
			return true;
	return false;
}

static bool has_vip(const struct doctor *doctor, const struct addr *vip)
{
	struct service_info service;
	size_t i;

	for (i = 0; i < doctor->services.count; i++)
		if (service_parse_reply(doctor->services.reply[i], &service) &&
		    addr_is(vip, service.tb[DSR_SERVICE_A_VIP]))
			return true;
	return false;
}

static void both_balance(struct doctor *doctor, const char *option,
			 const char *name)
{
	if (!finding_begin(&doctor->findings, "ip-vs-balances", "ip_vs %s %s",
			   option, name))
		return;
	finding_what(&doctor->findings,
		     "ip_vs has a service of the same mark or address as one of dsr_lb, in this network namespace");
	finding_why(&doctor->findings,
		    "whichever of the two sees a packet first takes it");
	finding_mend(&doctor->findings, "ipvsadm -D %s %s", option, name);
}

/* A service of ip_vs, from /proc/net/ip_vs: "FWM  00000001 rr", or
 * "TCP  0A0A1F64:0050 rr".
 */
static void check_ipvs_service(struct doctor *doctor, const char *line)
{
	char proto[8], text[32], vip[INET6_ADDRSTRLEN];
	struct addr addr = { .family = AF_INET };
	unsigned int ip, port;

	if (sscanf(line, "FWM %x", &ip) == 1) {
		snprintf(text, sizeof(text), "%u", ip);
		if (has_mark(doctor, ip))
			both_balance(doctor, "-f", text);
	} else if (sscanf(line, "%7s %8x:%4x", proto, &ip, &port) == 3 &&
		   (!strcmp(proto, "TCP") || !strcmp(proto, "UDP"))) {
		addr.in.s_addr = htonl(ip);
		snprintf(text, sizeof(text), "%s:%u", addr_name(&addr, vip),
			 port);
		if (has_vip(doctor, &addr))
			both_balance(doctor, *proto == 'T' ? "-t" : "-u", text);
	}
}

/* dsr_ipvs shows the services of dsr_lb in the same place, and is never there
 * together with ip_vs.
 */
static void check_ipvs(struct doctor *doctor)
{
	char line[LINE_MAX_SIZE];
	FILE *file;

	if (!doctor->services.count || !is_loaded("ip_vs"))
		return;
	file = proc_open("/proc/net/ip_vs");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		check_ipvs_service(doctor, line);
	fclose(file);
}

/**
 * doctor_modules() - look at the modules
 * @doctor: the machine
 */
void doctor_modules(struct doctor *doctor)
{
	check_version(doctor, "dsr_lb");
	check_version(doctor, "dsr_rs");
	check_version(doctor, "dsr_ipvs");
	check_ipvs(doctor);
}
