# SPDX-License-Identifier: GPL-2.0
"""The descriptions of the two families in Documentation/netlink/specs."""

import os
import re

import yaml

FAMILIES = ('dsr', 'dsr_rs')
DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         '../../Documentation/netlink/specs')

# In an emulated machine, the one in Python takes seconds.
LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def path(family):
    return os.path.normpath(os.path.join(DIRECTORY, f'{family}.yaml'))


def numbered(entries, value):
    """{name: entry}, each with its value, which counts up."""
    found = {}
    for entry in entries:
        value = entry.get('value', value)
        found[entry['name']] = {**entry, 'value': value}
        value += 1
    return found


class Spec:
    """One family.

    yaml: the file; enums: {name: {entry: {...}}}; sets: {name: {attribute: {...}}},
    where a subset has all that the attributes of its set have; operations, and
    notifications: {name: {...}}.
    """

    def __init__(self, family):
        with open(path(family), encoding='utf-8') as file:
            self.yaml = yaml.load(file, LOADER)
        self.enums = {one['name']: numbered(one['entries'], 0)
                      for one in self.yaml['definitions']
                      if one['type'] == 'enum'}
        self.sets = {}
        for one in self.yaml['attribute-sets']:
            if 'subset-of' in one:
                whole = self.sets[one['subset-of']]
                self.sets[one['name']] = {
                    attr['name']: {**whole[attr['name']], **attr}
                    for attr in one['attributes']}
            else:
                self.sets[one['name']] = numbered(one['attributes'], 1)
        messages = numbered(self.yaml['operations']['list'], 1)
        self.operations = {name: one for name, one in messages.items()
                           if 'do' in one or 'dump' in one}
        self.notifications = {name: one for name, one in messages.items()
                              if name not in self.operations}

    def taken(self, name):
        """The attributes that requests of an operation accept, by name.

        The attribute-set of an operation also describes its replies. If
        requests accept fewer attributes of a nest, the doc lists them.
        """
        operation = self.operations[name]
        less = dict(re.findall(r'Of ([\w-]+) a request takes the set ([\w-]+)',
                               ' '.join(operation['doc'].split())))
        names = {attr for mode in ('do', 'dump') for attr in operation.get(
            mode, {}).get('request', {}).get('attributes', [])}
        attrs = {attr: dict(self.sets[operation['attribute-set']][attr])
                 for attr in names}
        for attr, subset in less.items():
            attrs[attr]['nested-attributes'] = subset
        return attrs
