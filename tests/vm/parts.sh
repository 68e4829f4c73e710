#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage, in the virtual machine: tests/vm/parts.sh [demo] [demo_ha] [kunit]
#					[scenarios [PYTEST-ARGUMENT...]]
#
# Runs these one after the other, because booting a machine takes its time, and
# leaves the results of all in /results/parts, which ends by "done". Those of the
# part that runs are in /results/part meanwhile.

cd "$(dirname "$0")" || exit 1
all=/results/parts
: >$all
failed=0

# part NAME COMMAND...: run it with a results file of its own.
part()
{
	local name=$1 status=0
	shift

	export DSR_RESULTS_FILE=/results/part
	rm -f "$DSR_RESULTS_FILE"
	"$@" || status=$?
	[ "$status" -eq 0 ] || failed=1
	if [ "$(tail -n 1 "$DSR_RESULTS_FILE" 2>/dev/null)" != "done" ]; then
		echo "not ok $name (died with status $status)" >>$all
	elif [ "$status" -ne 0 ] && ! grep -q '^not ok ' "$DSR_RESULTS_FILE"; then
		echo "not ok $name (status $status)" >>$all
	fi
	grep -E '^(ok|not ok|skip) ' "$DSR_RESULTS_FILE" >>$all
	rm -f "$DSR_RESULTS_FILE"
}

# shellcheck disable=SC2317 # called by part
demo()
{
	"./$1.py" || return
	printf 'ok %s on %s\ndone\n' "$1" "$DSR_TARGET" >"$DSR_RESULTS_FILE"
}

while [ "$#" -gt 0 ]; do
	case $1 in
	demo|demo_ha) part "$1" demo "$1" ;;
	kunit) part kunit ./kunit.py ;;
	scenarios)
		shift
		part scenarios ./run.sh "$@"
		break
		;;
	*)
		echo "parts.sh: no part '$1': demo, demo_ha, kunit, scenarios" >&2
		exit 1
		;;
	esac
	shift
done
echo "done" >>$all
exit $failed
