"""What projecting a large book costs: 1,500 contracts of ten meters over 84 days, half a month to come.

python -m tests.benchmarks.projection_cost
"""

import resource
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np

from alerts.projection import BATCH, project
from billing import catalog
from billing.bill import Rules
from billing.book import Book, Contract, Customer, Org, Partner
from billing.grid import Grid, as_float
from billing.hours import Month, hours_between
from detectors.forecast import paths
from detectors.series import Panel

AT = datetime(2026, 9, 15, tzinfo=UTC)
START = AT - timedelta(days=84)
METERS = (
    "apm_host custom_metrics indexed_spans infra_container infra_host ingested_spans logs_indexed_15day logs_ingested "
    "rum_session synthetics_api"
).split()


def large_book(contracts: int) -> Book:
    """A customer, an org and a contract each, at list prices."""
    numbers = range(contracts)
    return Book(
        partners={"p": Partner("p", "Partner", "gold", "UTC", "en", "USD", "none", ())},
        customers={f"c{n}": Customer(f"c{n}", "p", "Customer", 1, "none") for n in numbers},
        orgs={f"o{n}": Org(f"o{n}", f"c{n}", "Org") for n in numbers},
        contracts={f"k{n}": Contract(f"k{n}", f"c{n}", "annual", date(2026, 1, 1), None, "USD") for n in numbers},
    )


def main() -> None:
    book = large_book(1_500)
    keys = tuple((org, meter) for org in book.orgs for meter in METERS)
    noise = np.random.default_rng(0).normal(0, 0.1, (len(keys), hours_between(START, AT)))
    values = (1e6 * np.exp(noise)).astype(np.int64)
    grid = Grid(keys, START, values, np.ones(values.shape, np.bool_))
    panel = Panel(keys, START, as_float(grid), grid.seen.copy())
    rest = hours_between(AT, Month.of(AT).end)

    begun = time.process_time()
    for row in range(0, len(keys), BATCH):
        paths(panel.values[row : row + BATCH], START, rest)
    print(f"paths of {len(keys)} series: {time.process_time() - begun:.1f} CPU s")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    lines = project(book, Rules(catalog.load()), grid, panel, Month.of(AT), AT, timedelta(hours=72), book.customers)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{len(lines)} lines, projected and billed: {time.process_time() - begun:.1f} CPU s")
    print(f"peak memory {after / 1024:.0f} MiB, of which the series and the paths alone {before / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
