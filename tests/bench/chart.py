# SPDX-License-Identifier: GPL-2.0
"""A result as bars, in SVG."""

from xml.sax.saxutils import escape

# What is drawn: two bars for each peer that has the first of them.
CASES = (('udp4-1000', 'known flow', '#2a6fb0'), ('udp4-new', 'new flow', '#9dc3e6'))
LEFT, WIDTH, BAR, GAP = 150, 470, 11, 9


def bars(result):
    """[(peer, [net cost or None, ...])] in the order of the result."""
    found = []
    for name, peer in result['peers'].items():
        costs = [peer['cells'].get(case, {}).get('net') for case, _, _ in CASES]
        if peer['side'] == 'balancer' and name != 'baseline' and \
                costs[0] is not None:
            found.append((name, costs))
    return found


def step(most):
    """How far apart the lines of the scale are: five at most."""
    size = 100
    while most / size > 5:
        size = size * 5 // 2 if str(size)[0] == '2' else size * 2
    return size


def draw(result):
    found = bars(result)
    most = max([cost for _, costs in found for cost in costs if cost] or [1])
    scale = WIDTH / most
    height = 60 + len(found) * (len(CASES) * BAR + GAP)
    lines = [
        '<!-- SPDX-License-Identifier: GPL-2.0 -->',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}" '
        f'height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{LEFT + WIDTH + 70}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="15" font-size="13">{result["unit"].capitalize()} of a '
        f'packet on the balancer, Linux {escape(result["kernel"])}</text>']
    x = LEFT
    for _, title, colour in CASES:
        lines.append(f'<rect x="{x}" y="24" width="10" height="10" '
                     f'fill="{colour}"/>')
        lines.append(f'<text x="{x + 14}" y="33">{title}</text>')
        x += 90
    for value in range(0, int(most) + 1, step(most)):
        x = LEFT + value * scale
        lines.append(f'<line x1="{x:.1f}" y1="42" x2="{x:.1f}" '
                     f'y2="{height - 18}" stroke="#ddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{height - 6}" '
                     f'text-anchor="middle" fill="#555">{value:,}</text>')
    y = 46
    for name, costs in found:
        weight = ' font-weight="bold"' if name.startswith('dsr') else ''
        lines.append(f'<text x="{LEFT - 6}" y="{y + BAR + 4}" '
                     f'text-anchor="end"{weight}>{escape(name)}</text>')
        for cost, (_, _, colour) in zip(costs, CASES):
            if cost is not None:
                lines.append(f'<rect x="{LEFT}" y="{y}" '
                             f'width="{max(cost, 0) * scale:.1f}" '
                             f'height="{BAR - 1}" fill="{colour}"/>')
                lines.append(f'<text x="{LEFT + max(cost, 0) * scale + 4:.1f}" '
                             f'y="{y + BAR - 2}" fill="#333" font-size="10">'
                             f'{cost:,.0f}</text>')
            y += BAR
        y += GAP
    return '\n'.join([*lines, '</svg>', ''])
