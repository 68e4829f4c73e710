// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of connections and of flows: how full they are.
 */
#include <linux/dsr_common.h>

#include "attr.h"
#include "doctor.h"
#include "stats.h"

/* a table is nearly full from this part of its cap on */
#define NEARLY_FULL_PERCENT	90

/* the greatest MAX that can be doubled */
#define MAX_LIMIT		(UINT32_MAX / 2)

static const struct {
	const char *entries;
	const char *command;
	const char *why;
} tables[NETLINK_MODULES] = {
	[NETLINK_LB] = {
		"connections", "connection",
		"beyond the limit connections are balanced and not remembered, so they break when a backend comes or goes"
	},
	[NETLINK_RS] = {
		"flows", "flow",
		"beyond the limit new connections are dropped, unless an ended one gives way"
	},
};

static int check_table(struct doctor *doctor, enum netlink_module module)
{
	struct nlattr *tb[ATTR_MAX];
	uint64_t entries, max;

	if (!stats_parse_table(&doctor->counters[module].last, tb))
		return netlink_malformed();
	entries = attr_u32(tb[DSR_TABLE_A_ENTRIES]);
	max = attr_u32(tb[DSR_TABLE_A_MAX]);
	if (!max || 100 * entries < NEARLY_FULL_PERCENT * max ||
	    !finding_begin(&doctor->findings, "table-nearly-full", "%s",
			   tables[module].entries))
		return DSRCTL_OK;
	finding_what(&doctor->findings,
		     "there are %llu %s, and %llu at most are allowed",
		     (unsigned long long)entries, tables[module].entries,
		     (unsigned long long)max);
	finding_why(&doctor->findings, "%s", tables[module].why);
	finding_mend(&doctor->findings, "dsrctl %s set max %llu",
		     tables[module].command,
		     (unsigned long long)(max < MAX_LIMIT ? 2 * max : max));
	return DSRCTL_OK;
}

/**
 * doctor_tables() - look at the tables of the modules that are loaded
 * @doctor: the machine
 *
 * Return: enum dsrctl_status.
 */
int doctor_tables(struct doctor *doctor)
{
	int module, status = DSRCTL_OK;

	for (module = 0; !status && module < NETLINK_MODULES; module++)
		if (doctor->loaded[module])
			status = check_table(doctor, module);
	return status;
}
