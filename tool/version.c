// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl -V: the versions of the tool and of the loaded modules.
 */
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dsrctl.h"
#include "report.h"

#define VERSION_MAX	64

static bool is_loaded(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

/* Return: true if the module reports a version. */
static bool read_version(const char *module, char *version)
{
	char path[64];
	bool found;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/version", module);
	file = fopen(path, "re");
	if (!file)
		return false;
	found = fgets(version, VERSION_MAX, file);
	fclose(file);
	if (found)
		version[strcspn(version, "\n")] = '\0';
	return found;
}

/**
 * version_print() - print the versions, and report differences
 */
void version_print(void)
{
	static const char *const modules[] = { "dsr_lb", "dsr_rs", "dsr_ipvs" };
	static const char advice[] =
		"install both from the same sources, and load the module anew";
	char version[VERSION_MAX];
	size_t i;

	puts("dsrctl " DSR_VERSION);
	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		if (!is_loaded(modules[i]))
			continue;
		if (!read_version(modules[i], version)) {
			printf("%s -\n", modules[i]);
			report_warning("the loaded %s reports no version: the module is older than dsrctl %s: %s",
				       modules[i], DSR_VERSION, advice);
			continue;
		}
		printf("%s %s\n", modules[i], version);
		if (strcmp(version, DSR_VERSION))
			report_warning("the loaded %s has version %s, and dsrctl %s: %s",
				       modules[i], version, DSR_VERSION,
				       advice);
	}
}
