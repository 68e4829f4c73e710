# SPDX-License-Identifier: GPL-2.0
"""What make installs, removes, leaves behind, and says when something is missing."""

import glob
import os
import re
import shutil
import subprocess

import pytest

import uapi as u
from conftest import TOOL, TOP

MODULES = ('lb/dsr_lb', 'rs/dsr_rs', 'ipvs/dsr_ipvs')
# What kbuild has left in kmod after "make", "make KUNIT=1" and one that was
# interrupted, on 6.1 to 7.2. "make check" looks that git ignores such.
LEFTOVERS = [
    'Module.symvers', 'modules.order', '.Module.symvers.cmd', '.modules.order.cmd',
    '.module-common.o', 'kmod/lb/.backend.o.d', 'kmod/lb/modules.order',
    'kmod/lb/core/backend.o', 'kmod/lb/core/.backend.o.cmd',
    'kmod/lb/core/.backend.o.d', 'kmod/lb/core/backend.i', 'kmod/lb/dsr_lb.ko',
    'kmod/lb/.dsr_lb.ko.cmd', 'kmod/lb/dsr_lb.mod', 'kmod/lb/dsr_lb.mod.c',
    'kmod/lb/dsr_lb.mod.o', 'kmod/lb/dsr_lb.o', 'tool/main.o', 'tool/main.d',
    'tool/dsrctl', 'build/bookworm/dsr_lb.ko', 'tests/tool/build/measure',
    'tests/tool/__pycache__/spec.pyc', 'tests/vm/.pytest_cache/x']


def make(*words, directory=TOP, **env):
    return subprocess.run(
        ['make', '--no-print-directory', '-C', directory, *words],
        capture_output=True, text=True, check=False,
        env={'PATH': os.environ['PATH'], 'LC_ALL': 'C', **env})


def files(top):
    return sorted(os.path.relpath(os.path.join(path, name), top)
                  for path, _, names in os.walk(top) for name in names)


@pytest.fixture
def sources(tmp_path):
    """A copy of what the two makefiles are about, without what was built."""
    top = tmp_path / 'sources'
    built = shutil.ignore_patterns(
        '*.o', '*.ko', '*.mod', '*.mod.c', '.*', '*.d', 'dsrctl', 'dsr-metrics', 'dsrsyncd',
        'build',
        '__pycache__', 'modules.order', 'Module.symvers', 'btf_id', 'btf.S', 'btf.btf')
    for name in ('kmod', 'tool', 'include', 'scripts', 'tests'):
        shutil.copytree(os.path.join(TOP, name), top / name, ignore=built)
    for name in ('Makefile', 'Kbuild'):
        shutil.copy(os.path.join(TOP, name), top)
    return str(top)


def test_clean(sources):
    """Without headers, too."""
    before = files(sources)
    for name in LEFTOVERS:
        path = os.path.join(sources, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='ascii'):
            pass
    result = make('clean', 'KDIR=/nonexistent', directory=sources)
    assert result.returncode == 0, result.stderr
    assert files(sources) == before


@pytest.mark.parametrize('directory, words', [(TOP, ['tool']), (TOOL, [])])
def test_missing_libraries(directory, words, tmp_path):
    """The sentence names what to install, before the compiler complains."""
    result = make(*words, directory=directory, PKG_CONFIG_LIBDIR=str(tmp_path))
    assert result.returncode == 2
    assert re.search(
        r'^Makefile:\d+: \*\*\* dsrctl needs more packages: apt install '
        r'libnl-3-dev libnl-genl-3-dev libnl-route-3-dev libjson-c-dev '
        r'libtraceevent-dev libncurses-dev libyaml-dev libbpf-dev\.  Stop\.$',
        result.stderr, re.M), result.stderr
    assert 'fatal error' not in result.stderr + result.stdout
    # one of them
    for name in ('libnl-3.0', 'libnl-genl-3.0', 'libnl-route-3.0', 'libtraceevent',
                 'ncursesw', 'yaml-0.1', 'libbpf'):
        (tmp_path / f'{name}.pc').write_text(
            'Name: x\nDescription: x\nVersion: 9\n')
    result = make(*words, directory=directory, PKG_CONFIG_LIBDIR=str(tmp_path))
    assert 'packages: apt install libjson-c-dev.' in result.stderr
    # and pkg-config itself
    result = make(*words, 'PKG_CONFIG=/nonexistent', directory=directory)
    assert 'packages: apt install pkg-config libnl-3-dev' in result.stderr


def test_clean_without_libraries(sources, tmp_path):
    """What removes things needs no libraries."""
    for goal in ('clean', 'uninstall'):
        result = make(goal, f'DESTDIR={tmp_path}', directory=f'{sources}/tool',
                      PKG_CONFIG_LIBDIR=str(tmp_path))
        assert (result.returncode, result.stderr) == (0, '')


def kernel_of_the_modules():
    """Of the headers in this root by which the modules here were built."""
    if not all(os.path.exists(f'{TOP}/kmod/{name}.ko') for name in MODULES):
        pytest.skip('no modules were built here')
    with open(f'{TOP}/kmod/lb/dsr_lb.ko', 'rb') as file:
        release = re.search(rb'\0vermagic=(\S+)', file.read()).group(1).decode()
    kdir = f'/lib/modules/{release}/build'
    if not glob.glob(f'{kdir}/Makefile'):
        pytest.skip(f'no headers in {kdir}')
    return release, kdir


@pytest.mark.parametrize('prefix', ['/usr/local', '/opt/dsr'])
def test_install(tmp_path, prefix):
    """Modules come stripped and with a version; "uninstall" removes exactly that."""
    release, kdir = kernel_of_the_modules()
    words = (f'DESTDIR={tmp_path}', f'PREFIX={prefix}', f'KDIR={kdir}', 'WERROR=1', 'SYNC=')
    own = prefix[1:]
    updates = f'lib/modules/{release}/updates'
    # of others, where ours come to lie
    others = sorted([f'{updates}/other.ko', f'{own}/include/linux/other.h',
                     f'{own}/share/man/man8/other.8'])
    for name in others:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    result = make('install', *words)
    assert result.returncode == 0, result.stderr
    assert set(files(tmp_path)) == {
        *others,
        *(f'{updates}/kmod/{name}.ko' for name in MODULES),
        *(f'{own}/include/linux/{name}.h'
          for name in ('dsr', 'dsr_common', 'dsr_rs')), f'{own}/sbin/dsrctl',
        f'{own}/share/bash-completion/completions/dsrctl',
        f'{own}/share/dsr/dsr_ipvs.conf', f'{own}/share/dsr/grafana/dsr.json',
        f'{own}/share/dsr/prometheus/dsr.rules.yml', f'{own}/sbin/dsr-metrics',
        f'{own}/lib/systemd/system/dsr.service',
        f'{own}/lib/systemd/system/dsr-metrics.service',
        f'{own}/lib/systemd/system/dsr-metrics.socket',
        f'{own}/share/fish/vendor_completions.d/dsrctl.fish',
        f'{own}/share/man/man4/dsr_ipvs.4', f'{own}/share/man/man4/dsr_rs.4',
        f'{own}/share/man/man8/dsrctl.8',
        f'{own}/share/zsh/site-functions/_dsrctl'}
    for name in MODULES:
        module = tmp_path / updates / f'kmod/{name}.ko'
        sections = subprocess.run(['readelf', '-SW', module], check=True,
                                  capture_output=True, text=True).stdout
        assert '.modinfo' in sections and '.debug_info' not in sections
        assert f'\0version={u.DSR_VERSION}\0'.encode() in module.read_bytes()
    result = make('install-ipvs', *words)
    assert 'etc/modprobe.d/dsr_ipvs.conf' in files(tmp_path)

    result = make('uninstall', *words)
    assert result.returncode == 0, result.stderr
    assert files(tmp_path) == others
    assert not (tmp_path / updates / 'kmod').exists()
    # and once more, where there is nothing
    assert make('uninstall', *words).returncode == 0


def test_uninstall_without_headers(tmp_path):
    """The kernel is known by the name of KDIR."""
    module = tmp_path / 'lib/modules/1.2.3-x/updates/kmod/lb/dsr_lb.ko.xz'
    module.parent.mkdir(parents=True)
    module.touch()
    result = make('uninstall', f'DESTDIR={tmp_path}',
                  'KDIR=/lib/modules/1.2.3-x/build')
    assert result.returncode == 0, result.stderr
    assert files(tmp_path) == []


def test_package_version():
    """The packages have the version of the modules and of dsrctl."""
    with open(f'{TOP}/debian/changelog', encoding='utf-8') as file:
        assert file.readline().startswith(f'dsr ({u.DSR_VERSION}) ')
    with open(f'{TOOL}/dsrctl.8', encoding='utf-8') as file:
        assert f'"dsrctl {u.DSR_VERSION}"' in file.read()
