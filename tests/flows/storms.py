"""A world with planted storms: eleven weeks of hosts with a daily rhythm, and what each customer's storm must lead to.

Partner `band` (UTC) has `cello` and `drum`, partner `choir` (UTC, Korean) has `alto`; November 2026 is the month.
Every customer has 20 hosts committed at 15 USD; a host beyond that costs 18 USD.
"""

import csv
import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from billing.hours import HOUR
from tests.billing.sheet import Row
from tests.billing.worlds import World, usage_row, write_book, write_usage

HOSTS = ("infra_hosts", "host_count")
START, END = datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
STORM = datetime(2026, 11, 10, 12, tzinfo=UTC)
CUSTOMERS = {"cello": "band", "drum": "band", "alto": "choir"}


def at(text: str) -> datetime:
    """A UTC instant of the year 2026: "11-10 12" is the 10th of November, 12:00."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H").replace(tzinfo=UTC)


def clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def storm(org: str, start: datetime, hours: int, factor: int = 10) -> list[tuple[str, datetime, datetime, int]]:
    return [(org, start, start + hours * HOUR, factor)]


def band_world(storms: Iterable[tuple[str, datetime, datetime, int]] = (), end: datetime = END) -> World:
    """Its book and its usage; the org of customer `cello` is `cello-org`, and so on."""
    storms = list(storms)
    world = World(
        partners=[partner("band", "Band & Söhne", "en"), partner("choir", "합창단", "ko")],
        customers=[
            {"customer_id": c, "partner_id": p, "name": f"The {c.title()} Company", "employees": "120", "deal": "none"}
            for c, p in CUSTOMERS.items()
        ],
        orgs=[{"org_id": f"{c}-org", "customer_id": c, "name": c.title()} for c in CUSTOMERS],
        contracts=[
            {"contract_id": f"{c}-26", "customer_id": c, "plan": "annual", "start": "2026-01-01", "end": "2027-01-01"}
            | {"currency": "USD"}
            for c in CUSTOMERS
        ],
        terms=[
            {"contract_id": f"{c}-26", "meter": "infra_host", "option": "monthly", "commit_units": "20"}
            | {"commit_price": "15", "on_demand_price": "18"}
            for c in CUSTOMERS
        ],
    )
    noise = random.Random(20261110)
    for org in (row["org_id"] for row in world.orgs):
        for i in range((end - START) // HOUR):
            hour = START + i * HOUR
            usual = 17 + round(3 * math.sin(hour.hour / 24 * math.tau)) + noise.choice((0, 0, 0, 1))
            factor = max((f for o, first, last, f in storms if o == org and first <= hour < last), default=1)
            world.usage.append(usage_row(org, HOSTS, hour, usual * factor))
    return world


def partner(partner_id: str, name: str, language: str) -> Row:
    terms = {"tier": "gold", "time_zone": "UTC", "currency": "USD", "digest": "daily"}
    return {
        "partner_id": partner_id,
        "name": name,
        "language": language,
        "emails": f"{partner_id}@partner.example",
    } | terms


def files_of(world: World, directory: Path) -> tuple[Path, Path]:
    """The folder of the book and the usage file, written below `directory`."""
    book, usage = directory / "book", directory / "usage.csv"
    book.mkdir(parents=True, exist_ok=True)
    write_book(world, book)
    write_usage(world, usage)
    return book, usage


def write_labels(path: Path, rows: Iterable[tuple[str, str, datetime, datetime]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["org_id", "meter", "start", "end"])
        writer.writerows((org, meter, clock(start), clock(end)) for org, meter, start, end in rows)
    return path
