#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: btf.sh OBJECT OUT HEADER BTF_ID COMPILER...
#
# Make the BTF of dsr_lb where kbuild cannot: the headers of Debian 12 have no
# vmlinux. OBJECT is all of the module but the result, HEADER the kernel's
# utsrelease.h; COMPILER makes the program BTF_ID of btf_id.c. OUT gets the assembly
# source of the BTF, and of the set of functions for BPF programs. The set is empty if
# this machine has no pahole, no libc6-dev, or not the kernel's own BTF; then XDP is not
# in the module. DKMS builds on machines that have nothing but a compiler.
#
# The section is a note because modpost warns of a section of another type that is not
# loaded; the kernel finds it by its name.

object=$1 out=$2 header=$3 btf_id=$4
shift 4
function=bpf_dsr_forward
base=$out.base btf=${out%.S}.btf vmlinux=$out.vmlinux
trap 'rm -f "$base" "$vmlinux"' EXIT
release=$(sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' "$header")
image=/boot/vmlinuz-$release

# Decompress what follows each place in the image that looks like the beginning
# of a compressed kernel: $1 is its pattern, the rest the program. Other bytes
# follow the end, about which the program complains.
unpack()
{
	pattern=$1
	shift
	command -v "$1" >/dev/null || return 1
	LC_ALL=C grep -aboP "$pattern" "$image" | cut -d: -f1 |
	while read -r position; do
		tail -c "+$((position + 1))" "$image" | "$@" >"$vmlinux" 2>/dev/null
		objcopy --dump-section ".BTF=$base" "$vmlinux" /dev/null \
			2>/dev/null && break
	done
	[ -s "$base" ]
}

# The BTF of the kernel: the running one's, if it is that one, or of the image.
find_base()
{
	if [ "$(uname -r)" = "$release" ] && [ -r /sys/kernel/btf/vmlinux ]; then
		cat /sys/kernel/btf/vmlinux >"$base"
		return
	fi
	[ -r "$image" ] || return
	unpack '\xfd7zXZ\x00' xz -dc || unpack '\x28\xb5\x2f\xfd' zstd -dc ||
		unpack '\x1f\x8b\x08' gzip -dc || unpack '\x02\x21\x4c\x18' lz4 -dc
}

begin()
{
	cat <<-END
	/* made by btf.sh */
		.section .rodata
		.balign 4
		.globl dsr_xdp_kfuncs
	dsr_xdp_kfuncs:
	END
}

without()
{
	echo "dsr_lb: without XDP: $1" >&2
	{
		begin
		printf '\t.long 0, 0\n'
	} >"$out"
	exit
}

command -v pahole >/dev/null || without "pahole is not installed"
echo '#include <stdio.h>' | "$@" -E - >/dev/null 2>&1 ||
	without "libc6-dev is not installed"
"$@" -O2 -Wall -o "$btf_id" "$(dirname "$0")/btf_id.c" ||
	without "btf_id.c does not compile"
# pahole leaves the rest of a longer file of an earlier build as it is.
rm -f "$btf"
find_base || without "neither /sys/kernel/btf/vmlinux nor $image has the BTF of $release"
pahole --btf_encode_detached="$btf" --btf_gen_floats --btf_base "$base" "$object" ||
	without "pahole failed"
id=$("$btf_id" "$base" "$btf" "$function") || without "no BTF of $function"
# the 1 behind the number of functions is BTF_SET8_KFUNCS, without which Linux 6.9 and
# later refuse the set
{
	begin
	printf '\t.long 1, 1, %s, 0\n' "$id"
	printf '\t.section .BTF, "", @note\n\t.incbin "%s"\n' "$btf"
} >"$out"
