# SPDX-License-Identifier: GPL-2.0
"""dsrctl unloads a module, and reports the losses in all namespaces."""

import os

import pytest

from host import wait_for
from network import VIP, refcount

THIS = 'this network namespace'


@pytest.fixture
def fresh(site):
    """Remove flows of earlier tests."""
    site.net.reload('dsr_rs')
    return site


def is_loaded(module):
    return os.path.exists(f'/sys/module/{module}/initstate')


def test_balancer(site):
    """Refused while a namespace has services; with force, all are named."""
    site.lv1.configure('service add fwmark 1')
    site.lv2.configure('service add fwmark 1\nservice add fwmark 2')
    done = site.lv1.dsrctl('service stop', check=False)
    assert (done.returncode, done.stderr) == (
        2, f'dsrctl: {THIS}: 1 service; network namespace lv2: 2 services '
        "would be lost: to stop anyway, use 'dsrctl service stop force'\n")
    assert len(site.lv2.show('service show')) == 2
    done = site.lv1.dsrctl('service stop force')
    assert done.stdout.splitlines() == [
        f'{THIS}: 1 service lost', 'network namespace lv2: 2 services lost']
    assert not is_loaded('dsr_lb')


def test_balancer_without_services(site):
    """Nothing is lost: no force is needed, and nothing is printed."""
    done = site.lv1.dsrctl('service stop')
    assert done.stdout + done.stderr == ''
    assert not is_loaded('dsr_lb')


def test_balancer_of_another_namespace(site):
    """A namespace with a process and without a name is named by the process.
    """
    holder = site.lv1.start('unshare', '--net', 'sh', '-c',
                            'dsrctl service add fwmark 1; echo; exec sleep inf',
                            stdout=-1)
    holder.stdout.readline()
    done = site.lv1.dsrctl('service stop', check=False)
    assert (f'the network namespace of process {holder.pid}: 1 service would '
            'be lost') in done.stderr
    site.lv1.dsrctl('service stop force')
    assert not is_loaded('dsr_lb')
    site.lv1.stop(holder)


def test_balancer_with_ipvs(ipvs):
    """The using module is named, and unloaded, too, with force."""
    done = ipvs.lv1.dsrctl('service stop', check=False)
    assert (done.returncode, done.stderr) == (
        2, 'dsrctl: the module dsr_lb is in use by dsr_ipvs: unload both with '
        "'modprobe -r dsr_ipvs', or with 'dsrctl service stop force'\n")
    ipvs.lv1.run('ipvsadm', '-A', '-f', '1')
    wait_for('dsr_ipvs and the service hold it', lambda: refcount('dsr_lb') == 2)
    done = ipvs.lv1.dsrctl('-j service stop force')
    assert '"services":1' in done.stdout
    assert not is_loaded('dsr_ipvs') and not is_loaded('dsr_lb')


def test_real_servers(fresh):
    """With force, other namespaces lose their rules and silenced addresses
    too."""
    site = fresh
    site.w101.dsrctl(f'real silence add {VIP}')
    site.w102.dsrctl(f'real add vip {VIP} mode local')
    done = site.w101.dsrctl('real stop force')
    assert done.stdout.splitlines() == [
        f'{THIS}: 1 silenced address lost',
        'network namespace w102: 1 rule, 1 silenced address lost']
    assert not is_loaded('dsr_rs')
    routes = site.w102.run('ip', 'route', 'show', 'table', 'local').stdout
    assert VIP not in routes
