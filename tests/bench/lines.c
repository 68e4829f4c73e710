// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU that notes which cache lines the guest's kernel reads and
 * writes, on which processor, and by which instruction, between two that the guest
 * marks (see mark.h).
 *
 * Each window becomes a file, NAME.0 and so on: one line for each instruction and
 * each cache line that it came to on a processor, with how often it read and how
 * often it wrote there.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define LINE_SHIFT	6
#define KERNEL		(UINT64_C(1) << 63)
#define CPUS		2
#define NOTES_BITS	22

/* What one instruction did with one line. */
struct note {
	uint64_t line;
	uint64_t code;
	uint32_t reads;
	uint32_t writes;
};

/* Of one processor, which alone writes to it: so nothing has to be locked. */
static struct notes {
	struct note *note;
	size_t count;
} notes[CPUS];

static atomic_bool counting;
static const char *name;

static struct note *find(struct notes *of, uint64_t line, uint64_t code)
{
	size_t place = (line * UINT64_C(0x9e3779b97f4a7c15) ^
			code * UINT64_C(0xc2b2ae3d27d4eb4f)) >> (64 - NOTES_BITS);
	struct note *note;

	for (;; place = (place + 1) % ((size_t)1 << NOTES_BITS)) {
		note = &of->note[place];
		if (note->line == line && note->code == code)
			return note;
		if (note->line)
			continue;
		if (++of->count > ((size_t)1 << NOTES_BITS) / 4 * 3) {
			fprintf(stderr, "lines: too many of them in one window\n");
			exit(1);
		}
		note->line = line;
		note->code = code;
		return note;
	}
}

static void access(unsigned int cpu, uint32_t info, uint64_t address, void *code)
{
	uint64_t last = address + (1U << qemu_plugin_mem_size_shift(info)) - 1;

	if (!atomic_load_explicit(&counting, memory_order_relaxed) ||
	    address < KERNEL || cpu >= CPUS)
		return;
	for (uint64_t line = address >> LINE_SHIFT; line <= last >> LINE_SHIFT;
	     line++) {
		struct note *note = find(&notes[cpu], line, (uintptr_t)code);

		if (qemu_plugin_mem_is_store(info))
			note->writes++;
		else
			note->reads++;
	}
}

static void begin(unsigned int cpu, void *data)
{
	for (cpu = 0; cpu < CPUS; cpu++) {
		notes[cpu].count = 0;
		memset(notes[cpu].note, 0,
		       sizeof(struct note) << NOTES_BITS);
	}
	counting = true;
}

static void end(unsigned int cpu, void *data)
{
	static unsigned int number;
	char path[4096];
	FILE *file;

	counting = false;
	snprintf(path, sizeof(path), "%s.%u", name, number++);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	for (cpu = 0; cpu < CPUS; cpu++)
		for (size_t i = 0; i < (size_t)1 << NOTES_BITS; i++) {
			const struct note *note = &notes[cpu].note[i];

			if (note->line)
				fprintf(file, "%u %" PRIx64 " %" PRIx64
					" %" PRIu32 " %" PRIu32 "\n", cpu,
					note->line << LINE_SHIFT, note->code,
					note->reads, note->writes);
		}
	fclose(file);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t size = qemu_plugin_tb_n_insns(tb);

	for (size_t i = 0; i < size; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		mark_register(insn, begin, end);
		if (address >= KERNEL)
			qemu_plugin_register_vcpu_mem_cb(insn, access, 0, 3,
							 (void *)(uintptr_t)address);
	}
}

__attribute__((visibility("default"))) int
qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "lines: it wants out=NAME\n");
		return -1;
	}
	name = strdup(argv[0] + 4);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		notes[cpu].note = calloc((size_t)1 << NOTES_BITS,
					 sizeof(struct note));
		if (!notes[cpu].note)
			abort();
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
