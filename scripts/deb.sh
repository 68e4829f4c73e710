#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/deb.sh [build]
#        scripts/deb.sh test [bookworm|trixie|sid]...
#
# Builds the Debian packages of debian/control in a root of bookworm, has lintian
# look at them, and leaves them in build/deb.  "test" then installs, upgrades and
# removes them in throw-away copies of roots, as tests/deb/machine says; the last
# line is "N passed, N failed".

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

out=$dsr_top/build/deb
command=${1:-build}
[ "$#" -eq 0 ] || shift
releases=("$@")
case $command in
build) [ "$#" -eq 0 ] || die "usage: scripts/deb.sh build" ;;
test) [ "$#" -gt 0 ] || releases=(bookworm trixie sid) ;;
*) die "no command '$command': it is build or test" ;;
esac
for release in "${releases[@]}"; do
	case $release in
	bookworm|trixie|sid) ;;
	*) die "no release '$release': it is one of bookworm, trixie, sid" ;;
	esac
done

# The files that belong to the project, tracked or about to be.
sources()
{
	if git -C "$dsr_top" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -C "$dsr_top" ls-files -z --cached --others --exclude-standard \
			-- . ':!build'
	else
		(cd "$dsr_top" && find . -path ./build -prune -o -type f -printf '%P\0')
	fi
}

# copy_sources DIRECTORY
copy_sources()
{
	mkdir -p "$1"
	sources | sort -zu |
	while IFS= read -r -d '' file; do
		[ ! -e "$dsr_top/$file" ] || printf '%s\0' "$file"
	done |
	(cd "$dsr_top" && xargs -0 -r cp --parents --no-dereference \
		--preserve=mode,links,timestamps --target-directory="$1")
}

# set_version DIRECTORY VERSION: make these the sources of another version.
set_version()
{
	local log=$1/debian/changelog line

	line=$(sed -n '/^ -- /{ p; q }' "$log")
	sed -i "s/\(#define DSR_VERSION.*\)\".*\"/\1\"$2\"/" \
		"$1/include/uapi/linux/dsr_common.h"
	{
		sed -n "1s/(.*)/($2)/p" "$log"
		printf '\n  * A version to upgrade to.\n\n'
		printf '%s  %s\n\n' "${line%  *}" \
			"$(LC_ALL=C date --rfc-email -u -d "${line##*  } + 1 day")"
		cat "$log"
	} >"$log.new"
	mv "$log.new" "$log"
}

# build_in_root DIRECTORY: build what is in its "source", as the user that we are,
# and have lintian judge; the packages come to lie beside.
# shellcheck disable=SC2016 # for the inner shell
build_in_root()
{
	as_root unshare --mount --net bash -euc '
		mount --bind "$2" "$1/dsr"
		mount -t proc none "$1/proc"
		mount --rbind /dev "$1/dev"
		mount -t tmpfs -o mode=1777 none "$1/tmp"
		exec chroot --userspec="$3" "$1" /usr/bin/env -i HOME=/tmp \
			LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			DEB_BUILD_OPTIONS=noautodbgsym sh -euc "
				cd /dsr/source
				dpkg-buildpackage --build=binary --no-sign
				lintian --allow-root --info --display-info \
					--fail-on error,warning,info \
					--color never ../*.changes
			"
	' bash "$deb_root" "$1" "$(id -u):$(id -g)"
}

# packages DIRECTORY [VERSION]: leave the packages of the sources there.
packages()
{
	rm -rf "$1"
	copy_sources "$1/source"
	[ -z "${2:-}" ] || set_version "$1/source" "$2"
	build_in_root "$1"
	rm -rf "$1/source"
}

build()
{
	packages "$dsr_scratch/old"
	mkdir -p "$out"
	rm -f "$out"/*.deb
	cp "$dsr_scratch"/old/*.deb "$out"
}

# install_in RELEASE: run tests/deb/machine in a copy of the root that is gone
# afterwards, without a network, where nothing but its own processes is seen.
# shellcheck disable=SC2016 # for the inner shell
install_in()
{
	local root status=0

	root=$(scripts/root.sh "dkms-$1")/root
	mkdir -p "$dsr_scratch/machine"
	as_root unshare --mount --net --pid --fork bash -euc '
		root=$1 machine=$2 debs=$3 tests=$4
		mount -t tmpfs none "$machine"
		mkdir "$machine"/{upper,work,root}
		mount -t overlay none -o \
			"lowerdir=$root,upperdir=$machine/upper,workdir=$machine/work" \
			"$machine/root"
		cd "$machine/root"
		mkdir -p debs tests
		mount --bind "$debs" debs
		mount --bind "$tests" tests
		mount -t proc none proc
		mount -t sysfs none sys
		mount --rbind /dev dev
		mount -t tmpfs -o mode=1777 none tmp
		mount -t tmpfs -o mode=755 none run
		exec chroot . /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			DEBIAN_FRONTEND=noninteractive /tests/machine
	' bash "$root" "$dsr_scratch/machine" "$dsr_scratch" "$dsr_top/tests/deb" \
		2>&1 | tee "$out/test-$1.log" |
		sed -n "s/^\(ok\|not ok\|  |\) /\1 $1: /p" || status=$?
	[ "$status" -eq 0 ] ||
		echo "not ok $1: run (it did not end; see build/deb/test-$1.log)"
}

cd "$dsr_top"
deb_root=$(scripts/root.sh deb)/root
scratch deb
step "building the packages" "20 s" "$dsr_top/build/deb.log" build
grep -E '^[EWI]: ' build/deb.log >&2 || true
say "$(cd "$out" && echo *.deb) in build/deb"
[ "$command" = test ] || exit 0

step "building the packages to upgrade to" "20 s" "$dsr_top/build/deb-new.log" \
	packages "$dsr_scratch/new" "$(sed -n 's/^#define DSR_VERSION.*"\(.*\)"/\1/p' \
	include/uapi/linux/dsr_common.h).1"
for release in "${releases[@]}"; do
	say "installing on $release (usually 3 min)"
	install_in "$release"
done | tee "$out/results"
passed=$(grep -c '^ok ' "$out/results" || true)
failed=$(grep -c '^not ok ' "$out/results" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
