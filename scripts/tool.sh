#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/tool.sh [--memcheck] [PYTEST-ARGUMENT...]
#
# Run the tests of dsrctl, from what scripts/build.sh has built for bookworm. They need
# a compiler, so they run in the root itself, on the copy of the sources that was built
# there. With --memcheck dsrctl runs under valgrind, without the sanitizers; only tests
# that use the fixture "fake" then look at it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

memcheck=
if [ "${1:-}" = --memcheck ]; then
	shift
	"$dsr_top/scripts/valgrind.sh" bookworm
	memcheck=$dsr_top/build/bookworm/valgrind
fi
entry=$("$dsr_top/scripts/root.sh" bookworm)
# shellcheck disable=SC2016 # for the inner shell
as_root unshare --mount --net bash -euc '
	root=$1/root tree=$2 memcheck=$3
	shift 3
	ip link set lo up 2>/dev/null || true
	mount --bind "$tree" "$root/dsr"
	mount -t proc none "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs -o mode=1777 none "$root/tmp"
	if [ -n "$memcheck" ]; then
		mount --bind "$memcheck" "$root/mnt"
	fi
	exec chroot "$root" /usr/bin/env -i HOME=/tmp LC_ALL=C.UTF-8 \
		PYTHONDONTWRITEBYTECODE=1 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		${memcheck:+DSR_MEMCHECK=/mnt} \
		/dsr/tests/tool/run "$@"
' bash "$entry" "$dsr_top/build/bookworm/tree" "$memcheck" "$@"
