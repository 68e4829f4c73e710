#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/hostile.sh SECONDS [bookworm|trixie|sid]
#
# Attack open connections in a virtual machine for so long, see tests/vm/hostile.py.
# Print one table at the end; the exit status is 1 if a connection was lost, or if
# unproven connections filled the table.

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
