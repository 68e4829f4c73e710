#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The demo, in the virtual machine that scripts/demo.sh boots.

Demonstrate direct server return on the reference network, and check each
result: a wrong one ends the demo with an error.
"""

import argparse
import collections
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from host import Failure, wait_for                      # noqa: E402
from network import CLIENT, MACHINES, VIP, W101, W102, Network  # noqa: E402

BEGAN = time.monotonic()
CURL = f"curl -H 'Host: example.org' http://{VIP}"
ANSWERS = {'w101 nano', 'w102 desu'}

# The article's value is 0x02, which is a bit of ECN (RFC 3168): TCP itself
# sets that bit on packets of its own accord.
TOS = '0x20'


def heading(text):
    print(f'\n\033[1m== {text}\033[0m' if sys.stdout.isatty()
          else f'\n== {text}', flush=True)


def say(text):
    print(f'   {text}', flush=True)


def expect(condition, text):
    """Check a shown result."""
    if not condition:
        raise Failure(text)


def typed(host, line, output=''):
    print(f'{host}:~# {line}', flush=True)
    if output:
        print(output.rstrip('\n'), flush=True)


def do(net, name, line):
    """Show a command line, and run it."""
    typed(name, line)
    output = net[name].run(*line.replace("'", '').split()).stdout
    if output:
        print(output.rstrip('\n'), flush=True)
    return output


def ask(net):
    output = net['client'].run('curl', '-sS', '--max-time', '10', '-H',
                               'Host: example.org', f'http://{VIP}').stdout
    typed('client', CURL, output)
    return output.strip()


def show_replies(net, number=4):
    seen = [ask(net) for _ in range(number)]
    expect(set(seen) == ANSWERS and all(
        a != b for a, b in zip(seen, seen[1:])),
        f'the replies do not alternate: {seen}')


def show_addresses(net):
    """Every address of every machine; the VIP is on none."""
    for name in MACHINES:
        text = net[name].run('ip', '-4', '-br', 'addr').stdout
        expect(VIP not in re.split(r'[\s/]+', text), f'{name} has {VIP}')
        typed(name, 'ip -4 -br addr', '\n'.join(
            f'  {line.split()[0].split("@")[0]:5} {" ".join(line.split()[2:])}'
            for line in text.splitlines() if not line.startswith('lo')))
    say(f'{VIP} is on none of them.')


# The packets that tcpdump sees at three places

PLACES = (('lv1', 'eth0'), ('lv1', 'eth1'), ('w101', 'eth0'))
LINE = re.compile(r'(?P<ether>\S+ > \S+), .*?: (?:\(.*?\)\s+)?'
                  r'(?P<ends>[\d.]+ > [\d.]+): Flags \[(?P<flags>.*?)\], '
                  r'(?:seq (?P<seq>[\d:]+), )?(?:ack (?P<ack>\d+))?')


def capture(net):
    """Run curl until w101 answers, with a tcpdump at each place."""
    dumps = []
    for name, dev in PLACES:
        dump = net[name].start(
            'tcpdump', '-i', dev, '-nelt', '-U', '--immediate-mode', 'host',
            VIP, 'and', 'tcp', stdout=-1, stderr=-1)
        dumps.append(dump)
    for dump in dumps:
        line = b''
        while b'listening on' not in line:
            line = dump.stderr.readline()
            expect(line, 'tcpdump does not start')
    for _ in range(2):
        if ask(net) == 'w101 nano':
            break
    else:
        raise Failure('w101 did not answer one of two')
    return [read_dump(net, dump, place) for dump, place in zip(dumps, PLACES)]


def read_dump(net, dump, place):
    """{(direction, flags, seq, ack): (ends, Ethernet addresses)}."""
    os.set_blocking(dump.stdout.fileno(), False)
    packets, text = {}, [b'']

    def finished():
        text[0] += dump.stdout.read() or b''
        packets.clear()
        for line in text[0].decode().splitlines():
            found = LINE.match(line)
            if found:
                packets.setdefault(
                    (found['ends'], found['flags'], found['seq'],
                     found['ack']), found['ether'])
        # a FIN each way, and the last ACK: the end of a connection
        last = collections.Counter(
            ends for ends, flags, _, _ in packets if 'F' in flags)
        return any(ends.split(' > ')[1] + ' > ' + ends.split(' > ')[0] in last
                   for ends in last)
    wait_for(f'tcpdump on {" ".join(place)} shows no whole connection',
             finished)
    time.sleep(0.3)
    finished()
    net[place[0]].stop(dump)
    return packets


def show_capture(net):
    columns = capture(net)
    # The packets of w101; on lv1 there may be those of the other server as
    # well.
    rows = [key for key in columns[2]]
    expect(len(rows) >= 6, 'tcpdump has seen too few packets')
    width = max(len(ends) for ends, *_ in rows)
    print()
    print('      ' + '  '.join(f'{"tcpdump on " + " ".join(place):{width}}'
                               for place in PLACES))
    for ends, flags, seq, ack in rows:
        cells = []
        for column, place in zip(columns, PLACES):
            expect((ends, flags, seq, ack) in column,
                   f'{" ".join(place)} has not seen {ends} [{flags}]')
            cells.append(f'{ends:{width}}')
        print(f'{flags:5} ' + '  '.join(cells))
    request = next(key for key in rows if key[0].startswith(f'{CLIENT}.'))
    reply = next(key for key in rows if key[0].startswith(f'{VIP}.'))
    macs = [column[request].split(' > ') for column in columns]
    expect(macs[0][1] == net['lv1'].mac('eth0').hex(':'),
           'the request did not come to lv1')
    expect(macs[1] == macs[2] and macs[2] == [
        net['lv1'].mac('eth1').hex(':'), net['w101'].mac('eth0').hex(':')],
        'the request was not sent to the MAC of w101')
    expect(columns[1][reply].split(' > ') == [
        net['w101'].mac('eth0').hex(':'), net['lv1'].mac('eth1').hex(':')],
        'the reply does not go back through lv1')
    print()
    say('The addresses and ports are the same at all three places: no NAT.')
    say('lv1 has changed only the Ethernet header of the requests, to:')
    print('      ' + '  '.join(
        f'{mac[1] + " (" + who + ")":{width}}' for mac, who in zip(
            macs, ('lv1', 'w101', 'w101'))))
    say(f'and the replies, from {VIP}, go back through lv1, the router.')


def configure(net):
    do(net, 'lv1', 'iptables -t mangle -A PREROUTING -d 10.10.31.100 '
       '-j MARK --set-mark 1')
    do(net, 'lv1', 'dsrctl service add fwmark 1 scheduler rr')
    for address in (W101, W102):
        do(net, 'lv1', f'dsrctl backend add fwmark 1 via {address}')
    for name in ('w101', 'w102'):
        do(net, name, f'dsrctl real add vip {VIP}')


def show_tos(net):
    say('The real servers recognize their packets by a TOS value, so that only')
    say(f'the balancer knows the VIP. {TOS} is a DSCP: the article\'s 0x02 is')
    say('a bit that TCP itself uses for ECN.')
    for name in ('w101', 'w102'):
        do(net, name, f'dsrctl real delete vip {VIP}')
    for name in ('w101', 'w102'):
        do(net, name, f'dsrctl real add tos {TOS}')
    do(net, 'lv1', f'dsrctl service set fwmark 1 tos {TOS}')
    shown = do(net, 'w101', 'dsrctl real show')
    expect(VIP not in shown and 'dscp cs1' in shown,
           'w101 still knows the VIP')
    show_replies(net, 2)
    expect(net.owners(VIP) == [], 'a machine has the VIP')


def shell(net, name):
    """A shell in a machine; the demo ends with it."""
    print()
    say(f'This is a shell in {name}; exit ends the virtual machine.')
    say({'client': f"Try: {CURL}",
         'lv1': 'Try: dsrctl -s show   dsrctl connection show   '
                'tcpdump -ni eth1   dsrctl help'}.get(
        name, 'Try: dsrctl real show   dsrctl flow show   tcpdump -ni eth0'))
    say('Other machines: ip netns exec client bash   (or lv1, w101, …)')
    rcfile = f'{net.directory}/bashrc'
    with open(rcfile, 'w', encoding='utf-8') as file:
        file.write(f"PS1='{name}:~# '\ncd /root 2>/dev/null\n")
    with net[name].at():
        os.spawnlp(os.P_WAIT, 'bash', 'bash', '--rcfile', rcfile, '-i')


def demo(net, shell_in):
    heading('The machines: network namespaces; the segments: bridges')
    net.check()
    if shell_in and shell_in not in MACHINES:
        raise Failure(f'no machine {shell_in}: there are '
                      f'{", ".join(MACHINES)}')
    net.load()
    net.up()
    net.serve('w101')
    net.serve('w102')
    say(f'{", ".join(MACHINES)}; nginx runs on w101 and w102')

    heading('The commands')
    configure(net)
    heading('The replies alternate')
    show_replies(net)
    heading(f'No machine owns {VIP}')
    show_addresses(net)
    heading('The packet is the same everywhere')
    show_capture(net)
    heading('The output of the balancer')
    shown = do(net, 'lv1', 'dsrctl -s show')
    expect(W101 in shown and W102 in shown, 'a backend is not shown')
    heading('The TOS variant: the real servers do not know the VIP either')
    show_tos(net)

    print(f'\nShown on Linux {os.uname().release}: a client got its replies '
          f'from {VIP}, an address that\nno machine has. dsr_lb sent its '
          'packets unchanged to two real servers in turn,\nand dsr_rs '
          'delivered them and answered from that address.\n'
          f'({time.monotonic() - BEGAN:.0f} s in the virtual machine)',
          flush=True)
    if shell_in:
        shell(net, shell_in)


def present(show):
    """Run the demo in a network of its own, and return the exit status."""
    try:
        with Network() as net:
            show(net)
    except Failure as failure:
        print(f'\ndemo: error: {failure}', file=sys.stderr)
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--shell', metavar='MACHINE')
    options = parser.parse_args()
    return present(lambda net: demo(net, options.shell))


if __name__ == '__main__':
    sys.exit(main())
