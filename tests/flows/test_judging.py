"""A cycle says the same, whether it read the whole past or only the day's hours and what the morning kept."""

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from alerts import store
from billing import book_store
from billing.database import reading, transaction
from billing.frames import USAGE
from billing.hours import DAY, HOUR
from flows import judging
from flows.cycle import run
from flows.usage import known
from flows.wiring import App
from tests.billing.worlds import World, usage_row
from tests.flows.small import HOST, LOGS, START, small_workspace

DAY_BEFORE = START + 40 * DAY
ORGS = [f"o{n}" for n in range(6)]


def world(seed: int) -> World:
    """Six weeks and two days of six orgs' hosts and logs, storms and silences near the end; one org starts late."""
    chance = random.Random(seed)
    world = World(
        partners=[
            {"partner_id": "p1", "name": "P", "tier": "gold", "time_zone": "Europe/Berlin", "language": "en"}
            | {"currency": "USD", "digest": "none", "emails": "p1@partner.example"}
        ],
        customers=[
            {"customer_id": f"c{n}", "partner_id": "p1", "name": f"C{n}", "employees": "10", "deal": "none"}
            for n in range(3)
        ],
        orgs=[{"org_id": org, "customer_id": f"c{n // 2}", "name": org} for n, org in enumerate(ORGS)],
        contracts=[
            {"contract_id": f"k{n}", "customer_id": f"c{n}", "plan": "annual", "start": "2026-01-01", "end": ""}
            | {"currency": "USD"}
            for n in range(3)
        ],
        usage=[],
    )
    for org in ORGS:
        for kind, unit in ((HOST, 1), (LOGS, 10**9)):
            storm = DAY_BEFORE + chance.randrange(12, 40) * HOUR
            lasts, factor = chance.randrange(1, 30), chance.choice((1, 1.5, 4, 10))
            first = DAY_BEFORE + DAY + 9 * HOUR if (org, kind) == ("o5", LOGS) else START
            for n in range(42 * 24):
                hour = START + n * HOUR
                if hour >= first and chance.random() > 0.005:
                    times = factor if storm <= hour < storm + lasts * HOUR else 1
                    usual = 100 + 20 * (8 <= hour.hour < 18) + chance.randrange(8)
                    world.usage.append(usage_row(org, kind, hour, round(usual * times) * unit))
    return world


def put(app: App, at: datetime, *rows: Any) -> None:
    frame = pl.DataFrame([{**row, "observed_at": at} for row in rows], schema=USAGE)
    app.lake.put(frame, at)
