/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kfunc - functions for BPF programs
 *
 * __bpf_kfunc came with 6.3, and BTF_KFUNCS_START() with 6.9. Where kbuild cannot
 * make the BTF of a module, the set of functions is not to be declared in C: see
 * lb/btf.sh.
 */
#ifndef _DSR_COMPAT_KFUNC_H
#define _DSR_COMPAT_KFUNC_H

#include <linux/btf.h>
#include <linux/btf_ids.h>

#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif

#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif

/* DSR_COMPAT_KFUNC_SET() - define the set of the one function @kfunc */
#ifdef DSR_BTF_BY_SCRIPT
#define DSR_COMPAT_KFUNC_SET(name, kfunc) extern struct btf_id_set8 name
#else
#define DSR_COMPAT_KFUNC_SET(name, kfunc)				\
	BTF_KFUNCS_START(name)						\
	BTF_ID_FLAGS(func, kfunc)					\
	BTF_KFUNCS_END(name)
#endif

#endif /* _DSR_COMPAT_KFUNC_H */
