#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/stress.sh ROUNDS
#
# Run "make test" ROUNDS times beside a load that occupies the processors at
# random: stress-ng starts and stops, and a virtual machine stops for up to three
# seconds. Each round takes the files of scenarios in another order. Print the
# failures of each failed test. $ONLY and $K choose suites and tests, as for "make
# test". The logs of round N are in build/stress/N. The last line is "N passed, N
# failed"; the exit status is 1 if anything failed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$dsr_top"
rounds=${1:-}
case $rounds in
''|0|*[!0-9]*) die "usage: scripts/stress.sh ROUNDS" ;;
esac
out=$dsr_top/build/stress
rm -rf "$out"
mkdir -p "$out/tmp"
scripts/deps.sh stress-ng procps python3
# this name identifies the machines of this run
export TMPDIR=$out/tmp

# machines: the processes of virtual machines, one each.
machines()
{
	local pid parent

	for pid in $(pgrep -f "$TMPDIR/dsr-vm" || true); do
		parent=$(ps -o ppid= -p "$pid" | tr -d ' ')
		[ "$(cat "/proc/$parent/comm" 2>/dev/null)" != timeout ] ||
			echo "$pid"
	done
}

# Waits without a process: this pipe has no writer.
pause()
{
	read -r -t "$1" -u "$never" || true
}

# shellcheck disable=SC2317 # called at exit
end_load()
{
	local pid

	for pid in $(machines); do
		kill -CONT "$pid" 2>/dev/null || true
	done
	kill "$load" "$stops" 2>/dev/null || true
	pkill -P "$load" 2>/dev/null || true
}

busy()
{
	exec {never}<> <(:)
	while :; do
		stress-ng --quiet --cpu $(($(nproc) * (1 + RANDOM % 4))) --vm 1 \
			--vm-bytes 256M --timeout $((1 + RANDOM % 8))s \
			>/dev/null 2>&1 || true
		pause $((1 + RANDOM % 8))
	done
}

stop_machines()
{
	local pid

	exec {never}<> <(:)
	while :; do
		pause $((2 + RANDOM % 10))
		pid=$(machines | shuf -n 1)
		[ -n "$pid" ] || continue
		kill -STOP "$pid" 2>/dev/null || continue
		pause $((RANDOM % 3)).$((RANDOM % 10))
		kill -CONT "$pid" 2>/dev/null || true
	done
}

busy &
load=$!
stop_machines &
stops=$!
trap end_load EXIT

for ((round = 1; round <= rounds; round++)); do
	say "round $round of $rounds"
	SHUFFLE=$round scripts/test.sh >"$out/$round.log" || true
	tail -n 1 "$out/$round.log"
	cp -r build/test "$out/$round"
done

cat "$out"/[0-9]*/*/results |
awk -v rounds="$rounds" '
	/^(ok|not ok) / {
		failed = sub(/^not ok /, "")
		sub(/^ok /, "")
		why = $0
		sub(/: .*/, "")
		runs[$0]++
		if (failed) {
			failures[$0]++
			last[$0] = substr(why, length($0) + 3)
			bad++
		} else {
			good++
		}
	}
	END {
		for (test in failures)
			printf "failed %d of %d: %s: %s\n", failures[test],
				runs[test], test, last[test]
		printf "%d passed, %d failed\n", good, bad
		exit bad > 0 || !good
	}'
