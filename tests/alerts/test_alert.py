"""An alert's life: what joins it, when it is over, when restated usage withdraws it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import NOT_LIVE, VERDICTS, Alert, Transition, alert_id, decide, whole
from alerts.life import advance
from billing.grid import Grid
from billing.hours import DAY, HOUR, hour_of_week, hours_between
from detectors.scan import Finding
from tests.alerts.partners import BOOK

HOSTS, LOGS = ("or11", "infra_hosts"), ("or11", "logs_indexed")
ROLLUPS = {"infra_hosts": "p99", "logs_indexed": "sum"}
COUNTED = {"infra_hosts": "p99", "logs_indexed": "max"}
START = datetime(2026, 9, 1, tzinfo=UTC)
WIDTH = 30 * 24
USUAL, ODD = 10, 110


def at(hour: int) -> datetime:
    return START + hour * HOUR


def finding(*hours: int, key: tuple[str, str] = LOGS, usual: float = USUAL) -> Finding:
    return Finding(
        key=key,
        kind="spike",
        hours=tuple(at(hour) for hour in hours),
        expected=(usual,) * len(hours),
        actual=(float(ODD),) * len(hours),
        detected=at(hours[-1] + 1),
        score=50.0,
        reasons=("far above its usual level",),
        profile=np.full(168, usual),
    )


def grid(odd: Mapping[int, int] | Iterable[int] = (), start: int = 0, until: int = WIDTH) -> Grid:
    """Both series at their usual level, but for the odd hours of both (to a value, or ODD)."""
    values = np.full((2, WIDTH), USUAL, np.int64)
    for hour, value in (odd if isinstance(odd, Mapping) else dict.fromkeys(odd, ODD)).items():
        values[:, hour] = value
    values = values[:, start:until]
    return Grid((HOSTS, LOGS), at(start), values, np.ones(values.shape, np.bool_))


def step(
    alerts: Iterable[Alert],
    findings: Iterable[Finding],
    usage: Grid,
    now: int,
    decided: Mapping[str, datetime] | None = None,
) -> tuple[list[Alert], list[tuple[str, str]]]:
    """The alerts, and the states they moved through."""
    found, moved = advance(list(alerts), findings, BOOK, usage, ROLLUPS, at(now), decided)
    assert all(one.at == at(now) and one.who == "floodmark" and one.why for one in moved)
    return found, [(one.was, one.now) for one in moved]


def raised(*hours: int, now: int | None = None, key: tuple[str, str] = LOGS) -> Alert:
    (one,), _ = step([], [finding(*hours, key=key)], grid(hours), hours[-1] + 1 if now is None else now)
    return one


def numbers(alert: Alert) -> list[int]:
    return [hours_between(START, hour) for hour in alert.hours]


def test_a_finding_raises_an_alert_with_the_clock_it_was_raised_at() -> None:
    (one,), moved = step([], [finding(100, 101)], grid([100, 101]), 105)
    assert moved == [("", "open")]
    assert (one.alert_id, one.key, one.kind, one.state) == (alert_id(LOGS, at(100)), LOGS, "spike", "open")
    assert (one.partner_id, one.customer_id) == ("wren", "oriole")
    assert (one.started_at, one.last_hour, one.detected_at) == (at(100), at(101), at(105))
    assert (one.expected, one.actual, one.excess) == (2 * USUAL, 2 * ODD, 2 * (ODD - USUAL))
    assert one.reasons == ("far above its usual level",)


@pytest.mark.parametrize(("key", "expected", "actual"), [(LOGS, 30, 410), (HOSTS, 10, 200)])
def test_expected_and_actual_are_sums_or_the_peak_hour(key: tuple[str, str], expected: int, actual: int) -> None:
    hours = {100: 110, 101: 200, 102: 100}
    (one,), _ = step([], [finding(*hours, key=key)], grid(hours), 103)
    assert (one.expected, one.actual) == (expected, actual)


@pytest.mark.parametrize(
    ("later", "joins"), [(102, True), (125, True), (126, False), (99, True), (76, True), (75, False)]
)
def test_what_is_less_than_24_quiet_hours_away_joins_on_either_side(later: int, joins: bool) -> None:
    one = raised(100, 101)
    found, moved = step([one], [finding(later)], grid([100, 101, later]), 127)
    assert len(found) == (1 if joins else 2)
    assert found[0].alert_id == one.alert_id and found[0].detected_at == one.detected_at
    assert numbers(found[0]) == (sorted([100, 101, later]) if joins else [100, 101])
    assert (("", "open") in moved) != joins


def test_earlier_hours_that_arrive_late_move_the_start_and_not_the_identity() -> None:
    one = raised(100)
    (found,), _ = step([one], [finding(90, 91)], grid([90, 91, 100]), 110)
    assert found.alert_id == one.alert_id == alert_id(LOGS, at(100)) != alert_id(LOGS, at(90))
    assert (found.started_at, found.last_hour, found.detected_at) == (at(90), at(100), one.detected_at)


def test_another_series_is_another_alert() -> None:
    found, _ = step([raised(100)], [finding(101, key=HOSTS)], grid([100, 101]), 102)
    assert [one.key for one in found] == [LOGS, HOSTS]


def test_the_baseline_is_frozen_when_the_alert_begins() -> None:
    one = raised(100)
    (found,), _ = step([one], [finding(101, usual=90)], grid([100, 101]), 102)
    assert found.expected_at(at(101)) == USUAL and found.expected == 2 * USUAL


def test_over_after_24_quiet_hours_and_open_again_when_late_hours_extend_it() -> None:
    one = raised(100)
    (still,), moved = step([one], [], grid([100]), 124)
    assert (still.state, moved) == ("open", [])
    (over,), moved = step([one], [], grid([100]), 125)
    assert (over.state, moved) == ("over", [("open", "over")])
    (again,), moved = step([over], [finding(124)], grid([100, 124]), 126)
    assert (again.state, numbers(again), moved) == ("open", [100, 124], [("over", "open")])


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_outlives_the_episode_and_its_later_hours(verdict: str) -> None:
    decided, transition = decide(raised(100), verdict, "kim", "we know", at(101))
    assert transition == Transition(decided.alert_id, at(101), "open", VERDICTS[verdict], "kim", "we know")
    (later,), moved = step([decided], [finding(101)], grid([100, 101]), 102)
    (over,), more = step([later], [], grid([100, 101]), 300)
    assert later.state == over.state == VERDICTS[verdict] and numbers(over) == [100, 101]
    assert moved == more == []


@pytest.mark.parametrize("state", ["open", "over", "confirmed", "vendor_fault", "dismissed", "planned"])
def test_restated_usage_withdraws_what_is_live(state: str) -> None:
    one = replace(raised(100, 101), state=state)
    (found,), moved = step([one], [], grid({100: USUAL, 101: USUAL + 1}), 110)
    gone = state not in NOT_LIVE
    assert found.state == ("withdrawn" if gone else state)
    assert moved == ([(state, "withdrawn")] if gone else [])
    assert (len(found.reasons) == 2) == gone
    assert found.excess == 1 and found.actual == 2 * USUAL + 1


def test_a_restatement_that_leaves_most_of_it_withdraws_nothing() -> None:
    (found,), moved = step([raised(100, 101)], [], grid([100]), 110)
    assert (found.state, found.actual, moved) == ("open", ODD + USUAL, [])


def test_what_is_withdrawn_says_the_figures() -> None:
    (found,), _ = step([raised(100, 101)], [], grid({100: USUAL, 101: USUAL + 1}), 110)
    assert found.reasons[-1] == "restated on 2026-09-05T14:00:00Z from 220 to 21, where 20 was expected"


def test_hours_that_may_still_be_restated_are_provisional_for_72_hours() -> None:
    one = raised(100, 101, 120)
    left = [step([one], [], grid([100, 101, 120]), now)[0][0].provisional for now in (121, 172, 173, 174, 192, 193)]
    assert left == [3, 3, 2, 1, 1, 0]


def gone(*hours: int) -> Finding:
    return replace(finding(*hours), kind="disappearance", actual=(0.0,) * len(hours))


def test_usage_that_stopped_is_over_when_it_is_back_and_not_before() -> None:
    empty = dict.fromkeys(range(100, WIDTH), 0)
    (one,), moved = step([], [gone(100, 101)], grid(empty), 180)
    assert (one.kind, one.expected, one.actual, one.excess) == ("disappearance", 2 * USUAL, 0, 2 * USUAL)
    assert moved == [("", "open")]
    (still,), moved = step([one], [gone(102, 103)], grid(empty), 300)
    assert (still.state, numbers(still), moved) == ("open", [100, 101, 102, 103], [])
    little = empty | dict.fromkeys(range(301, 304), USUAL // 2)
    assert step([still], [], grid(little), 304)[1] == []
    back = empty | dict.fromkeys(range(301, WIDTH), USUAL)
    (over,), moved = step([still], [], grid(back, until=302), 302)
    assert (over.state, moved) == ("over", [("open", "over")])
    assert step([over], [], grid(back), 600)[1] == []


def test_usage_that_comes_late_withdraws_what_had_stopped() -> None:
    empty = dict.fromkeys(range(100, WIDTH), 0)
    (one,), _ = step([], [gone(100, 101)], grid(empty), 180)
    (found,), moved = step([one], [], grid(), 190)
    assert moved == [("open", "withdrawn")]
    assert found.reasons[-1].endswith("from 0 to 20, where 20 was expected")


def test_hours_of_which_nothing_is_said_any_more_have_stopped() -> None:
    unsaid = grid()
    unsaid.seen[:, 100:] = False
    (one,), _ = step([], [gone(100, 101)], unsaid, 180)
    assert (one.expected, one.actual, one.state) == (2 * USUAL, 0, "open")


def test_what_stopped_and_what_rose_are_two_alerts() -> None:
    found, _ = step([raised(100, 101)], [gone(103, 104)], grid({100: ODD, 101: ODD, 103: 0, 104: 0}), 180)
    assert [(one.kind, numbers(one)) for one in found] == [("spike", [100, 101]), ("disappearance", [103, 104])]
    assert alert_id(LOGS, at(103)) != found[1].alert_id


@pytest.mark.parametrize("first", [100, 101])
def test_an_episode_that_was_restated_away_and_back_is_claimed_again(first: int) -> None:
    """A late feed that sends zeros for an hour must not cost the claim; whatever first hour it then has."""
    (gone,), _ = step([raised(100, 101, 102)], [], grid(), 110)
    assert gone.state == "withdrawn"
    back = range(first, 103)
    found, moved = step([gone], [finding(*back)], grid(back), 112)
    assert any(set(back) <= set(numbers(one)) and one.live for one in found)
    assert moved


def test_hours_that_left_the_grid_keep_what_was_measured() -> None:
    one = raised(100, 101)
    (found,), moved = step([one], [], grid(start=101), 110)
    assert (found.expected, found.actual, found.state, moved) == (one.expected, one.actual, "open", [])


def test_a_baseline_without_an_opinion_expects_nothing() -> None:
    assert whole(np.array([np.nan, -3.0, 0.4, 1.6, 2.0**40])).tolist() == [0, 0, 0, 2, 2**40]
    profile = np.arange(168, dtype=np.int64)
    assert replace(raised(100), profile=profile).expected_at(at(100)) == hour_of_week(at(100))


@given(st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=4, unique=True).map(sorted), max_size=8))
def test_the_same_findings_again_change_nothing_and_every_hour_is_on_one_alert(batches: list[list[int]]) -> None:
    odd = {hour for hours in batches for hour in hours}
    found: list[Alert] = []
    for hours in batches:
        found, _ = step(found, [finding(*hours)], grid(odd), 402)
    assert sorted(number for one in found for number in numbers(one)) == sorted(odd)
    assert len({one.alert_id for one in found}) == len(found)
    for one in found:
        assert numbers(one) == sorted(set(numbers(one)))
        assert one.state == ("over" if at(402) >= one.last_hour + HOUR + DAY else "open")
    again, moved = step(found, [finding(*hours) for hours in batches], grid(odd), 402)
    assert ([numbers(one) for one in again], moved) == ([numbers(one) for one in found], [])


def test_a_counter_that_jumped_is_too_high_until_its_month_ends() -> None:
    """September's last day is hour 719; what is told of October is another count."""
    values = np.concatenate([np.full(700, USUAL), np.full(20, ODD), np.full(30, 3)])[None].astype(np.int64)
    october = Grid((LOGS,), START, values, np.ones(values.shape, np.bool_))
    found, _ = advance([], [finding(700)], BOOK, october, COUNTED, at(750))
    assert numbers(found[0]) == list(range(700, 720))
    assert (found[0].expected, found[0].actual) == (USUAL, ODD)
    dismissed = replace(found[0], state="dismissed", hours=found[0].hours[:1])
    assert numbers(advance([dismissed], [], BOOK, october, COUNTED, at(750))[0][0]) == [700]
