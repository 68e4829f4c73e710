#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/profile.sh [OPTION...] PEER...
#
# Print the instructions of a packet by function, for a peer (a file of
# tests/bench/peers), net of the cost without a balancer, or without NAT. A plugin
# of QEMU counts all instructions (tests/bench/count.c).
#
#   --release R		bookworm (default), trixie or sid
#   --case NAME		as udp4-1000 (default; request4-1000 for a real server's)
#   --least N		leave out functions of less than N instructions (3)
#   --function NAME	print the executions of each instruction of this function,
#			with the lines of our sources
#   --again		use the last counts
#   --lines		count the cache lines that a packet accesses, instead of
#			instructions (tests/bench/lines.c; default case udp4-1000000)
#   --two		use two processors at a time, each with its own packets: print
#			cache lines that one writes and the other one accesses

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

release=bookworm case='' again='' what=count two='' report=() peers=()
while [ "$#" -gt 0 ]; do
	case $1 in
	--release) release=${2:-}; shift ;;
	--case) case=${2:-}; shift ;;
	--again) again=1 ;;
	--lines) what=lines ;;
	--two) what=lines two=1 ;;
	--least|--function) report+=("$1" "${2:-}"); shift ;;
	-*) die "unknown option $1: see the head of scripts/profile.sh" ;;
	*) peers+=("$1") ;;
	esac
	shift || die "an option needs a value"
done
[ "${#peers[@]}" -gt 0 ] || [ -n "$again" ] ||
	die "name a peer: $(cd "$dsr_top/tests/bench/peers" && printf '%s ' *.sh |
		sed 's/\.sh / /g')"
python=${PYTHON:-python3}
out=$dsr_top/build/bench
dir=$out/profile
case $what in
count)
	show=functions.py
	report+=(--build "$dsr_top/build/$release")
	;;
lines)
	show=lines.py case=${case:-udp4-1000000}
	[ "${#report[@]}" -eq 0 ] || die "cache lines are not told by instruction"
	report+=(${two:+--two})
	;;
esac
show() {
	"$python" "$dsr_top/tests/bench/$show" "${report[@]}" "$dir"
}
if [ -n "$again" ]; then
	show
	exit
fi
zero=baseline
case ${peers[0]} in
rs_*) zero=rs_plain case=${case:-request4-1000} ;;
esac

"$dsr_top/scripts/deps.sh" clang libc6-dev binutils python3
rm -rf "$dir"
mkdir -p "$dir"
plan=$("$python" "$dsr_top/tests/bench/plan.py" --peers "$zero ${peers[*]}" \
	--cases "${case:-udp4-1000}" --repeats 1)
"$dsr_top/scripts/build.sh" "$release"
build_bpf "$out"
clang -O2 -Wall -Werror -shared -fPIC "$dsr_top/tests/bench/$what.c" \
	-o "$out/$what.so"
machine=(--icount --timeout 1200 --results "$dir"
	--qemu -plugin --qemu "$out/$what.so,out=${dir//,/,,}/count")
if [ -n "$two" ]; then
	say "noting cache lines on two processors (usually 1 min)"
	# its own clock is read without going to memory
	"$dsr_top/scripts/vm.sh" "$release" --smp 2 "${machine[@]:1}" \
		--append "clocksource=tsc tsc=reliable nowatchdog mitigations=off transparent_hugepage=never" \
		-- tests/bench/two.py build/bench/gen.o /results "${peers[@]}" >&2
else
	say "counting (usually 1 min)"
	"$dsr_top/scripts/vm.sh" "$release" "${machine[@]}" \
		-- tests/bench/bench.py --profile /results build/bench/gen.o \
		"$plan" /results/result.json >&2
fi
show
