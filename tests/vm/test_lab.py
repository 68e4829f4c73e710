# SPDX-License-Identifier: GPL-2.0
"""The lab: commands are typed in it, and the screen shows what they do.

Its namespaces are its own, so the machines of the other tests stay as they are.
"""

import os
import pty
import re
import select
import signal
import time

import pytest

from host import Failure
from network import VIP

# a pager leaves its last line before it
PROMPT = r'(client|lv[12]|w10[12]):\S+# $'
LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lab.py')


class Typist:
    """A terminal in which the lab runs."""

    def __init__(self):
        self.text = ''
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM='xterm', LC_ALL='C')
            os.execvp('unshare', ['unshare', '--mount', LAB, '--loaded'])

    def expect(self, pattern, seconds=120):
        """Read until there is something like this, and return the match."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text, re.M)):
            if time.monotonic() > end:
                raise Failure(f'no {pattern!r} after {seconds} s: {self.text}')
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    raise Failure(f'the lab has ended before {pattern!r}: '
                                  f'{self.text}') from None
                self.text += re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', '', data.decode(
                    errors='replace')).replace('\r', '')
        self.text = self.text[found.end():]
        return found

    def type(self, text, prompt=PROMPT):
        """Type a line, and return what is there until the next prompt."""
        os.write(self.fd, text.encode())
        if not prompt:
            return ''
        return self.expect(rf'([\s\S]*?){prompt}')[1]

    def close(self):
        os.close(self.fd)
        if self.pid:
            os.kill(self.pid, signal.SIGHUP)
            os.waitpid(self.pid, 0)


@pytest.fixture
def lab(site):
    typist = Typist()
    yield typist
    typist.close()


def test_lab(lab):
    assert lab.expect(PROMPT)[1] == 'lv1'
    # the first configuration works
    assert '10.10.30.101' in lab.type('dsrctl backend show\n')
    lab.type('lab on client\n')
    seen = lab.type(f'for i in 1 2; do curl -s http://{VIP}; done\n')
    assert 'w101 port 80' in seen and 'w102 port 80' in seen
    assert 'it is one of client' in lab.type('lab on w9\n')
    assert 'lab reset' in lab.type('lab\n')
    lab.type('lab on lv1\n')
    # completion
    assert 'service show ' in lab.type('dsrctl service sho\t\n').splitlines()[0]
    # the manual is shown page by page; q ends it
    lab.type('man dsrctl\n', prompt=None)
    lab.expect(r'DSRCTL\(8\)')
    lab.type('q')
    # an editor, a change, and back
    lab.type('vi lv1.yaml\n', prompt=None)
    lab.expect('scheduler: rr')
    lab.type(':%s/scheduler: rr/scheduler: wlc/\r', prompt=None)
    lab.expect('scheduler: wlc')
    lab.type(':wq\r')
    assert 'scheduler rr -> wlc' in lab.type('dsrctl apply lv1.yaml\n')
    lab.type('lab reset\n')
    shown = lab.type('dsrctl service show; ls\n')
    assert ' rr ' in shown and 'wlc' not in shown and 'lv1.yaml~' in shown
    lab.type('exit\n', prompt=None)
    assert os.waitstatus_to_exitcode(os.waitpid(lab.pid, 0)[1]) == 0
    lab.pid = 0
