#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/bench.sh [OPTION...]
#
# Count the instructions that a packet costs on the balancer and on the real
# server, with dsr and with its alternatives (tests/bench/peers), in virtual
# machines whose clock counts instructions (tests/bench/bench.py). Print a table,
# and keep the result as build/bench/RELEASE-FORM.json.
#
#   --release R		bookworm (default), trixie or sid; or native: nanoseconds, in
#			User Mode Linux
#   --full		up to a million flows; else the short form
#   --peers "NAMES"	only these: files in tests/bench/peers
#   --cases "NAMES"	only these, as udp4-1000: see tests/bench/plan.py
#   --base FILE		compare with this result
#   --chart FILE	draw the result (SVG)
#   --docs		write it to docs/performance.md and docs/bench.svg
#   --control		measure a large configuration instead of packets: a thousand
#			services, 20 backends each, a million connections
#   --jobs N		machines at a time (default: the number of processors)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

release=bookworm control='' form=short peers='' cases='' jobs=$(nproc) report=()
while [ "$#" -gt 0 ]; do
	case $1 in
	--release) release=${2:-}; shift ;;
	--full) form=full ;;
	--control) control=1 ;;
	--peers) peers=${2:-}; shift ;;
	--cases) cases=${2:-}; shift ;;
	--base|--chart) report+=("$1" "${2:-}"); shift ;;
	--docs) report+=(--docs "$dsr_top/docs") ;;
	--jobs) jobs=${2:-}; shift ;;
	*) die "unknown option $1: see the head of scripts/bench.sh" ;;
	esac
	shift || die "an option needs a value"
done
case $release in
bookworm|trixie|sid) machine=(--icount) ;;
# two machines on one processor would disturb each other
native) machine=() jobs=1 form=native ;;
*) die "no release '$release': it is one of bookworm, trixie, sid, native" ;;
esac
case $form in
full) usual="8 to 14 min" ;;
*) usual="1 to 2 min" ;;
esac

"$dsr_top/scripts/deps.sh" clang libc6-dev python3
python=${PYTHON:-python3}
out=$dsr_top/build/bench
mkdir -p "$out"
"$python" "$dsr_top/tests/bench/plan.py" --form "$form" --peers "$peers" \
	--cases "$cases" --jobs "$jobs" >"$out/plans"
"$dsr_top/scripts/build.sh" "$release"
build_bpf "$out"

if [ -n "$control" ]; then
	say "a large configuration on $release (usually 5 min; native: 1)"
	exec "$dsr_top/scripts/vm.sh" "$release" "${machine[@]}" --mem 4096 \
		--timeout 1800 --results "$out/control" -- tests/bench/control.py \
		build/bench/gen.o "/results/$release.json"
fi

name=$release-$form
[ "$release" != native ] || name=native
began=$SECONDS
machines=()
trap 'kill "${machines[@]}" 2>/dev/null || true; wait' EXIT
say "the $form form on $release (usually $usual)"
mapfile -t plans <"$out/plans"
for number in "${!plans[@]}"; do
	dir=$out/$release.$number
	rm -rf "$dir"
	"$dsr_top/scripts/vm.sh" "$release" "${machine[@]}" --timeout 3600 --results "$dir" \
		-- tests/bench/bench.py build/bench/gen.o "${plans[number]}" \
		/results/result.json > >(
			while IFS= read -r line; do
				printf '[%3d s] %s\n' $((SECONDS - began)) "$line" >&2
			done) &
	machines+=($!)
done
for number in "${!machines[@]}"; do
	wait "${machines[number]}" ||
		die "machine $number ended with status $?: see above"
	report+=("$out/$release.$number/result.json")
done
machines=()
say "measured in $((SECONDS - began)) s"
"$python" "$dsr_top/tests/bench/report.py" --output "$out/$name.json" \
	"${report[@]}"
say "kept as build/bench/$name.json: what changes after this is told by" \
	"make bench BASE=that file, or a copy of it"
