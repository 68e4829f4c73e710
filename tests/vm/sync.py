# SPDX-License-Identifier: GPL-2.0
"""Balancers with dsrsyncd and a corosync each."""

import json
import os
import signal
import socket
import struct
import subprocess

from host import Failure, wait_for
from test_docs import DOCS

BUILD = os.environ.get('DSR_BUILD')
COROSYNC = f'{BUILD}/corosync'
DAEMON = f'{BUILD}/dsrsyncd'
PLUGINS = '/usr/lib/x86_64-linux-gnu/kronosnet'
# A machine that stands still for a time is no dead one, but links come up at once.
PATIENT = '''
    token: 30000
    interface {
        linknumber: 0
        knet_ping_interval: 200
        knet_ping_timeout: 20000
        knet_pong_count: 1
    }
    keyfile: %s
}
system {
    sched_rr: no
}
logging {
    to_stderr: yes
    to_syslog: no
}
nodelist {'''
SECONDS = 180
# tool/sync/wire.c
TELL, END, STATE, RESYNC = 1, 2, 3, 4

# A member that says what it is told to, each message as a line of hexadecimal digits.
STRANGER = '''
import ctypes, sys, time
cpg = ctypes.CDLL('libcpg.so.4')
handle, nothing = ctypes.c_uint64(), (ctypes.c_void_p * 2)()
class Name(ctypes.Structure):
    _fields_ = [('length', ctypes.c_uint32), ('value', ctypes.c_char * 128)]
class Part(ctypes.Structure):
    _fields_ = [('base', ctypes.c_char_p), ('size', ctypes.c_size_t)]
def insist(function, *args):
    while (status := function(*args)) == 6:     # CS_ERR_TRY_AGAIN
        cpg.cpg_dispatch(handle, 2)
        time.sleep(0.01)
    assert status == 1, (function, status)
insist(cpg.cpg_initialize, ctypes.byref(handle), nothing)
name = Name(3, b'dsr')
insist(cpg.cpg_join, handle, ctypes.byref(name))
for line in sys.stdin:
    data = bytes.fromhex(line)
    part = Part(data, len(data))
    insist(cpg.cpg_mcast_joined, handle, 2, ctypes.byref(part), 1)
insist(cpg.cpg_leave, handle, ctypes.byref(name))
insist(cpg.cpg_finalize, handle)
'''


def message(kind, body=b'', count=0, version=1, magic=b'DSRS', sent=0):
    """A message, as tool/sync/wire.c has it."""
    return struct.pack('>4sBBHQ', magic, version, kind, count, sent) + body


def entry(src, sport, dst, dport, backend, proto=17, state=4, family=4, zero=0,
          fwmark=0, expires=200000):
    """An entry of such a message."""
    return struct.pack('>BBBBHHII', family, proto, state, zero, sport, dport,
                       fwmark, expires) + b''.join(
                           map(socket.inet_aton, (src, dst, backend)))


class Sync:
    """corosync and dsrsyncd on some balancers; they end with the test."""

    def __init__(self, site, names=('lv1', 'lv2')):
        self.site, self.net = site, site.net
        self.rings, self.daemons, self.notices = {}, {}, {}
        self.key = f'{self.net.directory}/authkey'
        with open(self.key, 'wb') as file:
            file.write(os.urandom(256))
        os.chmod(self.key, 0o400)
        if not os.path.exists(PLUGINS):
            os.symlink(f'{COROSYNC}/kronosnet', PLUGINS)
        os.makedirs('/var/lib/corosync', exist_ok=True)
        with open(f'{DOCS}/corosync.conf', encoding='utf-8') as file:
            text = file.read()
        head, tail = text.split('}\nnodelist {')
        self.config = f'{self.net.directory}/corosync.conf'
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write(head + PATIENT % self.key + tail)
        site.undo.append(self.end)
        for name in names:
            self.start_ring(name)
        # until then each is alone, and so is its dsrsyncd
        for name in names:
            wait_for(lambda one=name: self.log(one), lambda one=name: (
                f'Sync members[{len(names)}]' in self.log(one)), SECONDS)

    def path(self, name, what):
        return f'{self.net.directory}/{name}.{what}'

    def log(self, name):
        with open(self.path(name, 'corosync'), encoding='utf-8',
                  errors='replace') as file:
            return file.read()

    def start_ring(self, name):
        """Start corosync, with files of its own."""
        with open(self.path(name, 'corosync'), 'wb') as log:
            self.rings[name] = self.net[name].start(
                'unshare', '--mount', 'sh', '-c', f'''
                mount -t tmpfs none /run
                mount -t tmpfs none /var/lib/corosync
                LD_LIBRARY_PATH={COROSYNC}/lib exec {COROSYNC}/corosync -f \
                    -c {self.config}''', stdout=log, stderr=subprocess.STDOUT)

    def stop_ring(self, name):
        """Stop corosync, which takes its leave of the others."""
        child = self.rings.pop(name)
        child.terminate()
        child.wait(timeout=SECONDS)
        self.net[name].stop(child)

    def start(self, name, *options):
        """Start dsrsyncd; wait_ready() waits until it is ready."""
        path = self.path(name, 'notify')
        if os.path.exists(path):
            os.unlink(path)
        notice = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notice.bind(path)
        notice.settimeout(SECONDS)
        self.notices[name] = notice
        self.daemons[name] = self.net[name].start(
            'env', f'LD_LIBRARY_PATH={COROSYNC}/lib', f'NOTIFY_SOCKET={path}',
            DAEMON, '-s', self.path(name, 'sync'), '-t', '3600', *options,
            stderr=None)

    def start_all(self):
        """Start dsrsyncd on each, one ready after the other."""
        for name in self.rings:
            self.start(name)
            self.wait_ready(name)

    def wait_ready(self, name):
        try:
            assert self.notices[name].recv(100) == b'READY=1'
        except TimeoutError:
            raise Failure(f'{name} is not ready: {self.ask(name)}\n' +
                          self.log(name)) from None

    def ask(self, name, request='show'):
        """The answer of dsrsyncd; None if it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(SECONDS)
            try:
                sock.connect(self.path(name, 'sync'))
            except (FileNotFoundError, ConnectionRefusedError):
                return None
            sock.sendall(request.encode() + b'\n')
            with sock.makefile(encoding='utf-8') as file:
                return json.loads(file.read() or 'null')

    def wait(self, name, condition):
        """Wait until condition(answer of dsrsyncd) is true."""
        def holds():
            answer = self.ask(name)
            return answer and condition(answer) and answer
        return wait_for(lambda: f'{name}: {self.ask(name)}; {self.log(name)}',
                        holds, SECONDS)

    def wait_members(self, name, count):
        return self.wait(name, lambda answer: len(answer['peers']) == count - 1)

    def kill(self, name):
        """End dsrsyncd by SIGKILL, so that it leaves the group without a word."""
        self.net[name].stop(self.daemons.pop(name))
        self.notices.pop(name).close()

    def freeze(self, name, on):
        os.kill(self.daemons[name].pid, signal.SIGSTOP if on else
                signal.SIGCONT)

    def say(self, name, messages):
        """Send messages to the group from another process on a machine."""
        self.net[name].run(
            'env', f'LD_LIBRARY_PATH={COROSYNC}/lib', 'python3', '-c', STRANGER,
            stdin=''.join(f'{one.hex()}\n' for one in messages))

    def end(self):
        for name in list(self.daemons):
            self.kill(name)
        for name, child in self.rings.items():
            self.net[name].stop(child)
