#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/corosync.sh TARGET
#
# Leave corosync in build/TARGET/corosync for the scenarios of that target: the
# programs and libraries of bookworm's packages, and the headers with which build.sh
# builds dsrsyncd. The cache keeps them.

# shellcheck source-path=SCRIPTDIR source=client.sh
. "$(dirname "$0")/client.sh"

target=${1:-}
[ "$#" -eq 1 ] || die "usage: scripts/corosync.sh TARGET"
packages=(corosync libcfg7 libcmap4 libcorosync-common4 libcpg4 libknet1 libnozzle1
	libqb100 libquorum5 libstatgrab10 libvotequorum8 libcpg-dev
	libcorosync-common-dev)

# libcpg.pc names the place where build.sh mounts this, and no libqb: it is linked to
# libcpg already.
unpack()
{
	local root=$dsr_scratch/root lib

	unpack_packages out "${packages[@]}"
	mkdir "$dsr_scratch/lib"
	cp "$root"/out/usr/sbin/corosync "$dsr_scratch"
	cp -r "$root"/out/usr/include "$dsr_scratch"
	cp -d "$root"/out/usr/lib/*/*.so* "$dsr_scratch/lib"
	cp -r "$root"/out/usr/lib/*/kronosnet "$dsr_scratch"
	lib=/rig/lib
	sed -e 's|^prefix=.*|prefix=/rig|' -e "s|^libdir=.*|libdir=$lib|" \
		-e "s|^Libs:.*|Libs: -L$lib -lcpg -Wl,-rpath-link,$lib|" \
		-e '/^Requires/d' "$root"/out/usr/lib/*/pkgconfig/libcpg.pc \
		>"$dsr_scratch/lib/libcpg.pc"
	as_root rm -rf "$root"
}

cache_client corosync "downloading corosync" "5 to 20 s" unpack < <(
	declare -f unpack unpack_packages
	echo "${packages[*]}"
)
out=$dsr_top/build/$target name=$(basename "$client")
[ "$(cat "$out/corosync/name" 2>/dev/null)" != "$name" ] || exit 0
mkdir -p "$out"
rm -rf "$out/.new-corosync"
cp -r "$client" "$out/.new-corosync"
echo "$name" >"$out/.new-corosync/name"
rm -rf "$out/corosync"
mv "$out/.new-corosync" "$out/corosync"
