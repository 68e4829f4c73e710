#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/root.sh bookworm|trixie|sid|kbuild|go|deb|dkms-RELEASE
#
# Print the path of a cached directory, made with mmdebstrap if it does not exist
# yet, which holds
#
#   root/	the release's files: its kernel, the headers and their
#		compiler, our build dependencies, and the programs that the
#		tests run
#   image	the same without the development files, as an ext4 image to boot
#   vmlinuz	its kernel
#   version	and that kernel's release
#
# "kbuild" is the root that builds the debug kernel: the compiler of bookworm and
# the kernel's source, no image.  It is separate from bookworm because the demo
# needs no kernel source.
#
# "go" is the root that goclient.sh builds the IPVS client in: trixie's Go, and the
# packages that the client needs.  No package in it is configured, and it has no
# shell.
#
# "deb" is the root in which deb.sh builds the Debian packages: bookworm's
# debhelper and lintian.  "dkms-bookworm", "dkms-trixie" and "dkms-sid" are machines
# that the packages are installed on: the release's DKMS, one kernel's headers, and
# in /later the packages of another one's.  They have no kernel.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

release=${1:-}
case $release in
bookworm|trixie|sid) suite=$release ;;
kbuild) suite=bookworm ;;
go) suite=trixie ;;
deb) suite=bookworm ;;
dkms-bookworm|dkms-trixie|dkms-sid) suite=${release#dkms-} ;;
*) die "usage: scripts/root.sh bookworm|trixie|sid|kbuild|go|deb|dkms-RELEASE" ;;
esac

run_packages=(bash busybox-static kmod procps util-linux iproute2 iputils-ping
	nftables iptables ipvsadm keepalived nginx curl tcpdump iperf3 ethtool
	conntrack socat python3 python3-pytest python3-scapy python3-yaml
	python3-jsonschema)
build_packages=(linux-headers-amd64 make libc6-dev libnl-3-dev libnl-genl-3-dev
	libnl-route-3-dev libjson-c-dev libtraceevent-dev libncurses-dev libyaml-dev
	libmicrohttpd-dev libsystemd-dev libbpf-dev pkg-config)
# The compiler of sid's headers has no linker with a plain name.
[ "$release" != sid ] || build_packages+=(binutils)
# The headers of bookworm have neither the kernel's BTF nor the programs that make
# that of a module: kmod/lb/btf.sh takes it from the kernel's image.
[ "$release" != bookworm ] || build_packages+=(pahole xz-utils)
# The tests of dsrctl run in the root of bookworm. They test completion in these
# shells, draw in this terminal, and read the metrics by Prometheus' own parser: its
# package with promtool is 332 MB.
[ "$release" != bookworm ] || run_packages+=(zsh fish tmux python3-prometheus-client)
kbuild_packages=(make gcc libc6-dev flex bison bc libelf-dev libssl-dev lz4
	xz-utils kmod cpio python3-minimal python3-ply python3-git perl
	linux-source-6.1)
# No release has a package of github.com/moby/ipvs alone: Docker's package has it,
# and depends on everything that Docker needs.
go_packages=(golang-go golang-github-vishvananda-netlink-dev
	golang-github-vishvananda-netns-dev golang-github-sirupsen-logrus-dev)
go_package=golang-github-docker-docker-dev
go_source=./usr/share/gocode/src/github.com/moby/ipvs
deb_packages=(build-essential debhelper dh-dkms libnl-3-dev libnl-genl-3-dev
	libnl-route-3-dev libjson-c-dev libtraceevent-dev libncurses-dev libyaml-dev
	libmicrohttpd-dev libsystemd-dev libbpf-dev pkg-config lintian)
# The packages of ours depend on these, but for the headers.
dkms_packages=(dkms linux-headers-amd64 libnl-3-200 libnl-genl-3-200
	libnl-route-3-200 libjson-c5 libtraceevent1 libncursesw6 libyaml-0-2 libbpf1
	libmicrohttpd12 init-system-helpers kmod iproute2 openssl)
dkms_later=linux-headers-cloud-amd64

# Files of the kernel and of packages that the rig does not use.
excludes=(/usr/share/{doc,man,info,locale,lintian,i18n}
	/{,usr/}lib/modules/*/kernel/{sound,drivers/{gpu,media,infiniband,scsi}}
	/{,usr/}lib/modules/*/kernel/drivers/{usb,iio,hwmon,mtd,ata,nvme,staging}
	/{,usr/}lib/modules/*/kernel/drivers/net/{wireless,ethernet,wwan,can,usb})

bootstrap()
{
	local root=$1 options=() packages=()

	# The excludes are put in place after the essential packages have been
	# unpacked: mmdebstrap would pass each of these through a filter in
	# Python, which takes longer than unpacking all of them.
	printf 'path-exclude=%s/*\n' "${excludes[@]}" >"$dsr_scratch/excludes"
	[ "$release" != sid ] ||
		options+=(--aptopt='Acquire::Check-Valid-Until "false"')
	if [ "$release" = kbuild ]; then
		packages=("${kbuild_packages[@]}")
	else
		# boot.sh makes our own initramfs; tiny-initramfs is the
		# smallest package for the kernel's dependency.  Only the
		# program of the sparse package is needed: the package
		# depends on all of LLVM.
		packages=(linux-image-amd64 tiny-initramfs \
			"${run_packages[@]}" "${build_packages[@]}")
		# shellcheck disable=SC2016 # for the shell that runs the hook
		options+=(--customize-hook='
			cd "$1/tmp"
			chroot "$1" sh -c "cd /tmp && apt-get -q download sparse"
			dpkg-deb --fsys-tarfile sparse_*.deb |
				tar -x -C "$1" ./usr/bin/sparse
			rm sparse_*.deb')
	fi
	as_root mmdebstrap --mode=root --variant=minbase --format=directory \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-unsafe-io \
		--essential-hook="copy-in '$dsr_scratch/excludes' /etc/dpkg/dpkg.cfg.d" \
		"${options[@]}" --include="$(IFS=,; echo "${packages[*]}")" \
		"$suite" "$root" "$(mirror)"
}

# The headers of the cloud kernel have a release of their own, so they are to DKMS
# what those of the next kernel are. Where sid has moved meanwhile they are just that.
bootstrap_deb()
{
	local root=$dsr_scratch/root options=() packages=("${deb_packages[@]}")

	[ "$suite" != sid ] ||
		options+=(--aptopt='Acquire::Check-Valid-Until "false"')
	if [ "$release" != deb ]; then
		packages=("${dkms_packages[@]}")
		# shellcheck disable=SC2016 # for the shell that runs the hook
		options+=(--customize-hook='
			mkdir -p "$1/later/partial"
			chroot "$1" apt-get -q -y -o Dir::Cache::archives=/later \
				--download-only install "$later"
			ls "$1"/later/*.deb')
	fi
	as_root env later="$dkms_later" \
		mmdebstrap --mode=root --variant=minbase --format=directory \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-unsafe-io "${options[@]}" \
		--include="$(IFS=,; echo "${packages[*]}")" \
		"$suite" "$root" "$(mirror)"
	as_root mkdir -p "$root/dsr"
}

# Go's packages only need unpacking, which takes less than a minute.
bootstrap_go()
{
	local root=$dsr_scratch/root

	# shellcheck disable=SC2016 # for the shell that runs the hook
	as_root env package="$go_package" source="$go_source" \
		mmdebstrap --mode=root --variant=extract --format=directory \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--extract-hook='
			mkdir -p "$1/tmp" "$1/proc" "$1/dev" "$1/dsr" "$1/out"
			cd "$1/tmp"
			APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q \
				download "$package"
			dpkg-deb --fsys-tarfile "$package"_*.deb |
				tar -x -C "$1" "$source"
			rm "$package"_*.deb' \
		--include="$(IFS=,; echo "${go_packages[*]}")" \
		"$suite" "$root" "$(mirror)"
}

# The kernel's own netlink tool, ynl, is in the package of the kernel's source only.
# One release is enough to test with it.
unpack_ynl()
{
	# shellcheck disable=SC2016 # for the shell that runs the hook
	as_root mmdebstrap --mode=root --variant=extract --format=directory \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--extract-hook='
			mkdir -p "$1/tmp" "$1/linux"
			cd "$1/tmp"
			APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q \
				download linux-source-6.12
			dpkg-deb --fsys-tarfile linux-source-*.deb |
				tar -xO --wildcards "./usr/src/*.tar.xz" |
				tar -xJ -C "$1/linux" --wildcards \
					--no-wildcards-match-slash \
					--strip-components=1 "*/tools/net/ynl" \
					"*/Documentation/netlink/*.yaml"
			rm linux-source-*.deb' \
		"$suite" "$dsr_scratch/ynl" "$(mirror)"
	as_root mkdir -p "$1/usr/local/lib"
	as_root cp -a "$dsr_scratch/ynl/linux" "$1/usr/local/lib/linux"
}

# Hide the build dependencies under empty directories while making the image, in a
# mount namespace of its own.
make_image()
{
	# shellcheck disable=SC2016 # for the inner shell
	as_root unshare --mount bash -euc '
		root=$1 image=$2
		mount --bind "$root" /mnt
		for dir in boot usr/src usr/include usr/lib/gcc usr/libexec/gcc \
			var/cache var/lib/apt; do
			[ ! -d "/mnt/$dir" ] || mount -t tmpfs none "/mnt/$dir"
		done
		mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -m 0 \
			-L dsr -E lazy_itable_init=1 -d /mnt "$image" 4G
	' bash "$1" "$2"
}

# Add the boot files beside the root, and the mount points.
finish_root()
{
	local root=$1 version gcc scripts

	# The headers need a certain compiler, which is the only one in the root
	# and builds the tool as well.
	gcc=$(find "$root/usr/bin" -printf '%f\n' |
		grep -E '^(x86_64-linux-gnu-)?gcc-[0-9]+$' | sort -V | tail -n 1)
	as_root ln -sf "$gcc" "$root/usr/bin/gcc"
	as_root ln -sf "$gcc" "$root/usr/bin/cc"
	# Headers of 7.x call a script, which they do not contain, to check the
	# version of sparse; the release's own sparse is recent enough.
	for scripts in "$root"/usr/lib/linux-kbuild-*/scripts; do
		[ -e "$scripts/checker-valid.sh" ] || printf '#!/bin/sh\necho 1\n' |
			as_root install -m 755 /dev/stdin "$scripts/checker-valid.sh"
	done
	version=$(basename "$(echo "$root"/lib/modules/*)")
	[ -L "$root/lib/modules/$version/build" ] ||
		die "$release: no headers for its kernel $version"
	printf '%s\n' "$version" >"$dsr_scratch/version"
	as_root cat "$root/boot/vmlinuz-$version" >"$dsr_scratch/vmlinuz"
	as_root mkdir -p "$root/dsr" "$root/rig" "$root/results" "$root/kdir"
	make_image "$root" "$dsr_scratch/image"
}

build_all()
{
	bootstrap "$dsr_scratch/root"
	if [ "$release" = kbuild ]; then
		as_root mkdir -p "$dsr_scratch/root/build"
	else
		finish_root "$dsr_scratch/root"
	fi
}

build_trixie()
{
	bootstrap "$dsr_scratch/root"
	unpack_ynl "$dsr_scratch/root"
	finish_root "$dsr_scratch/root"
}

build=build_all usually="60 to 120 s"
case $release in
go) build=bootstrap_go usually="15 to 30 s" ;;
deb|dkms-*) build=bootstrap_deb ;;
trixie) build=build_trixie ;;
esac
name=$release-$({
	if [ "$release" = go ]; then
		declare -f bootstrap_go
		echo "$suite ${go_packages[*]} $go_package $go_source"
		exit
	fi
	case $release in
	deb|dkms-*)
		declare -f bootstrap_deb
		echo "$suite"
		if [ "$release" = deb ]; then
			echo "${deb_packages[*]}"
		else
			echo "${dkms_packages[*]} $dkms_later"
		fi
		exit
		;;
	esac
	declare -f bootstrap make_image finish_root build_all
	[ "$release" != trixie ] || declare -f unpack_ynl build_trixie
	echo "$suite ${excludes[*]}"
	if [ "$release" = kbuild ]; then
		echo "${kbuild_packages[*]}"
	else
		echo "${run_packages[*]} ${build_packages[*]}"
	fi
} | key)

if [ ! -d "$dsr_cache/roots/$name" ]; then
	"$dsr_top/scripts/deps.sh"
	lock "root-$release"
	if [ ! -d "$dsr_cache/roots/$name" ]; then
		[ "$EUID" -eq 0 ] || as_root true
		scratch "root-$release"
		step "building the $release root" "$usually" \
			"$dsr_cache/logs/root-$release.log" "$build"
		publish roots "$name"
	fi
	unlock
fi
touch "$dsr_cache/roots/$name"
printf '%s\n' "$dsr_cache/roots/$name"
