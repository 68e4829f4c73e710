/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpf_link - links of BPF programs, by their descriptors
 *
 * Since 6.12 the kernel exports bpf_link_get_from_fd() in the namespace
 * BPF_INTERNAL. Since 6.13 the name of a namespace is a string.
 */
#ifndef _DSR_COMPAT_BPF_LINK_H
#define _DSR_COMPAT_BPF_LINK_H

#include <linux/bpf.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS("BPF_INTERNAL");
#else
MODULE_IMPORT_NS(BPF_INTERNAL);
#endif

/* 6.1 declares it only with the system call. */
#ifndef CONFIG_BPF_SYSCALL
#define bpf_link_get_from_fd(fd) ((struct bpf_link *)ERR_PTR(-EOPNOTSUPP))
#endif

#endif /* _DSR_COMPAT_BPF_LINK_H */
