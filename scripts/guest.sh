#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run as process 1 in the virtual machine; never run this on a host.  Mount the
# file systems of a Debian machine, run the command that vm.sh left in
# /rig/command, and leave in /rig, which is a directory on the host:
#
#   output	standard output and error of the command
#   dmesg	the kernel's log
#   kmemleak	the leaks that the kernel found, if any
#   status	the command's exit status; appears last

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

mkdir -p /dev/pts /dev/shm
mount -t sysfs none /sys
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/lock /run/netns
mount -t tmpfs -o mode=1777 none /tmp
mount -t tmpfs -o mode=1777 none /dev/shm
mount -t devpts -o ptmxmode=666 none /dev/pts
mount -t debugfs none /sys/kernel/debug
mount -t tracefs none /sys/kernel/tracing
mount -t cgroup2 none /sys/fs/cgroup
ln -sfn /proc/self/fd /dev/fd
ln -sfn /proc/self/fd/0 /dev/stdin
ln -sfn /proc/self/fd/1 /dev/stdout
ln -sfn /proc/self/fd/2 /dev/stderr

# share TAG DIRECTORY OPTIONS CACHE: mount what vm.sh shares by that tag. User
# Mode Linux sees the host's files by their names there.
share()
{
	if [ -e "/rig/share.$1" ]; then
		mount -t hostfs -o "$3,$(cat "/rig/share.$1")" "$1" "$2"
	else
		mount -t 9p "$1" "$2" -o \
			"$3,trans=virtio,version=9p2000.L,msize=512000,cache=$4"
	fi
}

# shellcheck source=/dev/null
. /rig/environment
[ -z "${DSR_MODULES:-}" ] || share modules /lib/modules ro loose
[ -z "${DSR_RESULTS:-}" ] || share results /results rw none
[ -z "${DSR_QUEUE:-}" ] || { mkdir /run/queue; share queue /run/queue rw none; }
export DSR_BUILD=/dsr/build/$DSR_TARGET
PATH=$DSR_BUILD:$PATH

hostname dsr
ip link set lo up
ulimit -n 65536
echo "127.0.0.1 localhost dsr" >/etc/hosts
cd /dsr || exit 1
mapfile -t -d '' command </rig/command
# From here on the console's file has all kernel messages.
echo 8 >/proc/sys/kernel/printk
read -r started _ </proc/uptime
echo "$started" >/rig/started

# A sleep without a process: nothing is ever written to this pipe.
mkfifo /run/never
exec {never}<>/run/never
pause()
{
	read -r -t "$1" -u "$never"
}

# Processes that the command has left hold the pipe of its output open, so kill
# them before waiting for the end of that pipe.
kill_all()
{
	local pid dir

	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		[ "$pid" = 1 ] || [ "$pid" = "$reader" ] ||
			kill -9 "$pid" 2>/dev/null
	done
}

# Objects that became unreferenced since the command began.  The second scan that
# finds an object unchanged reports it, and only if it is at least 5 s old.
find_leaks()
{
	local leaks=/sys/kernel/debug/kmemleak ended now

	[ -w $leaks ] || return 0
	ended=$SECONDS
	echo scan >$leaks
	while [ $((SECONDS - ended)) -le 6 ]; do
		pause 1
	done
	echo scan >$leaks
	read -r now _ </proc/uptime
	awk -v since="$(awk -v n="$now" -v s="$started" 'BEGIN { print n - s }')" '
		/^unreferenced object/ { block = $0; keep = 0; next }
		match($0, /\(age [0-9.]+s\)/) {
			keep = substr($0, RSTART + 5, RLENGTH - 7) + 0 < since + 0
			if (keep)
				print block
		}
		keep
	' $leaks >/rig/kmemleak.found
	[ ! -s /rig/kmemleak.found ] || mv /rig/kmemleak.found /rig/kmemleak
}

if [ -n "${DSR_INTERACTIVE:-}" ]; then
	# The size is lost when the last process closes the terminal.
	# shellcheck disable=SC2016 # for the inner shell
	setsid -c -w sh -c 'stty sane rows "$1" cols "$2"; shift 2; exec "$@"' \
		sh "${DSR_ROWS:-24}" "${DSR_COLUMNS:-80}" "${command[@]}" \
		<>/dev/ttyS1 >&0 2>&1
	status=$?
	reader=1
	kill_all
else
	mkfifo /run/output
	cat </run/output >/rig/output &
	reader=$!
	"${command[@]}" </dev/null >/run/output 2>&1 &
	wait $!
	status=$?
	until=$((SECONDS + 30))
	while kill_all; kill -0 "$reader" 2>/dev/null; do
		if [ "$SECONDS" -ge "$until" ]; then
			echo "guest.sh: processes of the command cannot be killed" \
				>>/rig/output
			break
		fi
		pause 0.1
	done
fi

find_leaks
dmesg >/rig/dmesg
echo "$status" >/rig/status.new
mv /rig/status.new /rig/status
# User Mode Linux would boot again.
[ ! -e /rig/share.dsr ] || /bin/busybox poweroff -nf
echo 1 >/proc/sys/kernel/sysrq
echo b >/proc/sysrq-trigger
