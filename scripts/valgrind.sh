#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/valgrind.sh TARGET
#
# Leave valgrind in build/TARGET/valgrind for the root of bookworm: the tool memcheck,
# and the symbols of the libc that is in the root. The cache keeps it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

target=${1:-}
[ "$#" -eq 1 ] || die "usage: scripts/valgrind.sh TARGET"
entry=$("$dsr_top/scripts/root.sh" bookworm)
# valgrind replaces functions of the dynamic linker, which it finds by these symbols.
# shellcheck disable=SC2016 # a field of dpkg-query
libc=$(as_root chroot "$entry/root" dpkg-query -W -f '${Version}' libc6)
packages=(valgrind "libc6-dbg=$libc")

# Nothing is installed: mmdebstrap only prepares apt for the release.
unpack()
{
	# shellcheck disable=SC2016 # for the shell that runs the hook
	as_root env packages="${packages[*]}" \
		mmdebstrap --mode=root --variant=extract --format=directory \
		--aptopt='Acquire::Retries "3"' \
		--extract-hook='
			mkdir -p "$1/tmp"
			cd "$1/tmp"
			APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q \
				download $packages
			for file in *.deb; do
				dpkg-deb --extract "$file" "$1"
			done' \
		bookworm "$dsr_scratch/root" "$(mirror)"
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

name=valgrind-$({
	declare -f unpack
	echo "${packages[*]}"
} | key)
if [ ! -d "$dsr_cache/clients/$name" ]; then
	"$dsr_top/scripts/deps.sh"
	lock client-valgrind
	if [ ! -d "$dsr_cache/clients/$name" ]; then
		scratch client-valgrind
		step "downloading valgrind" "10 to 60 s" \
			"$dsr_cache/logs/client-valgrind.log" unpack
		publish clients "$name"
	fi
	unlock
fi
touch "$dsr_cache/clients/$name"
mkdir -p "$dsr_top/build/$target"
ln -sfn "$dsr_cache/clients/$name" "$dsr_top/build/$target/valgrind"
