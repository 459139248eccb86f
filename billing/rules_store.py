"""The rules in SQL: each catalogue and percentile rank that was ever in force is a version; the newest one holds."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Integer, String, Table, func, insert, select
from sqlalchemy.engine import Connection

from billing.bill import Rules
from billing.catalog import Catalog, Meter
from billing.database import METADATA, Instant, alone

rules_versions = Table(
    "rules_versions",
    METADATA,
    Column("version", Integer, primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Column("rank", String(16), nullable=False),
    Column("meters", JSON, nullable=False),
)


def save(connection: Connection, rules: Rules, seen_at: datetime) -> int:
    """Make `rules` those that hold; the number of their version."""
    alone(connection, rules_versions)
    version = newest(connection)
    meters = [_row(meter) for meter in rules.catalog.meters.values()]
    if version:
        known = connection.execute(select(rules_versions).where(rules_versions.c.version == version)).one()
        if (known.rank, known.meters) == (rules.rank, meters):
            return version
    row = {"version": version + 1, "seen_at": seen_at, "rank": rules.rank, "meters": meters}
    connection.execute(insert(rules_versions), [row])
    return version + 1


def newest(connection: Connection) -> int:
    """The number of the rules that hold; 0 before any were seen."""
    return connection.scalar(select(func.max(rules_versions.c.version))) or 0


def load(connection: Connection, version: int, today: Rules) -> Rules:
    """The rules of that version. What is known and not billed is `today`'s: it costs nothing."""
    found = connection.execute(select(rules_versions).where(rules_versions.c.version == version)).one()
    meters = {row["meter"]: _meter(row) for row in found.meters}
    return Rules(Catalog(meters, today.catalog.known), found.rank)


def _row(meter: Meter) -> dict[str, Any]:
    prices = {plan: f"{price:f}" for plan, price in meter.list_prices.items()}
    exact = {"allotment_quantity": f"{meter.allotment_quantity:f}", "list_prices": prices}
    return {**vars(meter), "usage_types": list(meter.usage_types), **exact}


def _meter(row: dict[str, Any]) -> Meter:
    return Meter(
        **{
            **row,
            "usage_types": tuple(row["usage_types"]),
            "allotment_quantity": Decimal(row["allotment_quantity"]),
            "list_prices": {plan: Decimal(price) for plan, price in row["list_prices"].items()},
        }
    )
