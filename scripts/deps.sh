#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/deps.sh [PACKAGE...]
#
# Install missing host packages that the rig needs, and the named ones.  Run
# apt-get only if one is missing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

packages=(git make qemu-system-x86 mmdebstrap e2fsprogs util-linux
	ca-certificates debian-archive-keyring cpio xz-utils zstd "$@")

missing=()
for package in "${packages[@]}"; do
	status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
	[ "$status" = "install ok installed" ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

[ "$(dpkg --print-architecture)" = amd64 ] ||
	die "the rig runs on Debian amd64 only"

install_packages()
{
	export DEBIAN_FRONTEND=noninteractive

	as_root apt-get -q update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=600 install --no-install-recommends \
		"${missing[@]}"
}

lock deps
[ "$EUID" -eq 0 ] || as_root true
step "installing ${missing[*]}" "30 s to 2 min" \
	"$dsr_cache/logs/deps.log" install_packages
