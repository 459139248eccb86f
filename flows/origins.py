"""Where each series comes from: the customer's clock and holidays, and whether its meter is a counter."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from alerts.clock import national_holidays
from alerts.projection import MONTHLY_COUNTER
from billing.book import Book
from billing.catalog import Catalog
from billing.countries import country_of
from detectors.series import Origin, SeriesKey


def origins(keys: Sequence[SeriesKey], book: Book, catalog: Catalog, years: range) -> tuple[Origin, ...]:
    """One a key; `years`: those whose holidays are told. Every org is in the book, every meter in the catalogue."""
    counters = {meter.meter for meter in catalog.meters.values() if meter.rollup == MONTHLY_COUNTER}
    of: dict[tuple[str, str], Origin] = {}
    for org_id, meter in keys:
        customer_id = book.customer_of[org_id]
        if (customer_id, meter) not in of:
            customer = book.customers[customer_id]
            zone = customer.time_zone or book.partner_of(customer_id).time_zone
            holidays = _holidays(customer.country or country_of(zone), years)
            of[customer_id, meter] = Origin(_kin(org_id, meter, book), zone, holidays, meter in counters)
    return tuple(of[book.customer_of[org_id], meter] for org_id, meter in keys)


def kin(keys: Iterable[SeriesKey], book: Book) -> dict[SeriesKey, str]:
    """Those of the book's orgs by what they have in common: the partner and the meter."""
    return {(org_id, meter): _kin(org_id, meter, book) for org_id, meter in keys if org_id in book.orgs}


def _kin(org_id: str, meter: str, book: Book) -> str:
    return f"{book.partner_of(book.customer_of[org_id]).partner_id} {meter}"


@lru_cache(maxsize=256)
def _holidays(country: str, years: range) -> frozenset[date]:
    return frozenset[date]().union(*(national_holidays(country, year) for year in years))
