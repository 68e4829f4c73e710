#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/bird.sh TARGET
#
# Leave BIRD in build/TARGET/bird for the scenarios of that target: the programs of
# bookworm's package, and the only library that the root of bookworm does not have.
# The cache keeps it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

target=${1:-}
[ "$#" -eq 1 ] || die "usage: scripts/bird.sh TARGET"
packages=(bird2 libssh-gcrypt-4)

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
	cp "$dsr_scratch"/root/usr/sbin/bird{,c} "$dsr_scratch"
	cp -L "$dsr_scratch"/root/usr/lib/*/libssh-gcrypt.so.4 "$dsr_scratch"
	as_root rm -rf "$dsr_scratch/root"
}

name=bird-$({
	declare -f unpack
	echo "${packages[*]}"
} | key)
if [ ! -d "$dsr_cache/clients/$name" ]; then
	"$dsr_top/scripts/deps.sh"
	lock client-bird
	if [ ! -d "$dsr_cache/clients/$name" ]; then
		scratch client-bird
		step "downloading BIRD" "5 to 20 s" \
			"$dsr_cache/logs/client-bird.log" unpack
		publish clients "$name"
	fi
	unlock
fi
touch "$dsr_cache/clients/$name"
mkdir -p "$dsr_top/build/$target"
rm -rf "$dsr_top/build/$target/.new-bird"
cp -r "$dsr_cache/clients/$name" "$dsr_top/build/$target/.new-bird"
rm -rf "$dsr_top/build/$target/bird"
mv "$dsr_top/build/$target/.new-bird" "$dsr_top/build/$target/bird"
