#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/bird.sh TARGET
#
# Leave BIRD in build/TARGET/bird for the scenarios of that target: the programs of
# bookworm's package, and the only library that the root of bookworm does not have.
# The cache keeps it.

# shellcheck source-path=SCRIPTDIR source=client.sh
. "$(dirname "$0")/client.sh"

target=${1:-}
[ "$#" -eq 1 ] || die "usage: scripts/bird.sh TARGET"
packages=(bird2 libssh-gcrypt-4)

unpack()
{
	unpack_packages . "${packages[@]}"
	cp "$dsr_scratch"/root/usr/sbin/bird{,c} "$dsr_scratch"
	cp -L "$dsr_scratch"/root/usr/lib/*/libssh-gcrypt.so.4 "$dsr_scratch"
	as_root rm -rf "$dsr_scratch/root"
}

cache_client bird "downloading BIRD" "5 to 20 s" unpack < <(
	declare -f unpack unpack_packages
	echo "${packages[*]}"
)
mkdir -p "$dsr_top/build/$target"
rm -rf "$dsr_top/build/$target/.new-bird"
cp -r "$client" "$dsr_top/build/$target/.new-bird"
rm -rf "$dsr_top/build/$target/bird"
mv "$dsr_top/build/$target/.new-bird" "$dsr_top/build/$target/bird"
