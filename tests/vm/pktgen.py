# SPDX-License-Identifier: GPL-2.0
"""The kernel's packet generator: many flows, faster than any program."""

import contextlib
import os

from host import run


class Pktgen:
    """UDP from a device of a machine, on one processor."""

    def __init__(self, host, dev, **settings):
        self.host = host
        self.dev = dev
        self.pid = None
        run('modprobe', 'pktgen')
        self.write('kpktgend_0', 'rem_device_all')
        self.write('kpktgend_0', f'add_device {dev}')
        for name, value in settings.items():
            for one in value if isinstance(value, list) else [value]:
                self.write(dev, f'{name} {one}')

    def write(self, file, line):
        with self.host.at(), open(f'/proc/thread-self/net/pktgen/{file}', 'w',
                                  encoding='ascii') as control:
            control.write(line + '\n')

    def __enter__(self):
        self.pid = os.fork()
        if not self.pid:
            # returns when all packets are sent, or when stopped
            try:
                self.write('pgctrl', 'start')
            finally:
                os._exit(0)
        return self

    def running(self):
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = None
        return self.pid is not None

    def wait(self):
        if self.pid:
            os.waitpid(self.pid, 0)
            self.pid = None

    def __exit__(self, *_):
        if self.running():
            with contextlib.suppress(OSError):
                self.write('pgctrl', 'stop')
            self.wait()
        self.write('kpktgend_0', 'rem_device_all')

    def sent(self):
        with self.host.at(), open(
                f'/proc/thread-self/net/pktgen/{self.dev}',
                encoding='ascii') as file:
            for line in file:
                if 'pkts-sofar' in line:
                    return int(line.split()[1])
        return 0
