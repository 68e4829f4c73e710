#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/selftest.sh [TARGET...]
#
# Test the rig itself: output and exit status of a command arrive, and each kernel
# problem is reported, on each TARGET (bookworm, debug and uml).  Print one line
# per check, and "N passed, N failed" at the end.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

[ "$#" -gt 0 ] || set -- bookworm debug uml
passed=0 failed=0
results=$(mktemp -d "${TMPDIR:-/tmp}/dsr-selftest.XXXXXX")
trap 'rm -rf "$results"' EXIT

# check NAME CONDITION...
check()
{
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		sed 's/^/# /' "$results/errors" | tail -n 25
		failed=$((failed + 1))
	fi
}

# vm OPTION... -- COMMAND...: run it; leaves $status, output and errors.
vm()
{
	status=0
	"$dsr_top/scripts/vm.sh" "$target" "$@" \
		>"$results/output" 2>"$results/errors" || status=$?
}

same_output()
{
	{ seq 200000; echo to standard error; } | cmp -s - "$results/output"
}

said()
{
	grep -q "$1" "$results/errors"
}

test_any()
{
	# shellcheck disable=SC2016 # for the guest's shell
	vm --results "$results/guest" -- bash -c '
		sleep 1000 & seq 200000; echo to standard error >&2
		pwd >/results/cwd; echo "$DSR_BUILD $DSR_TARGET" >/results/env
		: <"scripts/vm.sh" && test ! -e /not-there && exit 42'
	check "$target: the exit status is returned" [ "$status" -eq 42 ]
	check "$target: the output arrives whole, though a process lives on" same_output
	check "$target: a results directory is written" \
		grep -qx /dsr "$results/guest/cwd"
	check "$target: the environment names the build" \
		grep -qx "/dsr/build/$target $target" "$results/guest/env"
	vm --timeout 300 -- bash -c 'echo c >/proc/sysrq-trigger; sleep 1000'
	check "$target: a panic fails the run at once" [ "$status" -eq 99 ]
	check "$target: a panic is quoted" said 'Kernel panic'
}

test_stock()
{
	vm --timeout 12 -- sleep 1000
	check "$target: a run that takes too long is killed" [ "$status" -eq 124 ]
}

test_debug()
{
	vm -- bash -c 'modprobe lkdtm &&
		echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT; exit 0'
	check "$target: a kernel warning fails a run that succeeded" \
		[ "$status" -eq 99 ]
	check "$target: a kernel warning is quoted" said lkdtm_WARNING
	vm -- bash -c 'modprobe kmemleak-test; rmmod kmemleak-test; exit 0'
	check "$target: a leak fails a run that succeeded" [ "$status" -eq 99 ]
	check "$target: a leak is quoted" said 'unreferenced object'
	vm -- bash -c 'modprobe nf_conntrack && ip netns add a && ip netns del a'
	check "$target: a run without trouble succeeds" [ "$status" -eq 0 ]
}

for target; do
	test_any
	if [ "$target" = debug ] || [ "$target" = uml ]; then
		test_debug
	else
		test_stock
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
