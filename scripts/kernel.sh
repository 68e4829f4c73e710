#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/kernel.sh debug|uml|lean|native|source
#
# debug: print the path of a cached directory, built if it does not exist yet
# from Debian's linux-source-6.1 with scripts/debug.config, which holds
#
#   vmlinuz	the kernel; for uml, a program
#   build/	the tree to build modules against (KDIR)
#   modules/	the contents of /lib/modules
#   version	its release
#   config	its whole configuration
#
# uml: the same as User Mode Linux; scripts/uml.config has the differences.
# lean: User Mode Linux with as little as the KUnit suites need, after
#	scripts/lean.config.
# native: uml without the instruments; scripts/native.config leaves them out.
#
# source: print the path of a directory with the tools of that source that check
# our sources: scripts/ (checkpatch.pl, spdxcheck.py...), LICENSES/,
# .clang-format.
#
# Everything is built inside the root "kbuild" (see root.sh) by its compiler,
# so that the host's release does not matter.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

what=${1:-}
fragments=("$dsr_top/scripts/debug.config")
tarball=/usr/src/linux-source-6.1.tar.xz
entry=

# in_root COMMAND: a shell command in the kbuild root, with the scratch
# directory at /build, as the present user.
# shellcheck disable=SC2016 # for the inner shell
in_root()
{
	as_root unshare --mount bash -euc '
		mount --bind "$2" "$1/build"
		mount -t proc none "$1/proc"
		mount --rbind /dev "$1/dev"
		mount -t tmpfs -o mode=1777 none "$1/tmp"
		exec chroot --userspec="$3" "$1" /usr/bin/env -i HOME=/tmp \
			LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			ARCH="$5" KBUILD_BUILD_HOST=dsr KBUILD_BUILD_USER=dsr \
			bash -euo pipefail -c "$4"
	' bash "$entry/root" "$dsr_scratch" "$(id -u):$(id -g)" "$1" "$arch"
}

# Code without KASAN: it never touches an object of ours.  The kernel compiles and
# runs in half the time, which matters under TCG.
spared='arch/% block/% certs/% crypto/% drivers/% fs/ext4/% fs/jbd2/% fs/9p/%'
spared+=' fs/iomap/% init/% ipc/% kernel/bpf/% kernel/events/% kernel/trace/%'
spared+=' mm/% net/9p/% net/sctp/%'
watched='drivers/net/% drivers/misc/lkdtm/%'
# In the lean kernel KASAN covers the modules only.
[ "$what" != lean ] || { spared+=' lib/% net/% security/% sound/%' watched='-'; }

# Join the fragments; the last line about an option wins.
fragment()
{
	cat "${fragments[@]}" | tac |
	awk '/^CONFIG_|^# CONFIG_.* is not set/ {
		match($0, /CONFIG_[A-Za-z0-9_]+/)
		if (!seen[substr($0, RSTART, RLENGTH)]++)
			print
	}' | tac
}

# mend FILE SCRIPT: change a file of the source by sed.
mend()
{
	local file=$dsr_scratch/linux/$1

	sed "$2" "$file" >"$dsr_scratch/mended"
	! cmp -s "$dsr_scratch/mended" "$file" ||
		die "$1: what is to be mended is not there"
	mv "$dsr_scratch/mended" "$file"
}

# Fix bugs of User Mode Linux in 6.1.
mend_uml()
{
	# It has no room for the registers of a processor with AMX, and crashes.
	mend arch/x86/um/user-offsets.c 's/HOST_FP_SIZE, 2696/HOST_FP_SIZE, 12288/'
	# It walks the list of areas without the lock that later versions take.
	mend arch/um/kernel/tlb.c '/^void force_flush_all/,/^}/ {
		s/^\tfor_each_vma(vmi, vma)$/\tmmap_read_lock(mm);\n&/
		s/^}$/\tmmap_read_unlock(mm);\n}/
	}'
	# A fault on an address of vmalloc(), which passes a new mapping to the
	# host, enables interrupts that were off: in the middle of a critical
	# section.
	mend arch/um/os-Linux/signal.c '
		s/^\(static void sig_handler_common(.*\))$/\1, int enabled)/
		s/sig_handler_common(sig, si, mc)/sig_handler_common(sig, si, mc, enabled)/
		s/sig_handler_common(SIGIO, NULL, NULL)/sig_handler_common(SIGIO, NULL, NULL, 0)/
		s/if ((sig != SIGIO) &&/if (enabled \&\& (sig != SIGIO) \&\&/'
}

configure()
{
	local wanted

	in_root "tar -C /build -xf $tarball && mv /build/linux-source-6.1 /build/linux"
	sed -i "1i KASAN_SANITIZE ?= \$(if \$(filter-out $watched,\$(filter $spared,\$(obj)/)),n)" \
		"$dsr_scratch/linux/scripts/Makefile.lib"
	[ "$arch" = x86 ] || mend_uml
	fragment >"$dsr_scratch/fragment"
	in_root "cd /build/linux && make -s tinyconfig >/dev/null &&
		scripts/kconfig/merge_config.sh -m .config ../fragment >/dev/null &&
		make -s olddefconfig"
	# Kconfig silently drops options with missing dependencies: report them.
	wanted=$(grep '^CONFIG_' "$dsr_scratch/fragment" |
		grep -vxF -f "$dsr_scratch/linux/.config" || true)
	[ -z "$wanted" ] ||
		die "${fragments[*]}: this kernel does not have: $wanted"
}

compile()
{
	in_root "cd /build/linux && make -j $(nproc) $image modules"
}

# Keep the parts of the tree that an external module needs: makefiles, headers,
# scripts and the programs that these run.
collect()
{
	local out=$dsr_scratch linux=$dsr_scratch/linux

	in_root "cd /build/linux &&
		make -s modules_install INSTALL_MOD_PATH=/build/install \
			INSTALL_MOD_STRIP=1 DEPMOD=/bin/true &&
		depmod -b /build/install \$(make -s kernelrelease) &&
		make -s kernelrelease >/build/version"
	cp "$linux/$image_file" "$out/vmlinuz"
	cp "$linux/.config" "$out/config"
	mv "$out/install/lib/modules" "$out/modules"
	rm -f "$out/modules"/*/{build,source}
	mkdir "$out/build"
	(
		cd "$linux"
		{
			find . arch/x86 "arch/$arch" -maxdepth 1 -name 'Makefile*'
			find include scripts -type f -o -type l
			find arch/x86 "arch/$arch" \
				\( -name include -o -name scripts -o -name asm -o \
					-name shared \) \
				-type d -exec find {} -type f \;
			find tools/objtool -name objtool -type f
			printf '%s\n' .config Module.symvers
		} | grep -v -e '\.o$' -e '\.cmd$' | sort -u |
		cpio -pdm --quiet "$out/build"
	)
	rm -rf "$linux" "$out/install" "$out/fragment"
}

debug_kernel()
{
	local name log=$dsr_cache/logs/kernel-$what

	name=$what-$({
		echo "$entry $arch $image $image_file"
		fragment
		echo "$spared $watched"
		declare -f in_root configure compile collect
		[ "$arch" = x86 ] || declare -f mend_uml
	} | key)
	if [ ! -d "$dsr_cache/kernels/$name" ]; then
		lock "kernel-$what"
		if [ ! -d "$dsr_cache/kernels/$name" ]; then
			scratch "kernel-$what"
			step "configuring the $what kernel" "40 s" \
				"$log-configure.log" configure
			step "compiling the $what kernel" \
				"$([ "$what" = lean ] && echo 3 || echo 10) min on 2 cores" \
				"$log-compile.log" compile
			step "collecting the $what kernel" "20 s" \
				"$log-collect.log" collect
			publish kernels "$name"
		fi
		unlock
	fi
	touch "$dsr_cache/kernels/$name"
	printf '%s\n' "$dsr_cache/kernels/$name"
}

unpack_source()
{
	in_root "tar -C /build -xf $tarball --strip-components=1 \
		--wildcards '*/scripts' '*/LICENSES' '*/.clang-format' \
			'*/COPYING' '*/.checkpatch.conf' --exclude 'linux-*/*/*/scripts' ||
		[ -e /build/scripts/checkpatch.pl ]"
}

source_tree()
{
	local name

	name=source-$({ echo "$entry"; declare -f unpack_source; } | key)
	if [ ! -d "$dsr_cache/sources/$name" ]; then
		lock kernel-source
		if [ ! -d "$dsr_cache/sources/$name" ]; then
			scratch kernel-source
			step "unpacking the kernel's own checkers" "20 s" \
				"$dsr_cache/logs/kernel-source.log" unpack_source
			publish sources "$name"
		fi
		unlock
	fi
	touch "$dsr_cache/sources/$name"
	printf '%s\n' "$dsr_cache/sources/$name"
}

arch=x86 image=bzImage image_file=arch/x86/boot/bzImage
case $what in
debug|source) ;;
uml)
	arch=um image=linux image_file=linux
	fragments+=("$dsr_top/scripts/uml.config")
	;;
native)
	arch=um image=linux image_file=linux
	fragments+=("$dsr_top/scripts/"{uml,native}.config)
	;;
lean)
	arch=um image=linux image_file=linux
	fragments=("$dsr_top/scripts/lean.config")
	;;
*) die "usage: scripts/kernel.sh debug|uml|lean|native|source" ;;
esac
entry=$("$dsr_top/scripts/root.sh" kbuild)
[ "$EUID" -eq 0 ] || as_root true
case $what in
debug|uml|lean|native) debug_kernel ;;
source) source_tree ;;
esac
