"""From what a midnight taught and the day's hours the same is found as from the whole past."""

from dataclasses import astuple, dataclass, fields, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.hours import HOUR, hours_between
from detectors.dawn import Dawn, Morning
from detectors.moment import REACH
from detectors.newest import Beside, newest
from detectors.scan import KINDS, Finding, Scanner, Skipped
from detectors.series import Flags, Floats, Origin, Panel
from tests.detectors.conftest import START

DAYS = 42
YOUNG = {kind.name for kind in KINDS if kind.young}
LIVES = (
    Origin(),
    Origin(kin="a", zone="Europe/Berlin", holidays=frozenset({date(2026, 2, 13)})),
    Origin(kin="a", zone="America/New_York"),
    Origin(kin="b"),
    Origin(kin="b", counter=True),
)
Said = tuple[list[Finding], list[Skipped]]


def plain(said: Said) -> tuple[list[list[object]], set[Skipped]]:
    """Findings of a series in their order; that of the series is of no account."""
    findings, skipped = said
    ordered = sorted(findings, key=lambda finding: finding.key)
    return [
        [part.tobytes() if isinstance(part, np.ndarray) else repr(part) for part in astuple(finding)]
        for finding in ordered
    ], {*skipped}


@dataclass
class World:
    """A panel and what its alerts have taken by now."""

    panel: Panel
    learned: Flags

    def upto(self, column: int) -> Panel:
        """What is known before the column."""
        return replace(self.panel, values=self.panel.values[:, :column], learned=self.learned[:, :column].copy())

    def found(self, findings: list[Finding]) -> None:
        for finding in findings:
            if finding.kind not in YOUNG:
                columns = [hours_between(self.panel.start, hour) for hour in finding.hours]
                self.learned[self.panel.keys.index(finding.key), columns] = False

    def whole(self, first: int, last: int) -> Said:
        return Scanner().scan(self.upto(last), self.panel.start + first * HOUR)

    def screened(self, dawn: Dawn, then: Flags, first: int, last: int) -> tuple[Said, int] | None:
        """Of the day of `dawn`, which was learned from `then`; with how many series it took."""
        day, panel = last // 24 * 24 if last % 24 else last - 24, self.upto(last)
        again = np.flatnonzero((then[:, :day] != panel.learned[:, :day]).any(axis=1))
        near = np.flatnonzero(~panel.learned[:, max(0, first - REACH) :].all(axis=1))

        def some(rows: np.ndarray) -> Panel:
            origins = tuple(panel.origins[row] for row in rows)
            caution = None if panel.caution is None else panel.caution[rows]
            keys = tuple(panel.keys[row] for row in rows)
            return Panel(keys, panel.start, panel.values[rows], panel.learned[rows], origins, caution)

        caution = np.zeros(len(panel.keys)) if panel.caution is None else panel.caution
        morning = Morning(dawn, day, panel.values[:, day:], panel.start)
        said = newest(Scanner(), panel.keys, morning, first - day, Beside(again, near, caution, some))
        return said and ((said.found, said.skipped), len(said.panel.keys))


def rhythm(chance: np.random.Generator, now: int) -> Floats:
    """One series of what usage does, much of it about `now`: storms, shifts, ramps, starts, ends, batches, gaps."""
    hours = np.arange(DAYS * 24)
    level = 10 ** chance.uniform(0, 6)
    week = np.where((hours // 24) % 7 >= 5, chance.uniform(0.3, 1), 1)
    values = level * week * (1 + 0.4 * np.sin(hours * np.pi / 12)) * np.exp(0.1 * chance.standard_normal(len(hours)))
    late = now + int(chance.choice([0, 1, -2, -10, -20, -75]))
    match int(chance.integers(9)):
        case 0:
            values[late : late + int(chance.integers(1, 8))] *= chance.uniform(3, 20)
        case 1:
            values[late:] *= 1.4
        case 2:
            values[now - 6 * 24 :] *= np.linspace(1, 1.8, len(values) - now + 6 * 24)
        case 3:
            values[:late] = 0 if chance.random() < 0.5 else np.nan
        case 4:
            values[late:] = np.nan
        case 5:
            values[now - 3 * 24 + 1 :] = 0
        case 6:
            values[chance.random(len(values)) < 0.95] = 0
        case 7:
            values[late:] = chance.choice([-5.0, 2e15, np.nan])
        case 8:
            values[: -int(chance.integers(3, 12)) * 24] = np.nan
    values[chance.random(len(values)) < 0.01] = np.nan
    return np.rint(values)


def counted(values: Floats) -> Floats:
    """As a counter says it, which starts again on the first of February."""
    february = hours_between(START, START.replace(month=2, day=1))
    grown = np.nan_to_num(values)
    grown[february:] = np.cumsum(grown[february:])
    grown[:february] = np.cumsum(grown[:february])
    return np.where(np.isfinite(values), grown, np.nan)


def world(seed: int, series: int, now: int = DAYS * 24) -> World:
    chance = np.random.default_rng(seed)
    origins = tuple(LIVES[number] for number in chance.integers(len(LIVES), size=series))
    values = np.array([rhythm(chance, now) for _ in origins])
    for row, origin in enumerate(origins):
        values[row] = counted(values[row]) if origin.counter else values[row]
    keys = tuple((f"org{row // 4}", f"m{row % 4}") for row in range(series))
    learned = np.ones(values.shape, np.bool_)
    learned[chance.integers(series), 900:930] = False
    caution = np.where(chance.random(series) < 0.3, chance.uniform(-0.5, 3, series), 0)
    return World(Panel(keys, START, values, learned, origins, caution), learned)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 23), st.integers(1, 3))
def test_the_newest_hours_are_judged_as_from_the_whole_past(seed: int, learned_at: int, hours: int) -> None:
    first = (DAYS - 1) * 24 + learned_at
    whole = world(seed, 24, first)
    morning = whole.upto(first)
    dawn, then = Dawn.of(Scanner(), morning), morning.learned
    whole.learned[seed % 24, 900:960] ^= True  # a verdict
    for begin in range(first, min(first + 2 * hours + 2, DAYS * 24), hours):
        end = min(begin + hours, DAYS * 24)
        at_once = whole.whole(begin, end)
        screened = whole.screened(dawn, then, begin, end)
        early = any(finding.hours[0] < START + (DAYS - 1) * 24 * HOUR for finding in at_once[0])
        if screened is None:
            assert hours > 1
            assert early
        else:
            assert plain(screened[0]) == plain(at_once)
        whole.found(at_once[0])


def test_of_many_series_few_are_looked_at() -> None:
    """And what is found among them is all there is."""
    chance = np.random.default_rng(1)
    hours = np.arange(DAYS * 24)
    values = np.rint(
        1000 * (1 + 0.4 * np.sin(hours * np.pi / 12)) * np.exp(0.05 * chance.standard_normal((400, len(hours))))
    )
    values[7, -2] *= 6
    keys = tuple((f"o{row}", "m") for row in range(400))
    one = World(
        Panel(keys, START, values, np.ones(values.shape, bool), (Origin(kin="a"),) * 400), np.ones(values.shape, bool)
    )
    dawn = Dawn.of(Scanner(), one.upto(DAYS * 24 - 10))
    screened = one.screened(dawn, one.learned, DAYS * 24 - 2, DAYS * 24 - 1)
    assert screened
    said, looked_at = screened
    assert [finding.key for finding in said[0]] == [keys[7]]
    assert looked_at <= 4


def test_a_counter_is_screened_by_what_it_grew_since_it_was_last_heard_of() -> None:
    one = world(0, 1, DAYS * 24)
    grown = np.cumsum(np.ones(DAYS * 24) + np.random.default_rng(0).integers(0, 3, DAYS * 24))
    grown[-1] += 400
    grown[(DAYS - 1) * 24 - 5 : (DAYS - 1) * 24 + 2] = np.nan
    one = World(replace(one.panel, values=grown[None], origins=(Origin(counter=True),), caution=None), one.learned)
    one.learned[:] = True
    for hour in range(3, 24):
        begin = (DAYS - 1) * 24 + hour
        dawn = Dawn.of(Scanner(), one.upto(begin))
        screened = one.screened(dawn, one.learned, begin, begin + 1)
        assert screened
        said, looked_at = screened
        assert plain(said) == plain(one.whole(begin, begin + 1))
        assert looked_at == len(said[0]) == (hour == 23)


def test_what_is_unlearned_of_one_lets_its_young_kin_be_found() -> None:
    """A verdict took the storms out of the past of the one series that says how such series stray."""
    chance = np.random.default_rng(3)
    values = np.rint(1000 * np.exp(0.1 * chance.standard_normal((2, DAYS * 24))))
    storms = np.arange(100, (DAYS - 2) * 24, 40)
    values[0, storms] *= 4
    values[1, : -9 * 24] = np.nan
    values[1, -1] = 2000
    keys, kin = (("a", "m"), ("b", "m")), (Origin(kin="m"),) * 2
    one = World(Panel(keys, START, values, np.ones(values.shape, bool), kin), np.ones(values.shape, bool))
    newest_hour = DAYS * 24 - 1, DAYS * 24
    dawn, then = Dawn.of(Scanner(), one.upto(DAYS * 24 - 1)), one.learned.copy()
    before = one.screened(dawn, then, *newest_hour)
    assert before == (([], []), 0)
    one.learned[0, storms] = False
    after = one.screened(dawn, then, *newest_hour)
    assert after
    assert [finding.key for finding in after[0][0]] == [keys[1]]
    assert plain(after[0]) == plain(one.whole(*newest_hour))


def test_a_dawn_is_the_same_at_every_hour_of_its_day() -> None:
    one = world(4, 12, DAYS * 24 - 12)
    midnight, noon = (Dawn.of(Scanner(), one.upto(DAYS * 24 - hours)) for hours in (24, 12))
    for field in fields(Dawn):
        for mine, other in zip(getattr(midnight, field.name), getattr(noon, field.name), strict=True):
            np.testing.assert_array_equal(mine, other)


def test_a_dawn_needs_a_midnight() -> None:
    panel = world(0, 3).upto(50)
    for start, width in ((5, 50), (0, 23)):
        with pytest.raises(ValueError, match="no midnight"):
            Dawn.of(
                Scanner(),
                replace(
                    panel, start=START + start * HOUR, values=panel.values[:, :width], learned=panel.learned[:, :width]
                ),
            )
