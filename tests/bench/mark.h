/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two instructions by which the guest tells a plugin of QEMU from where and to
 * where it shall count (see Marks in bench.py): nopl 0x5a5a5aNN(%rax), where NN is
 * 1 to begin, or 2 to end.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#include <string.h>

#include "qemu_plugin.h"

enum { MARK_BEGIN = 1, MARK_END = 2 };

/* Which mark an instruction is, or 0. */
static inline int mark_number(const struct qemu_plugin_insn *insn)
{
	const unsigned char *code = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != 7 ||
	    memcmp(code, "\x0f\x1f\x80", 3) ||
	    memcmp(code + 4, "\x5a\x5a\x5a", 3))
		return 0;
	return code[3];
}

/* Call one of the two functions wherever a mark is. */
static inline void mark_register(struct qemu_plugin_insn *insn,
				 qemu_plugin_cpu_fn begin,
				 qemu_plugin_cpu_fn end)
{
	int number = mark_number(insn);

	if (number == MARK_BEGIN || number == MARK_END)
		qemu_plugin_register_vcpu_insn_exec_cb(insn,
						       number == MARK_BEGIN ?
						       begin : end, 0, NULL);
}

#endif
