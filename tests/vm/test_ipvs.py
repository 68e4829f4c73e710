# SPDX-License-Identifier: GPL-2.0
"""dsr_ipvs: the unmodified tools of IPVS control the balancer."""

import errno
import os
import re
import shutil
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

import genl
from balancer import Balancer, unprivileged
from conftest import KernelLog
from failslab import FAILSLAB, FAIL_NTH
from network import CLIENT, VIP, W101, W102, refcount, run, wait_for
from traffic import GET, ask, read_reply


def ipvsadm(site, *argv, check=True, host='lv1'):
    words = argv[0].split() if len(argv) == 1 else argv
    site.net[host].changed = True
    return site.net[host].run('ipvsadm', *words, check=check)


def listed(site, options='-Ln'):
    """The lines of a listing after its header."""
    head = 2 if options == '-Lnc' else 3
    return [line.split() for line in
            ipvsadm(site, options).stdout.splitlines()[head:]]


@pytest.mark.smoke
def test_made_by_ipvsadm(ipvs):
    """The scenario, with the commands of the article."""
    ipvsadm(ipvs, '-A -f 1 -s rr -p 50')
    ipvsadm(ipvs, f'-a -f 1 -r {W101} -g -w 1')
    ipvsadm(ipvs, f'-a -f 1 -r {W102} -g -w 2 -x 1000 -y 800')
    assert listed(ipvs) == [
        'FWM 1 rr persistent 50'.split(),
        f'-> {W101}:0 Route 1 0 0'.split(),
        f'-> {W102}:0 Route 2 0 0'.split()]
    service, = ipvs.services()
    assert (service['fwmark'], service['scheduler'],
            service['persist']) == (1, 'rr', 50000)
    assert {addr: (one['weight'], one['upper'], one['lower'])
            for addr, one in ipvs.backends().items()} == {
                W101: (1, None, None), W102: (2, 1000, 800)}


def test_told(ipvs):
    """Listeners are notified of changes by the tools."""
    events = Balancer(ipvs).events()
    for command in ('-A -f 1 -s rr', '-E -f 1 -s mh', f'-a -f 1 -r {W101} -g',
                    f'-e -f 1 -r {W101} -g -w 5', f'-d -f 1 -r {W101}',
                    '-D -f 1', '-A -f 2', '-C'):
        ipvsadm(ipvs, command)
    heard = events.all()
    assert [name for name, _ in heard] == [
        'service_add', 'service_set', 'backend_add', 'backend_set',
        'backend_delete', 'service_delete', 'service_add', 'service_flush']
    assert heard[1][1]['service']['scheduler'] == 'maglev'
    assert heard[3][1]['backend']['weight'] == 5


@pytest.mark.smoke
def test_made_by_dsrctl(ipvs):
    """Both tools see the same services."""
    ipvs.balance('scheduler maglev')
    assert listed(ipvs) == [
        'FWM 1 mh (mh-port)'.split(),
        f'-> {W101}:0 Route 1 0 0'.split(),
        f'-> {W102}:0 Route 1 0 0'.split()]
    ipvsadm(ipvs, f'-d -f 1 -r {W102}')
    assert ipvs.replies(4) == {'w101 nano': 4}
    ipvsadm(ipvs, '-C')
    assert ipvs.services() == []


CASES = """
-A -f 1 -s rr -p 50                         0
-A -f 1 -s rr -p 50                         255 Service already exists
-A -f 2 -s nosuch                           255 Scheduler or persistence engine not found
-a -f 1 -r 10.0.0.11 -g -w 1                0
-a -f 1 -r 10.0.0.11 -g -w 1                255 Destination already exists
-a -f 1 -r 10.0.0.12 -g -w 2 -x 1000 -y 800 0
-a -f 1 -r 10.0.0.13 -x 100 -y 800          255 Numerical result out of range
-a -f 1 -r 224.0.0.1 -g                     255 Invalid operation
-a -f 1 -r 10.0.0.13 -m                     255 Protocol not supported
-a -f 1 -r 10.0.0.13 -i                     255 Protocol not supported
-e -f 1 -r 10.0.0.99 -g -w 0                255 No such destination
-d -f 1 -r 10.0.0.99                        255 No such destination
-d -f 9 -r 10.0.0.99                        255 Service not defined
-D -f 9                                     255 No such service
-E -f 9                                     255 No such service
-L -f 9                                     1 No such service
-e -f 1 -r 10.0.0.11 -g -w 0                0
-E -f 1 -s wrr -p 60 -M 255.255.255.0       0
-A -f 7 -6 -s wrr -p 300 -M 64              0
-A -u 10.0.0.100:53 -s mh -b mh-port -o     0
--set 901 121 301                           0
--start-daemon master                       255 Protocol not supported
"""


def test_words(ipvs):
    """The tool's message for each error of the kernel."""
    for line in CASES.strip().splitlines():
        command, expected = line[:44].strip(), line[44:].split(maxsplit=1)
        done = ipvsadm(ipvs, command, check=False)
        assert (done.returncode, command) == (int(expected[0]), command)
        assert ''.join(expected[1:]) in done.stderr, command
    assert listed(ipvs) == [line.split() for line in (
        'UDP 10.0.0.100:53 mh (mh-port) ops',
        'FWM 1 wrr persistent 60 mask 255.255.255.0',
        '-> 10.0.0.11:0 Route 0 0 0',
        '-> 10.0.0.12:0 Route 2 0 0',
        'FWM 7 IPv6 wrr persistent 300 mask 64')]
    assert 'udp): 901 121 301' in ipvsadm(ipvs, '-L --timeout').stdout
    saved = ipvsadm(ipvs, '-Sn').stdout
    ipvsadm(ipvs, '-C')
    ipvs.lv1.run('ipvsadm', '-R', stdin=saved)
    assert ipvsadm(ipvs, '-Sn').stdout == saved
    for options in ('-Lnc', '-Ln --stats', '-Ln --rate', '-Ln --thresholds',
                    '-Ln --persistent-conn', '-Z', '-L --daemon'):
        ipvsadm(ipvs, options)


OLD = '''
-A -t 10.10.31.100:80 -s lblcr -p 30
-a -t 10.10.31.100:80 -r 10.10.30.101:80 -g -w 100
-A -f 1 -s lblc
-a -f 1 -r 10.10.30.101:0 -g -w 1
-a -f 1 -r 10.10.30.102:0 -g -w 1
-A -f 2 -s none
-a -f 2 -r 10.10.30.102:0 -g -w 1
'''


def test_old_schedulers(ipvs):
    """A saved configuration of ip_vs is restored completely; the log names the
    changes."""
    kernel_log = KernelLog()
    ipvs.lv1.changed = True
    ipvs.lv1.run('ipvsadm', '-R', stdin=OLD.lstrip())
    assert sorted(ipvsadm(ipvs, '-Sn').stdout.split('\n')) == sorted(
        re.sub(r'-s \S+', '-s wlc', OLD.lstrip()).split('\n'))
    said = kernel_log.lines()

    def is_said(name, more):
        line = f'dsr_ipvs: there is no scheduler {name}: using wlc instead; '
        if line + more in said:
            return True
        # the kernel limits the rate of these lines
        ipvsadm(ipvs, f'-E -f 2 -s {name}')
        said.extend(kernel_log.lines())
        return False
    for name, more in (
            ('lblcr', 'for caches, dh keeps each address at one server'),
            ('lblc', 'for caches, dh keeps each address at one server'),
            ('none', 'a server of weight 0 gets no new connections')):
        wait_for(f'{name} in the log', lambda what=(name, more): is_said(*what),
                 every=0.5)
    for name in ('w101', 'w102'):
        ipvs.net[name].dsrctl(f'real add vip {VIP}')
    assert sum(ipvs.replies(4).values()) == 4
    ipvsadm(ipvs, '-E -f 1 -s lblc -p 30')
    assert ipvs.services()[0]['scheduler'] == 'wlc'
    done = ipvsadm(ipvs, '-A -f 3 -s nosuch', check=False)
    assert 'Scheduler or persistence engine not found' in done.stderr


def figures(site, options, addr):
    """The numbers of a backend in a listing, as printed."""
    found, = [line[2:] for line in listed(site, options)
              if line[:2] == ['->', f'{addr}:0']]
    return found


@pytest.mark.smoke
def test_traffic(ipvs):
    """Connections, counters, rates, and counters after zeroing."""
    ipvs.balance(backends=('w101',))
    listed(ipvs)        # rates are measured from the first request on
    sock = ipvs.connect()
    assert ask(sock) == 'w101 nano'
    port = sock.getsockname()[1]
    (proto, _, *rest), = listed(ipvs, '-Lnc')
    assert [proto, *rest] == ['TCP', 'ESTABLISHED', f'{CLIENT}:{port}',
                              f'{VIP}:80', f'{W101}:80']
    assert listed(ipvs)[1][-2:] == ['1', '0']
    stats = ipvs.backends()[W101]
    expected = ['1', str(stats['packets']), '0', str(stats['bytes']), '0']
    assert figures(ipvs, '-Ln --stats --exact', W101) == expected
    assert listed(ipvs, '-Ln --stats --exact')[0] == ['FWM', '1', *expected]
    # packets of an earlier test may be counted, too
    wait_for('the sum', lambda: int(ipvs.lv1.read(
        '/proc/net/ip_vs_stats').split('\n')[2].split()[1], 16) >=
        stats['packets'])

    def busy():
        ipvs.replies(30)
        return figures(ipvs, '-Ln --rate --exact', W101)
    cps, inpps, outpps, inbps, outbps = wait_for(
        'a rate', lambda: busy() if int(busy()[0]) else None)
    assert int(inpps) > int(cps) and int(inbps) > 40 * int(inpps)
    assert outpps == outbps == '0'

    ipvsadm(ipvs, '-Z')
    before = ipvs.backends()[W101]
    assert figures(ipvs, '-Ln --stats --exact', W101) == ['0'] * 5
    assert ask(sock) == 'w101 nano'
    after = ipvs.backends()[W101]
    assert after['packets'] > before['packets'] > stats['packets']
    assert figures(ipvs, '-Ln --stats --exact', W101) == [
        '0', str(after['packets'] - before['packets']), '0',
        str(after['bytes'] - before['bytes']), '0']


def test_proc_files(ipvs):
    """The format equals that of ip_vs, to the byte."""
    assert ipvs.lv1.read('/proc/net/ip_vs_conn') == (
        'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires '
        'PEName PEData\n')
    ipvsadm(ipvs, '-A -f 1 -s rr -p 50')
    ipvsadm(ipvs, f'-a -f 1 -r {W101} -g -w 3')
    ipvsadm(ipvs, '-A -t 10.10.31.100:443 -s wlc')
    ipvsadm(ipvs, f'-a -t 10.10.31.100:443 -r {W102} -g')
    ipvsadm(ipvs, '-A -u [2001:db8:31::100]:53 -s sh')
    ipvsadm(ipvs, '-a -u [2001:db8:31::100]:53 -r 2001:db8:30::101 -g')
    lines = ipvs.lv1.read('/proc/net/ip_vs').split('\n')
    assert lines[1:3] == [
        'Prot LocalAddress:Port Scheduler Flags',
        '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn']
    # in ticks of the kernel's clock
    assert re.fullmatch(r'FWM  00000001 rr persistent \d+ FFFFFFFF', lines[3])
    assert lines[4:] == [
        '  -> 0A0A1E65:0000      Route   3      0          0         ',
        'TCP  0A0A1F64:01BB wlc  ',
        '  -> 0A0A1E66:01BB      Route   1      0          0         ',
        'UDP  [2001:0db8:0031:0000:0000:0000:0000:0100]:0035 sh ',
        '  -> [2001:0db8:0030:0000:0000:0000:0000:0101]:0035      '
        'Route   1      0          0         ', '']
    for name in ('w101', 'w102'):
        ipvs.net[name].dsrctl(f'real add vip {VIP}')
    sock = ipvs.connect()
    port = sock.getsockname()[1]
    assert ask(sock) == 'w101 nano'
    lines = ipvs.lv1.read('/proc/net/ip_vs_conn').splitlines()[1:]
    assert sorted(line[:-7] for line in lines) == [
        'IP  0A0A1FC8 0000 00000001 0000 0A0A1E65 0000 ASSURED     ',
        f'TCP 0A0A1FC8 {port:04X} 0A0A1F64 0050 0A0A1E65 0050 ESTABLISHED ']
    assert all(line[-7:].strip().isdigit() for line in lines)


def test_not_expressible(ipvs):
    """Services without a name in IPVS are neither shown nor flushed."""
    ipvs.lv1.configure(f'''
        service add vip {VIP}
        service add vip {VIP} proto tcp
        service add vip {VIP} proto tcp port 80-89
        service add vip {VIP} proto tcp port 80
    ''')
    assert listed(ipvs) == [['TCP', f'{VIP}:0', 'rr'],
                            ['TCP', f'{VIP}:80', 'rr']]
    ipvsadm(ipvs, '-C')
    assert [(one.get('proto'), one.get('port'), one.get('port_last'))
            for one in ipvs.services()] == [(None, None, None),
                                            ('tcp', 80, 89)]


@pytest.mark.parametrize('route', ['', 'route add default via 10.10.31.200'])
def test_way_comes_later(ipvs, route):
    """A backend whose network is not up yet is accepted, and used later."""
    kernel_log = KernelLog()
    ipvs.lv1.ip('link set eth1 down\n' + route)
    ipvs.undo.append(lambda: ipvs.rebuild('lv1'))
    ipvsadm(ipvs, '-A -f 1 -s rr')
    ipvsadm(ipvs, f'-a -f 1 -r {W101} -g')
    assert ipvs.backends()[W101]['state'] == 'no_route'
    assert [line for line in kernel_log.lines() if W101 in line] == [
        f'dsr_ipvs: destination {W101} is not on-link: it gets no packets '
        'until a device reaches it without a gateway']
    ipvs.w101.dsrctl(f'real add vip {VIP}')
    ipvs.lv1.ip('link set eth1 up')
    assert ipvs.replies(2) == {'w101 nano': 2}


@pytest.mark.smoke
def test_unload(ipvs):
    """The services stay, and the tools see them again after a reload."""
    ipvs.balance()
    ipvsadm(ipvs, f'-A -t {VIP}:8080 -s sed')
    ipvsadm(ipvs, f'-a -t {VIP}:8080 -r {W101} -g')
    before = listed(ipvs), ipvs.services()
    sock = ipvs.connect()
    assert ask(sock) in ('w101 nano', 'w102 desu')
    ipvs.net.unload('dsr_ipvs')
    assert ipvs.services()[0]['fwmark'] == 1
    assert ask(sock) in ('w101 nano', 'w102 desu')
    ipvs.net.load('dsr_ipvs')
    after = [line[:4] for line in listed(ipvs)]
    assert after == [line[:4] for line in before[0]]
    ipvsadm(ipvs, f'-d -t {VIP}:8080 -r {W101}')
    ipvsadm(ipvs, f'-D -t {VIP}:8080')
    ipvsadm(ipvs, '-D -f 1')
    assert ipvs.services() == []


# Requests that the tools do not send: by netlink itself, with the numbers of
# <linux/ip_vs.h>

NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE = 1, 2, 3, 4
NEW_DEST, SET_DEST, DEL_DEST, GET_DEST = 5, 6, 7, 8
GET_INFO, ZERO, FLUSH = 15, 16, 17
DIRECT = 3
PERSISTENT = 1


def u16(kind, value):
    return genl.attr(kind, struct.pack('=H', value))


def service(mark, sched='rr', flags=0, timeout=0):
    return genl.nest(1, u16(1, socket.AF_INET), genl.u32(5, mark),
                     genl.string(6, sched),
                     genl.attr(7, struct.pack('=II', flags, 0xffffffff)),
                     genl.u32(8, timeout), genl.u32(9, 0xffffffff))


def dest(address, weight=1):
    return genl.nest(2, genl.attr(1, socket.inet_aton(address).ljust(16, b'\0')),
                     genl.attr(2, b'\0\0'), genl.u32(3, DIRECT),
                     genl.u32(4, weight), genl.u32(5, 0), genl.u32(6, 0))


@pytest.mark.smoke
@pytest.mark.parametrize('what', ['server', 'service', 'all'])
def test_deleted_one_by_one(ipvs, reasons, what):
    """Deleting and adding objects one by one breaks no connection.

    keepalived does this when it stops, and so does the restoration of a saved
    configuration. The client also gets its server back with another
    connection.
    """
    ipvs.balance('persist 10m')
    sock = ipvs.connect()
    name = ask(sock).split()[0]
    mine, other = (W101, W102) if name == 'w101' else (W102, W101)
    since = reasons('lv1')
    with ipvs.lv1.at(), genl.Genl('IPVS') as tool:
        if what == 'server':
            tool.ask(DEL_DEST, service(1) + dest(mine))
        else:
            if what == 'service':
                tool.ask(DEL_SERVICE, service(1))
            else:
                tool.ask(FLUSH, b'')
            assert ipvs.services() == []
            assert {one['backend'] for one in ipvs.connections()} == {mine}
            tool.ask(NEW_SERVICE, service(1, flags=PERSISTENT, timeout=600))
            tool.ask(NEW_DEST, service(1) + dest(other))
        sock.sendall(GET)
        wait_for('it is not sent to the other one',
                 lambda: since['drop_backend_just_deleted'] >= 1)
        tool.ask(NEW_DEST, service(1) + dest(mine))
    assert read_reply(sock).startswith(name)
    assert [reply.split()[0] for reply in ipvs.replies(3)] == [name]


@pytest.mark.smoke
def test_deleted_for_good(ipvs, reasons):
    """UDP moves to another server at once; TCP clients get a reset."""
    for name in ('w101', 'w102'):
        ipvs.echo(name).prefix = name.encode()
    ipvs.balance()
    sock = ipvs.connect_to('w101')
    clients = [ipvs.udp() for _ in range(2)]
    assert {echoed(client) for client in clients} == {b'w101', b'w102'}
    since = reasons('lv1')
    ipvsadm(ipvs, f'-d -f 1 -r {W101}')
    sock.sendall(GET)
    assert [echoed(client) for client in clients] == [b'w102'] * 2
    assert ipvs.replies(2) == {'w102 desu': 2}
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    assert since['drop_backend_just_deleted'] >= 1


def echoed(client):
    client.send(b'')
    return client.recv(100)


def addresses(replies):
    return [socket.inet_ntoa(dict(genl.parse(attrs[0][1]))[1][:4])
            for _, attrs in replies]


def test_unprivileged(ipvs):
    """An unprivileged user learns that the family exists, and no more."""
    for command in (NEW_SERVICE, GET_SERVICE, GET_INFO):
        assert unprivileged(ipvs.lv1, lambda number=command: genl.Genl(
            'IPVS').ask(number, service(1))) == errno.EPERM
    for name, expected in (('ip_vs', 0), ('ip_vs_stats', 0),
                           ('ip_vs_conn', errno.EPERM)):
        assert unprivileged(ipvs.lv1, lambda file=name: open(
            f'/proc/thread-self/net/{file}', encoding='ascii').read()
            ) == expected, name
    assert ipvs.services() == []


def test_container(ipvs):
    """Root of a user namespace balances in its own network, without kernel
    messages."""
    kernel_log = KernelLog()
    done = run('unshare', '-Urn', 'sh', '-c',
               'ipvsadm -A -f 1 -s mh && ipvsadm -a -f 1 -r 10.0.0.1 -g && '
               'ipvsadm -Ln && ipvsadm -a -f 1 -r 10.0.0.2 -m', check=False)
    assert 'Protocol not supported' in done.stderr
    assert [line.split() for line in done.stdout.splitlines()[3:]] == [
        'FWM 1 mh'.split(), '-> 10.0.0.1:0 Route 1 0 0'.split()]
    assert [line for line in kernel_log.lines() if 'dsr_ipvs' in line] == []
    assert listed(ipvs) == []


def test_dump_under_change(ipvs):
    """A dump has each object that stays exactly once, while others change."""
    names = [f'10.0.{n // 100}.{n % 100 + 1}' for n in range(1200)]
    keep, gone, new = names[1::3], names[::3], names[2::3]
    with ipvs.lv1.at(), genl.Genl('IPVS') as sock, genl.Genl('IPVS') as other:
        ipvs.lv1.changed = True
        sock.ask(NEW_SERVICE, service(1))
        for name in keep + gone:
            sock.ask(NEW_DEST, service(1) + dest(name))
        sock.sock.send(sock.message(GET_DEST, service(1), genl.NLM_F_DUMP))
        # the kernel fills one message ahead
        for name in gone:
            other.ask(DEL_DEST, service(1) + dest(name))
        for name in new:
            other.ask(NEW_DEST, service(1) + dest(name))
        shown = addresses(sock.answer(genl.NLM_F_DUMP))
        assert len(set(shown)) == len(shown)
        assert set(keep) <= set(shown)
        assert set(gone) & set(shown) and set(new) & set(shown)
        assert not set(gone) <= set(shown)
        assert sorted(addresses(sock.dump(GET_DEST, service(1)))) == \
            sorted(keep + new)


@pytest.mark.debug
def test_no_memory(ipvs):
    """Each allocation of each command fails once: then nothing changes."""
    commands = [(NEW_SERVICE, service(2, 'mh')), (SET_SERVICE, service(1, 'mh')),
                (NEW_DEST, service(1) + dest('10.10.30.9')),
                (SET_DEST, service(1) + dest(W101, 3)),
                (DEL_DEST, service(1) + dest(W102)),
                (GET_SERVICE, service(1)), (ZERO, b''),
                (DEL_SERVICE, service(1))]
    for name, value in (('ignore-gfp-wait', 'N'), ('verbose', '0')):
        with open(f'{FAILSLAB}/{name}', 'w', encoding='ascii') as file:
            file.write(value)
    try:
        for command, payload in commands:
            ipvs.lv1.configure('service flush')
            ipvs.balance(rule='')
            with ipvs.lv1.at(), genl.Genl('IPVS') as sock:
                failed = fail_each(ipvs, sock, command, payload)
            assert failed > (command != DEL_SERVICE), command
    finally:
        with open(f'{FAILSLAB}/ignore-gfp-wait', 'w',
                  encoding='ascii') as file:
            file.write('Y')


def fail_each(site, sock, command, payload):
    """The number of allocations that could fail before the command succeeded.
    """
    before = site.state('lv1')
    with open(FAIL_NTH, 'r+b', buffering=0) as nth:
        for number in range(1, 200):
            error = None
            os.pwrite(nth.fileno(), str(number).encode(), 0)
            try:
                sock.ask(command, payload)
            except (genl.Refused, OSError) as caught:
                error = caught
            left = int(os.pread(nth.fileno(), 32, 0))
            os.pwrite(nth.fileno(), b'0', 0)
            if left:
                assert error is None
                return number - 1
            if isinstance(error, genl.Refused):
                assert site.state('lv1') == before, (command, number)
            elif site.state('lv1') != before:
                return number       # the failed allocation was optional
    raise AssertionError(f'command {command} allocates without end')


# The choice between dsr_ipvs and the kernel's ip_vs

@pytest.fixture
def both(site):
    """Install both modules for modprobe, with the choice in a file.

    modprobe(*argv) runs modprobe as on that machine; so does the kernel.
    """
    version = os.uname().release
    top = f'{site.net.directory}/both'
    modules, config = f'{top}/lib/modules/{version}', f'{top}/modprobe.d'
    os.makedirs(f'{modules}/updates', exist_ok=True)
    os.makedirs(f'{modules}/kernel/net', exist_ok=True)
    os.makedirs(config, exist_ok=True)
    there = f'/lib/modules/{version}'
    for name in ('modules.order', 'modules.builtin',
                 'modules.builtin.modinfo'):
        shutil.copy(f'{there}/{name}', modules)
    # not all of them: depmod reads each
    for name in ('net/netfilter', 'net/ipv4', 'net/ipv6', 'lib', 'crypto',
                 'arch'):
        if os.path.exists(f'{there}/kernel/{name}'):
            os.symlink(f'{there}/kernel/{name}', f'{modules}/kernel/{name}')
    for name in ('dsr_lb', 'dsr_ipvs'):
        os.symlink(os.path.abspath(site.net.module_file(name)),
                   f'{modules}/updates/{name}.ko')
    run('depmod', '-b', top, version)
    program = f'{top}/modprobe'
    with open(program, 'w', encoding='ascii') as file:
        file.write(f'#!/bin/sh\nexec modprobe -d {top} -C {config} "$@"\n')
    os.chmod(program, 0o755)
    with open('/proc/sys/kernel/modprobe', 'r+', encoding='ascii') as file:
        old = file.read()
        file.seek(0)
        file.write(program)

    def modprobe(*argv, check=True):
        return run(program, *argv, check=check)

    def choose(wanted):
        if wanted:
            shutil.copy('../../kmod/ipvs/dsr_ipvs.conf', config)
        elif os.listdir(config):
            os.unlink(f'{config}/dsr_ipvs.conf')
    modprobe.choose = choose
    try:
        yield modprobe
    finally:
        with open('/proc/sys/kernel/modprobe', 'w', encoding='ascii') as file:
            file.write(old)
        for name in ('dsr_ipvs', 'ip_vs'):
            while name in loaded():
                run('rmmod', *loaded()[name], name, check=False)
        shutil.rmtree(top)


def loaded():
    """{module: the modules that use it}"""
    with open('/proc/modules', encoding='ascii') as file:
        return {words[0]: [user for user in words[3].split(',')
                           if user not in ('', '-')]
                for words in map(str.split, file)}


@pytest.mark.parametrize('wanted', [True, False])
def test_choice(site, both, wanted):
    """Any request loads ip_vs without the file, and dsr_ipvs with the file."""
    both.choose(wanted)
    expected, other = (('dsr_ipvs', 'ip_vs') if wanted else
                       ('ip_vs', 'dsr_ipvs'))
    # the kernel requests the family that ipvsadm uses
    ipvsadm(site, '-Ln')
    assert expected in loaded() and other not in loaded()
    both('-r', expected) if expected == 'ip_vs' else run('rmmod', expected)
    assert expected not in loaded()
    both('ip_vs')
    assert expected in loaded() and other not in loaded()
    both('ip_vs')


def test_modprobe_r(site, both):
    """Unloading dsr_ipvs unloads dsr_lb, except while it has services."""
    site.undo.append(lambda: 'dsr_lb' in loaded() or site.net.load('dsr_lb'))
    both('dsr_ipvs')
    ipvsadm(site, '-A -f 1 -s rr')
    wait_for('no command holds it', lambda: not refcount('dsr_ipvs'))
    both('-r', 'dsr_ipvs')
    assert 'dsr_ipvs' not in loaded() and 'dsr_lb' in loaded()
    assert [one['fwmark'] for one in site.services()] == [1]
    done = both('-r', 'dsr_lb', check=False)
    assert (done.returncode, 'in use' in done.stderr) == (1, True)
    both('dsr_ipvs')
    ipvsadm(site, '-C')
    wait_for('no command holds them', lambda: not refcount('dsr_ipvs') and
             refcount('dsr_lb') == 1)
    both('-r', 'dsr_ipvs')
    assert not {'dsr_ipvs', 'dsr_lb'} & set(loaded())
    site.net.loaded.discard('dsr_lb')
    site.net.load('dsr_lb')


def test_exclusion(site, both):
    """The loaded module stays; the other one is refused, with a line in the
    log."""
    kernel_log = KernelLog()
    both('ip_vs')
    done = both('dsr_ipvs', check=False)
    assert (done.returncode, 'busy' in done.stderr) == (1, True)
    assert 'dsr_ipvs' not in loaded()
    assert [line for line in kernel_log.lines() if 'dsr_ipvs' in line] == [
        'dsr_ipvs: ip_vs is loaded, and answers ipvsadm and keepalived: '
        'unload ip_vs first (ipvsadm -C; modprobe -r ip_vs)']
    run('rmmod', 'ip_vs')
    both('dsr_ipvs')
    for name in ('ip_vs', 'ip_vs_rr'):
        done = both(name, check=False)
        assert done.returncode == 1
    assert 'ip_vs' not in loaded()
    assert {line for line in kernel_log.lines() if 'dsr_ipvs' in line} == {
        'dsr_ipvs: cannot load ip_vs: dsr_ipvs is loaded, and both answer '
        'ipvsadm and keepalived; to use ip_vs, unload dsr_ipvs first'}
    run('rmmod', 'dsr_ipvs')
    both('ip_vs_rr')
    assert 'ip_vs' in loaded()


@pytest.mark.smp
def test_exclusion_at_once(site, both):
    """Of two modules that load at the same time one succeeds, without a
    warning."""
    for _ in range(30):
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: both(name, check=False),
                          ('ip_vs', 'dsr_ipvs')))
        there = {'ip_vs', 'dsr_ipvs'} & set(loaded())
        assert len(there) == 1
        run('rmmod', *there)
