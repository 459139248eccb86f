"""Others write while a cycle computes; what it computed from something else is not written."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from billing.database import reading, transaction
from flows import detect as detection
from flows import tickets as ticketing
from flows.agreed import TRIES, agreed
from flows.verdicts import give
from flows.wiring import open_app
from tests.flows.command import Workspace
from tests.flows.storms import STORM

HOUR = timedelta(hours=1)


def during(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[int], None]) -> list[int]:
    """Let `act` happen while `module.name` computes; the list grows with its calls."""
    real, calls = getattr(module, name), list[int]()

    def slow(*args: Any, **kwargs: Any) -> Any:
        calls.append(len(calls))
        result = real(*args, **kwargs)
        act(calls[-1])
        return result

    monkeypatch.setattr(module, name, slow)
    return calls


@pytest.mark.parametrize(("module", "name"), [(detection, "_judge"), (ticketing, "_compute")])
def test_a_writer_need_not_wait_for_what_a_cycle_computes(
    stormy: Workspace, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    waits: list[float] = []

    def write(_: int) -> None:
        with sqlite3.connect(stormy.path / "floodmark.db", timeout=0.2) as other:
            started = time.monotonic()
            other.execute("CREATE TABLE IF NOT EXISTS other (x)")
            other.execute("INSERT INTO other VALUES (1)")
            other.commit()
            waits.append(time.monotonic() - started)

    calls = during(monkeypatch, module, name, write)
    stormy.run(STORM + 12 * HOUR)
    assert len(calls) == len(waits) == 1, "what it computed from was not touched"


@pytest.mark.parametrize(("module", "name"), [(detection, "_judge"), (ticketing, "_compute")])
def test_a_verdict_given_meanwhile_is_not_lost(
    stormy: Workspace, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    stormy.run(STORM + 12 * HOUR)
    [storm] = stormy.alerts()
    other = open_app(stormy.path)

    def decide(call: int) -> None:
        if call == 0:
            give(other, storm["alert_id"], "dismiss", "kim", "", STORM + 13 * HOUR)

    calls = during(monkeypatch, module, name, decide)
    stormy.run(STORM + 37 * HOUR)
    other.engine.dispose()
    assert len(calls) == 2, "computed anew from what is true now"
    assert [alert["state"] for alert in stormy.alerts()] == ["dismissed"]
    assert not stormy.outbox() or all(not name.startswith("tk_") for name in stormy.outbox())


def test_eight_writers_at_once_lose_no_change_and_none_is_locked_out(engine: Engine) -> None:
    """A hundred and sixty times one is added to what was read."""
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE n (n INTEGER)"))
        connection.execute(text("INSERT INTO n VALUES (0)"))

    def read(connection: Connection) -> int:
        return int(connection.scalar(text("SELECT n FROM n")) or 0)

    def compute(n: int) -> int:
        time.sleep(0.001)
        return n + 1

    def write(connection: Connection, _: int, result: int) -> None:
        connection.execute(text(f"UPDATE n SET n = {result}"))

    with ThreadPoolExecutor(8) as writers:
        done = list(writers.map(lambda _: agreed(engine, read, compute, write), range(160)))
    assert sorted(done) == list(range(1, 161)), "each from another basis"
    with reading(engine) as connection:
        assert read(connection) == 160


def test_when_somebody_is_always_quicker_it_is_computed_under_the_lock(tmp_path: Path) -> None:
    from billing.database import connect

    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE n (n INTEGER)"))
        connection.execute(text("INSERT INTO n VALUES (0)"))
    locked = []

    def read(connection: Connection) -> int:
        return int(connection.scalar(text("SELECT n FROM n")) or 0)

    def compute(n: int) -> int:
        with sqlite3.connect(tmp_path / "a.db", timeout=0.1) as other:
            try:
                other.execute("UPDATE n SET n = n + 1")
            except sqlite3.OperationalError:
                locked.append(n)
        return n * 10

    def write(connection: Connection, _: int, result: int) -> None:
        connection.execute(text(f"UPDATE n SET n = {result}"))

    assert agreed(engine, read, compute, write) == TRIES * 10
    assert locked == [TRIES]
    with engine.begin() as connection:
        assert read(connection) == TRIES * 10
    engine.dispose()
