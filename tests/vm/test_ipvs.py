# SPDX-License-Identifier: GPL-2.0
"""dsr_ipvs: the unmodified tools of IPVS control the balancer."""

import re

import pytest

from balancer import Balancer
from conftest import KernelLog
from host import run, wait_for
from ipvsadm import ipvsadm, listed
from network import CLIENT, VIP, W101, W102
from traffic import ask


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
