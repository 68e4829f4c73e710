#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/lab.sh [--where here|vm] [MACHINE]
#
# Open a shell on a machine of the demo's network, lv1 unless another one is named,
# with a first configuration (tests/vm/lab.py). The network is made of network
# namespaces: on this machine if it can load the modules and has the programs, else
# in a virtual machine. Without --where, the reason for the latter is said.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

usage="usage: scripts/lab.sh [--where here|vm] [MACHINE]"
where='' machine=lv1
while [ "$#" -gt 0 ]; do
	case $1 in
	--where)
		where=${2:-}
		case $where in
		here|vm) ;;
		*) die "$usage" ;;
		esac
		shift
		;;
	client|lv1|lv2|w101|w102) machine=$1 ;;
	*) die "no machine '$1': it is one of client, lv1, lv2, w101, w102; $usage" ;;
	esac
	shift
done

build=$dsr_top/build/lab
headers=/lib/modules/$(uname -r)/build

# The modules and dsrctl for this machine, in one directory.
build_here()
{
	make -C "$dsr_top" KDIR="$headers"
	mkdir -p "$build"
	cp "$dsr_top"/kmod/{lb/dsr_lb,rs/dsr_rs}.ko "$dsr_top/tool/dsrctl" "$build"
}

# Say why the lab cannot be on this machine; nothing if it can.
obstacle()
{
	local program

	for program in python3 ip nft iptables nginx curl tcpdump insmod man less vi; do
		command -v "$program" >/dev/null || {
			echo "there is no $program here"
			return
		}
	done
	[ -e "$headers/Makefile" ] || {
		echo "there are no kernel headers in $headers"
		return
	}
	for program in dsr_lb dsr_rs; do
		[ ! -e "/sys/module/$program" ] || {
			echo "$program is loaded here, and the lab would use another one"
			return
		}
	done
	grep -qs '\[none\]' /sys/kernel/security/lockdown ||
		[ ! -e /sys/kernel/security/lockdown ] ||
		echo "this kernel loads only signed modules"
}

if [ "$where" != vm ]; then
	why=$(PATH=$PATH:/usr/sbin:/sbin obstacle)
	[ -z "$why" ] || [ "$where" != here ] || die "$why"
	if [ -z "$why" ]; then
		say "the lab is in network namespaces of this machine"
		step "building modules and dsrctl" "20 s" "$dsr_top/build/lab.log" build_here
		as_root env DSR_BUILD="$build" PATH="$build:$PATH:/usr/sbin:/sbin" \
			unshare --mount "$dsr_top/tests/vm/lab.py" --shell "$machine"
		exit
	fi
	say "the lab is in a virtual machine: $why"
fi
"$dsr_top/scripts/build.sh" bookworm
exec "$dsr_top/scripts/vm.sh" bookworm --interactive --timeout 0 -- \
	unshare --mount tests/vm/lab.py --shell "$machine"
