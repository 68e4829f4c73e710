#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: scripts/vm.sh TARGET [OPTION...] -- COMMAND...
#
# Boot the kernel of TARGET (bookworm, trixie, sid, or debug: the debug kernel
# with bookworm's programs) in QEMU and run COMMAND there as root, in /dsr,
# which is this checkout, read only.  TARGET uml is the debug kernel as a program
# of the host, User Mode Linux, which is fast without KVM but has one processor
# only; native is the same without debugging, and lean has only the parts that the
# KUnit suites need.  Show the output as it comes, and return the exit status,
# except for
#
#   99	the kernel warned, died or leaked memory, with any result of the command
#   124	timeout
#
#   --smp N		processors (2; not with uml)
#   --mem M		megabytes of memory (2048)
#   --timeout S		kill the machine after S seconds (1200; 0: never)
#   --results DIR	mount this directory at /results, writable
#   --queue DIR		mount this directory at /run/queue, writable: machines that
#			share their work take it from there
#   --icount		guest time counts instructions, one each nanosecond, on one
#			emulated processor: times are reproducible to a
#			thousandth and less, on a busy machine too
#   --interactive	the command gets this terminal, with job control
#   --append ARGS	more arguments for the kernel
#   --qemu ARG		one more argument for QEMU, as often as needed; not with uml
#   --console FILE	keep the kernel's messages there
#
# Processes that the command leaves behind are killed when it ends.  All other
# changes are lost afterwards, except in /results.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

smp=2 mem=2048 limit=1200 results='' queue='' interactive='' icount='' append='' console='' extra=()
kernel=
target=${1:-}
[ "$#" -eq 0 ] || shift
while [ "$#" -gt 0 ]; do
	case $1 in
	--smp) smp=$2; shift ;;
	--mem) mem=$2; shift ;;
	--timeout) limit=$2; shift ;;
	--results) results=$2; shift ;;
	--queue) queue=$2; shift ;;
	--icount) icount=1 ;;
	--interactive) interactive=1 ;;
	--append) append=$2; shift ;;
	--qemu) extra+=("$2"); shift ;;
	--console) console=$2; shift ;;
	--) shift; break ;;
	*) die "unknown option $1 (the command comes after --)" ;;
	esac
	shift
done
[ "$#" -gt 0 ] || die "usage: scripts/vm.sh TARGET [OPTION...] -- COMMAND..."

# Kernel messages that mean a failure.
alarm='------------\[ cut here \]|WARNING: |BUG: |Oops: |Kernel panic|KASAN: '
alarm+='|UBSAN: |ODEBUG: |Call Trace:|INFO: (possible|suspicious|rcu|task|trying)'
alarm+='|suspicious RCU|detected stall|self-detected|inconsistent lock state'
alarm+='|held lock|blocked for more than|unregister_netdevice: waiting'
alarm+='|refcount_t: |general protection fault|[uU]nable to handle|soft lockup'
alarm+='|hard LOCKUP|list_(add|del) corruption|Bad page state|leaked reference'
alarm+='|scheduling while atomic|sleeping function called|double fault'
alarm+='|page allocation failure|workqueue lockup'

case $target in
bookworm|trixie|sid)
	entry=$("$dsr_top/scripts/root.sh" "$target")
	boot=$("$dsr_top/scripts/boot.sh" "$entry")
	;;
debug|uml|lean|native)
	entry=$("$dsr_top/scripts/root.sh" bookworm)
	kernel=$("$dsr_top/scripts/kernel.sh" "$target")
	boot=$("$dsr_top/scripts/boot.sh" "$entry" "$kernel")
	;;
*) die "no target '$target': it is one of bookworm, trixie, sid, debug, uml, lean, native" ;;
esac
uml=
case $target in
uml|lean|native) uml=1 ;;
esac
"$dsr_top/scripts/deps.sh"

# Use KVM only if a kernel boots with it: on some machines /dev/kvm opens, and the
# guest hangs in the firmware.  The result is kept for each machine.
kvm_works()
{
	local answer probe rc=1

	[ -w /dev/kvm ] || return 1
	probe=$dsr_cache/tmp/kvm-probe.$$
	answer=$dsr_cache/kvm-$({
		grep -m1 'model name' /proc/cpuinfo
		uname -r
		qemu-system-x86_64 --version
		cat /proc/sys/kernel/random/boot_id
	} | key)
	lock kvm
	if [ ! -e "$answer" ]; then
		say "trying whether KVM works here (10 s at most)"
		(timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu host -m 256 \
			-nodefaults -no-user-config -display none -no-reboot \
			-kernel "$boot/kernel" -initrd "$boot/initrd" \
			-append "console=ttyS0 panic=-1 acpi=noirq dsr.probe" \
			-serial "file:$probe" || true) </dev/null >/dev/null 2>&1
		if grep -qs dsr-probe-ok "$probe"; then
			echo yes >"$answer"
		else
			echo no >"$answer"
		fi
		rm -f "$probe"
	fi
	[ "$(cat "$answer")" != yes ] || rc=0
	unlock
	return $rc
}

[ -z "$uml" ] || [ -z "$interactive" ] ||
	die "$target has no terminal: --interactive is for the other targets"

[ -z "$uml" ] || [ -z "$icount" ] ||
	die "$target counts no instructions: --icount is for the other targets"

run=$(mktemp -d "${TMPDIR:-/tmp}/dsr-vm.XXXXXX")
qemu=0
# shellcheck disable=SC2317 # called at exit
clean_up()
{
	if [ "$qemu" -ne 0 ]; then
		kill "$qemu" 2>/dev/null || true
		wait "$qemu" 2>/dev/null || true
	fi
	[ -z "$console" ] || cp "$run/console" "$console" 2>/dev/null || true
	[ -z "$interactive" ] || stty sane 2>/dev/null || true
	rm -rf "$run"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "$uml" ]; then
	machine=()
	how="User Mode Linux"
elif [ -n "$icount" ]; then
	# String moves would count by the byte on a processor with the flags for
	# fast ones.
	machine=(-accel 'tcg,thread=single' -cpu 'max,la57=off,erms=off,fsrm=off'
		-icount 'shift=0,sleep=off' -seed 1 -rtc 'clock=vm')
	smp=1
	# Idle time passes at once, also while the host reads a file.
	append+=" tsc=reliable nowatchdog sysctl.kernel.hung_task_timeout_secs=0"
	how="software emulation, counting instructions"
elif kvm_works; then
	machine=(-accel kvm -cpu host)
	how=KVM
else
	machine=(-accel 'tcg,thread=multi' -cpu 'max,la57=off')
	how="software emulation"
fi

printf '%s\0' "$@" >"$run/command"
cp "$dsr_top/scripts/guest.sh" "$run/guest.sh"
: >"$run/output"
: >"$run/console"
{
	echo "export DSR_TARGET=$target"
	[ -z "$kernel" ] || echo "DSR_MODULES=1"
	[ -z "$results" ] || echo "DSR_RESULTS=1"
	[ -z "$queue" ] || echo "DSR_QUEUE=1"
	if [ -n "$interactive" ]; then
		echo "DSR_INTERACTIVE=1"
		if size=$(stty size 2>/dev/null); then
			echo "DSR_ROWS=${size% *} DSR_COLUMNS=${size#* }"
		fi
		printf 'export TERM=%q\n' "${TERM:-dumb}"
	fi
} >"$run/environment"

# share TAG DIRECTORY [OPTION]: a directory of the host for the guest.
share()
{
	if [ -n "$uml" ]; then
		echo "$2" >"$run/share.$1"
		return
	fi
	machine+=(-fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap${3:-}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

# A socket for each processor: the tables that a kernel without ACPI reads name no
# second core.
# shellcheck disable=SC2054 # QEMU's commas
[ -n "$uml" ] || machine+=(-nodefaults -no-user-config -display none -no-reboot
	-smp "$smp,sockets=$smp" -m "$mem"
	-kernel "$boot/kernel" -initrd "$boot/initrd"
	-serial "file:$run/console"
	-drive "if=none,id=root,file=${entry//,/,,}/image,format=raw,snapshot=on,cache=unsafe,file.locking=off"
	-device virtio-blk-pci,drive=root)
share dsr "$dsr_top" ,readonly=on
share rig "$run"
[ -z "$kernel" ] || share modules "$kernel/modules" ,readonly=on
if [ -n "$results" ]; then
	mkdir -p "$results"
	share results "$results"
fi
if [ -n "$queue" ]; then
	mkdir -p "$queue"
	share queue "$queue"
fi

arguments="console=ttyS0 loglevel=5 panic=-1 oops=panic nokaslr mitigations=off"
# Five-level page tables cost time, and with them KASAN of 6.1 sometimes takes
# a good address for a wild one while it identifies the boot processor.
arguments+=" no5lvl"
# With only AppArmor off, Debian's kernel uses SELinux, whose hooks see packets.
arguments+=" lsm=lockdown,yama audit=0 log_buf_len=4M net.ifnames=0"
# Under emulation ACPI's interpreter and the crypto self-tests take seconds, and
# with the debug kernel minutes; the delay loop need not be right.
arguments+=" acpi=noirq cryptomgr.notests=1"
[ "$how" = KVM ] || arguments+=" lpj=2000000"
if [ -n "$interactive" ]; then
	arguments+=" dsr.interactive"
	machine+=(-chardev "stdio,id=terminal,signal=off" -serial chardev:terminal)
fi
machine+=(-append "$arguments $append" "${extra[@]}")
command=(qemu-system-x86_64 "${machine[@]}")
if [ -n "$uml" ]; then
	read -r -a append <<<"$append"
	# shellcheck disable=SC2054 # a comma of the kernel's
	command=("$boot/kernel" "mem=${mem}M" "initrd=$boot/initrd"
		"ubd0c=$run/disk,$entry/image" "uml_dir=$run" con0=null,fd:1 con=null
		random.trust_cpu=1
		loglevel=5 panic=-1 oops=panic log_buf_len=4M
		"dsr.uml=$run" "${append[@]}")
	# User Mode Linux switches to its processes and back at every system
	# call, which is several times as fast on one processor as between two.
	# Pin each machine to a processor of its own.
	for ((processor = $(nproc --all) - 1; processor >= 0; processor--)); do
		exec {processor_lock}>"$dsr_cache/locks/processor-$processor"
		if flock -n "$processor_lock" &&
			taskset -c "$processor" true 2>/dev/null; then
			command=(taskset -c "$processor" "${command[@]}")
			break
		fi
		exec {processor_lock}>&-
	done
fi

say "booting $target with $how (usually 5 to 20 s)"
[ "$limit" -eq 0 ] ||
	command=(timeout --foreground -k 5 "$limit" "${command[@]}")
died=0
if [ -n "$interactive" ]; then
	"${command[@]}" || died=$?
else
	said=$run/qemu
	# the kernel's messages are the output of the program
	[ -z "$uml" ] || said=$run/console
	"${command[@]}" </dev/null >"$said" 2>&1 &
	qemu=$!
	tail -q -s 0.1 -f -n +1 --pid="$qemu" "$run/output" &
	follower=$!
	wait "$qemu" || died=$?
	qemu=0
	wait "$follower" || true
fi

# excerpt TEXT...: show it as quoted and fail the run.
fail()
{
	say "FAILED: $1"
	sed 's/^/  | /' >&2
	exit 99
}

if [ "$died" -eq 124 ] || [ "$died" -eq 137 ]; then
	say "the time was up after $limit s; the last that the kernel said:"
	tail -n 15 "$run/console" | sed 's/^/  | /' >&2
	exit 124
fi
for log in "$run/console" "$run/dmesg"; do
	if grep -aqsE -e "$alarm" "$log"; then
		tr -d '\r' <"$log" |
		awk -v alarm="$alarm" '
			$0 ~ alarm && !left { left = first++ ? 10 : 60 }
			left && shown < 150 { print; left--; shown++ }' |
		fail "the kernel of $target complained"
	fi
done
if [ -s "$run/kmemleak" ]; then
	head -n 80 "$run/kmemleak" |
		fail "$(grep -c '^unreferenced' "$run/kmemleak") memory leaks found by kmemleak"
fi
if [ ! -s "$run/status" ]; then
	{
		[ ! -s "$run/qemu" ] || cat "$run/qemu"
		tail -n 40 "$run/console"
	} | fail "the machine died before the command ended; the last that the kernel said"
fi
exit "$(cat "$run/status")"
