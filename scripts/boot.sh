#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/boot.sh ROOT-ENTRY [KERNEL-ENTRY]
#
# Print the path of a cached directory, made if it does not exist yet, with the
# files that QEMU boots the root in the cache directory ROOT-ENTRY (see root.sh)
# with:
#
#   kernel	that root's kernel, unpacked, because it unpacks itself much
#		slower under emulation; or the one in KERNEL-ENTRY (see
#		kernel.sh), which unpacks fast and has its disk built in
#   initrd	an initramfs: busybox, the modules that bring up disk and 9p,
#		and scripts/boot.init

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

entry=${1:?usage: scripts/boot.sh ROOT-ENTRY [KERNEL-ENTRY]}
kernel=${2:-}
version=$(cat "${kernel:-$entry}/version")
init=$dsr_top/scripts/boot.init
modules=(virtio_pci virtio_blk ext4 9pnet_virtio 9p)

# The files of the modules and of their dependencies, in the order of loading.
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

	mkdir -p "$tree"/{bin,dev,proc,sys,modules,newroot,rig}
	cp "$entry/root/bin/busybox" "$tree/bin/busybox"
	cp "$init" "$tree/init"
	chmod 755 "$tree/init"
	: >"$tree/modules/order"
	if [ -z "$kernel" ]; then
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
		>"$dsr_scratch/initrd"
	rm -r "$tree"
}

# number OFFSET SIZE FILE: a little-endian number in it.
number()
{
	od -An -v -t "u$2" -j "$1" -N "$2" "$3" | tr -d ' '
}

# The header of a bzImage has the offset of the packed ELF file (see the
# kernel's Documentation/x86/boot.rst); its length is appended to it.
unpack_kernel()
{
	local file=$entry/vmlinuz start length unpack

	if [ -n "$kernel" ]; then
		cp "$kernel/vmlinuz" "$dsr_scratch/kernel"
		return
	fi

	start=$(($(number 584 4 "$file") + ($(number 497 1 "$file") + 1) * 512))
	length=$(($(number 588 4 "$file") - 4))
	case $(od -An -t x1 -j "$start" -N 4 "$file") in
	' fd 37 7a 58') unpack='xz -dc' ;;
	' 28 b5 2f fd') unpack='zstd -qdc' ;;
	*) die "$file: packed in no way that is known here" ;;
	esac
	head -c "$((start + length))" "$file" | tail -c "$length" |
		$unpack >"$dsr_scratch/kernel"
}

build_boot()
{
	build_initrd
	unpack_kernel
}

name=$(basename "${kernel:-$entry}")-$({
	echo "$entry"
	cat "$init"
	declare -f module_files build_initrd unpack_kernel
	echo "${modules[*]}"
} | key)

if [ ! -d "$dsr_cache/boots/$name" ]; then
	"$dsr_top/scripts/deps.sh"
	lock "boot-$(basename "${kernel:-$entry}")"
	if [ ! -d "$dsr_cache/boots/$name" ]; then
		scratch boot
		step "unpacking kernel $version" "5 s" \
			"$dsr_cache/logs/boot.log" build_boot
		publish boots "$name"
	fi
	unlock
fi
touch "$dsr_cache/boots/$name"
printf '%s\n' "$dsr_cache/boots/$name"
