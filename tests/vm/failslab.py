# SPDX-License-Identifier: GPL-2.0
"""Where the kernel is told which allocation fails."""

FAIL_NTH = '/proc/thread-self/fail-nth'
FAILSLAB = '/sys/kernel/debug/failslab'
