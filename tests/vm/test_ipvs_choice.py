# SPDX-License-Identifier: GPL-2.0
"""The choice between dsr_ipvs and the kernel's ip_vs."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import KernelLog
from host import run, wait_for
from ipvsadm import ipvsadm
from network import refcount


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
    wait_for('no command holds it', lambda: not refcount(expected))
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
        "take over from it with 'dsrctl import ipvs', or unload it after its "
        'schedulers (ipvsadm -C; modprobe -r ip_vs_rr ip_vs)']
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
