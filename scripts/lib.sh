#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Shared by all scripts of the rig: the cache's path, progress messages, long
# commands, locks between two runs, the mirror, the programs of the benchmark, and
# publishing of entries in the cache.  To be sourced.
#
# The cache holds expensive objects that are the same for every checkout: roots,
# kernels, initramfs images.  An incomplete entry is never visible: entries are
# built under $dsr_cache/tmp and renamed.

set -euo pipefail

export dsr_top
dsr_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dsr_cache=${DSR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dsr}
dsr_name=$(basename "$0")
mkdir -p "$dsr_cache"/{tmp,locks,logs}

# say SENTENCE: one line of progress.  All progress goes to standard error,
# because standard output carries the requested path or output.
say()
{
	printf '%s: %s\n' "$dsr_name" "$*" >&2
}

# die SENTENCE: report what went wrong, where, and the remedy, and exit.
die()
{
	printf '%s: error: %s\n' "$dsr_name" "$*" >&2
	exit 1
}

# mirror: print the mirror that this machine itself uses for Debian proper.
mirror()
{
	local format="\$(SITE)|\$(ORIGIN)|\$(LABEL)" site

	site=$(apt-get indextargets --format "$format" 'Created-By: Packages' |
		awk -F'|' '$2 == "Debian" && $3 == "Debian" && !n++ { print $1 }')
	[ -n "$site" ] || die "apt knows no Debian mirror: check the sources in /etc/apt"
	printf '%s\n' "$site"
}

# build_bpf DIR: the BPF programs of the benchmark. Linux's headers are enough.
build_bpf()
{
	local program

	for program in gen lru; do
		clang -target bpf -O2 -g -Wall -Werror \
			-I/usr/include/x86_64-linux-gnu \
			-c "$dsr_top/tests/bench/$program.bpf.c" \
			-o "$1/$program.o"
	done
}

# as_root COMMAND...: run it as root, with sudo for other users.
as_root()
{
	if [ "$EUID" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "this needs root: run it as root, or install sudo"
	fi
}

# Report the time that passes until killed: a ticking line on a terminal, else
# a line every 20 seconds.
dsr_tick()
{
	local what=$1 usual=$2 start=$SECONDS

	if [ -t 2 ]; then
		while sleep 1; do
			printf '\r%s: %s: %d s (usually %s) ' "$dsr_name" \
				"$what" $((SECONDS - start)) "$usual" >&2
		done
	else
		while sleep 20; do
			say "$what: $((SECONDS - start)) s so far (usually $usual)"
		done
	fi
}

# step WHAT USUALLY LOG COMMAND...: run a long command (or function, with
# errexit in force) with its output in LOG, and show the elapsed time.  If it
# fails, show the end of the log and exit.  It has its own process group, which
# ends with this script.
step()
{
	local what=$1 usual=$2 log=$3 start=$SECONDS rc=0 job tick
	shift 3

	mkdir -p "$(dirname "$log")"
	say "$what (usually $usual)"
	# Here, because sudo can ask for a password in the foreground only.
	[ "$EUID" -eq 0 ] || as_root true
	set -m
	("$@") >"$log" 2>&1 </dev/null &
	job=$!
	dsr_tick "$what" "$usual" </dev/null &
	tick=$!
	set +m
	trap 'kill -- "-$job" "-$tick" 2>/dev/null || true; wait; exit 130' INT TERM HUP
	wait "$job" || rc=$?
	kill -- "-$tick" 2>/dev/null || true
	wait "$tick" 2>/dev/null || true
	trap - INT TERM HUP
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if [ "$rc" -ne 0 ]; then
		tail -n 30 "$log" | sed 's/^/  | /' >&2
		die "$what: failed with status $rc after $((SECONDS - start)) s; the whole log is $log"
	fi
	say "$what: done in $((SECONDS - start)) s"
}

# lock NAME: wait until no other run works on NAME; held until unlock or exit.
lock()
{
	exec {dsr_lock}>"$dsr_cache/locks/$1"
	if ! flock -n "$dsr_lock"; then
		say "waiting for another run that is working on $1"
		flock "$dsr_lock"
	fi
}

unlock()
{
	flock -u "$dsr_lock"
	exec {dsr_lock}>&-
}

# scratch NAME: an empty directory in the cache's tmp, removed at exit unless
# published; its path is left in $dsr_scratch.
scratch()
{
	dsr_scratch=$(mktemp -d "$dsr_cache/tmp/$1.XXXXXX")
	chmod 755 "$dsr_scratch"
	trap 'as_root rm -rf --one-file-system "$dsr_scratch"' EXIT
}

# publish KIND NAME: the scratch directory becomes the cache's KIND/NAME.
# Remove entries of the same kind and stem that were not used for a week, and
# leftovers of killed runs.
publish()
{
	local kind=$1 name=$2 old

	mkdir -p "$dsr_cache/$kind"
	mv -T "$dsr_scratch" "$dsr_cache/$kind/$name"
	trap - EXIT
	{
		find "$dsr_cache/$kind" -mindepth 1 -maxdepth 1 \
			-name "${name%-*}-*" -mtime +7 -print0
		find "$dsr_cache/tmp" -mindepth 1 -maxdepth 1 -mtime +1 -print0
	} |
	while IFS= read -r -d '' old; do
		as_root rm -rf --one-file-system "$old"
	done
}

# key: a short hash of standard input.
key()
{
	sha256sum | cut -c1-12
}
