#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/mutants.sh [--whole | --applies] [NAME...]
#
# Test the tests: plant one fault after the other in a copy of the sources
# (tests/mutants/NAME.patch), build the copy, and run the tests that must find
# the fault. NAMEs choose the faults; without any, all are planted.
#
# The head of a patch has the fault in "Fault:", the suite of scripts/test.sh that
# finds the fault in "Suite:", and the scenarios of this suite in "Tests:". With
# --whole all tests of the suite are run instead. --applies only checks that each
# patch applies.
#
# First the same tests run without a fault: a test that fails then finds nothing.
# Each fault gets a line, with the first test that has found it; the output of the
# tests is in build/mutants/NAME. The last line is "N passed, N failed"; the exit
# status is 1 if a fault was not found, or if "make test" finds fewer than eight of
# ten, without those that the suite "fuzz" must find.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$dsr_top"
whole='' applies='' names=()
while [ "$#" -gt 0 ]; do
	case $1 in
	--whole) whole=1 ;;
	--applies) applies=1 ;;
	-*) die "unknown option $1: see the head of scripts/mutants.sh" ;;
	*) names+=("$1") ;;
	esac
	shift
done
if [ "${#names[@]}" -eq 0 ]; then
	for patch in tests/mutants/*.patch; do
		names+=("$(basename "$patch" .patch)")
	done
fi
for name in "${names[@]}"; do
	[ -e "tests/mutants/$name.patch" ] ||
		die "no fault '$name': tests/mutants has $(cd tests/mutants && echo *.patch)"
done
scripts/deps.sh patch

# said FIELD NAME: print a field of the head of a patch.
said()
{
	sed -n "s/^$1: //p; /^---/q" "tests/mutants/$2.patch"
}

# plant NAME [OPTION...]: change the sources in the current directory.
plant()
{
	local name=$1
	shift

	patch --batch --silent --fuzz=0 --strip=1 --no-backup-if-mismatch \
		--reject-file=- "$@" <"$dsr_top/tests/mutants/$name.patch"
}

if [ -n "$applies" ]; then
	for name in "${names[@]}"; do
		plant "$name" --dry-run || die "tests/mutants/$name.patch does not apply"
	done
	exit 0
fi

# A copy of the checkout with its build, so that each fault compiles only changed
# files. The copy is outside of any repository.
out=$dsr_top/build/mutants
tree=$out/tree
rm -rf "$out"
mkdir -p "$tree/build"
git ls-files -z --cached --others --exclude-standard -- . |
while IFS= read -r -d '' file; do
	[ ! -e "$file" ] || printf '%s\0' "$file"
done |
xargs -0 cp --parents --no-dereference --preserve=all --target-directory="$tree"
for target in bookworm lean uml debug; do
	[ ! -e "build/$target" ] || cp -a "build/$target" "$tree/build/"
done
export GIT_CEILING_DIRECTORIES=$out

# suite_of NAME...: sets $suite, $target, $processors, and what parts.sh gets, $parts.
suite_of()
{
	local name tests=() more

	suite=$(said Suite "$1") processors=1
	for name; do
		read -r -a more <<<"$(said Tests "$name")"
		[ -n "$whole" ] || tests+=("${more[@]}")
	done
	case $suite in
	kunit)
		target=lean parts=(kunit)
		return
		;;
	fuzz)
		target=fuzz parts=(the corpus)
		return
		;;
	bookworm) target=bookworm parts=(scenarios -m "not smp") ;;
	bookworm-smp) target=bookworm processors=2 parts=(scenarios -m smp) ;;
	uml) target=uml parts=(scenarios -m "not smp") ;;
	debug) target=debug processors=2 parts=(scenarios -m smp) ;;
	*) die "tests/mutants/$1.patch: no suite '$suite'" ;;
	esac
	parts+=("${tests[@]}")
}

machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null || true' EXIT

# run DIRECTORY ARGUMENT...: build the copy, and run the tests of $suite there. A
# failed build proves nothing about the tests.
#
# Return: the status of the machine.
run()
{
	local dir=$1 status=0 late=0
	shift

	mkdir -p "$dir"
	if [ "$suite" = fuzz ]; then
		mkdir "$dir/guest"
		scripts/fuzz.sh --tree "$tree" 0 >"$dir/log" 2>&1 || status=$?
		cp "$tree/build/fuzz/results" "$dir/guest/parts"
		return $status
	fi
	"$tree/scripts/build.sh" "$target" >"$dir/log" 2>&1 ||
		die "does not compile: see ${dir#"$dsr_top"/}/log"
	"$tree/scripts/vm.sh" "$target" --smp "$processors" --timeout 3000 \
		--results "$dir/guest" -- tests/vm/parts.sh "${parts[@]}" "$@" \
		>>"$dir/log" 2>&1 &
	machine=$!
	# A leak delays the test's clean-up; the test has failed before.
	while sleep 1 && kill -0 "$machine" 2>/dev/null; do
		[ "$#" -eq 0 ] || ! grep -q '::.* FAILED' "$dir/log" ||
			[ $((++late)) -lt 60 ] || kill "$machine"
	done
	wait "$machine" || status=$?
	machine=
	grep -q '^\(ok\|not ok\) ' "$dir/guest/parts" "$dir/guest/part" \
		2>/dev/null || [ "$status" -eq 99 ] || [ "$status" -eq 143 ] ||
		die "no test was run: see ${dir#"$dsr_top"/}/log"
	return $status
}

# found_by DIRECTORY STATUS: print the first failed test, or another indication.
found_by()
{
	local dir=$1 line

	line=$(cat "$dir/guest/parts" "$dir/guest/part" 2>/dev/null |
		awk 'sub(/^not ok /, "") && !line { line = $0 } END { print line }')
	[ -n "$line" ] ||
		line=$(sed -n 's/^\(.*::.*\) FAILED .*/\1/p' "$dir/log")
	# after the beginning of a line of pytest
	line+=" $(grep -A 1 'vm\.sh: FAILED: ' "$dir/log" |
		sed -e 's/.*vm\.sh: FAILED: //' -e 's/^  | //' | paste -sd ' ')"
	[ "$2" -ne 124 ] || line+=" it has hung"
	# KUnit writes line feeds so
	tr -s ' ' <<<"${line//\\x0a/;}" | cut -c1-150
}

# Run each suite once without a fault, with the tests of all its faults.
declare -A controls=()
for name in "${names[@]}"; do
	controls[$(said Suite "$name")]+=" $name"
done
for control in "${!controls[@]}"; do
	read -r -a these <<<"${controls[$control]}"
	suite_of "${these[@]}"
	say "$control without a fault: ${parts[*]}"
	status=0
	run "$out/without-$control" || status=$?
	[ "$status" -eq 0 ] ||
		die "fails without a fault: $(found_by "$out/without-$control" "$status")"
done

found=0 early=0 fuzzed=0
for name in "${names[@]}"; do
	suite_of "$name"
	[ "$suite" != fuzz ] || fuzzed=$((fuzzed + 1))
	say "$name: $(said Fault "$name")"
	(cd "$tree" && plant "$name") || die "tests/mutants/$name.patch does not apply"
	status=0 began=$SECONDS
	more=()
	[ "$target" = lean ] || more=(-x)
	run "$out/$name" "${more[@]}" || status=$?
	(cd "$tree" && plant "$name" --reverse)
	if [ "$status" -eq 0 ]; then
		printf 'not ok %-15s NOT FOUND by %s\n' "$name" "$suite"
		continue
	fi
	found=$((found + 1))
	case $suite in
	kunit|bookworm*) early=$((early + 1)) ;;
	esac
	printf 'ok %-15s %3d s  %-12s %s\n' "$name" $((SECONDS - began)) "$suite" \
		"$(found_by "$out/$name" "$status")"
done
say "$early found by make test, $found by make test-all, of ${#names[@]}"
echo "$found passed, $((${#names[@]} - found)) failed"
[ "$found" -eq "${#names[@]}" ] &&
	[ $((early * 10)) -ge $(((${#names[@]} - fuzzed) * 8)) ]
