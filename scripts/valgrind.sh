#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/valgrind.sh TARGET
#
# Leave valgrind in build/TARGET/valgrind for the root of bookworm: the tool memcheck,
# and the symbols of the libc that is in the root. The cache keeps it.

# shellcheck source-path=SCRIPTDIR source=client.sh
. "$(dirname "$0")/client.sh"

target=${1:-}
[ "$#" -eq 1 ] || die "usage: scripts/valgrind.sh TARGET"
entry=$("$dsr_top/scripts/root.sh" bookworm)
# valgrind replaces functions of the dynamic linker, which it finds by these symbols.
# shellcheck disable=SC2016 # a field of dpkg-query
libc=$(as_root chroot "$entry/root" dpkg-query -W -f '${Version}' libc6)
packages=(valgrind "libc6-dbg=$libc")

unpack()
{
	unpack_packages . "${packages[@]}"
	cp "$dsr_scratch"/root/usr/bin/valgrind.bin "$dsr_scratch/valgrind"
	mkdir "$dsr_scratch/lib"
	cp "$dsr_scratch"/root/usr/libexec/valgrind/{default.supp,memcheck-amd64-linux,vgpreload_{core,memcheck}-amd64-linux.so} \
		"$dsr_scratch/lib"
	# Below another directory than /usr/lib/debug, valgrind looks beside the path
	# of a library, not by its build ID.
	mkdir -p "$dsr_scratch/debug/usr/lib/x86_64-linux-gnu"
	cp "$dsr_scratch"/root/usr/lib/debug/.build-id/*/*.debug \
		"$dsr_scratch/debug/usr/lib/x86_64-linux-gnu"
	as_root rm -rf "$dsr_scratch/root"
}

cache_client valgrind "downloading valgrind" "10 to 60 s" unpack < <(
	declare -f unpack unpack_packages
	echo "${packages[*]}"
)
mkdir -p "$dsr_top/build/$target"
ln -sfn "$client" "$dsr_top/build/$target/valgrind"
