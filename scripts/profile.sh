#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/profile.sh [OPTION...] PEER...
#
# Says in which functions the instructions are spent that the peer (a file of
# tests/bench/peers) costs a packet: net of what it costs without a balancer, or
# without NAT. A plugin of QEMU counts all that run (tests/bench/count.c).
#
#   --release R		bookworm (default), trixie or sid
#   --case NAME		as udp4-1000 (default; request4-1000 for a real server's)
#   --least N		leave out functions of less than N instructions (3)
#   --function NAME	how often each instruction of this function is run, with
#			the lines of the source if it is ours
#   --again		of what was counted last
#   --lines		not instructions but cache lines: how many a packet needs
#			(tests/bench/lines.c; udp4-1000000 if no case is named)
#   --two		two processors at a time, each with packets of its own: which
#			cache lines one writes that the other one needs

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
clang -target bpf -O2 -g -Wall -Werror -I/usr/include/x86_64-linux-gnu \
	-c "$dsr_top/tests/bench/gen.bpf.c" -o "$out/gen.o"
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
