#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/test.sh [--all|--beyond] [-k EXPRESSION] [WORD...]
#
# Run the quick test: tests without a kernel, the KUnit suites, and all scenarios
# on one kernel of Debian. --all runs all tests on all kernels; --beyond only the
# additional suites of --all. WORDs (or those in $ONLY) choose suites whose name
# contains one, of all suites; the whole name of a suite chooses this suite alone.
# -k (or $K) chooses tests as with pytest: scenarios on bookworm, if no suite is
# named. A seed in $SHUFFLE takes the files of scenarios in another order.
#
# Each suite leaves its lines ("ok NAME", "not ok NAME: WHY", "skip NAME") and its
# log in build/test, or build/test-beyond. The last line is "N passed, N failed"; the exit status is 1 if
# anything failed, or if nothing was run.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$dsr_top"
read -r -a only <<<"${ONLY:-}"
group=test expression=${K:-}
while [ "$#" -gt 0 ]; do
	case $1 in
	--all|--beyond) group=${1#--} ;;
	-k) expression=${2:?-k needs an expression of pytest}; shift ;;
	-*) die "unknown option $1: see the head of scripts/test.sh" ;;
	*) only+=("$1") ;;
	esac
	shift
done

# The suites of "make test", and the additional ones of "make test-all", in the
# order of their start. One worker begins with all scenarios. When the other one has
# run the suites that cannot be shared, it takes from the same queue of files, so
# that both end together.
test_suites=(bookworm-1 kunit tool bookworm-smp bookworm-2)
beyond_suites=(uml-1 debug trixie sid demo-bookworm fuzz uml-2)
case $group in
test) suites=("${test_suites[@]}") ;;
beyond) suites=("${beyond_suites[@]}") ;;
all) suites=("${beyond_suites[@]}" "${test_suites[@]}") ;;
esac
if [ -n "$expression" ] && [ "${#only[@]}" -eq 0 ]; then
	suites=(bookworm)
elif [ "${#only[@]}" -gt 0 ]; then
	suites=(bookworm "${test_suites[@]}" "${beyond_suites[@]}")
fi

# The duration of the last whole run of each suite: a file with the seconds and the
# number of tests.
usual_dir=$dsr_cache/usual
mkdir -p "$usual_dir"
out=$dsr_top/build/test
[ "$group" != beyond ] || out+=-beyond
rm -rf "$out"
mkdir -p "$out"
began=$SECONDS

# The files of a suite: LOG for people; RESULTS, one line for each test; STATUS.
# A suite whose results do not end with "done" has died, which is a failure.

# chosen: print the suites to run. A word that is the whole name of a suite chooses
# only that suite; "bookworm" is the whole of its queue in one machine.
chosen()
{
	local suite word

	for suite in "${suites[@]}"; do
		if [ "${#only[@]}" -eq 0 ]; then
			echo "$suite"
			continue
		fi
		for word in "${only[@]}"; do
			case " ${suites[*]} " in
			*" $word "*) [ "$suite" = "$word" ] || continue ;;
			*) [ "$suite" != bookworm ] || continue ;;
			esac
			case $suite in
			*"$word"*) echo "$suite"; break ;;
			esac
		done
	done
}

# usual SUITE WHICH: the seconds (1) or the tests (2) of its last whole run here.
usual()
{
	[ ! -e "$usual_dir/$1" ] || cut -d' ' -f"$2" "$usual_dir/$1"
}

usually()
{
	local seconds

	seconds=$(usual "$1" 1)
	[ -z "$seconds" ] || printf ' (usually %d s here)' "$seconds"
}

event()
{
	[ ! -t 2 ] || printf '\r\033[K' >&2
	printf '[%3d s] %s\n' $((SECONDS - began)) "$*" >&2
}

# suite NAME COMMAND...: run it; its directory is the command's last argument.
suite()
{
	local name=$1 dir=$out/$1 start=$SECONDS status=0 seconds passed failed
	shift

	event "$name: begins$(usually "$name")"
	"$@" "$dir" >"$dir/log" 2>&1 || status=$?
	close_suite "$dir" "$status"
	seconds=$((SECONDS - start))
	passed=$(count '^ok ' "$dir/results")
	failed=$(count '^not ok ' "$dir/results")
	[ -n "$expression" ] || [ "$failed" -gt 0 ] ||
		echo "$seconds $passed" >"$usual_dir/$name"
	event "$name: $passed passed, $failed failed, $(count '^skip ' \
		"$dir/results") skipped in $seconds s"
	sed -n "s/^not ok /           /p" "$dir/results" >&2
}

count()
{
	grep -c -e "$1" "$2" 2>/dev/null || true
}

# Turn a failure outside of the tests into a failed test.
close_suite()
{
	local dir=$1 status=$2

	touch "$dir/results"
	if [ "$(tail -n 1 "$dir/results")" = "done" ]; then
		sed -i '$d' "$dir/results"
		[ "$status" -eq 0 ] || grep -q '^not ok ' "$dir/results" ||
			echo "not ok run (status $status$(meaning "$status"))" \
				>>"$dir/results"
		# pytest returns 1 for failed tests; 99 is another failure
		[ "$status" -ne 99 ] ||
			echo "not ok kernel: $(complaint "$dir/log")" >>"$dir/results"
	else
		echo "not ok run (died with status $status$(meaning "$status"))" \
			>>"$dir/results"
	fi
	sort -u "$dir/results" -o "$dir/results"
	# a machine that starts late may find all files taken: see judge_queue
	is_shared "$(basename "$dir")" ||
		grep -q -e '^ok ' -e '^not ok ' "$dir/results" ||
		echo "not ok run (no test was run)" >>"$dir/results"
}

# is_shared SUITE: tell if it takes its files from a queue.
is_shared()
{
	case $1 in
	bookworm-[12]|uml-[12]) ;;
	*) return 1 ;;
	esac
}

# complaint LOG: print vm.sh's message about the kernel, and its first quoted line.
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

# machine TARGET PROCESSORS PART... DIRECTORY: run parts.sh in one virtual machine.
# The time limit is for hanging machines: a slow host takes several times as long.
machine()
{
	local target=$1 processors=$2 dir=${*: -1} status=0 more=()
	shift 2

	# In the machine the queue is at /run/queue. It is named in one word, --queue=…,
	# for pytest would look for tests in a directory that is a word of its own.
	! is_shared "$(basename "$dir")" || more=(--queue "$out/queue-$target")

	scripts/vm.sh "$target" --smp "$processors" --timeout 5000 \
		--results "$dir/guest" --console "$dir/console" "${more[@]}" \
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

# The tests of dsrctl, and those of the benchmark that need no machine.
tool()
{
	local dir=$1 status=0

	scripts/tool.sh -rA "${choice[@]}" . ../bench || status=$?
	sed -n -e 's/^PASSED tests\/tool\//ok /p' \
		-e 's/^PASSED \.\.\//ok /p' -e 's/^PASSED /ok /p' \
		-e '/^\(FAILED\|ERROR\) /{ s//not ok /; s/ - /: /; p }' "$dir/log" |
		sort -u >"$dir/results"
	echo "done" >>"$dir/results"
	return "$status"
}

# The targets of libFuzzer run on the host, without a kernel.
fuzz()
{
	local dir=$1 status=0

	scripts/fuzz.sh 60 || status=$?
	cp build/fuzz/results "$dir/results"
	echo "done" >>"$dir/results"
	return "$status"
}

# Print the target that a suite needs to be built.
target_of()
{
	case $1 in
	bookworm*|demo-bookworm|tool) echo bookworm ;;
	uml-?) echo uml ;;
	kunit) echo lean ;;
	*) echo "$1" ;;
	esac
}

# The client in Go runs on one kernel, which has an ip_vs of its own; so does BIRD.
# Without BIRD its scenario is skipped: it is a download of two packages.
build_target()
{
	# Without corosync, dsrsyncd and its scenario are left out.
	[ "$1" != bookworm ] || scripts/corosync.sh "$1" || true
	scripts/build.sh "$1" || return
	case $1 in
	trixie) scripts/goclient.sh "$1" ;;
	bookworm) scripts/bird.sh "$1" || true ;;
	esac
}

# build SUITE: build its target. A failed build fails the suite.
build()
{
	local name=$1 target dir
	target=$(target_of "$name")
	dir=$out/build-$target

	if mkdir "$dir" 2>/dev/null; then
		event "build-$target: begins"
		if build_target "$target" >"$dir/log" 2>&1; then
			echo "ok build for $target" >"$dir/results"
			event "build-$target: done"
		else
			echo "not ok build for $target: $(grep -m 1 ' error: ' \
				"$dir/log")" >"$dir/results"
			event "build-$target: failed, see $dir/log"
		fi
	fi
	# the other worker may be building it
	until [ -s "$dir/results" ]; do
		sleep 0.2
	done
	grep -q '^ok ' "$dir/results" || {
		echo "not ok run: no build for $target" >"$out/$name/results"
		return 1
	}
}

run_suite()
{
	local name=$1 scenarios=(scenarios "${choice[@]}")

	mkdir -p "$out/$name"
	[ "$name" = fuzz ] || build "$name" || return 0
	case $name in
	tool) suite "$name" tool ;;
	fuzz) suite "$name" fuzz ;;
	kunit) suite "$name" machine lean 1 kunit ;;
	bookworm)
		suite "$name" machine bookworm 2 "${scenarios[@]}"
		;;
	bookworm-smp)
		suite "$name" machine bookworm 2 "${scenarios[@]}" -m smp
		;;
	bookworm-?)
		suite "$name" machine bookworm 1 "${scenarios[@]}" \
			-m "not smp" "${queue[@]}"
		;;
	demo-bookworm) suite "$name" demo bookworm ;;
	# unlike uml, this kernel has two processors
	debug) suite "$name" machine debug 2 "${scenarios[@]}" -m smp ;;
	uml-1)
		suite "$name" machine uml 1 kunit "${scenarios[@]}" \
			-m "not smp" "${queue[@]}"
		;;
	uml-2)
		suite "$name" machine uml 1 "${scenarios[@]}" \
			-m "not smp" "${queue[@]}"
		;;
	trixie)
		suite "$name" machine trixie 1 demo demo_ha "${scenarios[@]}" \
			-m smoke
		;;
	sid)
		suite "$name" machine sid 1 demo "${scenarios[@]}" -m smoke
		;;
	esac
}

# worker SUITE...: run one suite after the other that no other worker has taken.
worker()
{
	local name

	for name; do
		! mkdir "$out/.$name" 2>/dev/null || run_suite "$name" || true
	done
}

# at SUITE: print its progress, as "123/345" tests, or its last line.
at()
{
	local name=$1 dir=$out/$1 tests of

	tests=$(cat "$dir/guest/part" "$dir/guest/parts" 2>/dev/null |
		grep -cE '^(ok|not ok) ' || true)
	of=$(usual "$name" 2)
	if [ "$tests" -gt 0 ]; then
		printf '%s %d%s%s' "$name" "$tests" "${of:+/$of}" "$(usually "$name")"
	else
		printf '%s: %s' "$name" "$(tail -c 2000 \
			"$out/build-$(target_of "$name")/log" "$dir/log" \
			2>/dev/null | tr '\r' '\n' | grep . | tail -n 1 |
			sed 's/^[a-z]*\.sh: //' | cut -c1-60)"
	fi
}

# Print the running suites, on a terminal in one line, else from time to time.
heartbeat()
{
	local name line pause=30 ended

	[ ! -t 2 ] || pause=1
	# waits on a pipe that has no writer: a sleep would outlive us
	exec {never}<> <(:)
	while ! read -r -t "$pause" -u "$never" _; do
		line='' ended=0
		for name in "${chosen[@]}"; do
			if [ -s "$out/$name/results" ]; then
				ended=$((ended + 1))
			elif [ -d "$out/$name" ]; then
				line+="${line:+, }$(at "$name")"
			fi
		done
		line="$ended of ${#chosen[@]} suites; $line"
		if [ -t 2 ]; then
			printf '\r\033[K[%3d s] %s' $((SECONDS - began)) \
				"$(cut -c"1-$(($(tput cols) - 10))" <<<"$line")" >&2
		else
			event "$line"
		fi
	done
}

# judge_queue TARGET: the reasons that all machines together have provoked are a
# test, too; it fails if none has run a test.
judge_queue()
{
	local records=()

	[ -z "$expression" ] && [ -d "$out/$1-1" ] && [ -d "$out/$1-2" ] || return 0
	mapfile -t records < <(find "$out/$1"-[12]/guest -name provoked 2>/dev/null)
	tests/vm/reasons.py "${records[@]}" >>"$out/$1-2/results" ||
		echo "not ok reasons.py: a record cannot be read" >>"$out/$1-2/results"
}

choice=() queue=(--queue=/run/queue)
[ -z "${SHUFFLE:-}" ] || queue+=("--shuffle=$SHUFFLE")
[ -z "$expression" ] || choice=(-k "$expression")
mapfile -t chosen < <(chosen)
[ "${#chosen[@]}" -gt 0 ] ||
	die "no suite has '${only[*]}' in its name: they are ${test_suites[*]} ${beyond_suites[*]}"
event "${chosen[*]}. Logs are in ${out#"$dsr_top"/}"
[ "$group" != test ] || [ "${#only[@]}" -gt 0 ] || [ -n "$expression" ] ||
	event "left out: the other kernels, the instrumented ones, the demos (make test-all runs them)"
scripts/deps.sh python3
heartbeat &
beat=$!
trap 'kill "$beat" 2>/dev/null || true' EXIT
# Two at a time: a third worker would gain a little on a fast host, but slow down
# all of them on a slow one.
worker "${chosen[@]}" &
other=$!
worker "${chosen[@]}"
wait "$other" || true
kill "$beat" 2>/dev/null || true
[ ! -t 2 ] || printf '\r\033[K' >&2
judge_queue bookworm
judge_queue uml

# failures SUITE: print a line for each failed test, with the path of its log.
failures()
{
	local name=$1 dir=$out/$1 line test stem

	while IFS= read -r line; do
		echo "  $name: $line"
		test=${line%%: *}
		stem=$dir/guest/failed/${test//[^][A-Za-z0-9_.:-]/_}
		if [ -e "$stem.log" ]; then
			echo "    log: ${stem#"$dsr_top"/}.log"
		else
			echo "    log: ${dir#"$dsr_top"/}/log"
		fi
		[ ! -e "$stem.front.pcap" ] ||
			echo "    capture: ${stem#"$dsr_top"/}.{front,back}.pcap"
	done < <(sed -n 's/^not ok //p' "$dir/results")
}

passed=0 failed=0
for results in "$out"/*/results; do
	[ -e "$results" ] || continue
	passed=$((passed + $(count '^ok ' "$results")))
	failed=$((failed + $(count '^not ok ' "$results")))
done
event "all done"
if [ "$failed" -gt 0 ]; then
	echo
	echo "Failed:"
	for results in "$out"/*/results; do
		failures "$(basename "$(dirname "$results")")"
	done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
