"""A cycle says the same, whether it read the whole past or the day's hours alone and what the morning kept."""

import random
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import MetaData, select

from alerts import journal, store
from alerts.alert import Transition
from billing import book_store
from billing.book import Org
from billing.database import transaction
from billing.frames import USAGE
from billing.hours import DAY, HOUR
from flows import judging
from flows.detect import detect
from flows.wiring import App, open_app
from tests.billing.worlds import World, usage_row
from tests.flows.small import HOST, LOGS, START, small_workspace

NEWEST_DAY = START + 38 * DAY
STARTS_LATE, LATE = ("o5", LOGS), NEWEST_DAY + 9 * HOUR
Row = dict[str, Any]


def world(seed: int) -> World:
    """Forty days of six orgs' hosts and logs, storms and silences near the end; one meter is first used then."""
    chance = random.Random(seed)
    customers, orgs = range(3), range(6)
    found = World(
        partners=[
            {"partner_id": "p1", "name": "P", "tier": "gold", "time_zone": "Europe/Berlin", "language": "en"}
            | {"currency": "USD", "digest": "none", "emails": "p1@partner.example"}
        ],
        customers=[
            {"customer_id": f"c{n}", "partner_id": "p1", "name": f"C{n}", "employees": "10", "deal": "none"}
            for n in customers
        ],
        orgs=[{"org_id": f"o{n}", "customer_id": f"c{n // 2}", "name": f"O{n}"} for n in orgs],
        contracts=[
            {"contract_id": f"k{n}", "customer_id": f"c{n}", "plan": "annual", "start": "2026-01-01", "end": ""}
            | {"currency": "USD"}
            for n in customers
        ],
    )
    for org in (f"o{n}" for n in orgs):
        for kind, unit in ((HOST, 1), (LOGS, 10**9)):
            storm, lasts = NEWEST_DAY + chance.randrange(-30, 18) * HOUR, chance.randrange(1, 30)
            times = chance.choice((1, 1.5, 4, 10))
            first = LATE if (org, kind) == STARTS_LATE else START
            for hour in (START + n * HOUR for n in range(40 * 24)):
                usual = 100 + 20 * (8 <= hour.hour < 18) + chance.randrange(8)
                factor = times if storm <= hour < storm + lasts * HOUR else 1
                if hour >= first and chance.random() > 0.005:
                    found.usage.append(usage_row(org, kind, hour, round(usual * factor) * unit))
    return found


def put(app: App, at: datetime, *rows: Row) -> None:
    """Restated at `at`."""
    app.lake.put(pl.DataFrame([{**row, "observed_at": at} for row in rows], schema=USAGE), at)


def dismissed(app: App, at: datetime) -> None:
    """The oldest open alert."""
    with transaction(app.engine) as connection:
        before = store.alerts(connection)
        one = next(alert for alert in before if alert.state == "open")
        store.save_alerts(connection, before, [replace(one, state="dismissed")])
        journal.append(connection, [Transition(one.alert_id, at, "open", "dismissed", "r", "normal")])


def moved_away(app: App, at: datetime) -> None:
    """An org changes hands."""
    with transaction(app.engine) as connection:
        book = book_store.load(connection)
        orgs = {**book.orgs, "o0": Org("o0", "c2", "O0")}
        book_store.save(connection, replace(book, orgs=orgs), at)


def tables(app: App) -> dict[str, list[str]]:
    there = MetaData()
    with app.engine.connect() as connection:
        there.reflect(connection)
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in there.sorted_tables}


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clocks at which a cycle read the day's hours alone."""
    clocks: list[datetime] = []
    by_the_day = judging._by_the_day

    def counted(case: judging.Case, kept: judging.Keep) -> judging.Opinion | None:
        opinion = by_the_day(case, kept)
        clocks.extend([case.at] if opinion else [])
        return opinion

    monkeypatch.setattr(judging, "_by_the_day", counted)
    return clocks


@pytest.mark.parametrize("seed", range(3))
def test_a_cycle_says_the_same_from_the_day_alone(tmp_path: Path, seed: int, days: list[datetime]) -> None:
    one = small_workspace(tmp_path / "one", world(seed))
    one.engine.dispose()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    clock = [NEWEST_DAY - 2 * HOUR, *(NEWEST_DAY + n * HOUR for n in (0, 1, 2, 3, 6, 7, 9, 10, 11, 12, 14, 15, 23, 24))]
    happens = {
        3: lambda app, at: put(app, at, usage_row("o1", HOST, NEWEST_DAY + HOUR, 900)),
        7: lambda app, at: put(app, at, usage_row("o2", LOGS, NEWEST_DAY - 7 * HOUR, 9 * 10**11)),
        11: dismissed,
        14: moved_away,
    }
    for at in clock:
        for name in ("one", "two"):
            if name == "two":
                shutil.rmtree(tmp_path / name / "dawn", ignore_errors=True)
            app = open_app(tmp_path / name, {})
            if event := happens.get((at - NEWEST_DAY) // HOUR):
                event(app, at)
            detected = detect(app, at)
            said = tables(app), sorted(map(repr, detected.skipped)), [alert.alert_id for alert in detected.raised]
            app.engine.dispose()
            if name == "one":
                by_the_day = said
        assert by_the_day == said, at
    assert {(at - NEWEST_DAY) // HOUR for at in days} >= {1, 2, 3, 6, 9, 11, 12, 15, 23}
    assert not {(at - NEWEST_DAY) // HOUR for at in days} & {-2, 0, 7, 10, 14, 24}
