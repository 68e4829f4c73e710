# SPDX-License-Identifier: GPL-2.0
"""Notifications of the balancer, and its predictions.

Complaint 15 about other balancers, that finding out what they do needs a
special build: explain predicts the outcome of any packet, and every packet
leaves with a counted reason.
"""

import errno
import json
import os
import signal

import pytest

import genl
import wire
from balancer import Balancer, Events, encode, uapi, unprivileged
from host import wait_for
from network import CLIENT, VIP, W101, W102
from probe import Probe

NAMES = {W101: 'w101', W102: 'w102'}


@pytest.fixture
def lv1(silent):
    return Balancer(silent)


@pytest.fixture
def probe(silent):
    with Probe(silent) as probe:
        yield probe


def test_every_change(site):
    """Each change is notified once, after it, in order; a refused one is not.
    """
    lv1 = Balancer(site)
    events = lv1.events()
    vip = {'vip': VIP, 'proto': 'tcp', 'port': 443}
    lv1.service('add')
    lv1.service('add', **vip, scheduler='wrr')
    lv1.backend('add', W101, weight=3)
    lv1.backend('add', W102, **vip)
    with pytest.raises(genl.Refused):
        lv1.backend('add', W101)
    with pytest.raises(genl.Refused):
        lv1.backend('set', W101, weight=65536)
    with pytest.raises(genl.Refused):
        lv1.service('delete', fwmark=9)
    lv1.service('set', scheduler='maglev', persist=5000)
    lv1.backend('set', W101, admin='draining', deadline=200)
    wait_for('it is down', lambda: lv1.backends()[W101]['admin'] == 'down')
    lv1.service('replace')
    lv1.backend('replace', W101, upper=7)
    lv1.backend('delete', W101)
    lv1.service('delete', **vip)
    lv1.backend('add', W101)
    lv1.service('add', fwmark=2)
    lv1.request('SERVICE_FLUSH')

    mark1 = {'fwmark': 1, 'family': 2}
    heard = events.all()
    assert [name for name, _ in heard] == [
        'service_add', 'service_add', 'backend_add', 'backend_add',
        'service_set', 'backend_set', 'backend_state', 'service_replace',
        'backend_replace', 'backend_delete', 'service_delete', 'backend_add',
        'service_add', 'service_flush']
    what = [objects for _, objects in heard]
    assert what[0]['service']['scheduler'] == 'rr'
    assert what[1]['service']['vip'] == VIP
    assert what[1]['service']['scheduler'] == 'wrr'
    assert what[2]['service'] == mark1
    assert (what[2]['backend']['addr'], what[2]['backend']['weight']) == (
        W101, 3)
    assert what[3]['service'] == vip
    assert what[4]['service']['scheduler'] == 'maglev'
    assert what[4]['service']['persist'] == 5000
    assert what[5]['backend']['admin'] == 'draining'
    assert 0 < what[5]['backend']['deadline'] <= 200
    assert what[6]['service'] == mark1
    assert what[6]['backend']['admin'] == 'down'
    assert what[7]['service']['scheduler'] == 'rr'
    assert (what[8]['backend']['weight'], what[8]['backend']['upper'],
            what[8]['backend']['admin']) == (1, 7, 'up')
    assert what[9] == {'service': mark1, 'backend': {'addr': W101}}
    assert what[10] == {'service': vip}
    assert what[13] == {}


def test_every_path(site):
    """Changes of a path, and its end with its device."""
    lv1 = Balancer(site)
    site.lv1.ip('link add name gone type veth peer name away')
    eth0, gone = site.lv1.ifindex('eth0'), site.lv1.ifindex('gone')
    events = lv1.events()
    lv1.path('add', 'eth0')
    lv1.path('add', 'gone', recheck=2000)
    with pytest.raises(genl.Refused):
        lv1.path('add', 'eth0')
    lv1.path('set', 'eth0', recheck=3000)
    lv1.path('replace', 'eth0')
    site.lv1.ip('link del gone')
    lv1.path('delete', 'eth0')
    lv1.path('add', 'eth0')
    lv1.request('PATH_FLUSH')
    by = {'via': 'ingress'}
    assert [(name, what.get('path')) for name, what in events.all()] == [
        ('path_add', {'ifindex': eth0, 'recheck': 10000, **by}),
        ('path_add', {'ifindex': gone, 'recheck': 2000, **by}),
        ('path_set', {'ifindex': eth0, 'recheck': 3000, **by}),
        ('path_replace', {'ifindex': eth0, 'recheck': 10000, **by}),
        ('path_delete', {'ifindex': gone}),
        ('path_delete', {'ifindex': eth0}),
        ('path_add', {'ifindex': eth0, 'recheck': 10000, **by}),
        ('path_flush', None)]


def test_connection_table(site):
    """Changes of the table's settings, and its flush."""
    lv1 = Balancer(site)
    lv1.timeouts(udp=0)                 # undone at the end
    site.undo.append(lambda: lv1.set_table(max=1048576))
    events = lv1.events()
    lv1.set_table(max=65537)
    lv1.set_table(timeouts={'udp': 7000})
    with pytest.raises(genl.Refused):
        lv1.set_table(max=1)
    lv1.flush()
    heard = events.all()
    assert [name for name, _ in heard] == [
        'connection_set', 'connection_set', 'connection_flush']
    assert heard[0][1]['table']['max'] == 65537
    assert heard[1][1]['table']['max'] == 65537
    assert heard[1][1]['table']['timeouts']['udp'] == 7000
    assert heard[2][1] == {}


def test_flush_of_many(site):
    """A flush is one change, even of more services than a socket holds
    messages."""
    lv1 = Balancer(site)
    for mark in range(1, 1501):
        lv1.service('add', fwmark=mark)
    events = lv1.events()
    lv1.request('SERVICE_FLUSH')
    assert events.all() == [('service_flush', {})]


def test_changes_by_ipvsadm(ipvs):
    """A change through dsr_ipvs is notified once, too."""
    lv1 = Balancer(ipvs)
    lv1.timeouts(udp=0)
    events = lv1.events()
    for words in ('-A -f 1 -s rr', '-E -f 1 -s wrr', f'-a -f 1 -r {W101} -g',
                  f'-e -f 1 -r {W101} -g -w 3', f'-d -f 1 -r {W101}',
                  '--set 901 0 0', '-D -f 1', f'-A -t {VIP}:80', '-Z', '-C'):
        ipvs.lv1.run('ipvsadm', *words.split())
    heard = events.all()
    assert [name for name, _ in heard] == [
        'service_add', 'service_set', 'backend_add', 'backend_set',
        'backend_delete', 'connection_set', 'service_delete', 'service_add',
        'service_flush']
    assert heard[3][1]['backend']['weight'] == 3
    assert heard[5][1]['table']['timeouts']['established'] == 901000
    assert heard[8][1] == {}


@pytest.mark.parametrize('name, field', [
    ('expire_quiescent_template', 'expire_quiescent'),
    ('expire_nodest_conn', 'expire_nodest')])
def test_changes_by_sysctl(site, name, field):
    """A setting of dsr_ipvs is notified when it is set and when it ends.

    The end of the module ends a setting; a file without effect notifies
    nothing.
    """
    lv1 = Balancer(site)
    lv1.timeouts(udp=0)
    site.net.load('dsr_ipvs')
    try:
        events = lv1.events()
        for value in (1, 1, 2, 0, 0, 1):
            site.lv1.sysctl(f'ipv4/vs/{name}', value)
        site.lv1.sysctl('ipv4/vs/conntrack', 0)
    finally:
        site.net.unload('dsr_ipvs')
    assert [(event, what['table'].get(field)) for event, what in
            events.all()] == [('connection_set', True), ('connection_set', None),
                              ('connection_set', True), ('connection_set', None)]
    assert field not in lv1.table()


def test_flush_by_ipvsadm_leaves_some(ipvs):
    """If services without a name in IPVS stay, the flush event says so."""
    lv1 = Balancer(ipvs)
    lv1.service('add', vip=VIP)
    lv1.service('add', vip=VIP, proto='tcp', port=80)
    lv1.service('add', fwmark=1)
    events = lv1.events()
    ipvs.lv1.run('ipvsadm', '-C')
    assert events.all() == [('service_flush', {'ipvs_only': True})]
    assert [one['service']['vip'] for one in lv1.dump('SERVICE_GET')] == [VIP]
    lv1.request('SERVICE_FLUSH')


def test_real_server(site):
    """Changes of rules, silenced addresses and the flow table are notified."""
    host = site.w101
    with host.at():
        rs = genl.Genl('dsr_rs')
    site.undo.append(rs.sock.close)
    site.undo.append(lambda: host.dsrctl(
        'flow set max 1048576 timeout-udp default'))
    events = Events(host, 'dsr_rs')
    site.undo.append(events.sock.close)
    host.changed = True

    def rule(command, **fields):
        rs.ask(getattr(genl, f'RULE_{command}'),
               genl.nest(genl.A_RULE, encode('RULE', fields)))

    def silence(command, **fields):
        rs.ask(getattr(genl, f'SILENCE_{command}'),
               genl.nest(genl.A_SILENCE, encode('SILENCE', fields)))

    web = {'vip': VIP, 'proto': 'tcp', 'port': 80}
    rule('ADD', **web)
    with pytest.raises(genl.Refused):
        rule('ADD', **web)
    rule('REPLACE', **web, to_port=8080)
    rule('ADD', tos=4, tos_mask=0xfc)
    rule('DELETE', **web)
    rule('ADD', vip=VIP, mode='local')
    silence('ADD', addr=VIP)
    silence('REPLACE', addr=VIP, dev='eth9')
    silence('DELETE', addr=VIP)         # the rule still needs it
    with pytest.raises(genl.Refused):
        silence('DELETE', addr=VIP)
    rs.ask(genl.RULE_FLUSH)
    rs.ask(genl.SILENCE_FLUSH)
    rs.ask(genl.FLOW_SET, genl.nest(genl.A_TABLE, encode(
        'TABLE', {'max': 65537, 'timeouts': {'udp': 7000}})))
    rs.ask(genl.FLOW_FLUSH)
    heard = events.all()
    assert [name for name, _ in heard] == [
        'rule_add', 'rule_replace', 'rule_add', 'rule_delete', 'rule_add',
        'silence_add', 'silence_replace', 'silence_delete', 'rule_flush',
        'silence_flush', 'flow_set', 'flow_flush']
    what = [objects for _, objects in heard]
    assert what[0]['rule']['mode'] == 'redirect'
    assert what[1]['rule']['to_port'] == 8080
    assert (what[2]['rule']['tos'], what[2]['rule']['tos_mask']) == (4, 0xfc)
    assert what[3] == {'rule': web}
    assert what[4]['rule']['mode'] == 'local'
    assert (what[5]['silence']['rules'], what[5]['silence']['wanted']) == (1, 1)
    assert what[6]['silence']['dev'] == 'eth9'
    assert what[7] == {'silence': {'addr': VIP}}
    assert what[8] == what[9] == {}
    assert what[10]['table']['max'] == 65537
    assert what[10]['table']['timeouts']['udp'] == 7000
    assert what[11] == {}


def test_real_server_in_private(site):
    """Unprivileged listeners and other namespaces get no notifications."""
    assert unprivileged(site.w101, lambda: Events(None, 'dsr_rs')
                        ) == errno.EPERM
    events = Events(site.w102, 'dsr_rs')
    site.undo.append(events.sock.close)
    site.w101.dsrctl('real flush')
    assert not events.all()


def test_events_of_one_machine(site):
    """A listener gets only the events of its own machine's balancer."""
    lv1, lv2 = Balancer(site), Balancer(site, 'lv2')
    events = {lb: lb.events() for lb in (lv1, lv2)}
    lv1.service('add', fwmark=3)
    lv2.service('add', fwmark=4)
    for lb, mark in ((lv1, 3), (lv2, 4)):
        assert [what['service']['fwmark']
                for _, what in events[lb].all()] == [mark]


def test_slow_listener(lv1):
    """A slow listener loses events, is told so, and harms no other listener.
    """
    events = lv1.events()
    events.sock.setsockopt(1, 8, 4096)      # SO_RCVBUF
    for number in range(100):
        lv1.backend('set', W101, weight=number + 1)
    with pytest.raises(OSError) as caught:
        while True:
            events.next(1)
    assert caught.value.errno == errno.ENOBUFS
    events.all()
    lv1.backend('set', W101, weight=7)
    name, what = events.next()
    assert (name, what['backend']['weight']) == ('backend_set', 7)


def has_dropped(host):
    """Tell if a generic netlink socket of a machine has lost a message."""
    with host.at(), open('/proc/thread-self/net/netlink',
                         encoding='ascii') as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return any(row[1] == '16' and int(row[8]) for row in rows)


def test_monitor_after_an_overrun(site, tmp_path):
    """dsrctl monitor reports lost events, and shows all present objects."""
    lv1 = Balancer(site)
    site.undo.append(lambda: lv1.request('SERVICE_FLUSH'))
    lv1.service('add')
    lv1.backend('add', W101)
    lv1.service('add', fwmark=2)
    path = tmp_path / 'monitor'
    with open(path, 'w', encoding='ascii') as out:
        child = site.lv1.start('dsrctl', '-j', 'monitor', stdout=out,
                               stderr=out)

    def heard():
        whole = path.read_text(encoding='ascii').rpartition('\n')[0]
        lines = whole.splitlines()
        return [json.loads(line) for line in lines if line.startswith('{')]

    def begins():
        lv1.service('set', fwmark=2)
        return heard()
    wait_for('the monitor listens', begins)
    os.kill(child.pid, signal.SIGSTOP)
    while not has_dropped(site.lv1):
        for number in range(100):
            lv1.backend('set', W101, weight=number)
    lv1.service('delete', fwmark=2)
    lv1.backend('set', W101, weight=777)
    os.kill(child.pid, signal.SIGCONT)
    wait_for('all is shown', lambda: [one for one in heard()
                                      if one['event'] == 'shown'])
    lv1.service('delete')
    wait_for('the watch goes on', lambda: heard()[-1]['event'] == 'delete')
    site.lv1.stop(child)
    what = heard()
    names = [one['event'] for one in what]
    assert names.count('overrun') == names.count('shown') == 1
    shown = what[names.index('overrun') + 1:names.index('shown')]
    assert [(one['event'], one['object']) for one in shown] == [
        ('show', 'service'), ('show', 'backend'), ('show', 'connection'),
        ('show', 'flow')]
    assert shown[0]['service']['fwmark'] == 1
    assert shown[1]['backend']['weight'] == 777
    assert 'some are missing' in path.read_text(encoding='ascii')
    # no older event follows
    assert names[names.index('shown') + 1:] == ['delete']


def test_privilege(lv1, silent):
    """Connections are private; counters are not."""
    host = silent.lv1
    assert unprivileged(host, Events) == errno.EPERM
    for command in ('BACKEND_GET', 'CONNECTION_GET', 'SERVICE_GET',
                    'PATH_GET'):
        def dump(command=command):
            with genl.Genl() as sock:
                sock.dump(getattr(uapi, f'DSR_CMD_{command}'))
        assert unprivileged(host, dump) == errno.EPERM

    def explain():
        with genl.Genl() as sock:
            sock.ask(uapi.DSR_CMD_EXPLAIN)
    assert unprivileged(host, explain) == errno.EPERM

    def stats():
        with genl.Genl() as sock:
            sock.ask(genl.STATS_GET)
    assert unprivileged(host, stats) == 0


def said(lv1, sport, proto='tcp', middle=False, src=CLIENT, fwmark=1,
         dst=VIP):
    """(reason, choice, name of the server) of a prediction."""
    what = lv1.explain(src=src, sport=sport, dst=dst,
                       dport=80 if proto == 'tcp' else 9, proto=proto,
                       fwmark=fwmark, middle=middle)
    return (what['explain']['reason'], what['explain']['choice'],
            NAMES.get(what.get('backend', {}).get('addr')))


@pytest.mark.parametrize('scheduler', ['rr', 'wrr', 'wlc', 'maglev', 'sh'])
def test_explain(lv1, probe, reasons, scheduler):
    """The next packet has the predicted outcome; the prediction changes
    nothing."""
    lv1.service('set', scheduler=scheduler)
    lv1.backend('set', W101, weight=3)
    hashes = scheduler in ('maglev', 'sh')
    for port in range(4000, 4012):
        since = reasons('lv1')
        table = lv1.table()['entries']
        # with any way of asking, and any number of times
        for _ in range(3):
            new = said(lv1, port)
            middle = said(lv1, port, middle=True)
        assert new[:2] == ('forwarded_syn_unremembered' if hashes else
                           'forwarded', 'scheduler')
        assert middle[1] == ('scheduler' if hashes else 'hash')
        assert lv1.table()['entries'] == table and not since.all()
        # a connection that began before the balancer
        if port % 3 == 2:
            assert probe.tcp(port) == middle[2]
            assert since.all() == {middle[0]: 1}
            continue
        assert probe.syn(port) == new[2]
        assert since.all() == {new[0]: 1}
        after = said(lv1, port, middle=True)
        assert after == ('forwarded', 'scheduler' if hashes else
                         'connection', new[2])
        assert probe.tcp(port) == new[2]
        assert said(lv1, port, middle=True) == ('forwarded', 'connection',
                                                new[2])
        assert probe.tcp(port, flags=wire.FIN | wire.ACK) == new[2]
        # a SYN would begin a new connection now
        again = said(lv1, port)
        assert again[:2] == ('forwarded', 'scheduler')
        assert probe.syn(port, seq=5000) == again[2]
    for port in range(4000, 4004):
        flow = said(lv1, port, 'udp')
        assert probe.udp(port) == flow[2]
        assert said(lv1, port, 'udp') == ('forwarded', 'connection', flow[2])


def test_explain_connection(lv1, probe):
    """The prediction has the service and the connection as in dumps."""
    home = probe.syn(4000)
    what = lv1.explain(src=CLIENT, sport=4000, dst=VIP, dport=80, fwmark=1)
    connection, = lv1.connections()
    assert {**what['connection'], 'expires': 0} == {**connection,
                                                    'expires': 0}
    assert what['service'] == lv1.get()
    assert what['backend'] == lv1.backends()[
        W101 if home == 'w101' else W102]


def test_explain_persistence(lv1, probe):
    lv1.service('set', persist=60000)
    assert said(lv1, 4000)[1] == 'scheduler'
    assert len(lv1.connections()) == 0
    home = probe.syn(4000)
    for port in range(4001, 4004):
        assert said(lv1, port) == ('forwarded', 'persistence', home)
        assert probe.syn(port) == home
    assert said(lv1, 4001, src='10.20.1.1')[1] == 'scheduler'


def test_explain_refusals(lv1, probe, reasons, silent):
    """Packets without a backend: the prediction has the counted reason."""
    none = ('pass_no_service', 'none', None)
    assert said(lv1, 4000, fwmark=0) == none
    assert said(lv1, 4000, fwmark=2) == none
    for src in ('0.0.0.1', '127.0.0.1', '224.0.0.1', '255.255.255.255'):
        since = reasons('lv1')
        verdict = said(lv1, 4000, src=src)
        assert verdict == ('drop_bad_source', 'none', None), src
        probe.lost(wire.tcp(4000, src=src), since, verdict[0])
    for address in (W101, W102):
        lv1.backend('set', address, weight=0)
    assert said(lv1, 4000) == ('drop_no_backend', 'none', None)
    since = reasons('lv1')
    probe.lost(wire.tcp(4000), since, 'drop_no_backend')
    lv1.backend('set', W101, weight=1)
    home = probe.syn(4000)
    for on_down, reason in (('drop', 'drop_backend_down'),
                            ('reset', 'answered_reset'),
                            ('reschedule', 'drop_no_backend')):
        lv1.service('set', on_down=on_down)
        lv1.backend('set', W101, admin='down')
        assert said(lv1, 4000, middle=True) == (reason, 'none', None)
        lv1.backend('set', W101, admin='up')
    assert said(lv1, 4000) == ('forwarded', 'connection', home)
    # the route to the backend
    silent.lv1.ip(f'route add {W101}/32 via {W102}')
    try:
        assert said(lv1, 4000)[0] == 'drop_no_route_to_backend'
        probe.lost(wire.tcp(4000), since, 'drop_no_route_to_backend')
    finally:
        silent.lv1.ip(f'route del {W101}/32')
    lv1.request('SERVICE_FLUSH')
    assert said(lv1, 4000) == none


def test_explain_full(lv1, probe, reasons):
    """With a full table the prediction has the server of the hash."""
    lv1.set_table(max=64)       # a quarter of which is for SYNs
    homes = {port: probe.syn(port) for port in range(4000, 4016)}
    since = reasons('lv1')
    for port in range(5000, 5010):
        verdict = said(lv1, port)
        assert verdict[:2] == ('forwarded_stateless', 'hash')
        assert probe.syn(port) == verdict[2]
        assert said(lv1, port, 'udp')[:2] == ('forwarded_stateless', 'hash')
    assert since.all() == {'forwarded_stateless': 10}
    for port, home in homes.items():
        assert said(lv1, port) == ('forwarded', 'connection', home)


def test_explain_nonsense(lv1):
    """Invalid requests are refused with a sentence."""
    good = {'src': CLIENT, 'dst': VIP, 'sport': 1, 'dport': 80, 'fwmark': 1}
    for wrong in ({'src': None}, {'dst': None}, {'src': '2001:db8::1'}):
        with pytest.raises(genl.Refused) as caught:
            lv1.explain(**{**good, **wrong})
        assert caught.value.sentence
    with pytest.raises(genl.Refused) as caught:
        lv1.genl.ask(uapi.DSR_CMD_EXPLAIN)
    assert 'names no packet' in caught.value.sentence
    # without ports it is a packet without ports
    assert lv1.explain(src=CLIENT, dst=VIP, fwmark=1)['explain']['reason'] \
        == 'forwarded'
