#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/test.sh [WORD...]
#
# Runs all tests, or the suites whose name has one of the WORDs (or of those in
# $ONLY). Each suite leaves its lines ("ok NAME", "not ok NAME: WHY", "skip NAME")
# and its log in build/test. The last line is "N passed, N failed"; the exit status
# is 1 if anything failed, or if nothing was run.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$dsr_top"
read -r -a only <<<"${ONLY:-} $*"
out=$dsr_top/build/test
rm -rf "$out"
mkdir -p "$out"
began=$SECONDS

# What a suite leaves: LOG for people; RESULTS, one line for each test; STATUS.
# A suite whose results do not end by "done" has died, and that is a failure.

# wanted SUITE: whether it was asked for.
wanted()
{
	local word

	[ "${#only[@]}" -gt 0 ] || return 0
	for word in "${only[@]}"; do
		case $1 in
		*"$word"*) return 0 ;;
		esac
	done
	return 1
}

# wanted_any SUITE...: whether one of them was.
wanted_any()
{
	local suite

	for suite in "$@"; do
		! wanted "$suite" || return 0
	done
	return 1
}

event()
{
	printf '[%3d s] %s\n' $((SECONDS - began)) "$*" >&2
}

# suite NAME USUALLY COMMAND...: run it if it is wanted.
suite()
{
	local name=$1 usual=$2 dir=$out/$1 start=$SECONDS status=0
	shift 2

	wanted "$name" || return 0
	mkdir -p "$dir"
	event "$name: begins (usually $usual)"
	"$@" "$dir" >"$dir/log" 2>&1 || status=$?
	close_suite "$dir" "$status"
	event "$name: $(count '^ok ' "$dir/results") passed, $(count \
		'^not ok ' "$dir/results") failed, $(count '^skip ' \
		"$dir/results") skipped in $((SECONDS - start)) s"
}

count()
{
	grep -c -e "$1" "$2" 2>/dev/null || true
}

# Make what went wrong outside of the tests a failed test.
close_suite()
{
	local dir=$1 status=$2

	touch "$dir/results"
	if [ "$(tail -n 1 "$dir/results")" = "done" ]; then
		sed -i '$d' "$dir/results"
		[ "$status" -eq 0 ] || grep -q '^not ok ' "$dir/results" ||
			echo "not ok run (status $status$(meaning "$status"))" \
				>>"$dir/results"
		# pytest returns 1 for failed tests; 99 is more than that
		[ "$status" -ne 99 ] ||
			echo "not ok kernel: $(complaint "$dir/log")" >>"$dir/results"
	else
		echo "not ok run (died with status $status$(meaning "$status"))" \
			>>"$dir/results"
	fi
	sort -u "$dir/results" -o "$dir/results"
	grep -q -e '^ok ' -e '^not ok ' "$dir/results" ||
		echo "not ok run (no test was run)" >>"$dir/results"
}

# complaint LOG: what vm.sh says of the kernel there, and the first line it quotes.
complaint()
{
	grep -A 1 '^vm\.sh: FAILED: ' "$1" | sed -e 's/^vm\.sh: FAILED: //' \
		-e 's/^  | //' | head -n 2 | paste -sd ' ' | cut -c1-150
}

meaning()
{
	case $1 in
	99) echo ": the kernel complained, leaked or died" ;;
	124) echo ": the time was up" ;;
	esac
}

# The suites. Each gets the directory of its results as its last argument.

# machine TARGET PROCESSORS PART... DIRECTORY: what parts.sh runs in one virtual
# machine; the limit is for what hangs: a slow host takes several times as long.
machine()
{
	local target=$1 processors=$2 dir=${*: -1} status=0
	shift 2

	scripts/vm.sh "$target" --smp "$processors" --timeout 5000 \
		--results "$dir/guest" --console "$dir/console" \
		-- tests/vm/parts.sh "${@:1:$#-1}" || status=$?
	cp "$dir/guest/parts" "$dir/results" 2>/dev/null || true
	return $status
}

demo()
{
	local target=$1 dir=$2

	scripts/demo.sh --release "$target"
	printf 'ok demo on %s\ndone\n' "$target" >"$dir/results"
}

# The tests of dsrctl want a compiler, so they run in the root itself, on the
# copy of the sources that was built there; with them those of the benchmark that
# need no machine.
# shellcheck disable=SC2016 # for the inner shell
tool()
{
	local dir=$1 entry

	entry=$(scripts/root.sh bookworm)
	as_root unshare --mount --net bash -euc '
		root=$1/root tree=$2
		ip link set lo up 2>/dev/null || true
		mount --bind "$tree" "$root/dsr"
		mount -t proc none "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 none "$root/tmp"
		exec chroot "$root" /usr/bin/env -i HOME=/tmp LC_ALL=C.UTF-8 \
			PYTHONDONTWRITEBYTECODE=1 \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			/dsr/tests/tool/run -rA . ../bench
	' bash "$entry" "$dsr_top/build/bookworm/tree" || status=$?
	sed -n -e 's/^PASSED tests\/tool\//ok /p' \
		-e 's/^PASSED \.\.\//ok /p' -e 's/^PASSED /ok /p' \
		-e '/^\(FAILED\|ERROR\) /{ s//not ok /; s/ - /: /; p }' "$dir/log" |
		sort -u >"$dir/results"
	echo "done" >>"$dir/results"
	return "${status:-0}"
}

# build TARGET SUITE...: build it if one of these is wanted. What cannot be
# built fails them all.
build()
{
	local target=$1 name
	shift

	wanted_any "$@" || return 1
	# another job may have built it
	! grep -qs '^ok ' "$out/build-$target/results" || return 0
	event "build-$target: begins (usually 20 to 50 s; the first time $(case $target in
		debug|uml) echo "5 to 10 min" ;;
		*) echo "3 min" ;;
		esac))"
	mkdir -p "$out/build-$target"
	if scripts/build.sh "$target" >"$out/build-$target/log" 2>&1; then
		echo "ok build for $target" >"$out/build-$target/results"
		event "build-$target: done"
		return 0
	fi
	echo "not ok build for $target" >"$out/build-$target/results"
	event "build-$target: failed, see $out/build-$target/log"
	for name in "$@"; do
		wanted "$name" || continue
		mkdir -p "$out/$name"
		echo "not ok run (no build for $target)" >"$out/$name/results"
	done
	return 1
}

# The jobs. Two machines with two processors each would wait for processors of
# each other that have been put off, so they are one job. Two jobs at a time: a third
# one would gain a little on a fast host, and on a slow one take the time away that
# all of them count on. The longest come first.

job_smp()
{
	if build debug debug; then
		suite debug "3 to 4 min" machine debug 2 scenarios -m smp
	fi
	if build bookworm demo-bookworm bookworm-smp; then
		suite demo-bookworm "30 s" demo bookworm
		suite bookworm-smp "1 to 2 min" machine bookworm 2 \
			scenarios -m smp
	fi
}

job_uml()
{
	build uml uml || return
	# what two processors upset runs on the debug kernel, which has two
	suite uml "7 to 10 min" machine uml 1 \
		kunit scenarios -m "not smp"
}

job_bookworm()
{
	build bookworm bookworm || return
	suite bookworm "8 to 11 min" machine bookworm 1 scenarios -m "not smp"
}

job_tool()
{
	build bookworm tool || return
	suite tool "1 min" tool
}

job_trixie()
{
	build trixie trixie || return
	suite trixie "5 to 8 min" machine trixie 1 \
		demo demo_ha scenarios -m smoke
}

job_sid()
{
	build sid sid || return
	suite sid "4 to 6 min" machine sid 1 demo scenarios -m smoke
}

# worker JOB...: take one after the other that no other worker has taken.
worker()
{
	local job

	for job; do
		! mkdir "$out/.$job" 2>/dev/null || "job_$job" || true
	done
}

# What is at work, now and then, so that nobody wonders.
heartbeat()
{
	local name line

	# waits on a pipe that nobody writes to: a sleep would outlive us
	exec {never}<> <(:)
	while ! read -r -t 30 -u "$never" _; do
		for name in "$out"/*/log; do
			[ ! -e "${name%log}results" ] || continue
			line=$(tail -c 2000 "$name" 2>/dev/null | tr '\r' '\n' |
				grep . | tail -n 1 | cut -c1-90)
			event "$(basename "$(dirname "$name")") … $line"
		done
	done
}

event "all tests (usually 15 to 25 min; an hour on a slow host, or the first time). Logs are in build/test"
scripts/deps.sh
# What is not in the cache yet comes first: beside the compilation of a kernel
# scenarios take several times as long, and show what is slow instead of what is
# wrong. Who has to do without something says so later.
prepare()
{
	local target

	for target in bookworm trixie sid; do
		! wanted_any "$target" "demo-$target" "$target-smp" ||
			scripts/root.sh "$target" >/dev/null || true
	done &
	for target in uml debug; do
		! wanted "$target" || scripts/kernel.sh "$target" >/dev/null ||
			true
	done
	wait
}
prepare
heartbeat &
beat=$!
trap 'kill "$beat" 2>/dev/null || true' EXIT
jobs=(bookworm smp uml tool trixie sid)
worker "${jobs[@]}" &
other=$!
worker "${jobs[@]}"
wait "$other" || true
kill "$beat" 2>/dev/null || true

passed=0 failed=0
for results in "$out"/*/results; do
	[ -e "$results" ] || continue
	passed=$((passed + $(count '^ok ' "$results")))
	failed=$((failed + $(count '^not ok ' "$results")))
done
if [ "$failed" -gt 0 ]; then
	echo
	echo "Failed:"
	for results in "$out"/*/results; do
		name=$(basename "$(dirname "$results")")
		sed -n "s/^not ok /  $name: /p" "$results"
	done
	echo "The logs are $out/SUITE/log."
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
