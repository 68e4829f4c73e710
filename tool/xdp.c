// SPDX-License-Identifier: GPL-2.0
/*
 * The XDP program of a path: it calls bpf_dsr_forward() of dsr_lb, and carries out
 * what that returns. Nothing is compiled: the program is these instructions, and
 * the kernel tells by its BTF which function is meant.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsrctl.h"
#include "report.h"
#include "xdp.h"

#define MODULE		"dsr_lb"
#define FUNCTION	"bpf_dsr_forward"

/* the kernel finds a module's function by the place of its BTF in a list, in which
 * 0 is the kernel itself
 */
#define MODULE_PLACE	1

#define LOG_SIZE	65536

/* the part of linux/filter.h of the kernel that the program needs */
#define INSTRUCTION(CODE, DST, SRC, OFF, IMM)				\
	((struct bpf_insn) { .code = (CODE), .dst_reg = (DST),		\
			     .src_reg = (SRC), .off = (OFF), .imm = (IMM) })
#define CALL_FUNCTION(ID)						\
	INSTRUCTION(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL,	\
		    MODULE_PLACE, ID)
#define CALL_HELPER(ID)		INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, ID)
#define JUMP(OP, REG, IMM, OFF)						\
	INSTRUCTION(BPF_JMP | BPF_K | (OP), REG, 0, OFF, IMM)
#define SET(REG, IMM)							\
	INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, REG, 0, 0, IMM)
#define COPY(TO, FROM)							\
	INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, TO, FROM, 0, 0)
#define EXIT()			INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int silent(enum libbpf_print_level level, const char *format,
		  va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int refuse_privilege(void)
{
	return report_error(DSRCTL_REFUSED,
			    "permission denied: an XDP program needs CAP_SYS_ADMIN and CAP_NET_ADMIN of the whole machine");
}

static int refuse_build(void)
{
	return report_error(DSRCTL_REFUSED,
			    "XDP is not in this build of dsr_lb: install pahole, and build the module again for this kernel (see dsrctl(8), XDP), or use 'via ingress'");
}

/* Open the BTF of the module.
 *
 * Return: its descriptor, or -errno.
 */
static int open_btf(void)
{
	struct bpf_btf_info info;
	uint32_t id = 0, size;
	char name[64];
	int fd;

	while (!bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0 && errno == ENOENT)
			continue;	/* gone meanwhile */
		if (fd < 0)
			return -errno;
		memset(&info, 0, sizeof(info));
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		size = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.kernel_btf && !strcmp(name, MODULE))
			return fd;
		close(fd);
	}
	return -errno;
}

/* Find the function in the BTF of the module.
 *
 * Return: its ID, or less than 0.
 */
static int find_function(void)
{
	struct btf *kernel, *module;
	int id;

	kernel = btf__load_vmlinux_btf();
	if (!kernel)
		return -1;
	module = btf__load_module_btf(MODULE, kernel);
	id = module ? btf__find_by_name_kind(module, FUNCTION, BTF_KIND_FUNC) :
		      -1;
	btf__free(module);
	btf__free(kernel);
	return id;
}

/* The last line but one of the verifier's log says what is wrong. */
static int refuse_program(int error, char *log)
{
	const char *why = strerror(error);
	char *line, *rest;

	for (line = strtok_r(log, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "processed ", 10))
			why = line;
	return report_error(DSRCTL_REFUSED,
			    "the kernel refuses the XDP program: %s", why);
}

/* Load the program.
 *
 * Return: enum dsrctl_status; @program is set to its descriptor, or to -1.
 */
static int load(int *program)
{
	int id = find_function(), btf, error, fds[MODULE_PLACE + 1] = { 0 };
	struct bpf_insn code[] = {
		/* r1 is the frame */
		CALL_FUNCTION(id),
		JUMP(BPF_JSGT, BPF_REG_0, 0, 5),
		JUMP(BPF_JEQ, BPF_REG_0, 0, 2),
		SET(BPF_REG_0, XDP_TX),
		EXIT(),
		SET(BPF_REG_0, XDP_PASS),
		EXIT(),
		COPY(BPF_REG_1, BPF_REG_0),
		SET(BPF_REG_2, 0),
		CALL_HELPER(BPF_FUNC_redirect),
		EXIT(),
	};
	char *log;

	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .prog_flags = BPF_F_XDP_HAS_FRAGS,
		    .fd_array = fds);

	*program = -1;
	if (id < 0)
		return refuse_build();
	btf = open_btf();
	if (btf == -EPERM)
		return refuse_privilege();
	if (btf < 0)
		return refuse_build();
	fds[MODULE_PLACE] = btf;
	log = report_alloc(NULL, LOG_SIZE);
	*log = '\0';
	options.log_buf = log;
	options.log_size = LOG_SIZE;
	*program = bpf_prog_load(BPF_PROG_TYPE_XDP, "dsr_forward", "GPL", code,
				 ARRAY_SIZE(code), &options);
	error = *program < 0 ? errno : 0;
	close(btf);
	if (error == EPERM)
		error = refuse_privilege();
	else if (error)
		error = refuse_program(error, log);
	free(log);
	return error;
}

static int refuse_device(uint32_t ifindex, bool generic, int error)
{
	char name[IF_NAMESIZE] = "the device";

	if_indextoname(ifindex, name);
	switch (error) {
	case EBUSY:
	case EEXIST:
		return report_error(DSRCTL_REFUSED,
				    "%s has an XDP program: 'dsrctl path show' tells if that is of a path, 'ip -d link show %s' which it is else",
				    name, name);
	case EOPNOTSUPP:
		if (generic)
			break;
		return report_error(DSRCTL_REFUSED,
				    "the driver of %s has no XDP: use 'via ingress', or 'via xdp-generic'",
				    name);
	case EPERM:
		return refuse_privilege();
	}
	return report_error(DSRCTL_REFUSED,
			    "%s refuses the XDP program: %s; 'dmesg' may tell more",
			    name, strerror(error));
}

/**
 * xdp_is_attached() - check if a device has an XDP program
 * @ifindex: device
 * @generic: in the mode without its driver
 *
 * Return: false if the kernel tells that there is none.
 */
bool xdp_is_attached(uint32_t ifindex, bool generic)
{
	uint32_t id = 0;

	return bpf_xdp_query_id(ifindex, generic ? XDP_FLAGS_SKB_MODE :
						  XDP_FLAGS_DRV_MODE, &id) ||
	       id;
}

/**
 * xdp_attach() - attach the XDP program of a path to a device
 * @ifindex: device
 * @generic: without its driver
 * @link: set to the descriptor of the link, to be closed by the caller. The program
 *	stays as long as anything holds the link
 *
 * Another program is never replaced.
 *
 * Return: enum dsrctl_status.
 */
int xdp_attach(uint32_t ifindex, bool generic, int *link)
{
	int status, program = -1;

	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);

	libbpf_set_print(silent);
	status = load(&program);
	if (status)
		return status;
	*link = bpf_link_create(program, ifindex, BPF_XDP, &options);
	if (*link < 0)
		status = refuse_device(ifindex, generic, errno);
	close(program);
	return status;
}
