"""A replay against the cycle that was run for real, hour by hour, while usage came in late and was restated."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alerts import store
from billing.database import transaction
from billing.frames import TIME
from billing.grid import as_float
from billing.hours import HOUR
from billing.sources.files import read_file
from flows import cycle
from flows.replay import Replay, replay
from flows.usage import Recording
from flows.wiring import App
from tests.billing.worlds import World, write_usage
from tests.flows.small import END, STORM, small_workspace, small_world

FIRST, LAST = STORM - 6 * HOUR, END
RESTATED = STORM + 20 * HOUR


def frame(world: World, path: Path) -> pl.DataFrame:
    write_usage(world, path)
    return read_file(path).usage


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Hours come up to five hours late; half of the storm is taken back 20 hours after it began.

    Each hour's cycle is run when its rows are in.
    """
    folder = tmp_path_factory.mktemp("told")
    stormy, calmer = (frame(small_world(hours), folder / f"{hours}.csv") for hours in (6, 3))
    chance = random.Random(11)
    late = pl.Series([chance.choice((0, 0, 0, 1, 5)) for _ in range(stormy.height)]) * HOUR
    rows = stormy.with_columns(observed_at=pl.max_horizontal(pl.col("hour") + HOUR + late, pl.lit(FIRST, TIME)))
    changed = calmer.join(stormy, on=[*calmer.columns[:4], "quantity"], how="anti").with_columns(
        observed_at=pl.lit(RESTATED, TIME)
    )
    coming = pl.concat([rows, changed.select(rows.columns)]).with_columns(pl.col("observed_at").cast(TIME))
    app = small_workspace(folder / "w", replace(small_world(), usage=[]))
    at = FIRST
    while at <= LAST:
        if (now := coming.filter(pl.col("observed_at") == at)).height:
            app.lake.put(now, at)
        cycle.run(app, at, at)
        at += HOUR
    yield app
    app.engine.dispose()


def test_it_raises_what_the_cycles_raised_when_they_were_run(told: App) -> None:
    *_, played = replay(told, FIRST, LAST, timedelta(hours=1), None)
    assert isinstance(played, Replay)
    with transaction(told.engine) as connection:
        alerts, tickets = store.alerts(connection), store.tickets(connection)
    assert played.alerts == alerts != []
    assert played.tickets == tickets != []
    assert any(alert.stakes for alert in alerts)


def test_what_a_step_was_told_is_the_same_however_many_went_before_it(told: App) -> None:
    recording = Recording.of(told.lake, told.rules.catalog, FIRST, LAST)
    handed = []
    at = FIRST
    while at <= LAST:
        usage = recording.at(at)
        alone = Recording.of(told.lake, told.rules.catalog, FIRST, LAST).at(at)
        assert np.array_equal(usage.floats, as_float(usage.grid), equal_nan=True)
        assert np.array_equal(usage.floats, alone.floats, equal_nan=True)
        assert np.array_equal(usage.grid.seen, alone.grid.seen)
        handed.append((usage.floats, usage.floats.copy()))
        at += HOUR
    assert all(np.array_equal(floats, then, equal_nan=True) for floats, then in handed)
