#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The lab: shells on the machines of the demo, to try things out.

scripts/lab.sh starts it, on this machine or in a virtual one. The names of its
network namespaces are seen in the lab only, so it needs "unshare --mount".
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from host import Failure, run                               # noqa: E402
from network import MACHINES, VIP, W101, W102, Network      # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETNS = '/run/netns'
BACKLOG = '/proc/sys/net/core/netdev_max_backlog'

PAGE = f"""\
   client ---+--- lv1, lv2 ---+--- w101, w102       {VIP} is the VIP

client       curl http://{VIP}
lv1          dsrctl show    dsrctl doctor    vi lv1.yaml    dsrctl apply lv1.yaml
w101         dsrctl real show    dsrctl flow show    tcpdump -ni eth0
everywhere   man dsrctl    dsrctl help    the Tab key

lab on NAME  a shell on another machine: {', '.join(MACHINES)}
lab reset    machines and files as in the beginning
lab          this page
exit         the end of the lab
"""

FILES = {
    'lv1': f"""\
# The balancer. After a change: dsrctl apply lv1.yaml
services:
  - vip: {VIP}
    proto: tcp
    port: 80
    scheduler: rr
    backends:
      - {W101}
      - {W102}
...
""",
    **{name: f"""\
# A real server. After a change: dsrctl apply {name}.yaml
rules:
  - vip: {VIP}
...
""" for name in ('w101', 'w102')}}

# @...@ is filled in
RC = r"""
PS1='@NAME@:\w# '
PATH=@LAB@/bin:$PATH EDITOR=vi PAGER=less MANPAGER=less LESS=-R
HISTFILE=@LAB@/history
export PATH EDITOR PAGER MANPAGER LESS
HOME=@HOME@
cd
. @TOP@/tool/completion/dsrctl.bash

man()
{
    local page

    for page in @TOP@/tool/"${!#}".[0-9]; do
        [ ! -e "$page" ] || { command man -l "$page"; return; }
    done
    command man "$@"
}

lab()
{
    case ${1:-} in
    reset) ;;
    on)
        case " @MACHINES@ " in
        *" ${2:-} "*) ;;
        *)
            echo "lab: no machine '${2:-}': it is one of @MACHINES@" >&2
            return 1
            ;;
        esac
        ;;
    '') cat @LAB@/page; return ;;
    *)
        echo "lab: no command '$1': it is on NAME, or reset" >&2
        return 1
        ;;
    esac
    echo "$@" >@LAB@/next
    exit 0
}
complete -W 'on reset @MACHINES@' lab
"""


class Lab:
    """The network, its files, and the shells."""

    def __init__(self, directory, loaded):
        self.directory = directory
        self.loaded = loaded
        self.home = f'{directory}/home'
        self.net = Network(f'{directory}/net')

    def path(self, name):
        return f'{self.directory}/{name}'

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def prepare(self):
        """Make everything that no reset changes."""
        os.makedirs(self.path('bin'))
        os.makedirs(self.home)
        busybox = shutil.which('busybox')
        for name in ('less', 'vi'):
            if busybox and not shutil.which(name):
                os.symlink(busybox, self.path(f'bin/{name}'))
        self.write('page', PAGE)
        os.makedirs(NETNS, exist_ok=True)
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'none', NETNS)
        if not self.loaded:
            self.net.check()
            self.net.load()

    def begin(self):
        """The machines with the first configuration."""
        self.net.up()
        for name in ('w101', 'w102'):
            self.net.serve(name)
        for name, text in FILES.items():
            path = f'{self.home}/{name}.yaml'
            if os.path.exists(path):
                with open(path, encoding='utf-8') as file:
                    if file.read() != text:
                        os.replace(path, f'{path}~')
            self.write(f'home/{name}.yaml', text)
            self.net[name].dsrctl('apply', path)

    def end(self):
        """The machines are gone, and the modules if they are ours."""
        loaded, self.net.loaded = self.net.loaded, set()
        self.net.down()
        self.net.loaded = loaded

    def shell(self, name):
        """A shell, and what it wants next, as words."""
        text = RC
        for key, value in (('NAME', name), ('LAB', self.directory),
                           ('HOME', self.home), ('TOP', TOP),
                           ('MACHINES', ' '.join(MACHINES))):
            text = text.replace(f'@{key}@', value)
        self.write('bashrc', text)
        if os.path.exists(self.path('next')):
            os.unlink(self.path('next'))
        with self.net[name].at():
            subprocess.run(['bash', '--rcfile', self.path('bashrc'), '-i'],
                           check=False)
        if not os.path.exists(self.path('next')):
            return []
        with open(self.path('next'), encoding='ascii') as file:
            return file.read().split()

    def run(self, name):
        self.begin()
        print(PAGE, flush=True)
        while wanted := self.shell(name):
            if wanted[0] == 'on':
                name = wanted[1]
                continue
            self.end()
            self.begin()
            print('The lab is as it was in the beginning. Files that were '
                  'changed are kept as NAME.yaml~.', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--loaded', action='store_true',
                        help='use the modules that are loaded')
    parser.add_argument('--shell', metavar='MACHINE', default='lv1',
                        choices=MACHINES)
    options = parser.parse_args()
    with open(BACKLOG, encoding='ascii') as file:
        backlog = file.read()
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    status = 0
    with tempfile.TemporaryDirectory(prefix='dsr-lab.') as directory:
        lab = Lab(directory, options.loaded)
        try:
            lab.prepare()
            lab.run(options.shell)
        except Failure as failure:
            print(f'lab: error: {failure}', file=sys.stderr)
            status = 1
        finally:
            lab.net.down()
            with open(BACKLOG, 'w', encoding='ascii') as file:
                file.write(backlog)
    return status


if __name__ == '__main__':
    sys.exit(main())
