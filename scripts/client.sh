# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs of others for the scenarios, which the cache keeps. Sourced by the scripts
# that bring one each, in place of lib.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# unpack_packages SUBDIR PACKAGE...: unpack packages of bookworm into
# $dsr_scratch/root/SUBDIR. Nothing is installed: mmdebstrap only prepares apt for the
# release.
unpack_packages()
{
	local subdir=$1
	shift

	# shellcheck disable=SC2016 # for the shell that runs the hook
	as_root env packages="$*" subdir="$subdir" \
		mmdebstrap --mode=root --variant=extract --format=directory \
		--aptopt='Acquire::Retries "3"' \
		--extract-hook='
			mkdir -p "$1/tmp" "$1/$subdir"
			cd "$1/tmp"
			APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q \
				download $packages
			for file in *.deb; do
				dpkg-deb --extract "$file" "$1/$subdir"
			done' \
		bookworm "$dsr_scratch/root" "$(mirror)"
}

# cache_client NAME WHAT USUAL FUNCTION: keep the files that FUNCTION leaves in
# $dsr_scratch, and set $client to their directory. It has a name of its own for each
# standard input; WHAT and USUAL are as for step.
cache_client()
{
	local name

	name=$1-$(key)
	client=$dsr_cache/clients/$name
	if [ ! -d "$client" ]; then
		"$dsr_top/scripts/deps.sh"
		lock "client-$1"
		if [ ! -d "$client" ]; then
			scratch "client-$1"
			step "$2" "$3" "$dsr_cache/logs/client-$1.log" "$4"
			publish clients "$name"
		fi
		unlock
	fi
	touch "$client"
}
