# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of dsrctl for bash. All words come from dsrctl itself.

# bash has cut the line into words at each colon and "=", too: put together what
# has no blank between. In $words what is there already, without the command's
# name, and in $current what is to be completed.
_dsrctl_words()
{
	local line=${COMP_LINE:0:COMP_POINT} gap word i

	words=()
	current=''
	for ((i = 0; i <= COMP_CWORD; i++)); do
		gap=${line%%[![:blank:]]*}
		line=${line:${#gap}}
		word=${COMP_WORDS[i]}
		((i < COMP_CWORD)) || word=$line
		line=${line:${#word}}
		if [[ -n $gap || -z $current ]]; then
			((i == 0)) || words+=("$current")
			current=''
		fi
		current+=$word
	done
	words=("${words[@]:1}")
}

_dsrctl()
{
	local words current given='' value stem breaks word status=0 i

	_dsrctl_words
	value=$current
	if [[ $current == -*=* ]]; then
		given=${current%%=*}=
		value=${current#*=}
		words+=("$given")
	elif [[ $current == -* ]]; then
		words+=(-)
	fi

	COMPREPLY=()
	word=$("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null) || status=$?
	if ((status == 3)); then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -P "$given" -f -- "$value")
	else
		while read -r word; do
			[[ $word != "$value"* ]] || COMPREPLY+=("$given$word")
		done <<<"$word"
	fi

	# bash puts them in the place of its own last word
	breaks=${COMP_WORDBREAKS//[!:=]}
	stem=${current%"${current##*["${breaks:-/}"]}"}
	[[ -n $breaks ]] || stem=''
	for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do
		COMPREPLY[i]=${COMPREPLY[i]#"$stem"}
	done
}

complete -F _dsrctl dsrctl
