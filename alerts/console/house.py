"""All that the console gets from outside: values, and functions that are filled in `flows/console.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from alerts.clock import Clock, Desk
from alerts.queue import Least
from billing.book import Book, Partner
from billing.catalog import Catalog
from billing.hours import Month


@dataclass(frozen=True)
class House:
    """What the pages are made of. They read alerts and tickets from `engine` themselves, through `alerts.console.view`.

    now: the clock. book: the one that holds. clock: of a month, for a partner's customers. least: min_stake.
    """

    engine: Engine
    now: Callable[[], datetime]
    catalog: Catalog
    desk: Desk
    least: Least
    book: Callable[[Connection], Book]
    clock: Callable[[Month, Partner], Clock]
