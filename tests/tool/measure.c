// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a program, and finds out what it took:
 *
 *   measure FIRST LAST FILE PROGRAM [ARGUMENT...]
 *
 * writes into FILE how many instructions it ran between the end of its FIRST call
 * of recv() and the end of the LAST one, or its own end if there are fewer; and the
 * most memory that it had, in kilobytes. It steps through the instructions one by
 * one, so that their number is the same wherever the program runs, and however
 * fast. FIRST is 0 where they are not to be counted.
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static long syscall_number(pid_t child)
{
	return ptrace(PTRACE_PEEKUSER, child,
		      offsetof(struct user_regs_struct, orig_rax), NULL);
}

/* of the program itself: what wait4() says has that of the one before exec() */
static long peak_memory(pid_t child)
{
	char path[64], line[256];
	long peak = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld", &peak) == 1)
			break;
	if (file)
		fclose(file);
	return peak;
}

int main(int argc, char **argv)
{
	long first, last, calls = 0, steps = 0, peak = -1;
	int status, signal = 0, inside = 0;
	pid_t child;
	FILE *file;

	if (argc < 5)
		return 1;
	first = atol(argv[1]);
	last = atol(argv[2]);
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[4], argv + 4);
		_exit(127);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	while (WIFSTOPPED(status)) {
		int stepping = first && calls >= first && calls < last;
		int how = stepping ? PTRACE_SINGLESTEP :
			  first && calls < last ? PTRACE_SYSCALL : PTRACE_CONT;

		if (ptrace(how, child, NULL, signal))
			break;
		waitpid(child, &status, 0);
		if (!WIFSTOPPED(status))
			break;
		signal = WSTOPSIG(status);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			signal = 0;
			peak = peak_memory(child);
			first = 0;
		} else if (signal == (SIGTRAP | 0x80)) {
			signal = 0;
			inside = !inside;
			calls += !inside && syscall_number(child) == SYS_recvfrom;
		} else if (stepping && signal == SIGTRAP) {
			signal = 0;
			steps++;
			calls += syscall_number(child) == SYS_recvfrom;
		}
	}
	file = fopen(argv[3], "w");
	if (!file || fprintf(file, "%ld %ld\n", steps, peak) < 0 || fclose(file))
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
