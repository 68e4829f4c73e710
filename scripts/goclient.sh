#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/goclient.sh TARGET
#
# Build the IPVS client in tests/vm/ipvs_go, with trixie's Go, and leave it in
# build/TARGET for the scenarios of that target. The client is linked statically,
# so it runs on each target. The cache keeps it.

# shellcheck source-path=SCRIPTDIR source=client.sh
. "$(dirname "$0")/client.sh"

target=${1:-}
[ "$#" -eq 1 ] || die "usage: scripts/goclient.sh TARGET"
source=$dsr_top/tests/vm/ipvs_go
entry=$("$dsr_top/scripts/root.sh" go)

# Without modules Go searches the directory of Debian's packages.
# shellcheck disable=SC2016 # for the inner shell
compile()
{
	as_root unshare --mount bash -euc '
		root=$1
		mount --bind "$2" "$root/dsr"
		mount --bind "$3" "$root/out"
		mount -t proc none "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs none "$root/tmp"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp GOROOT=/usr/lib/go \
			GOPATH=/usr/share/gocode \
			GO111MODULE=off GOTELEMETRY=off CGO_ENABLED=0 \
			GOFLAGS=-trimpath \
			chroot "$root" /usr/lib/go/bin/go build \
			-ldflags="-s -w" -o /out/ipvs_go /dsr/main.go
	' bash "$entry/root" "$source" "$dsr_scratch"
}

cache_client go "building the client in Go" "10 to 30 s" compile < <(
	declare -f compile
	echo "$entry"
	cat "$source"/*.go
)
mkdir -p "$dsr_top/build/$target"
cp "$client/ipvs_go" "$dsr_top/build/$target/.new-ipvs_go"
mv "$dsr_top/build/$target/.new-ipvs_go" "$dsr_top/build/$target/ipvs_go"
