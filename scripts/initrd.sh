#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/initrd.sh ROOT-ENTRY [VERSION]
#
# Prints the path of the initramfs that boots the root in the cache directory
# ROOT-ENTRY (see root.sh), made when it is not there yet: busybox, the modules
# of that root's kernel that bring up disk and 9p, and scripts/initrd.init.
# With VERSION "builtin" the kernel is one that has all of that built in.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

entry=${1:?usage: scripts/initrd.sh ROOT-ENTRY [VERSION]}
version=${2:-$(cat "$entry/version")}
init=$dsr_top/scripts/initrd.init
modules=(virtio_pci virtio_blk ext4 9pnet_virtio 9p)

# The files of the modules and of what they need, in the order of loading.
module_files()
{
	local module

	for module in "${modules[@]}"; do
		as_root chroot "$entry/root" modprobe -S "$version" \
			--show-depends --ignore-install "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

build_initrd()
{
	local tree=$dsr_scratch/tree file name

	mkdir -p "$tree"/{bin,dev,proc,sys,modules,newroot}
	cp "$entry/root/bin/busybox" "$tree/bin/busybox"
	cp "$init" "$tree/init"
	chmod 755 "$tree/init"
	: >"$tree/modules/order"
	if [ "$version" != builtin ]; then
		module_files >"$dsr_scratch/files"
		while IFS= read -r file; do
			name=$(basename "$file")
			case $name in
			*.ko) cp "$entry/root$file" "$tree/modules/$name" ;;
			*.ko.xz) "$tree/bin/busybox" xzcat "$entry/root$file" \
				>"$tree/modules/${name%.xz}" ;;
			*) die "$file: no way known to unpack this kernel module" ;;
			esac
			echo "${name%.xz}" >>"$tree/modules/order"
		done <"$dsr_scratch/files"
	fi
	(cd "$tree" && find . | "$tree/bin/busybox" cpio -o -H newc --quiet) \
		>"$dsr_scratch/image" 2>"$dsr_scratch/err" ||
		die "packing the initramfs: $(cat "$dsr_scratch/err")"
	rm -r "$tree"
}

name=$(basename "$entry")-$version-$({
	cat "$init"
	declare -f module_files build_initrd
	echo "${modules[*]}"
} | key)

if [ ! -d "$dsr_cache/initrds/$name" ]; then
	lock "initrd-$(basename "$entry")-$version"
	if [ ! -d "$dsr_cache/initrds/$name" ]; then
		scratch initrd
		build_initrd
		publish initrds "$name"
	fi
	unlock
fi
printf '%s\n' "$dsr_cache/initrds/$name/image"
