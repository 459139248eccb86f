"""A reseller's usage for the benchmark: months of hourly rows as the vendor gives them, and the book to bill them by.

Same seed, same bytes. Hosts come in tens to thousands, bytes and events in billions, with a daily rhythm; some
hours are missing everywhere, and the very last one is: it is the hour that the benchmark appends.
"""

import itertools
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from billing.book_files import COLUMNS
from billing.frames import TIME
from billing.hours import HOUR, Month

SEED = 20261122
LAST_MONTH = Month(2026, 10)
MISSING = 0.005  # of all rows

# (meter, product family, usage type, smallest and largest usual hour): every roll-up, a child of hosts among them.
TYPES = (
    ("infra_host", "infra_hosts", "host_count", 10, 5_000),
    ("infra_container", "infra_hosts", "container_count", 30, 40_000),
    ("apm_host", "infra_hosts", "apm_host_count", 10, 2_000),
    ("dbm_host", "dbm", "dbm_host_count", 10, 300),
    ("custom_metrics", "timeseries", "num_custom_timeseries", 1_000, 2_000_000),
    ("fargate_task", "fargate", "tasks_count", 10, 5_000),
    ("indexed_spans", "indexed_spans", "indexed_events_count", 10**5, 10**9),
    ("ingested_spans", "ingested_spans", "ingested_events_bytes", 10**9, 10**12),
    ("logs_ingested", "logs", "billable_ingested_bytes", 10**9, 10**13),
    ("logs_indexed_15day", "indexed_logs", "logs_indexed_events_15_day_count", 10**5, 10**9),
    ("rum_session", "rum_browser_sessions", "session_count", 10**2, 10**6),
    ("incident_user", "incident_management", "monthly_active_users", 10, 200),
)


@dataclass(frozen=True)
class Size:
    """Each org has every type: `orgs` x 12 series."""

    orgs: int
    months: int


SIZES = {"200k": Size(23, 1), "10M": Size(1_120, 1), "50M": Size(1_150, 5)}


def generate(directory: Path, size: Size) -> None:
    """Write `book/*.csv` and `usage/YYYY-MM.parquet`, by the hour and within it in no order, to `directory`."""
    random = np.random.default_rng(SEED)
    months = [LAST_MONTH]
    while len(months) < size.months:
        months.insert(0, months[0].previous)
    orgs = [f"{random.integers(16**8):08x}-org{i:04d}" for i in range(size.orgs)]
    _write_book(directory / "book", orgs, random)
    (directory / "usage").mkdir(parents=True)
    series = pl.DataFrame(
        [(org, family, kind) for org in orgs for _, family, kind, _, _ in TYPES],
        schema=["org_id", "product_family", "usage_type"],
        orient="row",
    ).sample(fraction=1, shuffle=True, seed=SEED)
    bounds = series.join(
        pl.DataFrame(TYPES, schema=["meter", "product_family", "usage_type", "low", "high"], orient="row"),
        on=["product_family", "usage_type"],
        maintain_order="left",
    )
    low, high = (np.log(bounds[name].to_numpy()) for name in ("low", "high"))
    levels = np.exp(random.uniform(low, high))
    for month in months:
        hours = month.hours - (month == LAST_MONTH)
        usage = _usage(series, _quantities(levels, hours, random), month.start)
        usage.write_parquet(directory / "usage" / f"{month}.parquet", compression="zstd", compression_level=3)


def _quantities(levels: np.ndarray[Any, Any], hours: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """[hours, series] int64: the level, a day's rhythm, noise, and now and then a storm; -1 where nothing was said."""
    day = 1 + 0.3 * np.sin(np.arange(hours) * (2 * np.pi / 24))
    values = day[:, None] * levels * random.uniform(0.9, 1.1, (hours, levels.size))
    values[random.random(values.shape) < 0.002] *= 5
    quantities = values.astype(np.int64)
    quantities[random.random(values.shape) < MISSING] = -1
    return quantities


def _usage(series: pl.DataFrame, quantities: np.ndarray[Any, Any], start: datetime) -> pl.DataFrame:
    said = quantities >= 0
    hour, row = (pl.Series(index) for index in np.nonzero(said))
    hours = pl.datetime_range(start, start + (len(quantities) - 1) * HOUR, "1h", eager=True).cast(TIME)
    return series[row].with_columns(hour=hours[hour], quantity=pl.Series(quantities[said]))


def _write_book(directory: Path, orgs: list[str], random: np.random.Generator) -> None:
    """Customers of one to five orgs, twenty to a partner, a contract each that commits to some of its meters."""
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS}
    left = iter(orgs)
    for i in itertools.count():
        of_customer = list(itertools.islice(left, int(random.integers(1, 6))))
        if not of_customer:
            break
        customer, partner, contract = f"customer-{i:04d}", f"partner-{i // 20:03d}", f"contract-{i:04d}"
        if i % 20 == 0:
            rows["partners.csv"].append((partner, partner, "basic", "UTC", "en", "USD", "none", ""))
        rows["customers.csv"].append((customer, partner, customer, 100, "none"))
        rows["orgs.csv"] += [(org, customer, org) for org in of_customer]
        rows["contracts.csv"].append((contract, customer, "annual", "2026-01-01", "", "USD"))
        for meter, *_ in TYPES:
            if random.random() < 0.5:
                option = "hourly" if meter in ("infra_host", "custom_metrics") and random.random() < 0.2 else "monthly"
                rows["terms.csv"].append((contract, meter, option, int(random.integers(1, 500)), "1.25", "1.70"))
    directory.mkdir(parents=True)
    for name, columns in COLUMNS.items():
        lines = [",".join(map(str, row)) for row in (columns, *rows[name])]
        (directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
