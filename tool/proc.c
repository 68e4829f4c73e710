// SPDX-License-Identifier: GPL-2.0
/*
 * The files of /proc and /sys. It knows nothing of what is in them, so that the
 * tests can put others in their place.
 */
#include "proc.h"

/**
 * proc_open() - open a file that the kernel makes
 * @path: its path
 *
 * Return: the file, or NULL if there is none.
 */
FILE *proc_open(const char *path)
{
	return fopen(path, "re");
}
