// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel modules: find, unload and load them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dsrctl.h"
#include "module.h"
#include "text.h"

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE	4
#endif

/* An object that is deleted lets go of its module a moment later. */
#define UNLOAD_TRIES	300

/* words of a call of modprobe: more than dsr_lb has parameters */
#define PROBE_WORDS_MAX	32

/**
 * module_is_loaded() - check if a module is loaded
 * @name: its name
 */
bool module_is_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

/**
 * module_unload() - unload a module
 * @name: its name
 *
 * Return: 0 or errno; EAGAIN: it is in use.
 */
int module_unload(const char *name)
{
	const struct timespec moment = { 0, 10000000 };
	int tries = UNLOAD_TRIES;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno != EAGAIN || !--tries)
			return errno;
		nanosleep(&moment, NULL);
	}
	return 0;
}

/**
 * module_file() - find the file that modprobe would load
 * @name: the module
 *
 * Return: its path, to be freed; NULL if there is none.
 */
char *module_file(const char *name)
{
	char command[96], path[512] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "modinfo -n %s 2>/dev/null", name);
	pipe = popen(command, "re");
	if (!pipe)
		return NULL;
	if (!fgets(path, sizeof(path), pipe))
		*path = '\0';
	pclose(pipe);
	path[strcspn(path, "\n")] = '\0';
	return *path == '/' ? strdup(path) : NULL;
}

/**
 * module_name() - find the name of the module in a file
 * @path: the file
 *
 * Return: its name, to be freed; NULL if modinfo(8) finds none.
 */
char *module_name(const char *path)
{
	char name[64] = "";
	int ends[2];
	FILE *pipe;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	fflush(stdout);
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(STDERR_FILENO);
		execlp("modinfo", "modinfo", "-F", "name", path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	pipe = fdopen(ends[0], "r");
	if (pipe && !fgets(name, sizeof(name), pipe))
		*name = '\0';
	if (pipe)
		fclose(pipe);
	else
		close(ends[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	name[strcspn(name, "\n")] = '\0';
	return *name ? strdup(name) : NULL;
}

/* Print NAME=VALUE, after a blank unless it is the first. */
static void print_parameter(FILE *out, const char *name, const char *parameter,
			    bool first)
{
	char path[512], value[256];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", name,
		 parameter);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(value, sizeof(value), file)) {
		value[strcspn(value, "\n")] = '\0';
		fprintf(out, "%s%s=%s", first ? "" : " ", parameter, value);
	}
	fclose(file);
}

/**
 * module_parameters() - read the parameters of a loaded module
 * @name: its name
 *
 * Return: as they are given to the next one, to be freed.
 */
char *module_parameters(const char *name)
{
	struct dirent *entry;
	struct text text;
	bool first = true;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters", name);
	dir = opendir(path);
	text_begin(&text);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		print_parameter(text.out, name, entry->d_name, first);
		first = false;
	}
	if (dir)
		closedir(dir);
	return text_end(&text);
}

static bool is_compressed(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && strcmp(end, ".ko");
}

/**
 * module_load() - load a module from a file
 * @path: its path
 * @parameters: as from module_parameters()
 *
 * Return: 0 or errno; EEXIST: a module of that name is loaded.
 */
int module_load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, parameters,
		    is_compressed(path) ? MODULE_INIT_COMPRESSED_FILE : 0))
		err = errno;
	close(fd);
	return err;
}

/**
 * module_probe() - load the installed module by modprobe(8)
 * @name: its name
 * @parameters: as from module_parameters()
 *
 * Return: true if the module is loaded, also if it was before.
 */
bool module_probe(const char *name, const char *parameters)
{
	char *words = strdup(parameters), *save, *one;
	char *word[PROBE_WORDS_MAX + 1] = { (char *)"modprobe", (char *)name };
	int count = 2, status = -1;
	pid_t child;

	for (one = words ? strtok_r(words, " ", &save) : NULL;
	     one && count < PROBE_WORDS_MAX; one = strtok_r(NULL, " ", &save))
		word[count++] = one;
	fflush(stdout);
	child = fork();
	if (!child) {
		/* the first reason is the one to tell */
		close(STDERR_FILENO);
		execvp(word[0], word);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	free(words);
	return !status;
}

/**
 * module_check() - check if the kernel would load a file
 * @path: its path; a module of its name is loaded
 *
 * The kernel checks the format, the signature and the kernel version before it
 * looks for the name.
 *
 * Return: 0 or errno.
 */
int module_check(const char *path)
{
	int err = module_load(path, "");

	return err == EEXIST ? 0 : err ? err : EINVAL;
}
