"""How complete usage is: counted hour by hour by hand, and drawn as it was counted."""

import re
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alerts.completeness import Told, heat_map, told
from billing.grid import Grid
from billing.hours import HOUR

START = datetime(2026, 11, 1, tzinfo=UTC)


def grid(said: dict[tuple[str, str], str]) -> Grid:
    """(org, meter) -> its hours, `x` where something was said."""
    seen = np.array([[char == "x" for char in hours] for hours in said.values()])
    return Grid(tuple(said), START, seen.astype(np.int64), seen)


def test_an_hour_is_missing_only_before_one_that_is_known() -> None:
    [one] = told(grid({("o", "a"): "xx...x.x..", ("o", "b"): "x....x.xx."}), ["o"])
    assert list(one.share) == [1, 0.5, 0, 0, 0, 1, 0, 1, 0.5, 0]
    assert (one.missing, one.longest, one.partial) == (4, 3, 2)
    assert one.upto == START + 9 * HOUR


def test_who_said_nothing_comes_first_then_who_lacks_most() -> None:
    found = told(grid({("a", "m"): "xxxx", ("b", "m"): "x..x", ("c", "m"): "x.xx"}), ["a", "b", "c", "d"])
    assert [(one.org_id, one.missing, one.upto is None) for one in found] == [
        ("d", 0, True),
        ("b", 2, False),
        ("c", 1, False),
        ("a", 0, False),
    ]


@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=1, max_size=200))
def test_the_picture_covers_every_hour_once(share: list[float]) -> None:
    drawing = heat_map([Told("o", START, np.array(share))], {"o": "<Org & Söhne>"}, str, str)
    cells = re.findall(r'<rect x="([\d.]+)" y="(?:58|58\.5)" width="([\d.]+)"', drawing)
    ends = [float(x) + float(width) for x, width in cells]
    assert abs(ends[-1] - 624) <= 1
    assert abs(float(cells[0][0]) - 190) <= 1
    changes = 1 + sum(a != b for a, b in pairwise(share))
    assert len(cells) == changes
    assert "&lt;Org &amp; Söhne&gt;" in drawing
