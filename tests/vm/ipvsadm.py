# SPDX-License-Identifier: GPL-2.0
"""ipvsadm on a machine, and its listings as lists of words."""


def ipvsadm(site, *argv, check=True, host='lv1'):
    words = argv[0].split() if len(argv) == 1 else argv
    site.net[host].changed = True
    return site.net[host].run('ipvsadm', *words, check=check)


def listed(site, options='-Ln'):
    """The lines of a listing after its header."""
    head = 2 if options == '-Lnc' else 3
    return [line.split() for line in
            ipvsadm(site, options).stdout.splitlines()[head:]]
