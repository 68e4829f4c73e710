// SPDX-License-Identifier: GPL-2.0
/*
 * The settings net.ipv4.vs.* of dsr_ipvs: they end with the module, and another one
 * gets them back. In the network namespace that the process is in.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsrctl.h"
#include "proc.h"
#include "report.h"
#include "setting.h"

#define DIRECTORY	"/proc/sys/net/ipv4/vs"

/* Return: false if there is no such file, or if it has no text. */
static bool read_one(struct setting *setting, const char *name)
{
	char path[sizeof(DIRECTORY) + SETTING_NAME_MAX + 1];
	bool has;
	FILE *file;

	if (snprintf(setting->name, sizeof(setting->name), "%s", name) >=
	    (int)sizeof(setting->name))
		return false;
	snprintf(path, sizeof(path), DIRECTORY "/%s", setting->name);
	file = proc_open(path);
	if (!file)
		return false;
	has = fgets(setting->value, sizeof(setting->value), file);
	fclose(file);
	return has;
}

/* Return: false if the kernel refuses the value. */
static bool write_one(const struct setting *setting)
{
	char path[sizeof(DIRECTORY) + SETTING_NAME_MAX + 1];
	bool done;
	FILE *file;

	snprintf(path, sizeof(path), DIRECTORY "/%s", setting->name);
	file = fopen(path, "we");
	if (!file)
		return false;
	done = fputs(setting->value, file) >= 0;
	return !fclose(file) && done;
}

/**
 * settings_read() - read all settings
 * @settings: set; for settings_free(); empty without dsr_ipvs
 */
void settings_read(struct settings *settings)
{
	DIR *dir = opendir(DIRECTORY);
	struct dirent *entry;

	memset(settings, 0, sizeof(*settings));
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		settings->one = report_alloc(settings->one,
					     (settings->count + 1) *
					     sizeof(*settings->one));
		if (read_one(&settings->one[settings->count], entry->d_name))
			settings->count++;
	}
	if (dir)
		closedir(dir);
}

/**
 * settings_write() - write those that another dsr_ipvs has otherwise
 * @settings: from settings_read()
 *
 * Return: number of those that it does not take.
 */
size_t settings_write(const struct settings *settings)
{
	struct setting now;
	size_t i, refused = 0;

	for (i = 0; i < settings->count; i++) {
		const struct setting *one = &settings->one[i];

		if (read_one(&now, one->name) && !strcmp(now.value, one->value))
			continue;
		refused += !write_one(one);
	}
	return refused;
}

/** settings_free() - forget what was read */
void settings_free(struct settings *settings)
{
	free(settings->one);
	memset(settings, 0, sizeof(*settings));
}
