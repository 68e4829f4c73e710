# SPDX-License-Identifier: GPL-2.0
"""A terminal, by tmux: keys are typed, and what is on the screen is read."""

import os
import pty
import re
import shlex
import subprocess
import time


class Terminal:
    """A shell command that runs in a terminal, behind the word "before".

    When it ends, its exit status and the settings of the terminal are printed:
    "status 0 same" if these are as they were before.
    """

    def __init__(self, directory, command, env, size=(80, 24)):
        self.tmux = ['tmux', '-u', '-S', f'{directory}/tmux', '-f', '/dev/null']
        given = ' '.join(f'{name}={shlex.quote(value)}'
                         for name, value in env.items())
        script = ('trap : INT; echo before; old=$(stty -g); '
                  f'env {given} {command}; status=$?; '
                  '[ "$old" = "$(stty -g)" ] && same=same; '
                  'echo "status $status $same"; exec cat')
        self.run('new-session', '-d', '-x', str(size[0]), '-y', str(size[1]),
                 'sh', '-c', script)

    def run(self, *words):
        return subprocess.run(
            [*self.tmux, *words], capture_output=True, text=True, check=True,
            encoding='utf-8', timeout=60).stdout

    def keys(self, *names):
        """Type keys, by their names for tmux."""
        self.run('send-keys', *names)

    def type(self, text):
        self.run('send-keys', '-l', text)

    def resize(self, columns, lines):
        self.run('resize-window', '-x', str(columns), '-y', str(lines))

    def screen(self):
        return self.run('capture-pane', '-p').splitlines()

    def wait(self, pattern, seconds=60):
        """The screen, when it has something like this."""
        return self.until(lambda screen: re.search(
            pattern, '\n'.join(screen), re.M), repr(pattern), seconds)

    def until(self, condition, name, seconds=60):
        """The screen, when a condition is true for it.

        A screen may be caught when half of it is drawn.
        """
        end = time.monotonic() + seconds
        while not condition(screen := self.screen()):
            assert time.monotonic() < end, (
                f'no {name} within {seconds} s on\n' + '\n'.join(screen))
            time.sleep(0.05)
        return screen

    def process(self, name):
        """The number of the process that has this name here."""
        shell = self.run('list-panes', '-F', '#{pane_pid}').strip()
        found = subprocess.run(['pgrep', '-P', shell, '-f', name],
                               capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])

    def close(self):
        """End the command and the terminal.

        A command that loses its terminal ends by itself, but with LeakSanitizer it
        does so only after looking for leaks, and without a terminal it never ends
        that: so it gets no time to.
        """
        shells = subprocess.run([*self.tmux, 'list-panes', '-F', '#{pane_pid}'],
                                capture_output=True, text=True, check=False,
                                timeout=60).stdout.split()
        for shell in shells:
            subprocess.run(['pkill', '-KILL', '-P', shell], check=False)
        subprocess.run([*self.tmux, 'kill-server'], capture_output=True,
                       check=False, timeout=60)


def printed_to_terminal(argv, **env):
    """Run a program whose output is a terminal: its exit status and output."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(env)
        os.execv(argv[0], argv)
    out = b''
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        out += data
    return os.waitpid(pid, 0)[1], out
