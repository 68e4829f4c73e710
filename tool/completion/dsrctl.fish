# SPDX-License-Identifier: GPL-2.0
#
# Completion of dsrctl for fish. All words come from dsrctl itself.

function __dsrctl_complete
    set -l given (commandline -opc)
    set -l current (commandline -ct)
    set -l before ''
    if string match -q -- '-*=*' $current
        set before (string replace -r '=.*' '=' -- $current)
        set given $given $before
    else if string match -q -- '-*' $current
        set given $given -
    end

    set -l candidates ($given[1] complete $given[2..-1] 2>/dev/null)
    if test $status -eq 3
        set candidates (__fish_complete_path (string replace -- "$before" '' $current))
    end
    if test (count $candidates) -gt 0
        printf '%s\n' $before$candidates
    end
end

complete -c dsrctl -f -a '(__dsrctl_complete)'
