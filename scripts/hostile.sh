#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/hostile.sh SECONDS [bookworm|trixie|sid]
#
# Attacks connections that go on, in a virtual machine, for so long: tests/vm/hostile.py
# has how. In the end it prints one table; the exit status is 1 if a connection was lost
# or the table was filled by what is unproven.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${1:-} release=${2:-bookworm}
case $seconds in
''|0|*[!0-9]*) die "usage: scripts/hostile.sh SECONDS [bookworm|trixie|sid]" ;;
esac
case $release in
bookworm|trixie|sid) ;;
*) die "no release '$release': it is one of bookworm, trixie, sid" ;;
esac
"$dsr_top/scripts/build.sh" "$release"
exec "$dsr_top/scripts/vm.sh" "$release" --timeout 0 -- \
	tests/vm/hostile.py "$seconds"
