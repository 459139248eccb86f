"""The picture of a trial: everything on the paper, a lane for each try, the alarm at its hour."""

import math
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from alerts.axes import LEFT, RIGHT
from alerts.drawing import WIDTH, text_width
from alerts.trial_chart import TrialChart, Try, svg
from billing.hours import HOUR

START = datetime(2026, 10, 5, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def one(first: int, hours: int, found: int | None, injected: bool = True) -> Try:
    start = START + first * HOUR
    values = [50.0] * hours if injected else []
    alarm = None if found is None else start + min(found, hours - 1) * HOUR
    return Try(start, start + hours * HOUR, f"shift {hours} h x2: 12,345.00 USD <&>", values, alarm)


def chart(width: int, tries: list[Try], alarms: list[int]) -> TrialChart:
    usage = [10.0 + hour % 24 for hour in range(width)]
    usage[width // 2] = math.nan
    others = [START + hour * HOUR for hour in alarms]
    return TrialChart("Hosts, org <o>", "2 of 3 found", "hosts", START, usage, usage, tries, others)


def texts(drawing: str) -> list[ET.Element]:
    return list(ET.fromstring(drawing).iter(f"{SVG}text"))


TRIES = st.builds(one, st.integers(-30, 400), st.sampled_from([1, 6, 24, 168]), st.none() | st.integers(0, 167))


@given(
    width=st.integers(180, 2000), tries=st.lists(TRIES, max_size=18), alarms=st.lists(st.integers(0, 179), max_size=4)
)
def test_every_word_stands_on_the_paper(width, tries, alarms):
    within = [each for each in tries if each.start >= START and each.end <= START + width * HOUR]
    drawing = svg(chart(width, within, alarms))
    labels = [element for element in texts(drawing) if " h x2: " in (element.text or "")]
    assert len(labels) == len(within)
    height = float(ET.fromstring(drawing).get("height") or 0)
    for element in labels:
        x, wide = float(element.get("x") or 0), text_width(element.text or "", 10)
        left = x - wide if element.get("text-anchor") == "end" else x
        assert left >= 0 and left + wide <= WIDTH
        assert 0 < float(element.get("y") or 0) <= height


def test_the_alarm_stands_at_its_hour():
    drawing = svg(chart(200, [one(100, 24, 10)], [50]))
    arrows = [shape.get("points") or "" for shape in ET.fromstring(drawing).iter(f"{SVG}polygon")]
    tops = [float(points.split()[-1].split(",")[0]) for points in arrows[1:]]  # after that of the legend
    at = [LEFT + (WIDTH - LEFT - RIGHT) * (hour + 0.5) / 200 for hour in (110, 50)]
    assert [round(top, 1) for top in tops] == [round(x, 1) for x in at]


def test_the_legend_names_what_is_there():
    def words(tries: list[Try], alarms: list[int]) -> set[str]:
        return {element.text or "" for element in texts(svg(chart(400, tries, alarms)))}

    both = words([one(10, 6, 0), one(50, 6, None)], [])
    assert {"injected, found", "injected, missed", "alarm"} <= both
    assert "alarm" not in words([one(50, 6, None)], [])
    labelled = words([one(10, 6, 0, injected=False)], [90])
    assert {"label, found", "other"} <= labelled and "injected, found" not in labelled
