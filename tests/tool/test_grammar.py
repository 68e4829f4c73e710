# SPDX-License-Identifier: GPL-2.0
"""Mistakes that the tool itself finds, and its help. No request is sent."""

import glob
import os
import re
import subprocess

import pytest

SERVICE_KEY = ('fwmark N[/MASK] [family inet|inet6] | '
               'vip ADDR [proto tcp|udp|sctp [port P[-Q]]]')
TIMEOUT = ('[timeout-syn|timeout-established|timeout-fin|timeout-closed|'
           'timeout-udp TIME|default]')
SERVICE = f'{{{SERVICE_KEY}}} [OPTION]... [force]'
BACKEND_KEY = f'{{{SERVICE_KEY}}} via ADDR'
BACKEND = f'{BACKEND_KEY} [weight W] [upper N] [lower N] [up|down|draining] [force]'
KEY = ('{vip ADDR [proto tcp|udp|sctp [port N]] | tos VALUE[/MASK] | '
       'dscp VALUE}')
OPTIONS = ('[to ADDR|[:]PORT|ADDR:PORT] [mode redirect|local] '
           '[from ADDR|MAC[,ADDR|MAC]...] [clear] [mark N] '
           '[balancer ADDR|MAC[,ADDR|MAC]...]')
SILENCE = 'ADDR [dev DEV]...'
CONNECTION = ('[fwmark N] [via ADDR] [src ADDR[/LENGTH][:PORT]] '
              '[dst ADDR[/LENGTH][:PORT]] '
              '[proto tcp|udp|sctp] '
              '[state syn|established|fin|closed|udp|persistent|unproven] '
              '[sort src|dst|via|state|expires] [limit N]')
EXPLAIN = 'SRC:PORT DST:PORT [proto tcp|udp|sctp] [mark N] [dev NAME] '\
          '[length N] [middle | firewall]'
OBJECTS = ('service, backend, connection, path, real, flow, stats, show, '
           'monitor, trace, top, explain, metrics, doctor, apply, save, import, '
           'upgrade, sync or help')
PATH = 'dev NAME [recheck TIME] [via ingress|xdp|xdp-generic]'
NUMBER = ('is not a number: write a decimal number without leading zeros, or '
          'a hexadecimal one with 0x')
ADDRESS = ('is not an IP address: write an address like 192.0.2.1 or '
           '2001:db8::1')
NEIGHBOUR = ('is neither an IP address nor a MAC address: write an address '
             'like 192.0.2.1, 2001:db8::1 or 02:00:00:00:00:01')
TIME = ('is not a time: write a time like 500ms, 30s, 10m, 2h, 1d or 1h30m; a '
        'number without a unit means seconds')
WHICH = 'one of fwmark and vip is missing'
KEYWORDS = 'fwmark, family, vip, proto'
SERVICE_KEYWORDS = (f'{KEYWORDS}, port, scheduler, path, tos, hash, '
                    'table-size, choices, ping, one-packet, on-down, on-unreachable, chances, persist, '
                    'persist-prefix, probe-marks, timeout-syn, timeout-established, '
                    'timeout-fin, timeout-closed, timeout-udp or force')

ERRORS = {
    # objects and commands
    'services': f"unknown object 'services': expected {OBJECTS}",
    'x': f"unknown object 'x': expected {OBJECTS}",
    's': "object 's' is ambiguous: service, stats, show, save or sync",
    'service frob': "service: unknown command 'frob': expected add, set, "
                    'replace, delete, show, flush, stop or help',
    'service s': "service: command 's' is ambiguous: set, show or stop",
    'stats x': "stats: unknown command 'x': expected show, reasons or help",
    'show x': "show: unexpected argument 'x': this command takes none",
    # keywords
    'service add': f'service add: {WHICH}: dsrctl service add {SERVICE}',
    'service add scheduler rr':
        f'service add: {WHICH}: dsrctl service add {SERVICE}',
    'service add proto tcp port 80':
        f'service add: {WHICH}: dsrctl service add {SERVICE}',
    'service add fwmark 1 vip 10.0.0.1':
        'service add: fwmark and vip exclude each other: '
        f'dsrctl service add {SERVICE}',
    'service show port 80':
        f'service show: {WHICH}: dsrctl service show [{SERVICE_KEY}]',
    'backend show family inet6':
        f'backend show: {WHICH}: dsrctl backend show [{SERVICE_KEY}]',
    'service add fwmark': 'service add: fwmark needs a value: '
                          f'dsrctl service add {SERVICE}',
    'service add fwmark 1 fwmark 1': 'service add: fwmark is given twice',
    'service add fwmark 1 rr': "service add: unknown keyword 'rr': "
                               f'expected {SERVICE_KEYWORDS}',
    'service add fw 1': "service add: unknown keyword 'fw': "
                        f'expected {SERVICE_KEYWORDS}',
    'service delete fwmark 1 path stack':
        f"service delete: unknown keyword 'path': expected {KEYWORDS} or port",
    'service delete': f'service delete: {WHICH}: '
                      f'dsrctl service delete {SERVICE_KEY}',
    'service flush all': "service flush: unexpected argument 'all': this "
                         "command takes none",
    'backend add fwmark 1': 'backend add: via is missing: '
                            f'dsrctl backend add {BACKEND}',
    'backend add via 10.0.0.1': f'backend add: {WHICH}: '
                                f'dsrctl backend add {BACKEND}',
    'backend show via 10.0.0.1': "backend show: unknown keyword 'via': "
                                 f'expected {KEYWORDS} or port',
    'backend set fwmark 1 via 10.0.0.1 up down':
        'backend set: up, down and draining exclude each other: '
        f'dsrctl backend set {BACKEND}',
    'backend set fwmark 1 via 10.0.0.1 up up':
        'backend set: up is given twice',
    'backend set fwmark 1 via 10.0.0.1 --weight 1':
        "backend set: unknown keyword '--weight': "
        f'expected {KEYWORDS}, port, via, weight, upper, lower, up, down, '
        'draining or force',
    'backend drain fwmark 1': 'backend drain: via is missing: dsrctl backend '
                              f'drain {BACKEND_KEY} [deadline TIME] [wait]',
    'backend drain via 10.0.0.1':
        f'backend drain: {WHICH}: dsrctl backend '
        f'drain {BACKEND_KEY} [deadline TIME] [wait]',
    'backend drain fwmark 1 via 10.0.0.1 weight 1':
        "backend drain: unknown keyword 'weight': "
        f'expected {KEYWORDS}, port, via, deadline or wait',
    'backend drain fwmark 1 via 10.0.0.1 wait --wait':
        'backend drain: wait is given twice',
    'connection set': 'connection set: nothing to set: give max or timeouts: '
                      f'dsrctl connection set [max N] {TIMEOUT}',
    'connection set max 1 max 2': 'connection set: max is given twice',
    'connection show sort age':
        "connection show: unknown sort 'age': "
        'expected src, dst, via, state or expires',
    'flow show sort src': "flow show: unknown keyword 'sort': "
                          'expected src, dst, proto, state or limit',
    'flow show state persistent':
        "flow show: unknown state 'persistent': "
        'expected syn, established, fin, closed or udp',
    'flow show proto icmp':
        "flow show: unknown proto 'icmp': expected tcp, udp or sctp",
    'monitor service': "monitor: unexpected argument 'service': this command "
                       "takes none",
    # times
    **{f'service add fwmark 1 persist {word}':
       f"service add: persist '{word}' {TIME}"
       for word in ('abc', '-1', '+1', '1.5s', '10x', '10S', 's', '1m2', '0x10',
                    '30s10m', '1s1s', '1m-', 'default', '1h_')},
    **{f'connection set timeout-udp {word}':
       f'connection set: timeout-udp {word} is out of range: '
       '1ms to 49d17h2m47s295ms'
       for word in ('0', '0ms', '0d0h', '50d', '4294968', '4294967296ms',
                    '49d17h2m47s296ms', '99999999999999999999d',
                    '4294967296d')},
    'service add fwmark 1 persist 50s/':
        f"service add: persist-prefix '' {NUMBER}",
    'service add fwmark 1 persist /24': f"service add: persist '' {TIME}",
    'service add fwmark 1 persist 50s/256':
        'service add: persist-prefix 256 is out of range: 0 to 255',
    'service add fwmark 1 persist 50s/24 persist-prefix 24':
        'service add: persist-prefix is given twice',
    'service add fwmark 1 persist-prefix 24 persist 50s/24':
        'service add: persist-prefix is given twice',
    'service add fwmark 1 persist': 'service add: persist needs a value: '
                                    f'dsrctl service add {SERVICE}',
    'service add fwmark 1 timeout-syn off':
        f"service add: timeout-syn 'off' {TIME}",
    'backend drain fwmark 1 via 10.0.0.1 deadline off':
        f"backend drain: deadline 'off' {TIME}",
    # services
    'service add fwmark 1 family ipv6':
        "service add: unknown family 'ipv6': expected inet or inet6",
    'service add vip 10.0.0.1 proto icmp':
        "service add: unknown proto 'icmp': expected tcp, udp or sctp",
    'service add vip 10.0.0.1 proto tcp port 65536':
        'service add: port 65536 is out of range: 0 to 65535',
    'service add vip 10.0.0.1 proto tcp port 80-65536':
        'service add: port 65536 is out of range: 0 to 65535',
    'service add vip 10.0.0.1 proto tcp port 80-':
        f"service add: port '' {NUMBER}",
    'service add vip 10.0.0.1 proto tcp port -80':
        f"service add: port '-80' {NUMBER}",
    'service add vip 10.0.0.1 proto tcp port 1-2-3':
        f"service add: port '2-3' {NUMBER}",
    'service add fwmark 1 ping pong':
        "service add: unknown ping 'pong': expected reply, forward or ignore",
    'service add fwmark 1 one-packet 1':
        "service add: unknown one-packet '1': expected off or on",
    'service add fwmark 1 on-down ignore':
        "service add: unknown on-down 'ignore': "
        'expected reschedule, reset or drop',
    # explain
    'path add': f'path add: dev is missing: dsrctl path add {PATH}',
    'path set recheck 5s':
        'path set: dev is missing: dsrctl path set dev NAME recheck TIME',
    'path set dev lo':
        'path set: recheck is missing: dsrctl path set dev NAME recheck TIME',
    'path delete': 'path delete: dev is missing: dsrctl path delete dev NAME',
    'path add dev': f'path add: dev needs a value: dsrctl path add {PATH}',
    'path add dev no-such-dev':
        "path add: there is no device 'no-such-dev'",
    'path add dev lo recheck 5x': f"path add: recheck '5x' {TIME}",
    'path add dev lo via x': "path add: unknown via 'x': "
                             'expected ingress, xdp or xdp-generic',
    'path set dev lo via xdp':
        "path set: unknown keyword 'via': expected dev or recheck",
    'path delete dev lo recheck 5s':
        "path delete: unknown keyword 'recheck': expected dev",
    'path show dev lo':
        "path show: unexpected argument 'dev': this command takes none",
    'explain': f'explain: source is missing: dsrctl explain {EXPLAIN}',
    'explain 10.0.0.1:1': 'explain: destination is missing: '
                          f'dsrctl explain {EXPLAIN}',
    'explain 10.0.0.1 10.0.0.2:80': 'explain: the source has no port: '
                                    f'dsrctl explain {EXPLAIN}',
    'explain 10.0.0.1:1 2001:db8::1': 'explain: the destination has no port: '
                                      f'dsrctl explain {EXPLAIN}',
    'explain 10.0.0.1:1 [2001:db8::1]:80':
        'explain: source and destination are of different families',
    'explain w101:1 10.0.0.2:80': f"explain: source 'w101' {ADDRESS}",
    'explain 10.0.0.1:1 10.0.0.2:http':
        f"explain: destination 'http' {NUMBER}",
    'explain 10.0.0.1:1 10.0.0.2:80 fwmark 1':
        "explain: unknown keyword 'fwmark': expected proto, mark, dev, middle, "
        "firewall or length",
    'explain 10.0.0.1:1 10.0.0.2:80 dev nosuch':
        "explain: there is no device 'nosuch'",
    'explain 10.0.0.1:1 10.0.0.2:80 mark': 'explain: mark needs a value: '
                                           f'dsrctl explain {EXPLAIN}',
    'flow set': 'flow set: nothing to set: give max or timeouts: dsrctl flow '
                f'set [max N] {TIMEOUT}',
    'flow show fwmark 1': "flow show: unknown keyword 'fwmark': "
                          'expected src, dst, proto, state or limit',
    'stats show x': "stats show: unexpected argument 'x': this command takes "
                    "none",
    'real add': 'real add: one of vip, tos and dscp is missing: '
                f'dsrctl real add {KEY} {OPTIONS}',
    'real delete to 80': "real delete: unknown keyword 'to': "
                         'expected vip, proto, port, tos or dscp',
    'real add vip 10.0.0.1 tos 4':
        'real add: vip, tos and dscp exclude each other: '
        f'dsrctl real add {KEY} {OPTIONS}',
    'real add tos 4 dscp 1':
        'real add: vip, tos and dscp exclude each other: '
        f'dsrctl real add {KEY} {OPTIONS}',
    # real server rules
    'real add vip 10.0.0.1 mode direct':
        "real add: unknown mode 'direct': expected redirect or local",
    'real add tos 0x20 from 10.0.0.1,lv1': f"real add: from 'lv1' {NEIGHBOUR}",
    'real add tos 0x20 from 10.0.0.1,': f"real add: from '' {NEIGHBOUR}",
    **{f'real add tos 0x20 from {mac}':
       f"real add: from '{mac}' {NEIGHBOUR}"
       for mac in ('02:00:00:00:00', '02:00:00:00:00:1', '02:00:00:00:00:01:',
                   '02:00:00:00:00:0g', '02-00-00-00-00-01', '0200.0000.0001',
                   '02:00:00:00:00:011')},
    'real add tos 0x20 from ' + ','.join(['10.0.0.1'] * 9):
        'real add: from names more than 8 balancers',
    'real add vip 10.0.0.1 balancer ' + ','.join(['10.0.0.1'] * 9):
        'real add: balancer names more than 8 balancers',
    'real add vip 10.0.0.1 balancer lv1':
        f"real add: balancer 'lv1' {NEIGHBOUR}",
    'service add fwmark 1 chances 33':
        'service add: chances 33 is out of range: 0 to 32',
    'service add fwmark 1 choices 3':
        'service add: choices 3 is out of range: 1 to 2',
    'service add fwmark 1 choices 0':
        'service add: choices 0 is out of range: 1 to 2',
    'real add vip 10.0.0.0/24':
        'real add: vip 10.0.0.0/24 is a prefix, but a rule names one address: '
        'add a rule for each address, or let the balancer set a TOS value and '
        'match that by \'tos\'',
    'real add vip 10.0.0.1 proto tcp port 8000-8100':
        'real add: port 8000-8100 is a range, but a rule names one port: add '
        'a rule for each port, or leave out the port to match all ports',
    'real add tos 0x20 clear clear': 'real add: clear is given twice',
    'real delete tos 0x20 clear':
        "real delete: unknown keyword 'clear': "
        'expected vip, proto, port, tos or dscp',
    # silence
    'real s': "real: command 's' is ambiguous: show, stop or silence",
    'real sil mute': "real silence: unknown command 'mute': expected add, "
                     'replace, delete, show, flush or help',
    'real silence add': 'real silence add: address is missing: '
                        f'dsrctl real silence add {SILENCE}',
    'real silence delete': 'real silence delete: address is missing: '
                           'dsrctl real silence delete ADDR',
    'real silence 10.0.0': f"real silence add: address '10.0.0' {ADDRESS}",
    'real silence 10.0.0.1/32':
        f"real silence add: address '10.0.0.1/32' {ADDRESS}",
    'real silence 10.0.0.1 eth0': "real silence add: unknown keyword 'eth0': "
                                  'expected dev',
    'real silence 10.0.0.1 dev eth0 dev':
        'real silence add: dev needs a value: '
        f'dsrctl real silence add {SILENCE}',
    'real silence replace ::1 dev sixteen-letters-':
        'real silence replace: dev sixteen-letters- is too long: the name of '
        'a device has at most 15 characters',
    'real silence delete 10.0.0.1 dev eth0':
        "real silence delete: unexpected argument 'dev': this command takes "
        "none",
    'real silence show 10.0.0.1':
        "real silence show: unexpected argument '10.0.0.1': this command "
        "takes none",
    'real silence flush all':
        "real silence flush: unexpected argument 'all': this command takes "
        "none",
    'connection show limit': 'connection show: limit needs a value: '
                             f'dsrctl connection show {CONNECTION}',
    # numbers
    'service add fwmark one': f"service add: fwmark 'one' {NUMBER}",
    'service add fwmark -1': f"service add: fwmark '-1' {NUMBER}",
    'service add fwmark +1': f"service add: fwmark '+1' {NUMBER}",
    'service add fwmark 0x': f"service add: fwmark '0x' {NUMBER}",
    'service add fwmark 0x0x1': f"service add: fwmark '0x0x1' {NUMBER}",
    'service add fwmark 1x': f"service add: fwmark '1x' {NUMBER}",
    'service add fwmark a': f"service add: fwmark 'a' {NUMBER}",
    'service add fwmark 010': f"service add: fwmark '010' {NUMBER}",
    'service add fwmark 4294967296':
        'service add: fwmark 4294967296 is out of range: 0 to 4294967295',
    'service add fwmark 99999999999999999999999':
        'service add: fwmark 99999999999999999999999 is out of range: '
        '0 to 4294967295',
    'backend add fwmark 1 via 10.0.0.1 weight -1':
        f"backend add: weight '-1' {NUMBER}",
    'backend add fwmark 1 via 10.0.0.1 weight 1.5':
        f"backend add: weight '1.5' {NUMBER}",
    'connection show limit 0':
        'connection show: limit 0 is out of range: 1 to 4294967295',
    'service add fwmark 1 tos 0x100':
        'service add: tos 0x100 is out of range: 0 to 0xff',
    'service add fwmark 1 tos 0x04/0xfc':
        f"service add: tos '0x04/0xfc' {NUMBER}",
    'service add fwmark 1 tos any': f"service add: tos 'any' {NUMBER}",
    'real add tos 4/0x100':
        'real add: tos 4/0x100 is out of range: 0 to 0xff',
    'real add tos 4/': f"real add: tos '4/' {NUMBER}",
    'real add tos /4': f"real add: tos '/4' {NUMBER}",
    'real add tos none': f"real add: tos 'none' {NUMBER}",
    'real add dscp 64': 'real add: dscp 64 is out of range: 0 to 63',
    'real add vip 10.0.0.1 proto tcp port 65536':
        'real add: port 65536 is out of range: 0 to 65535',
    'real add vip 10.0.0.1 proto tcp port http':
        f"real add: port 'http' {NUMBER}",
    'real add vip 10.0.0.1 to 65536':
        'real add: to 65536 is out of range: 0 to 65535',
    'real add vip 10.0.0.1 to :': f"real add: to '' {NUMBER}",
    'real add vip 10.0.0.1 to 10.0.0.1:': f"real add: to '' {NUMBER}",
    'real add vip 10.0.0.1 to [::1]:65536':
        'real add: to 65536 is out of range: 0 to 65535',
    'real add vip 10.0.0.1 to 10.0.0': f"real add: to '10.0.0' {ADDRESS}",
    'real add dscp ef1':
        "real add: dscp 'ef1' is neither a number from 0 to 63 nor a class: "
        'cs0 to cs7, af11 to af43, ef',
    'real stop now': "real stop: unknown keyword 'now': expected force",
    # addresses
    'backend add fwmark 1 via 10.0.0': f"backend add: via '10.0.0' {ADDRESS}",
    'backend add fwmark 1 via w101': f"backend add: via 'w101' {ADDRESS}",
    'backend add fwmark 1 via 10.0.0.256':
        f"backend add: via '10.0.0.256' {ADDRESS}",
    'backend add fwmark 1 via 10.0.0.1/32':
        f"backend add: via '10.0.0.1/32' {ADDRESS}",
    'backend add fwmark 1 via 2001:db8::1::2':
        f"backend add: via '2001:db8::1::2' {ADDRESS}",
    'backend add fwmark 1 via [2001:db8::1]':
        f"backend add: via '[2001:db8::1]' {ADDRESS}",
    'backend add fwmark 1 via fe80::1%eth0':
        f"backend add: via 'fe80::1%eth0' {ADDRESS}",
    'connection show src [2001:db8::1':
        f"connection show: src '[2001:db8::1' {ADDRESS}",
    'connection show src [2001:db8::1]80':
        f"connection show: src '[2001:db8::1]80' {ADDRESS}",
    'connection show src [10.0.0.1]:80':
        f"connection show: src '10.0.0.1' {ADDRESS}",
    'connection show src [2001:db8::1]:': f"connection show: src '' {NUMBER}",
    'connection show src [2001:db8::1]:65536':
        'connection show: src 65536 is out of range: 0 to 65535',
    'connection show src []': f"connection show: src '[]' {ADDRESS}",
    'connection show src []:': f"connection show: src '' {ADDRESS}",
    'connection show src 10.0.0.1:': f"connection show: src '' {NUMBER}",
    'connection show src :80': f"connection show: src '' {ADDRESS}",
    'connection show dst 10.0.0.1:65536':
        'connection show: dst 65536 is out of range: 0 to 65535',
    # choices
    'service add fwmark 1 hash port':
        "service add: unknown hash 'port': "
        'expected default, source or source-port',
    'service add fwmark 1 table-size big':
        f"service add: table-size 'big' {NUMBER}",
    'service add fwmark 1 probe-marks all':
        f"service add: probe-marks 'all' {NUMBER}",
    'service add fwmark 1 probe-marks 0':
        'service add: probe-marks 0 is out of range: 1 to 4294967295',
    'backend add fwmark 1 via 10.0.0.1 upper -1':
        f"backend add: upper '-1' {NUMBER}",
    'backend add fwmark 1 via 10.0.0.1 lower none':
        f"backend add: lower 'none' {NUMBER}",
    'service add fwmark 1 path fast':
        "service add: unknown path 'fast': expected stack or direct",
    'real add vip 10.0.0.1 proto icmp':
        "real add: unknown proto 'icmp': expected tcp, udp or sctp",
    'connection show state open':
        "connection show: unknown state 'open': "
        'expected syn, established, fin, closed, udp, persistent or unproven',
    # help
    'help x': "help: unknown object 'x': expected service, backend, connection, "
              'path, real, flow, stats, show, monitor, trace, top, explain, '
              'metrics, doctor, apply, save, import, upgrade or sync',
    'help service x': "service help: unexpected argument 'x': 'dsrctl OBJECT "
                      "help' prints the commands of one object",
    'help help': "help: unknown object 'help': expected service, backend, "
                 'connection, path, real, flow, stats, show, monitor, trace, top, '
                 'explain, metrics, doctor, apply, save, import, upgrade or sync',
    'service help add': "service help: unexpected argument 'add': 'dsrctl "
                        "OBJECT help' prints the commands of one object",
    'show help x': "show help: unexpected argument 'x': 'dsrctl OBJECT help' "
                   'prints the commands of one object',
    # commands that remove everything cannot be abbreviated
    'service f': "service: 'f' does not stand for flush: write the command in "
                 "full",
    'connection fl': "connection: 'fl' does not stand for flush: write the "
                     "command in full",
    'flow f': "flow: 'f' does not stand for flush: write the command in full",
    'flow flush all': "flow flush: unexpected argument 'all': this command "
                      'takes none',
    'real sil f': "real silence: 'f' does not stand for flush: write the "
                  "command in full",
    # options
    '-x': "option -x is unknown or takes no value: 'dsrctl help' lists the "
          'options',
    '-sx show': 'option -x is unknown or takes no value: '
                "'dsrctl help' lists the options",
    '--frob': 'option --frob is unknown or takes no value: '
              "'dsrctl help' lists the options",
    '--json=1': 'option --json=1 is unknown or takes no value: '
                "'dsrctl help' lists the options",
    '-n': "option -n needs a value: 'dsrctl help' lists the options",
    '--batch': "option --batch needs a value: 'dsrctl help' lists the "
               'options',
    '--color=blue show': "unknown color 'blue': expected auto, always or "
                         'never',
    '-b /nowhere': "cannot open '/nowhere': No such file or directory",
    '-b - show': "unexpected argument 'show': with -b, commands come from the "
                 "file",
    '-n nowhere show': "there is no network namespace 'nowhere': see 'ip "
                       "netns list'",
    '-n /dev/null show': "'/dev/null' is not a network namespace",
}


@pytest.mark.parametrize('line', ERRORS)
def test_error(fake, kernel, line):
    result = fake(line).check(1, f'dsrctl: {ERRORS[line]}\n')
    assert result.out == ''
    assert not kernel.connections, 'a mistake in the syntax asked the kernel'


def test_empty_words(fake):
    fake(['']).check(1, "dsrctl: object '' is ambiguous: "
                     f'{OBJECTS}\n')
    fake(['show', '']).check(1, "dsrctl: show: unexpected argument '': this "
                             'command takes none\n')
    fake(['service', 'add', 'fwmark', '']).check(
        1, f'dsrctl: service add: fwmark needs a value: dsrctl service add '
        f'{SERVICE}\n')


def test_no_words(fake):
    result = fake()
    assert (result.status, result.out) == (1, '')
    assert result.err == fake('help').out


@pytest.mark.parametrize('line', ['help', '-h', '--help', 'h', '-h show'])
def test_help(fake, golden, line):
    golden('help.txt', fake(line).check(0).out)


@pytest.mark.parametrize('name', ['service', 'backend', 'connection', 'path',
                                  'real', 'flow', 'stats', 'show', 'monitor',
                                  'trace', 'top', 'explain', 'metrics', 'doctor',
                                  'apply', 'save',
                                  'import', 'upgrade', 'sync'])
def test_object_help(fake, kernel, golden, name):
    out = fake(name, 'help').check(0).out
    golden(f'help-{name}.txt', out)
    assert fake(name, 'h').check(0).out == out
    assert not kernel.connections


def test_version(fake):
    for option in ('-V', '--version'):
        assert re.match(r'dsrctl \d+\.\d+\n', fake(option).out)


ABBREVIATIONS = {
    'se sh': 'service show', 'serv show': 'service show',
    'b s fwmark 1': None,               # set or show
    'b sh': 'backend show', 'c sh': 'connection show', 'conn': None,
    'r sh': 'real show', 'f sh': 'flow show', 'st': 'stats show',
    'sh': 'show', 'service': 'service show', 'backend': 'backend show',
    'connection': 'connection show', 'real': 'real show', 'p': 'path show',
    'path': 'path show',
    'flow': 'flow show', 'stats': 'stats show', 'co': 'connection show',
}


@pytest.mark.parametrize('line', [k for k, v in ABBREVIATIONS.items() if v])
def test_abbreviation(fake, line):
    result = fake(line).check(0)
    assert result.out
    assert result.out == fake(ABBREVIATIONS[line]).out


@pytest.mark.parametrize('word', ['st', 'sto'])
def test_no_abbreviation_of_stop(fake, kernel, word):
    """An abbreviation never runs the command that unloads a module."""
    for more in ('', ' force'):
        fake(f'real {word}{more}').check(
            1, f"dsrctl: real: '{word}' does not stand for stop: write the "
               "command in full\n")
    assert not kernel.connections


def test_options_combine(fake):
    assert fake('-jp show').out == fake('--json --pretty show').out
    assert fake('-js show').out == fake('-j -s show').out


ONE_DASH = {
    '-json show': '-j show',
    '-json -pretty show': '-jp show',
    '-stats show': '-s show',
    '-statistics -json show': '-sj show',
    '-color=always show': '--color=always show',
    '-Version': '-V',
    '-help': '-h',
}


@pytest.mark.parametrize('line', ONE_DASH)
def test_options_with_one_dash(fake, line):
    """Long options with one dash, as with ip(8)."""
    assert fake(line).check(0).out == fake(ONE_DASH[line]).check(0).out


@pytest.mark.parametrize('option', ['-netns nowhere', '-netns=nowhere',
                                    '-n nowhere', '-nnowhere'])
def test_netns_spelled_as_ip_does(fake, option):
    fake(f'{option} show').check(
        1, "dsrctl: there is no network namespace 'nowhere': see 'ip netns "
           "list'\n")


def test_options_end_with_the_object(fake):
    fake('service show -j').check(
        1, "dsrctl: service show: unknown keyword '-j': "
        f'expected {KEYWORDS} or port\n')


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_netns(fake, kernel):
    """-n also accepts a path; devices are those of the namespace."""
    assert fake('-n /proc/self/ns/net show').check(0).out == fake('show').out
    assert kernel.connections


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_netns_without_privilege(fake_binary):
    result = subprocess.run(
        ['setpriv', '--bounding-set=-all', '--inh-caps=-all', fake_binary,
         '-n', '/proc/self/ns/net', 'show'],
        capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (
        1, "dsrctl: permission denied: entering network namespace "
           "'/proc/self/ns/net' needs CAP_SYS_ADMIN (run dsrctl as root)\n")


def test_product_without_module(dsrctl):
    """The real socket, on a machine where neither module is loaded."""
    if glob.glob('/sys/module/dsr_*'):
        pytest.skip('a module is loaded')
    dsrctl('service show').check(
        2, "dsrctl: dsr_lb is not loaded: load it with 'modprobe dsr_lb'\n")
    dsrctl('real add vip 10.0.0.1').check(
        2, "dsrctl: dsr_rs is not loaded: load it with 'modprobe dsr_rs'\n")
    for command in ('show', 'stats'):
        dsrctl(command).check(
            2, 'dsrctl: neither dsr_lb nor dsr_rs is loaded: '
            "run 'modprobe dsr_lb' on a balancer, 'modprobe dsr_rs' on a real "
            'server\n')
