"""Usage as frames: what the vendor said, one row each."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from billing.frames import USAGE
from billing.usage import Usage

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
Said = tuple[str, datetime, int | None, datetime | None]  # org_id, hour, quantity, observed_at
HOSTS = ("infra_hosts", "host_count")


def hour(n: int) -> datetime:
    """The n-th hour of October 2026; negative ones lie in September."""
    return OCTOBER + timedelta(hours=n)


def usage(rows: Iterable[Said]) -> pl.DataFrame:
    """A frame of schema USAGE, in the order given."""
    return pl.DataFrame([(org, *HOSTS, *rest) for org, *rest in rows], USAGE, orient="row")


def values(quantities: dict[int, int | None], org: str = "o1") -> pl.DataFrame:
    """One org's hosts: {n-th hour of October: quantity}."""
    return usage((org, hour(n), quantity, None) for n, quantity in quantities.items())


def quantities(rows: Usage | pl.DataFrame) -> dict[tuple[str, datetime], int | None]:
    """(org_id, hour) -> quantity, of rows in which no key comes twice."""
    frame = rows.named() if isinstance(rows, Usage) else rows
    found = {(org, at): quantity for org, at, quantity in frame.select("org_id", "hour", "quantity").iter_rows()}
    assert len(found) == frame.height
    return found
