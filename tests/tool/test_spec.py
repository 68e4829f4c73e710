# SPDX-License-Identifier: GPL-2.0
"""The netlink specs have the names and numbers of the header.

tests/vm/test_netlink_spec.py checks the specs against the kernel.
"""

import pytest

import spec
import uapi

SPECS = {family: spec.Spec(family) for family in spec.FAMILIES}
ENUMS = uapi.read_enums()


@pytest.fixture(params=spec.FAMILIES)
def family(request):
    return SPECS[request.param]


def c_name(*parts):
    return ''.join(parts).replace('-', '_').upper()


def described(family):
    """{enum of the header: {name: value}}, from the spec."""
    found = {}
    for one in family.yaml['definitions']:
        if one['type'] == 'enum':
            found[one['enum-name']] = one, family.enums[one['name']]
    for one in family.yaml['attribute-sets']:
        if 'subset-of' not in one:
            found[one['enum-name']] = one, family.sets[one['name']]
    commands = family.yaml['operations']
    found[commands['enum-name']] = commands, {
        name: one for name, one in {**family.operations,
                                    **family.notifications}.items()
        if not name.endswith('-ntf')}
    return {c_name(name).lower(): {c_name(one['name-prefix'], entry):
                                   fields['value']
                                   for entry, fields in entries.items()}
            for name, (one, entries) in found.items()}


def declared(enum):
    """An enum of the header, without values that are never sent."""
    names = ENUMS[enum]
    return {name: value for name, value in names.items()
            if not name.startswith('__') and f'__{name}' not in names and
            not name.endswith('_UNSPEC')}


def test_enums(family):
    for enum, entries in described(family).items():
        assert entries == declared(enum), enum


def test_all_enums():
    both = {enum for family in SPECS.values() for enum in described(family)}
    assert both == set(ENUMS)


def test_constants():
    """The constants of the header, and the names and versions of the families.
    """
    found = {}
    for family in SPECS.values():
        top = family.yaml
        found[c_name(top['c-family-name'])] = top['name']
        found[c_name(top['c-version-name'])] = top['version']
        group, = top['mcast-groups']['list']
        found['DSR_GENL_MCGRP_EVENTS'] = group['name']
        for one in top['definitions']:
            if one['type'] == 'const':
                prefix = '' if 'header' in one else f'{top["name"]}_'
                found[c_name(prefix, one['name'])] = one['value']
    enumerators = {name for enum in ENUMS.values() for name in enum}
    assert found == {name: value for name, value in uapi.read_numbers().items()
                     if name not in enumerators and name != 'DSR_VERSION'}


def test_notifications(family):
    """Each notification has the number of its command, and goes to the one
    group."""
    assert family.notifications
    for name, one in family.notifications.items():
        assert one['mcgrp'] == 'events', name
        if name.endswith('-ntf'):
            command = family.operations[name.removesuffix('-ntf')]
            assert one['value'] == command['value'], name
    changes = {name for name in family.operations
               if not name.endswith('-get') and
               name not in ('explain', 'connection-add', 'transaction')}
    assert {f'{name}-ntf' for name in changes} == {
        name for name in family.notifications if name.endswith('-ntf')}


def test_everything_is_explained(family):
    top = family.yaml
    for one in (*top['definitions'], *top['operations']['list'], *(
            entry for one in top['definitions']
            for entry in one.get('entries', ())), *(
                attr for one in top['attribute-sets'] if 'subset-of' not in one
                for attr in (one, *one['attributes'])
                if attr.get('type') != 'pad' and one['name'] != top['name'])):
        assert one.get('doc', '').endswith('.'), one['name']
