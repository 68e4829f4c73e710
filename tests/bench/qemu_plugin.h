/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What count.c and lines.c use of QEMU's interface for plugins, version 1, as of QEMU 4.2 to
 * 8.2: its packages in Debian 12 do not bring the header.
 */
#ifndef BENCH_QEMU_PLUGIN_H
#define BENCH_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void (*qemu_plugin_tb_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_cpu_fn)(unsigned int cpu, void *data);
/* info is for qemu_plugin_mem_...() */
typedef void (*qemu_plugin_mem_fn)(unsigned int cpu, uint32_t info,
				   uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, qemu_plugin_tb_fn fn);
/* operation 0 adds value to the counter */
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
					      int operation, void *counter,
					      uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_cpu_fn fn, int flags,
					    void *data);
/* for accesses of one kind: 1 reads, 2 writes, 3 both */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      qemu_plugin_mem_fn fn, int flags,
				      int kind, void *data);
bool qemu_plugin_mem_is_store(uint32_t info);
/* log2 of the bytes */
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t number);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#endif
