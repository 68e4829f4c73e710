#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/bytes.sh [--release bookworm|trixie|sid] [CONNECTIONS]
#
# Print the memory of a connection, of dsr_lb and of IPVS in the same kernel,
# measured with 100,000 connections in a virtual machine (tests/vm/bytes.py).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

release=bookworm
if [ "${1:-}" = --release ]; then
	release=${2:-}
	shift 2 || die "an option needs a value"
fi
"$dsr_top/scripts/build.sh" "$release"
# Merged with other caches of their size, they would have no lines of their own.
exec "$dsr_top/scripts/vm.sh" "$release" --append slab_nomerge \
	--timeout 600 -- tests/vm/bytes.py "$@"
