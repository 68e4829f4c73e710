#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A client with many connections that stay active until the end.

Usage: talk.py ADDRESS NUMBER FILE [SOURCE...]

Half of the connections download /slow/big, which is FILE, at a KiB a second;
each of the others sends a request twice a second, and expects the same server
to answer. So packets go both ways on all of them all the time, and a server
that gets a packet of another server's connection answers with a reset. With
SOURCEs, the connections come from these in turn.

The program answers each input line with one line of JSON, the state of the
connections. The line "mark" also begins a new count. At the end of its input
the program ends, and resets all connections.

The class Talk is for tests that start the program.
"""

import collections
import errno
import heapq
import json
import mmap
import os
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time

from host import Failure, wait_for

ASK = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
LOAD = b'GET /slow/big HTTP/1.1\r\nHost: x\r\n\r\n'
EVERY = 0.5             # seconds between a reply and the next request
AT_ONCE = 64            # connections that are being opened


class Lost(Exception):
    """A connection has ended; the text gives the cause."""


class Connection:
    """One connection. moves counts its progress since the mark."""

    def __init__(self, address, file, source=None):
        # the file that it downloads, or None if it sends requests
        self.file = file
        self.head = b''
        self.at = None          # received bytes of the file
        self.who = None
        self.moves = 0
        self.waits = False      # data of the present reply
        self.asked_before_mark = False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))
        self.sock.setblocking(False)
        if source:
            self.sock.bind((source, 0))
        code = self.sock.connect_ex((address, 80))
        if code != errno.EINPROGRESS:
            raise Lost(os.strerror(code))

    def __str__(self):
        return (f'port {self.sock.getsockname()[1]}, ' +
                (f'{self.at} bytes' if self.file else
                 f'server {self.who}, waits: {self.waits}') +
                f', {self.moves} moves')

    def say(self):
        """Send the first request, or the next."""
        self.waits = True
        self.asked_before_mark = False
        try:
            self.sock.send(LOAD if self.file else ASK)
        except OSError as error:
            raise Lost(error.strerror) from None

    def mark(self):
        self.moves = 0
        self.asked_before_mark = True

    def hear(self):
        """Read data; return True if a reply is complete."""
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Lost(error.strerror) from None
        if not data:
            raise Lost('closed by the server')
        if self.at is not None:
            self._load(data)
            return False
        self.head += data
        end = self.head.find(b'\r\n\r\n') + 4
        if end < 4:
            return False
        if not self.head.startswith(b'HTTP/1.1 200 '):
            raise Lost(f'answered {self.head[:40]}')
        if self.file:
            self.at = 0
            self._load(self.head[end:])
            return False
        if self.head.find(b"\n", end) < 0:
            return False
        self._answered(self.head[end:])
        return True

    def _load(self, data):
        if self.file[self.at:self.at + len(data)] != data:
            raise Lost(f'wrong data after {self.at} bytes')
        self.at += len(data)
        self.moves += 1

    def _answered(self, who):
        if self.who and who != self.who:
            raise Lost(f'{who} answers, which was {self.who}')
        self.who = who
        self.head = b''
        self.waits = False
        # a reply in flight proves nothing about later packets
        if not self.asked_before_mark:
            self.moves += 1


class Crowd:
    """All connections."""

    def __init__(self, address, number, file, sources=()):
        self.address, self.number, self.file = address, number, file
        self.sources = sources or (None,)
        self.selector = selectors.DefaultSelector()
        self.begun = 0
        self.opening = 0
        self.live = set()
        self.due = []                           # time of the next request
        self.lost = collections.Counter()       # {cause: number}
        self.bytes = 0
        self.heard = time.monotonic()
        self.silence = 0.0                      # the longest since the mark

    def open(self):
        while self.begun < self.number and self.opening < AT_ONCE:
            self.begun += 1
            try:
                one = Connection(
                    self.address, self.file if self.begun % 2 else None,
                    self.sources[self.begun // 2 % len(self.sources)])
            except Lost as how:
                self.lost[str(how)] += 1
                continue
            self.opening += 1
            self.selector.register(one.sock, selectors.EVENT_WRITE, one)

    def opened(self, one):
        self.opening -= 1
        code = one.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.selector.modify(one.sock, selectors.EVENT_READ, one)
        self.live.add(one)
        if code:
            self.lose(one, os.strerror(code))
        else:
            one.say()

    def lose(self, one, how):
        self.selector.unregister(one.sock)
        one.sock.close()
        self.live.discard(one)
        self.lost[how] += 1

    def hear(self, one):
        now = time.monotonic()
        self.silence = max(self.silence, now - self.heard)
        self.heard = now
        if one.hear():
            heapq.heappush(self.due, (now + EVERY, id(one), one))

    def turn(self):
        """Wait for the next event, and handle it."""
        self.open()
        wait = (max(0, self.due[0][0] - time.monotonic()) if self.due
                else None)
        for key, events in self.selector.select(wait):
            one = key.data
            if one is None:
                self.answer()
                continue
            try:
                if events & selectors.EVENT_WRITE:
                    self.opened(one)
                else:
                    self.hear(one)
            except Lost as how:
                self.lose(one, str(how))
        while self.due and self.due[0][0] <= time.monotonic():
            one = heapq.heappop(self.due)[2]
            if one in self.live:
                try:
                    one.say()
                except Lost as how:
                    self.lose(one, str(how))

    def answer(self):
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        if line == 'mark\n':
            self.silence = 0.0
            for one in self.live:
                one.mark()
        slowest = sorted(self.live, key=lambda one: one.moves)[:3]
        print(json.dumps({
            'open': sum(1 for one in self.live if one.who or one.at),
            'live': len(self.live), 'lost': sum(self.lost.values()),
            'how': self.lost, 'moves': slowest[0].moves if slowest else 0,
            'slowest': [str(one) for one in slowest], 'silence': max(self.silence, time.monotonic() - self.heard)}),
            flush=True)


class Talk:
    """The program, run in the namespace of a host.Host."""

    def __init__(self, host, address, number, file, sources=()):
        self.host = host
        self.number = number
        self.child = host.start(sys.executable, os.path.abspath(__file__),
                                address, str(number), file, *sources,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=None, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.stop(self.child)

    def state(self, command='state'):
        self.child.stdin.write(command + '\n')
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def mark(self):
        return self.state('mark')

    def settle(self, moves, seconds=120):
        """The state when all connections that are not lost have moved so
        often."""
        def look():
            state.update(self.state())
            return (state['moves'] >= moves and
                    state['open'] + state['lost'] == self.number)
        state = {}
        try:
            wait_for('some connections stand still', look, seconds, 0.1)
        except Failure as failure:
            raise Failure(f'{failure}: {state}') from None
        return state

    def settle_after(self, seconds=120):
        """The same, for connections from now on; with the whole silence since
        the mark."""
        silence = self.mark()['silence']
        state = self.settle(2, seconds)
        state['silence'] = max(silence, state['silence'])
        return state


def main():
    address, number, path, *sources = sys.argv[1:]
    number = int(number)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with open(path, 'rb') as file:
        crowd = Crowd(address, number, mmap.mmap(file.fileno(), 0,
                                                 access=mmap.ACCESS_READ),
                      sources)
    crowd.selector.register(sys.stdin, selectors.EVENT_READ, None)
    while True:
        crowd.turn()


if __name__ == '__main__':
    main()
