# SPDX-License-Identifier: GPL-2.0
"""The unmodified keepalived and docs/keepalived.conf, on both balancers."""

import time

import pytest

from host import wait_for
from network import VIP2
from pair import BOTH, CONFIG, PAIR, SORRY, WITHOUT_W101, Pair
from traffic import BIG_MIB


class Checked:
    """The pair, and the services that keepalived creates."""

    def __init__(self, site, pair, capsys):
        self.site, self.pair, self.capsys = site, pair, capsys
        self.failed = set()

    def fail(self, name):
        self.pair.stop_nginx(name)
        self.failed.add(name)

    def revive(self):
        for name in self.failed:
            self.site.net.serve(name, BIG_MIB)
        self.failed.clear()

    def wait(self, what, services):
        """Wait until both balancers have these services, in dsrctl and
        ipvsadm."""
        began = time.monotonic()
        for name in PAIR:
            self.pair.wait_services(name, services)
        with self.capsys.disabled():
            print(f'\n  {what}: {time.monotonic() - began:.1f} s', end='')

    def answers(self, number=24):
        """The servers that answer the client's curl, which must not fail."""
        return set(self.site.replies(number))

    def answers2(self):
        return set(self.site.curl(f'http://{VIP2}:8080/?[1-4]',
                                  vhost='x').splitlines())


@pytest.fixture
def checked(site, capsys):
    with Pair(site.net) as pair:
        pair.deliver()
        checked = Checked(site, pair, capsys)
        try:
            yield checked
        finally:
            checked.revive()


@pytest.mark.smoke
def test_checks(checked):
    """Servers fail and come back, and some server always answers."""
    checked.pair.start()
    assert checked.answers() == {'w101 nano', 'w102 desu'}
    assert checked.answers2() == {'w101 port 8080', 'w102 port 8080'}

    checked.fail('w101')
    checked.wait('w101 fails', WITHOUT_W101)
    assert checked.answers() == {'w102 desu'}
    assert checked.answers2() == {'w102 port 8080'}

    # quorum lost
    checked.fail('w102')
    checked.wait('w102 fails', SORRY)
    assert checked.answers(2) == {'w103 sorry'}

    checked.revive()
    checked.wait('both are back', BOTH)
    assert checked.answers() == {'w101 nano', 'w102 desu'}

    for name in PAIR:
        checked.pair.stop(name)
        assert checked.pair.shown(name) == {}
        assert not checked.pair.owns(name)
        for word in ('error', 'ermission', 'nvalid'):
            assert word not in checked.pair.log(name)


@pytest.mark.smoke
def test_words(site):
    """The old and the new keywords mean the same to keepalived."""
    with open(CONFIG, encoding='utf-8') as file:
        text = file.read()
    for new, old in (('lvs_sched', 'lb_algo'), ('lvs_method', 'lb_kind')):
        assert new in text and old not in text
        text = text.replace(new, old)
    path = f'{site.net.directory}/old.conf'
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    for config in (CONFIG, path):
        done = site.lv1.run('keepalived', '--config-test', '--config-id',
                            'lv1', '--use-file', config)
        assert done.stdout + done.stderr == ''


def test_options(site):
    """--check --vrrp now disables both parts: see docs/keepalived.md."""
    home = site.net.directory
    path = f'{home}/options.log'
    with open(path, 'wb') as log:
        child = site.lv1.start(
            'keepalived', '--check', '--vrrp', '--dont-fork', '--log-console',
            '--no-syslog', '--use-file', CONFIG, '--config-id', 'lv1',
            '--pid', f'{home}/a.pid', '--vrrp_pid', f'{home}/b.pid',
            '--checkers_pid', f'{home}/c.pid', stdout=log, stderr=log)

    def said():
        with open(path, encoding='utf-8') as file:
            return 'has no configuration to run' in file.read()
    wait_for('keepalived runs something', said)
    site.lv1.stop(child)
