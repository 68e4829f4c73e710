#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage, in the virtual machine: tests/vm/run.sh [PYTEST-ARGUMENT...]
#
# Runs the scenarios. Results go to /results/scenarios if that is there:
#
#	scripts/vm.sh bookworm --results DIR -- tests/vm/run.sh -k mark

cd "$(dirname "$0")" || exit 1
if [ -d /results ] && [ -w /results ]; then
	export DSR_RESULTS_FILE=${DSR_RESULTS_FILE:-/results/scenarios}
fi
# The KUnit suites have a run of their own (kunit.py): where they are built in,
# they would else run again at each insmod.
if modprobe -nq kunit; then
	modprobe -rq dsr_lb dsr_rs kunit
	modprobe kunit enable=0
fi
# No variable of the environment: programs that the tests start import other modules,
# and find these where they always are.
exec python3 -X pycache_prefix="/dsr/build/$DSR_TARGET/pycache" -m pytest \
	-v -p no:cacheprovider --tb=short --durations=15 --no-header -rN "$@"
