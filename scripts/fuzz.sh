#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/fuzz.sh [--seed SEED] [--tree DIRECTORY] [SECONDS]
#
# Fuzz the parsers and the rewriters of both modules in user space: libFuzzer
# targets (tests/fuzz/*.c), compiled from the very sources of kmod/, with the
# sanitizers of addresses and of undefined behaviour. Each result is compared with
# a model (tests/fuzz/model.c), so a wrong checksum is found as well as a crash.
#
# First all targets run the corpus: tests/fuzz/rows and tests/fuzz/found. Then they
# mutate it, for SECONDS altogether (60); 0: only the corpus. SEED repeats a run, as
# far as its speed is the same. DIRECTORY has other sources.
#
# Each target gets a line with the number of its inputs. The input of a failure is
# in build/fuzz/found, and is printed as a line for tests/fuzz/found. The last line
# is "N passed, N failed"; the exit status is 1 if anything failed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

tree=$dsr_top seconds=60 seed=
while [ "$#" -gt 0 ]; do
	case $1 in
	--seed) seed=${2:?--seed needs a number}; shift ;;
	--tree) tree=$(realpath "${2:?--tree needs a directory}"); shift ;;
	-*) die "unknown option $1: see the head of scripts/fuzz.sh" ;;
	*) seconds=$1 ;;
	esac
	shift
done
[ -n "$seed" ] || seed=$((RANDOM * 32768 + RANDOM + 1))
case $seconds:$seed in
*[!0-9:]*|:*|*:0) die "SECONDS and SEED are numbers, SEED is not 0" ;;
esac

"$dsr_top/scripts/deps.sh" clang libclang-rt-dev libc6-dev
cd "$tree"
out=$tree/build/fuzz
rm -rf "$out"
mkdir -p "$out"/{include,corpus,found,log}

targets=()
for file in tests/fuzz/[lr][bs]_*.c; do
	targets+=("$(basename "$file" .c)")
done

# Each header of the kernel that kmod/ includes is a file that leads to the header
# of the user interface of that name, if there is one; see tests/fuzz/kernel/kernel.h.
while read -r header; do
	[ ! -e "include/uapi/$header" ] || continue
	mkdir -p "$out/include/$(dirname "$header")"
	cat >"$out/include/$header" <<-END
		#if !defined(FUZZ_KERNEL_DONE) && __has_include_next(<$header>)
		#include_next <$header>
		#endif
	END
done < <(grep -rhoE '^#include <[^>]*>' kmod | sed 's/.*<\(.*\)>/\1/' | sort -u)

# Wrapping and aliasing are as the kernel's compiler has them, and x86 reads words
# at any address.
flags=(-std=gnu11 -g -O1 -Wall -Werror -Wno-unused-function
	-Wno-address-of-packed-member -fno-strict-aliasing -fwrapv
	"-fsanitize=fuzzer,address,undefined" -fno-sanitize=alignment
	-fno-sanitize-recover=all -include tests/fuzz/kernel/kernel.h
	-I "$out/include" -I tests/fuzz -I include/uapi -I kmod/common
	-I kmod/compat)

# compile TARGET: the sources of kmod/ that it needs are at its head.
compile()
{
	local name=$1 sources

	read -r -d '' -a sources < <(sed -n '/^ \* Sources:/,/\*\//p' \
		"tests/fuzz/$name.c" | grep -oE '[a-z0-9_/]+\.c')
	clang "${flags[@]}" -I "kmod/${name%%_*}" "tests/fuzz/$name.c" \
		"${sources[@]}" tests/fuzz/{input,model,kernel/skb}.c \
		-o "$out/$name" >"$out/log/$name.compile" 2>&1
}

# unpack: the corpus, one file a line.
unpack()
{
	local name bytes

	while read -r name bytes; do
		case $name in
		''|'#'*) continue ;;
		esac
		# shellcheck disable=SC2001 # each byte
		printf '%b' "$(sed 's/../\\x&/g' <<<"$bytes")" >"$out/corpus/$name"
	done < <(cat tests/fuzz/rows tests/fuzz/found)
}

# run NAME OPTION...: run a target; it ends at its first failure.
run()
{
	local name=$1
	shift

	mkdir -p "$out/$name.corpus"
	"$out/$name" -seed="$seed" -max_len=600 -timeout=20 \
		-artifact_prefix="$out/found/$name-" "$@" \
		"$out/$name.corpus" "$out/corpus" >"$out/log/$name" 2>&1
}

# Print the line of a target that has ended with STATUS.
report()
{
	local name=$1 status=$2 log=$out/log/$1 inputs edges file

	inputs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	if [ "$status" -eq 0 ]; then
		echo "ok fuzz $name: $inputs inputs, $edges edges"
		return
	fi
	echo "not ok fuzz $name: $(grep -m 1 -E \
		'^DIFFERS|^SUMMARY|runtime error|ERROR: ' "$log" | cut -c1-150)"
	sed -n '/^DIFFERS/,/^after/p; /^ *#[0-7] .*\(kmod\|tests\)\//p' "$log" |
		head -n 20 | cut -c1-200 | sed 's/^/  | /'
	for file in "$out/found/$name"-*; do
		[ ! -e "$file" ] || printf '  input: %s %s\n' \
			"$(basename "$file" | cut -c1-40)" \
			"$(od -An -v -tx1 "$file" | tr -d ' \n')"
	done
}

# one TARGET: leaves its line in its result.
one()
{
	local name=$1 status=0 share=$2

	if ! compile "$name"; then
		echo "not ok fuzz $name: does not compile: $(grep -m 1 ' error: ' \
			"$out/log/$name.compile")" | tee "$out/$name.result"
		return
	fi
	if [ "$share" -eq 0 ]; then
		run "$name" -runs=0 || status=$?
	else
		run "$name" -max_total_time="$share" || status=$?
	fi
	report "$name" "$status" >"$out/$name.result"
	cat "$out/$name.result"
}

say "seed $seed, $seconds s: ${targets[*]}"
unpack
jobs=$(nproc)
share=$((seconds * jobs / ${#targets[@]}))
[ "$seconds" -eq 0 ] || [ "$share" -gt 0 ] || share=1
for name in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n || true
	done
	one "$name" "$share" &
done
wait

cat "$out"/*.result >"$out/results"
failed=$(grep -c '^not ok' "$out/results" || true)
passed=$(grep -c '^ok' "$out/results" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
