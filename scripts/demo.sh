#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/demo.sh [--release bookworm|trixie|sid] [--ha | --shell MACHINE]
#
# Build, boot a virtual machine, and demonstrate the reference scenario in it
# (tests/vm/demo.py). With --ha, demonstrate failures of two balancers with
# keepalived (demo_ha.py). With --shell, open a shell on one of its machines:
# client, lv1, lv2, w101 or w102.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

release=bookworm machine='' ha=''
while [ "$#" -gt 0 ]; do
	case $1 in
	--release) release=${2:-}; shift ;;
	--shell) machine=${2:-}; shift ;;
	--ha) ha=1 ;;
	*) die "usage: scripts/demo.sh [--release bookworm|trixie|sid] [--ha | --shell MACHINE]" ;;
	esac
	shift || die "an option needs a value"
done
case $release in
bookworm|trixie|sid) ;;
*) die "no release '$release': it is one of bookworm, trixie, sid" ;;
esac
case $machine in
''|client|lv1|lv2|w101|w102) ;;
*) die "no machine '$machine': it is one of client, lv1, lv2, w101, w102" ;;
esac

if [ -n "$ha" ]; then
	[ -z "$machine" ] || die "--ha leaves no shell: leave out --shell"
	say "two balancers with keepalived on Debian $release, in a virtual machine (usually 1 to 2 min, the first time 5 to 10)"
	"$dsr_top/scripts/build.sh" "$release"
	exec "$dsr_top/scripts/vm.sh" "$release" --timeout 900 -- tests/vm/demo_ha.py
fi
say "the reference scenario on Debian $release, in a virtual machine (usually 1 min, the first time 5 to 10)"
"$dsr_top/scripts/build.sh" "$release"
if [ -n "$machine" ]; then
	exec "$dsr_top/scripts/vm.sh" "$release" --interactive --timeout 0 -- \
		tests/vm/demo.py --shell "$machine"
fi
exec "$dsr_top/scripts/vm.sh" "$release" --timeout 600 -- tests/vm/demo.py
