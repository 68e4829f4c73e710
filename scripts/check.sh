#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/check.sh
#
# Check all sources without running them: print one line "ok NAME" or "not ok
# NAME" for each check, the output of a failed one, and "N passed, N failed" at
# the end.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$dsr_top"
passed=0 failed=0
log=$(mktemp "${TMPDIR:-/tmp}/dsr-check.XXXXXX")
# checkpatch leaves a cache in the current directory
trap 'rm -f "$log" "$log".* .checkpatch-camelcase.*' EXIT

# check NAME COMMAND...: run it, and show its output if it fails.
check()
{
	local name=$1 status=0
	shift

	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		sed 's/^/  | /' "$log" | head -n 60
		failed=$((failed + 1))
	fi
}

# files PATTERN...: files of the project, tracked or not yet added.
files()
{
	git ls-files --cached --others --exclude-standard -- "$@" |
		while IFS= read -r file; do
			[ ! -e "$file" ] || printf '%s\n' "$file"
		done
}

# The release's compiler at W=1, and sparse. What they compile is what is tested.
compiles()
{
	scripts/build.sh "$1" CHECK=1
}

mapfile -t trace_h < <(files 'kmod/*/trace.h')
mapfile -t kernel_c < <(files 'kmod/*.[ch]' 'include/*.h')
# The stand-ins for the kernel define what checkpatch tells others not to use.
mapfile -t tool_c < <(files 'tool/*.[ch]' 'tests/*.[ch]' ':!tests/fuzz/kernel')
mapfile -t python < <(files '*.py')
mapfile -t shell < <(files '*.sh' '*.bash'; files |
	while IFS= read -r file; do
		case $file in
		*.sh|*.bash|*.py) ;;
		*) ! head -c 40 "$file" | head -n 1 |
			grep -aqE '^#!.*(ba)?sh' || echo "$file" ;;
		esac
	done)

# Ignored types: MACRO_ARG_REUSE, COMPLEX_MACRO and BRACKET_SPACE do not
# understand X-macros; CONSTANT_COMPARISON takes KERNEL_VERSION() for a constant
# on the left; CAMELCASE dislikes PRIu64, and leaves its cache in the checkout;
# FILE_PATH_CHANGES is for patches.
checkpatch()
{
	local source

	source=$(scripts/kernel.sh source 2>/dev/null)
	perl "$source/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --no-summary --quiet \
		--ignore MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,COMPLEX_MACRO \
		--ignore BRACKET_SPACE,CONSTANT_COMPARISON,CAMELCASE \
		--ignore FILE_PATH_CHANGES,LINUX_VERSION_CODE \
		"${extra[@]}" --file "$@"
}

kernel_doc()
{
	local source

	source=$(scripts/kernel.sh source 2>/dev/null)
	perl "$source/scripts/kernel-doc" -none -Werror "${kernel_c[@]}" \
		>"$log.doc" 2>&1 || true
	# the end mark of an enum needs no description
	! grep -E 'warning:|error:' "$log.doc" |
		grep -v "Enum value '.*_\(MAX\|LAST\)' not described"
}

python_compiles()
{
	"${PYTHON:-python3}" - "${python[@]}" <<-'END'
		import ast, sys
		for name in sys.argv[1:]:
		    with open(name, encoding='utf-8') as file:
		        text = file.read()
		    ast.parse(text, name)
		    for number, line in enumerate(text.splitlines(), 1):
		        if line != line.rstrip() or '\t' in line:
		            sys.exit(f'{name}:{number}: blanks at the end, or a tab')
	END
}

versions_in_compat_only()
{
	! printf '%s\n' "${kernel_c[@]}" | grep -v '^kmod/compat/' |
		xargs grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION|linux/version\.h'
}

# Check the objects that the compiler has just made.
layers()
{
	"${PYTHON:-python3}" scripts/layers.py build/bookworm/tree
}

# Check with the library and the schema of the kernel's tool, in trixie's root.
# shellcheck disable=SC2016 # for the inner shell
netlink_specs()
{
	as_root unshare --mount bash -euc '
		mount --bind "$2" "$1/dsr"
		exec chroot "$1" python3 -B -
	' bash "$(scripts/root.sh trixie)/root" "$dsr_top" <<-'END'
		import glob, sys
		kernel = '/usr/local/lib/linux'
		sys.path.insert(0, f'{kernel}/tools/net/ynl/lib')
		import nlspec
		schema = f'{kernel}/Documentation/netlink/genetlink-legacy.yaml'
		for path in glob.glob('/dsr/Documentation/netlink/specs/*.yaml'):
		    print(path, len(nlspec.SpecFamily(path, schema).msgs))
	END
}

# Skip texts with their own license, and files that tests compare to the byte.
spdx()
{
	local file bad=0

	while IFS= read -r file; do
		case $file in
		*.checkpatch-camelcase.*|COPYING|*.md|*.gitignore|*/golden/*) continue ;;
		debian/changelog|debian/copyright|debian/source/format) continue ;;
		esac
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' ||
			{ echo "$file: no SPDX line at its beginning"; bad=1; }
	done < <(files)
	return $bad
}

# What the compiler has left in the copies of the sources.
ignored()
{
	local release

	for release in bookworm trixie sid; do
		(cd "build/$release/tree" && find . -type f -printf '%P\n') |
			sort | comm -23 - <(cut -f1 "build/$release/tree.list" | sort)
	done | sort -u >"$log.left"
	[ -s "$log.left" ] || { echo "nothing was compiled"; return 1; }
	! git check-ignore --no-index --verbose --non-matching --stdin \
		<"$log.left" | grep '^::'
}

no_leftovers()
{
	! files | grep -v '^scripts/check.sh$' |
		xargs grep -nE '\b(TODO|FIXME|XXX)\b'
}

# Checks of the sources alone.
check_sources()
{
	local type plain_c counts=$log.counts log=$log.sources

	# TRACE_EVENT() has its own style, also in the kernel.
	extra=()
	mapfile -t plain_c < <(comm -23 <(printf '%s\n' "${kernel_c[@]}" | sort) \
		<(printf '%s\n' "${trace_h[@]}" | sort))
	check "checkpatch --strict on kmod and include" checkpatch "${plain_c[@]}"
	for type in TRAILING_SEMICOLON PARENTHESIS_ALIGNMENT OPEN_ENDED_LINE; do
		extra+=(--ignore "$type")
	done
	check "checkpatch --strict on the tracepoints" checkpatch "${trace_h[@]}"
	# User space has its own types, sizes of strings and ways to allocate.
	extra=()
	for type in PREFER_KERNEL_TYPES STRCPY NEW_TYPEDEFS ALLOC_SIZEOF_STRUCT \
		LONG_LINE_STRING PREFER_DEFINED_ATTRIBUTE_MACRO SSCANF_TO_KSTRTO \
		SPLIT_STRING EMBEDDED_FUNCTION_NAME CONSIDER_KSTRTO; do
		extra+=(--ignore "$type")
	done
	check "checkpatch on tool and tests" checkpatch "${tool_c[@]}"
	check "kernel-doc" kernel_doc
	# SC2187: busybox's sh is checked as dash, which is what is wanted
	check "shellcheck" shellcheck -x -e SC2187 "${shell[@]}"
	check "python" python_compiles
	check "kernel versions in kmod/compat only" versions_in_compat_only
	check "SPDX line in every source" spdx
	check "no TODO left" no_leftovers
	check "the faults of make mutants can be planted" scripts/mutants.sh --applies
	echo "$passed $failed" >"$counts"
}

scripts/deps.sh perl shellcheck python3
# They run beside the compilers, but after all downloads, which may need a password.
scripts/kernel.sh source >/dev/null 2>&1 || true
check_sources >"$log.said" 2>&1 &
sources=$!
# Complaint 14 about other balancers: they do not build on the next kernel.
for release in bookworm trixie sid; do
	check "compiler (W=1) and sparse on $release" compiles "$release"
done
check "layers" layers
check "netlink specs" netlink_specs
check "git ignores what make leaves" ignored
wait "$sources" || true
cat "$log.said"
read -r more_passed more_failed <"$log.counts" || more_failed=1
passed=$((passed + more_passed)) failed=$((failed + more_failed))

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
