# SPDX-License-Identifier: GPL-2.0
"""The numbers of include/uapi/linux/dsr.h, read from it."""

import os
import re

HEADER = os.path.join(os.path.dirname(__file__),
                      '../../include/uapi/linux/dsr.h')


def read_numbers(path=HEADER):
    """Every enumerator and every #define of a number or a string."""
    with open(path, encoding='ascii') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
    numbers = {}
    for name, value in re.findall(r'#define\s+(DSR_\w+)\s+"([\w.]+)"', text):
        numbers[name] = value
    for body in re.findall(r'enum\s+\w+\s*\{(.*?)\}', text, flags=re.S):
        value = -1
        for entry in filter(None, (e.strip() for e in body.split(','))):
            name, _, expression = (part.strip()
                                   for part in entry.partition('='))
            value = (eval(expression, {}, numbers)      # pylint: disable=W0123
                     if expression else value + 1)
            numbers[name] = value
    return numbers


globals().update(read_numbers())
