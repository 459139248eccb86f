"""Usage as customers make it, and one planted oddity for every kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from billing.hours import HOUR
from detectors.scan import KINDS
from detectors.series import Flags, Floats, Panel, SeriesKey

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
Usage = Callable[..., Floats]
PanelOf = Callable[..., Panel]


@pytest.fixture
def usage() -> Usage:
    """[hours] of a business week with 5 % noise, in whole units."""

    def make(days: int, *, level: float = 1000.0, noise: float = 0.05, seed: int = 0) -> Floats:
        hours = np.arange(days * 24)
        day = 1 + 0.4 * np.sin(2 * np.pi * (hours - 8) / 24)
        week = np.where((hours // 24) % 7 >= 5, 0.6, 1.0)
        chance = np.exp(noise * np.random.default_rng(seed).standard_normal(len(hours)))
        return np.rint(level * day * week * chance)

    return make


@pytest.fixture
def panel_of() -> PanelOf:
    """A panel from rows; one org, meters m0, m1, ... unless keys are given."""

    def make(*rows: Floats, keys: tuple[SeriesKey, ...] = (), learned: Flags | None = None) -> Panel:
        values = np.array(rows, dtype=np.float64)
        named = keys or tuple((f"org{row}", f"m{row}") for row in range(len(rows)))
        return Panel(named, START, values, np.ones(values.shape, np.bool_) if learned is None else learned)

    return make


@dataclass(frozen=True)
class Planted:
    """A panel in which `kind` shows itself in row 0 from the hour in column `first` on."""

    kind: str
    panel: Panel
    first: int

    @property
    def since(self) -> datetime:
        return self.panel.start + (self.first - 24) * HOUR

    @property
    def begins(self) -> datetime:
        return self.panel.start + self.first * HOUR


@pytest.fixture(params=[kind.name for kind in KINDS])
def planted(request: pytest.FixtureRequest, usage: Usage, panel_of: PanelOf) -> Planted:
    """Every row of KINDS has one; a new row without one fails here."""
    odd, other, keys = usage(49), usage(49, seed=1), (("org", "odd"), ("org", "other"))
    first = 40 * 24 + 5
    if request.param == "spike":
        odd[first : first + 6] *= 5
    elif request.param == "shift":
        odd *= np.exp(0.13 * np.random.default_rng(2).standard_normal(len(odd)))
        odd[first:] *= 1.35
    elif request.param == "disappearance":
        odd[first:] = np.nan
    elif request.param == "ramp":
        odd[first:] *= np.linspace(1, 1.5, len(odd) - first)
    elif request.param == "first_use":
        odd[:first] = np.nan
    else:
        pytest.fail(f"plant an oddity for {request.param}")
    return Planted(request.param, panel_of(odd, other, keys=keys), first)
