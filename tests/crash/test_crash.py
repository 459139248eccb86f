"""A sample of `make crash`: every point of the outbox and of a cycle, both databases."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.crash.claims import race
from tests.crash.cycles import MOMENT, Template, cycle_trials, verdicts_lost
from tests.crash.points import BEFORE_ANSWER, OUTBOX, WINDOW
from tests.crash.report import faults, table
from tests.crash.trials import Trial, outbox_trials


@pytest.mark.timeout(600)
def test_68_kills_at_every_point_of_the_outbox_lose_nothing(database: str) -> None:
    """34 on each database, with a mail server, a Zendesk, a Jira Service Management and a webhook."""
    trials = list(outbox_trials("", database, OUTBOX, 1))
    assert len(trials) == 34
    assert all(trial.died for trial in trials), [trial for trial in trials if not trial.died]
    assert faults(trials) == []
    twice = {trial.point for trial in trials if trial.twice}
    assert twice == {*WINDOW}, "it is known where mail comes twice, and nothing is hidden by a kill that came too late"


@pytest.mark.timeout(600)
def test_12_kills_in_whole_cycles_end_as_if_nothing_had_been(database: str, tmp_path: Path) -> None:
    """6 on each database: at every commit of alerts and tickets, and at any moment."""
    url = "" if database.startswith("sqlite") else database
    trials = list(cycle_trials("trial", Template.make(tmp_path / "template", url), tmp_path, times=1, moments=2))
    assert len(trials) == 6
    assert all(trial.died for trial in trials if trial.point != MOMENT)
    assert faults(trials) == []


def test_20_verdicts_that_were_answered_survive_the_kill(database: str, tmp_path: Path) -> None:
    url = "" if database.startswith("sqlite") else database
    template = Template.make(tmp_path / "template", url)
    assert verdicts_lost(template, tmp_path / "verdicts", 10) == (10, 0)


def test_four_workers_claim_none_of_1000_messages_twice(database: str, engine: Engine) -> None:
    found = race(database, 4, 1000)
    assert found.clean, found


def trial(**changes: object) -> Trial:
    given = {"database": "SQLite", "sink": "smtp", "point": BEFORE_ANSWER, "died": True, "copies": (1,)}
    return Trial(**{**given, "settled": True, "flagged": False, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"copies": (1, 2), "flagged": True, "sink": "zendesk"}, "outside the one window"),
        ({"copies": (0,)}, "lost"),
        ({"copies": ()}, "lost"),
        ({"settled": False}, "lost"),
        ({"copies": (2,)}, "does not say so"),
        ({"copies": (2,), "flagged": True, "sink": "webhook"}, "outside the one window"),
        ({"copies": (2,), "flagged": True, "point": "before the send"}, "outside the one window"),
    ],
)
def test_a_broken_promise_is_a_fault(bad: dict[str, object], said: str) -> None:
    (fault,) = faults([trial(), trial(copies=(2,), flagged=True), trial(**bad)])
    assert fault.endswith(said)


def test_the_table_counts_kills_and_what_came_of_them() -> None:
    lines = table([trial(), trial(copies=(2,), flagged=True), trial(sink="jsm", copies=(0,)), trial(died=False)])
    assert lines[2] == f"| {BEFORE_ANSWER} | 3 | 1 | 1 | 1 | 0 | 0 | 0 |"
    assert lines[3] == "| **all** | 3 | 1 | 1 | 1 | 0 | 0 | 0 |"
