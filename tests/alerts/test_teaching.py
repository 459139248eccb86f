"""What each verdict teaches: which hours are learned, and how much surprise is asked afterwards."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import VERDICTS, Alert, decide
from alerts.teaching import FADES, KIN, OWN, lessons, normal
from billing.hours import DAY, HOUR
from detectors.scan import Scanner
from detectors.series import Panel
from tests.alerts.test_alert import HOSTS, LOGS, ODD, START, USUAL, WIDTH, at, finding, grid, numbers, raised, step

OTHER = ("na31", "logs_indexed")
KINS = {LOGS: "wren logs", OTHER: "wren logs", HOSTS: "wren hosts"}
NOW = START + 30 * DAY
MOST, LEAST = 4.0, -1.0


def alert(state: str, number: int = 0, key: tuple[str, str] = LOGS, kind: str = "spike") -> Alert:
    return replace(raised(100), alert_id=f"al_{number}", state=state, org_id=key[0], meter=key[1], kind=kind)


def caution(verdicts: list[tuple[Alert, datetime]], now: datetime = NOW) -> dict[tuple[str, str], float]:
    decided = {one.alert_id: when for one, when in verdicts}
    return {key: lesson.caution for key, lesson in lessons([one for one, _ in verdicts], decided, now, KINS).items()}


def usage(odd: range, until: int) -> np.ndarray:
    values = np.full(until, float(USUAL))
    values[[hour for hour in odd if hour < until]] = ODD
    return values


@pytest.mark.parametrize(
    ("state", "learned"),
    [
        ("open", False),
        ("over", False),
        ("confirmed", False),
        ("vendor_fault", False),
        ("dismissed", True),
        ("withdrawn", True),
    ],
)
@pytest.mark.parametrize("until", [105, 400])
def test_what_is_learned_by_verdict(state: str, learned: bool, until: int) -> None:
    """Also long after the alert is over."""
    one = replace(raised(100, 101, 102), state=state)
    assert normal(one, usage(range(100, 103), until), START) == learned


@pytest.mark.parametrize(
    ("hours", "until", "learned"),
    [
        (range(100, 106), 106, False),  # as yet a load of six hours
        (range(100, 106), 400, False),  # it was one
        (range(100, 147), 147, False),
        (range(100, 148), 148, True),  # two days, and on its level
        (range(100, 300), 300, True),
        (range(100, 300), 311, True),  # too early to say that it went back
        (range(100, 300), 314, False),  # it went back: nothing of it is expected again
        (range(100, 300), 600, False),
    ],
)
def test_a_planned_load_is_learned_when_it_stays(hours: range, until: int, learned: bool) -> None:
    one = replace(raised(*hours), state="planned")
    assert normal(one, usage(hours, until), START) == learned


def test_a_planned_level_is_learned_also_when_the_alert_ended_because_it_was_learned() -> None:
    one = replace(raised(*range(100, 160)), state="planned")
    assert normal(one, usage(range(100, WIDTH), WIDTH), START)


def test_planned_hours_of_which_nothing_is_said_are_not_learned() -> None:
    one = replace(raised(*range(100, 160)), state="planned")
    assert not normal(one, np.full(WIDTH, np.nan), START)


def test_first_use_is_learned_whatever_is_said_of_it() -> None:
    assert normal(alert("open", kind="first_use"), usage(range(0), 300), START)


def test_a_dismissal_asks_for_more_of_its_series_and_a_little_of_its_kin() -> None:
    asked = caution([(alert("dismissed"), NOW)])
    assert asked == {LOGS: OWN + KIN, OTHER: KIN}


@pytest.mark.parametrize("state", ["confirmed", "vendor_fault"])
def test_one_that_was_right_takes_it_back(state: str) -> None:
    before = caution([(alert("dismissed", 1), NOW - DAY)])
    after = caution([(alert("dismissed", 1), NOW - DAY), (alert(state, 2), NOW)])
    assert all(after[key] < before[key] for key in before)
    assert after[LOGS] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("state", ["open", "over", "planned", "withdrawn"])
def test_these_ask_nothing(state: str) -> None:
    assert caution([(alert(state), NOW)]) == {}


@pytest.mark.parametrize("kind", ["first_use", "disappearance"])
def test_kinds_without_a_threshold_ask_nothing(kind: str) -> None:
    assert caution([(alert("dismissed", kind=kind), NOW)]) == {}


def test_it_fades() -> None:
    asked = [caution([(alert("dismissed"), NOW)], NOW + weeks * timedelta(7))[LOGS] for weeks in range(13)]
    assert asked == sorted(asked, reverse=True)
    assert asked[4] == pytest.approx((OWN + KIN) / math.e)


def test_a_verdict_counts_from_when_it_was_given() -> None:
    verdicts = [(alert("dismissed"), NOW)]
    assert caution(verdicts, NOW - HOUR) == {}
    assert caution(verdicts, NOW) != {}


GIVEN = st.lists(
    st.tuples(st.sampled_from(["dismissed", "confirmed", "vendor_fault", "planned"]), st.integers(0, 2000)), max_size=60
)


@given(GIVEN, st.sampled_from([LOGS, OTHER]))
def test_it_never_leaves_its_bounds_nor_depends_on_the_order_they_are_read_in(
    given_: list[tuple[str, int]], key: tuple[str, str]
) -> None:
    """Whoever dismisses everything still hears of what is 55 times rarer than the budget asks for."""
    verdicts = [(alert(state, number, key), START + hour * HOUR) for number, (state, hour) in enumerate(given_)]
    now = START + 2000 * HOUR
    asked = caution(verdicts, now)
    assert all(LEAST <= nats <= MOST for nats in asked.values())
    assert caution(verdicts[::-1], now) == asked


def test_it_says_why() -> None:
    verdicts = [alert("dismissed", number) for number in range(2)]
    lesson = lessons(verdicts, {one.alert_id: NOW for one in verdicts}, NOW, KINS)[LOGS]
    times = math.exp(lesson.caution)
    assert (
        lesson.why
        == f"2 alerts like this were dismissed lately, so it had to be {times:.1f} times as rare to be raised"
    )
    right = lessons([alert("confirmed")], {"al_0": NOW}, NOW, KINS)[LOGS]
    assert right.why.startswith("an alert like this was found to be right lately, so it was raised though")
    assert lessons([alert("dismissed")], {"al_0": NOW - 6 * FADES}, NOW, KINS)[LOGS].why == ""


@pytest.mark.parametrize("verdict", ["dismiss", "planned"])
def test_what_is_clearly_above_what_was_dismissed_is_an_alert_of_its_own(verdict: str) -> None:
    settled, _ = decide(raised(100, 101), verdict, "kim", "", at(102))
    odd = {100: ODD, 101: ODD, 102: ODD, 110: 5 * ODD}
    new = replace(finding(100, 101, 102, 110), actual=(ODD, ODD, ODD, 5.0 * ODD))
    found, moved = step([settled], [new], grid(odd), 111, {settled.alert_id: at(102)})
    assert [(one.state, numbers(one)) for one in found] == [(VERDICTS[verdict], [100, 101, 102]), ("open", [110])]
    assert moved == [("", "open")]
    assert "what was" in found[1].reasons[-1]
    more = replace(finding(111), actual=(5.0 * ODD,))
    found, _ = step(found, [more], grid(odd | {111: 5 * ODD}), 112, {settled.alert_id: at(102)})
    assert [numbers(one) for one in found] == [[100, 101, 102], [110, 111]]


def test_what_joined_after_the_verdict_is_no_measure_of_what_was_dismissed() -> None:
    """Else a slow rise on top of it would never be news."""
    settled, _ = decide(raised(100), "dismiss", "kim", "", at(101))
    alerts, odd, level = [settled], {100: ODD}, ODD
    for hour in range(101, 110):
        level = int(level * 1.3)
        odd[hour] = level
        new = replace(finding(hour), actual=(float(level),))
        alerts, _ = step(alerts, [new], grid(odd), hour + 1, {settled.alert_id: at(101)})
    assert [one.state for one in alerts] == ["dismissed", "open"]


@pytest.mark.parametrize("hours", [1, 6, 24])
@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_a_run_away_to_five_times_the_usual_is_found_however_much_was_dismissed(hours: int, noise: float) -> None:
    chance = np.random.default_rng(hours)
    values = (100 + 30 * np.sin(np.arange(42 * 24) * np.pi / 12)) * np.exp(chance.normal(0, noise, (20, 42 * 24)))
    values[:, 40 * 24 : 40 * 24 + hours] *= 5
    keys = tuple((str(row), "logs_indexed") for row in range(20))
    panel = Panel(keys, START, values, np.ones(values.shape, np.bool_), caution=np.full(20, MOST))
    findings, _ = Scanner().scan(panel, START + 40 * DAY)
    assert {one.key for one in findings if one.detected == START + 40 * DAY + HOUR} == {*keys}
