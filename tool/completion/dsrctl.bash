# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of dsrctl for bash. Objects, commands, keywords and their values
# come from dsrctl itself; options, namespaces and files are known here.

_dsrctl()
{
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local options='--statistics --json --pretty --netns --batch --force
		--color --version --help'
	local words=() candidates='' i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-n | --netns | -b | --batch)
			if ((${#words[@]} == 0)); then
				((i++))
			else
				words+=("${COMP_WORDS[i]}")
			fi
			;;
		-*)
			((${#words[@]} == 0)) || words+=("${COMP_WORDS[i]}")
			;;
		*)
			words+=("${COMP_WORDS[i]}")
			;;
		esac
	done

	if ((${#words[@]} == 0)); then
		case $previous in
		-n | --netns)
			candidates=$(command ls /run/netns 2>/dev/null)
			mapfile -t COMPREPLY < <(compgen -W "$candidates" \
				-- "$current")
			return
			;;
		-b | --batch)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			return
			;;
		esac
		if [[ $current == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$options" \
				-- "$current")
			return
		fi
	fi

	candidates=$("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}

complete -F _dsrctl dsrctl
