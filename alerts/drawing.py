"""The strokes that pictures are made of: SVG text, lines and boxes, headings and legends.

Only presentation attributes, no ids and no style sheets: several drawings may stand in one page with a strict CSP.
"""

import unicodedata
from html import escape
from itertools import groupby

WIDTH, MARGIN = 640, 16
INK, MUTED, GRID, PAPER = "#1b2430", "#5a6675", "#e4e8ed", "#ffffff"
ACTUAL, EXPECTED, EXPECTED_DASH = "#0b3a66", "#4f7cac", "5 4"
ODD, SHADE = "#c2410c", "#fde6d3"
FAMILY = "DejaVu Sans"
_EM = {False: 0.61, True: 0.68}  # mean width of a character of the shipped font, in ems: regular, bold


def document(height: float, label: str, parts: list[str]) -> str:
    """A whole SVG on paper, WIDTH pixels wide; `label` is what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {n(height)}" width="{WIDTH}" '
        f'height="{n(height)}" role="img" aria-label="{_escaped(label)}" font-family="{FAMILY}, sans-serif">'
        f"{box(0, 0, WIDTH, height, PAPER)}{''.join(parts)}</svg>"
    )


def n(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def text(
    x: float, y: float, content: str, *, size: float = 11, fill: str = MUTED, anchor: str = "start", bold: bool = False
) -> str:
    """One line of text on a white halo; `anchor` start, middle or end."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{n(x)}" y="{n(y)}" font-size="{n(size)}" fill="{fill}" text-anchor="{anchor}"{weight} '
        f'stroke="{PAPER}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">{_escaped(content)}</text>'
    )


def line(path: str, stroke: str, width: float = 1, dash: str = "") -> str:
    """An open path, such as `M0 0H10`; `dash` as of stroke-dasharray."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{n(width)}" stroke-linejoin="round" '
        f'stroke-linecap="round"{dashed}/>'
    )


def box(x: float, y: float, width: float, height: float, fill: str, *, stroke: str = "none") -> str:
    return (
        f'<rect x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" fill="{fill}" stroke="{stroke}" '
        'shape-rendering="crispEdges"/>'
    )


def area(points: list[tuple[float, float]], fill: str) -> str:
    return f'<polygon points="{" ".join(f"{n(x)},{n(y)}" for x, y in points)}" fill="{fill}"/>'


def polyline(points: list[tuple[float, float]]) -> str:
    """The path through the points; a single point is a dot."""
    first, *rest = (f"{n(x)} {n(y)}" for x, y in points)
    return f"M{first}" + ("L" + " ".join(rest) if rest else "h0")


def heading(title: str, subtitle: str) -> list[str]:
    """Two lines at the top of the paper, down to y = 46."""
    width = WIDTH - 2 * MARGIN
    return [
        text(MARGIN, 24, clipped(title, width, 15, bold=True), size=15, fill=INK, bold=True),
        text(MARGIN, 42, clipped(subtitle, width, 11.5), size=11.5),
    ]


def legend(entries: list[tuple[str, str]], y: float) -> list[str]:
    """Words with a sample of what they name, drawn in the 22 pixels right of the origin, in one row."""
    parts, x = [], float(MARGIN)
    for word, sample in entries:
        parts.append(f'<g transform="translate({n(x)} {n(y - 4)})">{sample}</g>')
        parts.append(text(x + 28, y, word))
        x += 28 + text_width(word, 11) + 18
    return parts


def text_width(content: str, size: float, *, bold: bool = False) -> float:
    """About how many pixels a line of text takes."""
    return size * sum(1.0 if unicodedata.east_asian_width(char) in "WF" else _EM[bold] for char in content)


def clipped(content: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it would not fit into `width` pixels."""
    if text_width(content, size, bold=bold) <= width:
        return content
    while content and text_width(content + "…", size, bold=bold) > width:
        content = content[:-1]
    return content.rstrip() + "…"


def runs(flags: list[bool]) -> list[range]:
    """The unbroken runs of true flags, as ranges of their positions."""
    grouped = (list(group) for is_set, group in groupby(range(len(flags)), key=flags.__getitem__) if is_set)
    return [range(group[0], group[-1] + 1) for group in grouped]


def _escaped(content: str) -> str:
    """The text for SVG: on one line, without what XML 1.0 forbids."""
    visible = (" " if unicodedata.category(char) in ("Cc", "Cs", "Cn") else char for char in content)
    return escape(" ".join("".join(visible).split()))
