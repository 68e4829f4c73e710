#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/build.sh bookworm|trixie|sid|debug|uml|lean|native [CHECK=1|TOOL=1] [NAME=VALUE...]
#
# Build the modules and dsrctl with the release's own compiler, headers and
# libraries, in its root, and leave *.ko and dsrctl in build/TARGET.  A warning
# fails the build, for a release also one at W=1.  With CHECK=1 sparse checks the
# sources, too, and nothing is left in build/TARGET but the objects, for the next
# build.  With TOOL=1 only dsrctl is built.  NAME=VALUE goes to make.
#
# The sources are copied, so that the checkout stays clean and each target
# compiles only what changed since its own last build.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

target=${1:-}
[ "$#" -eq 0 ] || shift
variables=(WERROR=1) parts=(modules tool) check='' what="building for $target"
for argument in "$@"; do
	case $argument in
	CHECK=1)
		check=1 what="checking for $target"
		variables+=(C=2 CF=-D__CHECK_ENDIAN__)
		;;
	TOOL=1) parts=(tool) ;;
	*=*) variables+=("$argument") ;;
	*) die "usage: scripts/build.sh bookworm|trixie|sid|debug|uml|lean|native [CHECK=1|TOOL=1] [NAME=VALUE...]" ;;
	esac
done

kdir=
case $target in
bookworm|trixie|sid)
	entry=$("$dsr_top/scripts/root.sh" "$target")
	variables+=("KDIR=/lib/modules/$(cat "$entry/version")/build" W=1)
	;;
debug)
	entry=$("$dsr_top/scripts/root.sh" bookworm)
	kdir=$("$dsr_top/scripts/kernel.sh" debug)/build
	variables+=(KDIR=/kdir KUNIT=1)
	;;
uml|lean)
	entry=$("$dsr_top/scripts/root.sh" bookworm)
	kdir=$("$dsr_top/scripts/kernel.sh" "$target")/build
	variables+=(KDIR=/kdir KUNIT=1 ARCH=um)
	;;
native)
	entry=$("$dsr_top/scripts/root.sh" bookworm)
	kdir=$("$dsr_top/scripts/kernel.sh" native)/build
	variables+=(KDIR=/kdir ARCH=um)
	;;
*) die "no target '$target': it is one of bookworm, trixie, sid, debug, uml, lean, native" ;;
esac

out=$dsr_top/build/$target
tree=$out/tree
# dsrsyncd is built where scripts/corosync.sh has left libcpg.
corosync=
[ ! -d "$out/corosync" ] || corosync=$out/corosync
log=$out/tree.log
mkdir -p "$tree"
# Kernels that are compiled here have the programs of bookworm.
if [ -n "$kdir" ]; then
	parts=(modules)
	[ "$target" = lean ] || "$dsr_top/scripts/build.sh" bookworm TOOL=1
fi
exec {build_lock}>"$out/tree.lock"
flock "$build_lock"

# The files of the project, tracked or not yet added.
sources()
{
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -z --cached --others --exclude-standard -- . ':!build'
	else
		find . -path ./build -prune -o -type f -printf '%P\0'
	fi
}

# Make $tree a copy of the sources, and touch only changed files, so that make
# sees the changes.  The list has each file's name, time, size and mode.
copy_sources()
{
	local list=$tree.list

	[ -e "$list" ] || : >"$list"
	cd "$dsr_top" || exit
	sources | sort -zu |
	while IFS= read -r -d '' file; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done |
	xargs -0 -r stat --printf '%n\t%y\t%s\t%a\n' |
	sort >"$list.new"
	comm -13 "$list.new" "$list" | cut -f1 |
	(cd "$tree" && xargs -r -d '\n' rm -f)
	comm -23 "$list.new" "$list" | cut -f1 |
	xargs -r -d '\n' cp --parents --no-dereference \
		--preserve=mode,links --target-directory="$tree"
	mv "$list.new" "$list"
}

# Run make in the root, in a mount namespace, whose mounts end with it.
# shellcheck disable=SC2016 # for the inner shell
build_in_root()
{
	as_root unshare --mount bash -euc '
		root=$1 tree=$2 kdir=$3 corosync=$4 user=$5
		shift 5
		mount --bind "$tree" "$root/dsr"
		[ -z "$kdir" ] || mount --bind "$kdir" "$root/kdir"
		[ -z "$corosync" ] || mount --bind "$corosync" "$root/rig"
		mount -t proc none "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 none "$root/tmp"
		exec chroot --userspec="$user" "$root" /usr/bin/env -i \
			HOME=/tmp LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			PKG_CONFIG_PATH=/rig/lib make -C /dsr "$@"
	' bash "$entry/root" "$tree" "$kdir" "$corosync" "$(id -u):$(id -g)" \
		--no-print-directory -j "$(nproc)" "${variables[@]}" "${parts[@]}"
}

# Headers of the kernel may cause warnings of sparse or W=1 on another release.
warnings()
{
	grep -i 'warning:' "$log" |
	grep -v -e 'the compiler differs from' -e '^/usr/' -e '^/kdir/' \
		-e '^\./' -e '^/lib/modules'
}

# make sees no other compiler and no other kernel.
if [ "$(cat "$tree.from" 2>/dev/null)" != "$entry $kdir" ]; then
	rm -rf "$tree" "$tree.list" "$tree".made-*
	mkdir "$tree"
	echo "$entry $kdir" >"$tree.from"
fi
copy_sources
# To find that nothing has changed takes make some seconds.
made=$({
	echo "$entry $kdir $corosync ${variables[*]}"
	grep -v '^tests/' "$tree.list"
} | key)
if [ -n "$check" ] || [ "$(cat "$tree.made-${parts[0]}" 2>/dev/null)" != "$made" ]; then
	rm -f "$tree.made-${parts[0]}"
	[ "$EUID" -eq 0 ] || as_root true
	step "$what" "10 to 40 s, less when little changed" "$log" build_in_root
fi
if warnings >"$log.warnings"; then
	sed 's/^/  | /' "$log.warnings" >&2
	rm -rf "$tree" "$tree.list"
	die "$what: the compiler warned; the whole log is $log"
fi
[ -z "$check" ] || exit 0

# Replace files by renaming, so that a running machine keeps the old ones.
case "$target ${parts[*]}" in
lean*) programs=() ;;
*tool) programs=("$tree"/tool/{dsrctl,dsr-metrics}) ;;
*) programs=("$dsr_top"/build/bookworm/{dsrctl,dsr-metrics}) ;;
esac
if [ "${#programs[@]}" -gt 0 ] && [ -e "${programs[0]%/*}/dsrsyncd" ]; then
	programs+=("${programs[0]%/*}/dsrsyncd")
fi
{
	[ "${parts[0]}" = tool ] || find "$tree" -name '*.ko' -print0
	[ "${#programs[@]}" -eq 0 ] || printf '%s\0' "${programs[@]}"
} |
while IFS= read -r -d '' file; do
	cp "$file" "$out/.new"
	mv "$out/.new" "$out/$(basename "$file")"
done
echo "$made" >"$tree.made-${parts[0]}"
[ "${parts[0]}" != tool ] || exit 0

# Compile the scenarios, too, for the release's Python: in an emulated machine this
# takes longer than most scenarios. tests/vm/run.sh uses the result; if it is
# missing or older than the source, Python compiles as usual.
# shellcheck disable=SC2016 # for the inner shell
compile_scenarios()
{
	as_root unshare --mount bash -euc '
		root=$1/root
		mount --bind "$2" "$root/dsr"
		mount -t proc none "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 none "$root/tmp"
		exec chroot --userspec="$3" "$root" /usr/bin/env -i HOME=/tmp \
			LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			python3 -X pycache_prefix="/dsr/build/$4/pycache" -m pytest \
			--collect-only -q -p no:cacheprovider /dsr/tests/vm
	' bash "$entry" "$dsr_top" "$(id -u):$(id -g)" "$target"
}

case $target in
lean|native) ;;
*)
	mkdir -p "$out/pycache"
	if [ ! -e "$out/pycache.log" ] ||
			[ -n "$(find "$dsr_top/tests" -name '*.py' -newer "$out/pycache.log")" ]; then
		compile_scenarios >"$out/.pycache" 2>&1 || true
		mv "$out/.pycache" "$out/pycache.log"
	fi
	;;
esac
say "$what: $(cd "$out" && echo *.ko "${programs[@]##*/}") in build/$target"
