# SPDX-License-Identifier: GPL-2.0
"""The numbers of include/uapi/linux/*.h, read from the headers."""

import glob
import os
import re

HEADERS = sorted(glob.glob(os.path.join(
    os.path.dirname(__file__), '../../include/uapi/linux/*.h')))


def read_text():
    """The headers without their comments."""
    texts = []
    for path in HEADERS:
        with open(path, encoding='ascii') as file:
            texts.append(re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S))
    return ''.join(texts)


def read_enums():
    """{name of an enum: {enumerator: value}}"""
    enums, numbers = {}, {}
    for enum, body in re.findall(r'enum\s+(\w+)\s*\{(.*?)\}', read_text(),
                                 flags=re.S):
        value, enums[enum] = -1, {}
        for entry in filter(None, (e.strip() for e in body.split(','))):
            name, _, expression = (part.strip()
                                   for part in entry.partition('='))
            value = (eval(expression, {}, numbers)      # pylint: disable=W0123
                     if expression else value + 1)
            numbers[name] = enums[enum][name] = value
    return enums


def read_numbers():
    """Every enumerator and every #define of a number or a string."""
    numbers = {}
    for name, value in re.findall(r'#define[ \t]+(DSR_\w+)[ \t]+(\S[^\n]*)',
                                  read_text()):
        numbers[name] = eval(value, {}, numbers)        # pylint: disable=W0123
    for enum in read_enums().values():
        numbers.update(enum)
    return numbers


globals().update(read_numbers())
