// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl doctor: looks for what is wrong on a balancer or on a real server, and
 * says what mends it. All is read once; the files doctor_*.c judge it.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "all.h"
#include "args.h"
#include "doctor.h"
#include "duration.h"
#include "netstat.h"
#include "report.h"

#define WATCH_MSECS	2000
#define WATCH_MIN	100
#define WATCH_MAX	600000

enum {
	DOCTOR_TIME,
};

static const struct keyword doctor_keywords[] = {
	[DOCTOR_TIME] = { "time", NULL },
	{ NULL, NULL }
};

static int read_words(struct args *args, uint32_t *msecs)
{
	int keyword, status = DSRCTL_OK;

	*msecs = WATCH_MSECS;
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		if (keyword == ARGS_ERROR)
			return DSRCTL_USAGE;
		status = duration_read(args, msecs);
		if (!status && (*msecs < WATCH_MIN || *msecs > WATCH_MAX))
			status = args_error(args,
					    "time is from 100 milliseconds to 10 minutes");
	}
	return status;
}

static int read_counters(struct doctor *doctor,
			 int (*read)(struct dsrctl *ctl,
				     enum netlink_module module,
				     struct counters *counters))
{
	int module, status = DSRCTL_OK;

	for (module = 0; !status && module < NETLINK_MODULES; module++)
		if (doctor->loaded[module])
			status = read(doctor->ctl, module,
				      &doctor->counters[module]);
	return status;
}

static int read_balancer(struct doctor *doctor)
{
	struct netlink *nl = doctor->ctl->netlink;
	int status;

	status = all_list(nl, NETLINK_LB, DSR_CMD_SERVICE_GET,
			  &doctor->services);
	if (!status)
		status = all_list(nl, NETLINK_LB, DSR_CMD_BACKEND_GET,
				  &doctor->backends);
	if (!status)
		status = all_list(nl, NETLINK_LB, DSR_CMD_PATH_GET,
				  &doctor->paths);
	return status;
}

static int read_real(struct doctor *doctor)
{
	struct netlink *nl = doctor->ctl->netlink;
	int status;

	status = all_list(nl, NETLINK_RS, DSR_RS_CMD_RULE_GET,
			  &doctor->rules);
	if (!status)
		status = all_list(nl, NETLINK_RS, DSR_RS_CMD_SILENCE_GET,
				  &doctor->silences);
	return status;
}

/* The backends are read twice: those whose MAC address is not known are asked for
 * it, and have the time of the watch to answer.
 */
static int look(struct doctor *doctor, uint32_t msecs)
{
	uint64_t overflows;
	int status;

	status = netlink_some_loaded(doctor->ctl->netlink, doctor->loaded);
	if (status)
		return status;
	status = host_read(&doctor->host);
	if (!status && doctor->loaded[NETLINK_LB])
		status = all_list(doctor->ctl->netlink, NETLINK_LB,
				  DSR_CMD_BACKEND_GET, &doctor->backends);
	if (!status)
		status = read_counters(doctor, counters_begin);
	if (status)
		return status;
	doctor_ask_backends(doctor);
	netlink_replies_free(&doctor->backends);
	if (doctor->loaded[NETLINK_LB])
		status = all_list(doctor->ctl->netlink, NETLINK_LB,
				  DSR_CMD_SERVICE_GET, &doctor->services);
	if (!status && doctor->loaded[NETLINK_RS])
		status = all_list(doctor->ctl->netlink, NETLINK_RS,
				  DSR_RS_CMD_RULE_GET, &doctor->rules);
	if (status)
		return status;
	if (doctor->services.count)
		doctor_owners_begin(doctor);
	status = doctor_datagrams_begin(doctor);
	netlink_replies_free(&doctor->services);
	netlink_replies_free(&doctor->rules);
	if (status)
		return status;

	overflows = netstat_read("ListenDrops");
	doctor->watch.on_new = doctor_owners_ask;
	doctor->watch.arg = doctor;
	watch_begin(&doctor->watch);
	watch_wait(&doctor->watch, msecs);
	doctor->overflows = netstat_read("ListenDrops") - overflows;
	status = read_counters(doctor, counters_end);
	if (!status && doctor->loaded[NETLINK_LB])
		status = read_balancer(doctor);
	if (!status && doctor->loaded[NETLINK_RS])
		status = read_real(doctor);
	return status;
}

static int judge_balancer(struct doctor *doctor)
{
	int status;

	status = doctor_services(doctor);
	if (!status)
		status = doctor_backends(doctor);
	if (!status)
		status = doctor_replies(doctor);
	if (status)
		return status;
	doctor_devices(doctor);
	doctor_owners(doctor);
	doctor_sources(doctor);
	status = doctor_firewall(doctor);
	if (!status)
		status = doctor_shadows(doctor);
	if (!status)
		status = doctor_answers(doctor);
	if (!status)
		status = doctor_marks(doctor);
	if (!status)
		doctor_departures(doctor);
	return status;
}

static int judge_real(struct doctor *doctor)
{
	int status = doctor_rules(doctor);

	return status ? status : doctor_requests(doctor);
}

static int judge(struct doctor *doctor)
{
	int status;

	visit_read(&doctor->watch, &doctor->host, &doctor->visits);
	doctor_modules(doctor);
	status = doctor_tables(doctor);
	if (!status && doctor->loaded[NETLINK_LB])
		status = judge_balancer(doctor);
	if (!status && doctor->loaded[NETLINK_RS])
		status = judge_real(doctor);
	return status;
}

static void doctor_free(struct doctor *doctor)
{
	int module;

	for (module = 0; module < NETLINK_MODULES; module++)
		counters_free(&doctor->counters[module]);
	netlink_replies_free(&doctor->services);
	netlink_replies_free(&doctor->backends);
	netlink_replies_free(&doctor->paths);
	netlink_replies_free(&doctor->rules);
	netlink_replies_free(&doctor->silences);
	watch_free(&doctor->watch);
	free(doctor->datagrams.place);
	if (doctor->owners.fd >= 0)
		close(doctor->owners.fd);
	host_free(&doctor->host);
	finding_free(&doctor->findings);
}

/* The status 1 is a fault of the machine, so a fault of the words is 2 here. */
static int doctor_run(struct dsrctl *ctl, struct args *args)
{
	static struct doctor doctor;
	uint32_t msecs;
	int status;

	if (read_words(args, &msecs))
		return DSRCTL_REFUSED;
	if (ctl->check)
		return DSRCTL_CHECKED;
	memset(&doctor, 0, sizeof(doctor));
	doctor.ctl = ctl;
	watch_init(&doctor.watch);
	doctor.owners.fd = -1;
	status = look(&doctor, msecs);
	if (!status)
		status = judge(&doctor);
	if (!status) {
		finding_print(ctl, &doctor.findings);
		status = doctor.findings.count ? DSRCTL_USAGE : DSRCTL_OK;
	} else {
		status = DSRCTL_REFUSED;
	}
	doctor_free(&doctor);
	return status;
}

static const struct command doctor_commands[] = {
	{ "doctor", "[time TIME]",
	  "look for what is wrong, for 2 seconds unless a time is named, and say what mends it",
	  doctor_keywords, doctor_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object doctor_object = {
	.name = "doctor",
	.description = "what is wrong on this machine, and what mends it",
	.notes = "It prints nothing, and its exit status is 0, if nothing is found. Else the exit\n"
		 "status is 1; each finding has a code that stays the same, what is wrong, why it\n"
		 "matters, and the commands that mend it. dsrctl(8) has a list of the codes.\n",
	.commands = doctor_commands,
	.fallback = "doctor",
	.bare = true,
};
