# SPDX-License-Identifier: GPL-2.0
"""The commands of the pages in docs/ work.

Each section is a test: the lines "NAME# COMMAND" of its blocks are typed on these
machines, in order. A block below a comment "not run: REASON" is for the reader only.
"""

import os
import re

import pytest

from host import Failure

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../docs')
PAGES = ('layouts', 'troubleshooting', 'containers', 'sizing',
         'migrate-from-lvs')
# pages for those that have a service already
BALANCED = ('troubleshooting', 'sizing')
BLOCK = re.compile(r'(<!-- not run: [^\n]* -->\n)?```\n(.*?)```\n', re.S)
LINE = re.compile(r'^(client|lv[12]|w10[12])# (.*)$')
# what the clean-up after a test does not take back
LASTING = re.compile(r'^(ip|sysctl|iptables) ')


def sections():
    """{page:title: [(machine, command)]}"""
    found = {}
    for page in PAGES:
        with open(f'{DOCS}/{page}.md', encoding='utf-8') as file:
            parts = re.split(r'^## (.*)\n', file.read(), flags=re.M)
        for title, text in zip(['begin', *parts[1::2]], parts[::2]):
            lines = []
            for unused, block in BLOCK.findall(text):
                typed = [LINE.match(line) for line in block.splitlines()]
                assert unused or all(typed), f'{page}: {block}'
                lines += [] if unused else [one.groups() for one in typed]
            if lines:
                found[f'{page}:{title}'] = lines
    return found


SECTIONS = sections()


@pytest.mark.parametrize('section', SECTIONS)
def test_section(site, section):
    lines = SECTIONS[section]
    if section.split(':')[0] in BALANCED:
        site.balance()
    lasting = {name for name, line in lines if LASTING.match(line)}
    if lasting:
        site.undo.append(lambda: site.rebuild(*sorted(lasting)))
    for name, line in lines:
        host = site.net[name]
        # for the clean-up
        for one in (name, *re.findall(r'dsrctl -n (\w+)', line)):
            site.net[one].changed = True
        done = host.run('sh', '-c', line, check=False)
        # doctor may find what the machine of the tests lacks
        if done.returncode > line.startswith('dsrctl doctor'):
            if 'Unknown device type' in done.stderr:
                pytest.skip('this kernel has no such tunnel')
            raise Failure(f'{name}# {line}\n{done.stdout}{done.stderr}')
        if 'curl' in line:
            assert done.stdout.split()[0] in ('w101', 'w102'), done.stdout


