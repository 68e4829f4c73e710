// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU that counts how often each instruction of the guest is run,
 * between two that the guest marks (see Marks in bench.py).
 *
 * Each window becomes a file, NAME.0 and so on: one line for each piece of code
 * that ran in it, with how often it did and the addresses of its instructions. "!"
 * stands behind those that are atomic.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* One for each translation, until QEMU ends: it may come back to life. */
struct block {
	struct block *next;
	uint64_t count;
	size_t size;
	struct insn {
		uint64_t address;
		bool atomic;
	} insn[];
};

static struct block *blocks;
static const char *name;

static void begin(unsigned int cpu, void *data)
{
	for (struct block *block = blocks; block; block = block->next)
		block->count = 0;
}

static void end(unsigned int cpu, void *data)
{
	static unsigned int number;
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s.%u", name, number++);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	for (struct block *block = blocks; block; block = block->next) {
		if (!block->count)
			continue;
		fprintf(file, "%" PRIu64, block->count);
		for (size_t i = 0; i < block->size; i++)
			fprintf(file, " %" PRIx64 "%s", block->insn[i].address,
				block->insn[i].atomic ? "!" : "");
		fputc('\n', file);
	}
	fclose(file);
}

/*
 * With a lock prefix, or an exchange with memory. On one processor the kernel
 * replaces that prefix by the one for DS, which also stands before some jumps.
 */
static bool is_atomic(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	const uint8_t *end = code + qemu_plugin_insn_size(insn);
	bool locked = false;

	for (; code < end; code++) {
		if (*code == 0xf0 || *code == 0x3e)
			locked = true;
		else if (!memchr("\x66\xf2\xf3\x2e\x36\x26\x64\x65", *code, 8))
			break;
	}
	if (code < end && (*code & 0xf0) == 0x40)	/* REX */
		code++;
	if (code + 1 >= end)
		return false;
	if (*code == 0x86 || *code == 0x87)		/* xchg */
		return code[1] < 0xc0;
	return locked && *code != 0xff && *code != 0xe9;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t size = qemu_plugin_tb_n_insns(tb);
	struct block *block;

	block = calloc(1, sizeof(*block) + size * sizeof(block->insn[0]));
	if (!block)
		abort();
	block->size = size;
	for (size_t i = 0; i < size; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		block->insn[i].address = qemu_plugin_insn_vaddr(insn);
		block->insn[i].atomic = is_atomic(insn);
		mark_register(insn, begin, end);
	}
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &block->count, 1);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count: it wants out=NAME\n");
		return -1;
	}
	name = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
