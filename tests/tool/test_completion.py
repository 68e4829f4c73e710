# SPDX-License-Identifier: GPL-2.0
"""Completion in real bash, zsh and fish; bash and zsh have a terminal."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile

import pytest

from conftest import TOOL

COMPLETION = os.path.join(TOOL, 'completion')
BASH = os.path.join(COMPLETION, 'dsrctl.bash')
FISH = os.path.join(COMPLETION, 'dsrctl.fish')


class Shell:
    """An interactive shell on a terminal.

    After ^T it prints its command line between << and >>, so that the test can
    wait for the output.
    """

    def __init__(self, binary, argv, commands, **env):
        self.directory = tempfile.TemporaryDirectory()
        path = self.directory.name
        os.symlink(binary, f'{path}/dsrctl')
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(        # pylint: disable=R1732
            argv, stdin=slave, stdout=slave, stderr=slave, cwd=path,
            start_new_session=True,
            env={'PATH': f'{path}:/usr/bin:/bin', 'TERM': 'dumb', 'HOME': path,
                 'LC_ALL': 'C', 'COLUMNS': '4000', **env})
        os.close(slave)
        for command in commands:
            self.send(command + '\n')
        self.send('echo "re""ady"\n')
        self.wait('ready')

    def send(self, text):
        os.write(self.master, text.encode())

    def wait(self, pattern):
        seen = ''
        while not (found := re.search(pattern, seen)):
            assert select.select([self.master], [], [], 60)[0], seen
            seen += os.read(self.master, 4096).decode(errors='replace')
        return found

    def line(self, keys):
        """The command line after some keys; then the line is dropped."""
        self.send(keys + '\x14')
        line = self.wait('<<(.*?)>>')[1]
        self.send('\x15')
        return line

    def close(self):
        os.close(self.master)
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()


@pytest.fixture(scope='module')
def bash(fake_binary):
    shell = Shell(fake_binary, ['bash', '--norc', '--noprofile', '-i'], [
        "PS1='$ '", 'stty -echo', f'source {BASH}',
        """bind -x '"\\C-t": printf "<<%s>>" "$READLINE_LINE"'""",
        "bind 'set completion-query-items 0'"], INPUTRC='/dev/null')
    yield shell
    shell.close()


@pytest.fixture(scope='module')
def zsh(fake_binary):
    if not shutil.which('zsh'):
        pytest.skip('no zsh')
    shell = Shell(fake_binary, ['zsh', '-f', '-i'], [
        "PS1='$ '", f'fpath=({COMPLETION} $fpath)',
        'autoload -Uz compinit', 'compinit -D -u', 'unsetopt beep list_beep',
        'tell() { print -rn "<<$BUFFER>>" }', 'zle -N tell',
        "bindkey -e", "bindkey '^T' tell"])
    yield shell
    shell.close()


def insert_all(bash, line):                     # pylint: disable=W0621
    """The words that bash offers for the last word: M-* inserts all of them.
    """
    before = line.rpartition(' ')[0] + ' '
    after = bash.line(line + '\x1b*')
    assert after.startswith(before)
    words = after[len(before):].split()
    return [] if after == line else words


OBJECTS = ['service', 'backend', 'connection', 'path', 'real', 'flow',
           'stats', 'show', 'monitor', 'trace', 'top', 'explain', 'metrics', 'doctor',
           'apply', 'save',
           'import', 'upgrade', 'sync', 'help']
KEY = ['fwmark', 'family', 'vip', 'proto', 'port']
OPTIONS = ['scheduler', 'path', 'tos', 'hash', 'table-size', 'choices', 'ping',
           'one-packet', 'on-down', 'on-unreachable', 'chances', 'persist', 'persist-prefix',
           'probe-marks']
TIMEOUTS = ['timeout-syn', 'timeout-established', 'timeout-fin',
            'timeout-closed', 'timeout-udp']
TRACE = ['src', 'dst', 'sport', 'dport', 'proto', 'service', 'backend', 'fwmark',
         'reason', 'count', 'buffer', 'all-netns']
STATES = ['syn', 'established', 'fin', 'closed', 'udp']
LINES = {
    'dsrctl ': OBJECTS,
    'dsrctl s': ['service', 'stats', 'show', 'save', 'sync'],
    'dsrctl save ': ['help'],
    'dsrctl zz': [],
    'dsrctl service ': ['add', 'set', 'replace', 'delete', 'show', 'flush',
                        'stop', 'help'],
    'dsrctl service s': ['set', 'show', 'stop'],
    'dsrctl service stop ': ['force'],
    'dsrctl show ': ['help'],
    'dsrctl service add ': KEY + OPTIONS + TIMEOUTS + ['force'],
    'dsrctl se a ': KEY + OPTIONS + TIMEOUTS + ['force'],
    'dsrctl service add fwmark ': [],
    'dsrctl service add fwmark 1 ': KEY[1:] + OPTIONS + TIMEOUTS + ['force'],
    'dsrctl service add fwmark 1 path ': ['stack', 'direct'],
    'dsrctl service add fwmark 1 path d': ['direct'],
    'dsrctl service add scheduler ': [
        'rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'fo', 'ovf',
        'twos', 'maglev'],
    'dsrctl service add hash ': ['default', 'source', 'source-port'],
    'dsrctl service add table-size 13': ['131071'],
    'dsrctl service add choices ': ['1', '2'],
    'dsrctl service add tos ': ['none'],
    'dsrctl service set probe-marks ': ['none'],
    'dsrctl service delete ': KEY,
    'dsrctl service flush ': [],
    'dsrctl service add junk ': [],
    'dsrctl real add proto ': ['tcp', 'udp', 'sctp'],
    'dsrctl real stop ': ['force'],
    'dsrctl real delete ': ['vip', 'proto', 'port', 'tos', 'dscp'],
    'dsrctl real ': ['add', 'replace', 'delete', 'show', 'flush', 'explain',
                     'stop', 'silence', 'help'],
    'dsrctl real explain 10.0.0.1:1 ': [],
    'dsrctl real explain 10.0.0.1:1 10.0.0.2:80 ': ['proto', 'tos', 'dscp',
                                                    'dev', 'firewall'],
    'dsrctl real explain 10.0.0.1:1 10.0.0.2:80 proto u': ['udp'],
    'dsrctl real add vip 10.0.0.1 mode ': ['redirect', 'local'],
    'dsrctl real add tos 0x20 clear ': ['vip', 'proto', 'port', 'dscp', 'to',
                                        'mode', 'from', 'mark',
                                        'balancer'],
    'dsrctl real si': ['silence'],
    'dsrctl real silence ': ['add', 'replace', 'delete', 'show', 'flush',
                             'help'],
    'dsrctl real sil f': ['flush'],
    'dsrctl real silence add ': [],
    'dsrctl real silence add 10.0.0.1 ': ['dev'],
    'dsrctl real silence 2001:db8::1 ': ['dev'],
    'dsrctl real silence 10.0.0.1 dev ': [],
    'dsrctl real silence 10.0.0.1 dev eth0 ': ['dev'],
    'dsrctl real silence delete ': [],
    'dsrctl real silence delete 10.0.0.1 ': [],
    'dsrctl service add family ': ['inet', 'inet6'],
    'dsrctl service add vip 10.0.0.1 proto ': ['tcp', 'udp', 'sctp'],
    'dsrctl service add ping ': ['reply', 'forward', 'ignore'],
    'dsrctl service add one-packet ': ['off', 'on'],
    'dsrctl service add on-down re': ['reschedule', 'reset'],
    'dsrctl service add on-unreachable ': ['keep', 'skip'],
    'dsrctl service add chances ': ['off'],
    'dsrctl service add persist ': ['off'],
    'dsrctl service add timeout-udp ': ['default'],
    'dsrctl backend delete ': KEY + ['via', 'force'],
    'dsrctl backend drain fwmark 1 via 10.0.0.1 ': KEY[1:] + ['deadline',
                                                             'wait'],
    'dsrctl backend drain fwmark 1 wait ': KEY[1:] + ['via', 'deadline'],
    'dsrctl backend drain fwmark 1 --wait d': ['deadline'],
    'dsrctl backend set up ': KEY + ['via', 'weight', 'upper', 'lower',
                                     'down', 'draining',
                                     'force'],
    'dsrctl connection show state ': STATES + ['persistent', 'unproven'],
    'dsrctl connection show sort ': ['src', 'dst', 'via', 'state', 'expires'],
    'dsrctl flow show state ': STATES,
    'dsrctl connection set ': ['max'] + TIMEOUTS,
    'dsrctl connection add ': ['proto', 'src', 'dst', 'via', 'fwmark', 'state',
                               'expires'],
    'dsrctl connection re': ['restore'],
    'dsrctl import ': ['ipvs', 'help'],
    'dsrctl import ipvs ': ['check', 'force'],
    'dsrctl upgrade ': ['dsr_lb', 'help'],
    'dsrctl upgrade dsr_lb ': ['from'],
    'dsrctl sync ': ['show', 'resync', 'wait', 'help'],
    'dsrctl sync show ': ['socket'],
    'dsrctl flow set ': ['max'] + TIMEOUTS,
    'dsrctl flow ': ['show', 'set', 'flush', 'help'],
    'dsrctl flow flush ': [],
    'dsrctl path ': ['add', 'set', 'replace', 'delete', 'show', 'flush',
                     'help'],
    'dsrctl path add ': ['dev', 'recheck', 'via'],
    'dsrctl path add via ': ['ingress', 'xdp', 'xdp-generic'],
    'dsrctl path set ': ['dev', 'recheck'],
    'dsrctl path delete ': ['dev'],
    'dsrctl path add dev ': [],
    'dsrctl monitor ': ['help'],
    'dsrctl stats ': ['show', 'reasons', 'help'],
    'dsrctl help ': OBJECTS[:-1],
    'dsrctl help s': ['service', 'stats', 'show', 'save', 'sync'],
    'dsrctl help service ': [],
    'dsrctl trace ': ['help', *TRACE],
    'dsrctl trace src ': [],
    'dsrctl trace src 10.0.0.1 reason drop_* rea': ['reason'],
    'dsrctl trace --count 1 --all-netns ': [word for word in TRACE if word not in (
        'count', 'all-netns')],
    'dsrctl top ': ['help', 'interval'],
    'dsrctl metrics ': ['help', 'output', 'format'],
    'dsrctl metrics format ': ['openmetrics', 'prometheus'],
    'dsrctl metrics format openmetrics ': ['output'],
    'dsrctl explain ': ['help'],
    'dsrctl explain 10.0.0.1:1 ': [],
    'dsrctl explain 10.0.0.1:1 10.0.0.2:80 ': ['proto', 'mark', 'dev', 'middle',
                                                'firewall', 'length'],
    'dsrctl explain 10.0.0.1:1 10.0.0.2:80 middle ': ['proto', 'mark', 'dev',
                                                       'firewall', 'length'],
    'dsrctl explain 10.0.0.1:1 10.0.0.2:80 proto s': ['sctp'],
    'dsrctl -': ['--statistics', '--brief', '--json', '--pretty', '--netns',
                 '--batch', '--force', '--color', '--version', '--help'],
    'dsrctl --b': ['--brief', '--batch'],
    'dsrctl --n': ['--netns'],
    'dsrctl -j -s ': OBJECTS,
    'dsrctl -n lv1 ': OBJECTS,
    'dsrctl -n lv1 -j service d': ['delete'],
    'dsrctl --netns lv1 backend add ': KEY + ['via', 'weight', 'upper',
                                              'lower', 'up', 'down',
                                              'draining', 'force'],
}


# after options, and after words with a colon
LINES.update({
    'dsrctl --netns=lv1 service del': ['delete'],
    'dsrctl -netns lv1 service del': ['delete'],
    'dsrctl -jsn lv1 service del': ['delete'],
    'dsrctl -nlv1 service del': ['delete'],
    'dsrctl --color=always service del': ['delete'],
    'dsrctl service add vip 2001:db8::1 proto u': ['udp'],
    'dsrctl service add vip 2001:db8::1 sch': ['scheduler'],
    'dsrctl backend add vip 10.0.0.1 via 2001:db8:: wei': ['weight'],
    'dsrctl real add tos 4 from 02:00:00:00:00:01 cl': ['clear'],
    'dsrctl real add vip ::1 to :81 mode l': ['local'],
    'dsrctl real silence 2001:db8::1 dev eth0:1 d': ['dev'],
    'dsrctl connection show src [2001:db8::1]:80 dst 10.0.0.1:80 sta':
        ['state'],
    'dsrctl explain [::1]:1 10.0.0.2:80 mid': ['middle'],
})
# the line after a tab
TABS = {
    'dsrctl --color=al': 'dsrctl --color=always ',
    'dsrctl apply ru': 'dsrctl apply rules.dsr ',
    'dsrctl --batch=ru': 'dsrctl --batch=rules.dsr ',
    'dsrctl -b ru': 'dsrctl -b rules.dsr ',
    'dsrctl -jb ru': 'dsrctl -jb rules.dsr ',
    'dsrctl explain [2001:db8::1]:1 10.0.0.2:80 mid':
        'dsrctl explain [2001:db8::1]:1 10.0.0.2:80 middle ',
    'dsrctl explain 10.0.0.1:': 'dsrctl explain 10.0.0.1:',
    'dsrctl service add vip 2001:db8::1 proto tcp sch':
        'dsrctl service add vip 2001:db8::1 proto tcp scheduler ',
    'dsrctl real add tos 4 from 02:00:00:00:00:01 cl':
        'dsrctl real add tos 4 from 02:00:00:00:00:01 clear ',
}


@pytest.mark.parametrize('line', LINES)
def test_words(bash, line):                     # pylint: disable=W0621
    assert sorted(insert_all(bash, line)) == sorted(LINES[line])


@pytest.mark.parametrize('shell', ['bash', 'zsh'])
@pytest.mark.parametrize('line', TABS)
def test_tab(request, shell, line):
    shell = request.getfixturevalue(shell)
    open(f'{shell.directory.name}/rules.dsr', 'a', encoding='ascii').close()
    assert shell.line(line + '\t') == TABS[line]


def test_cursor_within_the_line(bash):          # pylint: disable=W0621
    """Words after the cursor do not change the completion."""
    line = 'dsrctl service add vip 2001:db8::1 sch fwmark 1'
    assert bash.line(line + '\x02' * len(' fwmark 1') + '\t\x05') == (
        'dsrctl service add vip 2001:db8::1 scheduler fwmark 1')


def test_fish(fake_binary, tmp_path):
    if not shutil.which('fish'):
        pytest.skip('no fish')
    os.symlink(fake_binary, tmp_path / 'dsrctl')
    (tmp_path / 'rules.dsr').touch()
    lines = {**LINES, **{line: [after.split()[-1]]
                         for line, after in TABS.items()
                         if not line.endswith(':')}}
    script = [f'source {FISH}']
    for line in lines:
        script += [f"complete -C '{line}'", 'echo .']
    result = subprocess.run(
        ['fish', '--no-config', '-c', '\n'.join(script)], cwd=tmp_path,
        env={'PATH': f'{tmp_path}:/usr/bin:/bin', 'HOME': str(tmp_path),
             'LC_ALL': 'C'}, capture_output=True, text=True, check=True)
    offered = [re.findall('^([^\t\n]+)', words, re.M) for words in
               re.split(r'^\.\n', result.stdout, flags=re.M)]
    assert result.stderr == ''
    for line, words in zip(lines, offered):
        assert sorted(words) == sorted(lines[line]), line


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_namespaces(fake_binary, tmp_path):
    """The shell does not interpret special characters in a name."""
    script = """
        mount -t tmpfs none /run && mkdir /run/netns && cd /run/netns &&
        touch lv1 lv2 '$(id)' && cd / && exec "$@" complete -n"""
    result = subprocess.run(
        ['unshare', '--mount', '--propagation=unchanged', 'sh', '-c', script, 'sh', fake_binary],
        capture_output=True, text=True, check=True)
    assert sorted(result.stdout.split()) == ['$(id)', 'lv1', 'lv2']


def test_installed(dsrctl, tmp_path):
    """The files are installed in the directories that each shell searches."""
    assert dsrctl('-V').status == 0
    subprocess.run(['make', '-s', '-C', TOOL, 'install', 'PREFIX=/usr',
                    f'DESTDIR={tmp_path}'], check=True)
    for path in ('bash-completion/completions/dsrctl',
                 'zsh/site-functions/_dsrctl',
                 'fish/vendor_completions.d/dsrctl.fish'):
        assert (tmp_path / 'usr/share' / path).exists()


def test_shellcheck():
    if not shutil.which('shellcheck'):
        pytest.skip('no shellcheck')
    subprocess.run(['shellcheck', BASH], check=True)
