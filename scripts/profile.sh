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

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

release=bookworm case='' again='' report=() peers=()
while [ "$#" -gt 0 ]; do
	case $1 in
	--release) release=${2:-}; shift ;;
	--case) case=${2:-}; shift ;;
	--again) again=1 ;;
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
report+=(--build "$dsr_top/build/$release" "$dir")
[ -z "$again" ] ||
	exec "$python" "$dsr_top/tests/bench/functions.py" "${report[@]}"
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
clang -O2 -Wall -Werror -shared -fPIC "$dsr_top/tests/bench/count.c" \
	-o "$out/count.so"
say "counting (usually 1 min)"
"$dsr_top/scripts/vm.sh" "$release" --icount --timeout 1200 --results "$dir" \
	--qemu -plugin --qemu "$out/count.so,out=${dir//,/,,}/count" \
	-- tests/bench/bench.py --profile /results build/bench/gen.o "$plan" \
	/results/result.json >&2
"$python" "$dsr_top/tests/bench/functions.py" "${report[@]}"
