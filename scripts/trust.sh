#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/trust.sh [--seed SEED] [--rounds N] [--seconds N] [--docs] [PART...]
#
# Try to break the modules, and print one table at the end: what was tried, how
# often, how long, what it found. PARTs choose some of these:
#
#   kunit	the KUnit suites, with KASAN and kmemleak (lean)
#   chaos	N rounds of random changes beside traffic, on uml, the instrumented kernel
#   chaos-smp	the same with two processors, on bookworm
#   netlink	N times 1,000 random requests as root and as an unprivileged user, on uml
#   memcheck	the tests of what dsrctl prints and finds, under valgrind
#   faults	each allocation of each command fails once, on uml
#   fuzz	the fuzz targets of user space, for so many seconds
#   mutants	planted faults, each of which the tests must find; see $FAULTS
#
# N is 200, and the seconds are 3600. The seed, by default a random one, repeats a run.
# FAULTS has the names of the faults to plant, all by default; with FAULTS=none only
# check that each can be planted.
#
# Logs are in build/trust. The table is build/trust/table.md, and with --docs also
# docs/trust.md. The exit status is 1 if anything was found.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$dsr_top"
declare -A what=(
	[kunit]="the KUnit suites, with KASAN and kmemleak"
	[chaos]="random changes beside traffic, with KASAN, lockdep and kmemleak"
	[chaos-smp]="the same on Debian's kernel with two processors"
	[netlink]="random requests by netlink, as root and as an unprivileged user, against a model"
	[memcheck]="dsrctl under valgrind, with answers of a simulated kernel"
	[faults]="a failed allocation at each place of each command, and in packets"
	[fuzz]="mutated packets to parsers and rewriters, against a model"
	[mutants]="planted faults, which the tests must find"
)
all=(kunit chaos chaos-smp netlink memcheck faults fuzz mutants)
seed=$((RANDOM % 9000 * 1000 + 1)) rounds=200 seconds=3600 docs='' parts=()
while [ "$#" -gt 0 ]; do
	case $1 in
	--seed) seed=${2:?--seed needs a number}; shift ;;
	--rounds) rounds=${2:?--rounds needs a number}; shift ;;
	--seconds) seconds=${2:?--seconds needs a number}; shift ;;
	--docs) docs=1 ;;
	-*) die "unknown option $1: see the head of scripts/trust.sh" ;;
	*)
		case " ${all[*]} " in
		*" $1 "*) parts+=("$1") ;;
		*) die "no part '$1': the parts are ${all[*]}" ;;
		esac
		;;
	esac
	shift
done
for number in "$seed" "$rounds" "$seconds"; do
	case $number in
	''|0*|*[!0-9]*) die "'$number' is no number above 0: see the head of scripts/trust.sh" ;;
	esac
done
[ "${#parts[@]}" -gt 0 ] || parts=("${all[@]}")
out=$dsr_top/build/trust
rm -rf "$out"
mkdir -p "$out"

# machine TARGET PROCESSORS NAME=VALUE... -- ARGUMENT...: run parts.sh in a virtual
# machine, with the log and the results of $part.
machine()
{
	local target=$1 processors=$2 settings=()
	shift 2

	while [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	shift
	scripts/build.sh "$target" || return
	scripts/vm.sh "$target" --smp "$processors" --timeout 0 \
		--results "$out/$part" \
		-- env "${settings[@]}" tests/vm/parts.sh "$@"
}

# count PATTERN: the lines of the results of $part.
count()
{
	grep -c "$1" "$out/$part/parts" 2>/dev/null || true
}

# sum WORD: add up the numbers before WORD in the lines that the tests print.
sum()
{
	awk -v word="$1" '/^tried: / {
		for (i = 2; i <= NF; i++)
			if ($i == word || $i == word ",")
				total += $(i - 1)
	} END { printf "%d", total }' "$out/$part.log"
}

# results: print what the tests of $part have found.
results()
{
	sed -n 's/^not ok //p' "$out/$part/parts" "$out/$part.log" 2>/dev/null
	sed -n 's/.*vm\.sh: FAILED: //p' "$out/$part.log"
}

# Each part leaves its exit status in $status, and how $often it has tried.

try_kunit()
{
	machine lean 1 -- kunit || status=$?
	often="$(count '^ok ') tests"
}

# chaos TARGET PROCESSORS
chaos()
{
	machine "$1" "$2" DSR_CHAOS_SEED="$seed" DSR_CHAOS_ROUNDS="$rounds" \
		-- scenarios -s test_chaos.py || status=$?
	often="$(count '^ok ') rounds, $(sum changes) changes, $(sum packets) packets"
}

try_chaos()
{
	chaos uml 1
}

try_chaos_smp()
{
	chaos bookworm 2
}

try_netlink()
{
	machine uml 1 DSR_FUZZ_SEED="$seed" DSR_FUZZ_ROUNDS="$rounds" \
		DSR_FUZZ_REQUESTS=1000 DSR_TEST_SECONDS=1000000 \
		-- scenarios -s test_netlink_fuzz.py || status=$?
	often="$(sum requests) requests, $(sum accepted) of them accepted"
}

# The tests that run dsrctl most often in the shortest time.
try_memcheck()
{
	scripts/build.sh bookworm || return
	scripts/tool.sh --memcheck -rA test_doctor_real.py test_explain.py \
		test_real_explain.py || status=$?
	sed -n -e 's/^PASSED /ok /p' \
		-e '/^\(FAILED\|ERROR\) /{ s//not ok /; s/ - /: /; p }' \
		"$out/$part.log" >"$out/$part/parts"
	often="$(count '^ok ') tests"
}

try_faults()
{
	machine uml 1 -- scenarios -s -m debug test_requests.py \
		test_ipvs_requests.py test_reasons.py || status=$?
	often="$(count '^ok ') tests, $(sum commands) commands, \
$(sum allocations) failed allocations"
}

try_fuzz()
{
	scripts/fuzz.sh --seed "$seed" "$seconds" || status=$?
	often="$(sed -n 's/^ok fuzz .*: \([0-9]*\) inputs.*/\1/p' "$out/$part.log" |
		awk '{ all += $1 } END { printf "%d", all }') inputs"
}

try_mutants()
{
	local names=()

	if [ "${FAULTS:-}" = none ]; then
		scripts/mutants.sh --applies || status=$?
		often="$(find tests/mutants -name '*.patch' | wc -l) faults, only planted"
		return
	fi
	read -r -a names <<<"${FAULTS:-}"
	scripts/mutants.sh "${names[@]}" || status=$?
	often="$(grep -c '^ok ' "$out/$part.log" || true) faults found"
}

# try PART: run it, and add its line to the table.
try()
{
	local part=$1 began=$SECONDS status=0 often='' found

	say "$part begins; its log is ${out#"$dsr_top"/}/$part.log"
	mkdir "$out/$part"
	"try_${part//-/_}" >"$out/$part.log" 2>&1
	found=$(results | cut -c1-200 | sort -u | tr '|\n' '/;' || true)
	[ "$status" -eq 0 ] || [ -n "$found" ] || found="status $status, no result"
	[ -n "$found" ] || found=nothing
	[ "$found" = nothing ] || bad=$((bad + 1))
	say "$part: $often in $((SECONDS - began)) s; found: $found"
	line[$part]="$often | $((SECONDS - began)) s | $found"
}

# page: print the table, with all that repeats the run.
page()
{
	local commit part

	commit=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
	cat <<-END
		<!-- Written by scripts/trust.sh: do not change it by hand. -->

		# What was tried to break it

		The last run of \`make trust ROUNDS=$rounds SECONDS=$seconds SEED=$seed\`, on
		$(date -u +%Y-%m-%d), commit $commit, on a machine with $(nproc) processors.
		[testing.md](testing.md#trust) describes the parts.

		| what was tried | how often | how long | what it found |
		|---|---|---|---|
	END
	for part in "${all[@]}"; do
		echo "| ${what[$part]} | ${line[$part]:-not run | – | –} |"
	done
}

declare -A line=()
bad=0
say "seed $seed, $rounds rounds, $seconds s of fuzzing: ${parts[*]}"
for part in "${parts[@]}"; do
	try "$part"
	# after each: what a run has found is there, if the run is ended
	page >"$out/table.md"
	[ -z "$docs" ] || cp "$out/table.md" docs/trust.md
done
grep '^|' "$out/table.md"
echo "$((${#parts[@]} - bad)) passed, $bad failed"
[ "$bad" -eq 0 ]
