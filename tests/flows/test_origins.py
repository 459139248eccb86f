"""What the book and the catalogue say of where a series comes from."""

from dataclasses import replace
from datetime import date

import pytest

from alerts.clock import national_holidays
from billing import catalog
from billing.countries import countries
from flows.origins import origins
from tests.billing.book_folder import Folder

COUNTER, HOSTS = "incident_user", "infra_host"


@pytest.fixture
def book(tmp_path):
    return Folder(tmp_path).read()


def test_a_customer_lives_where_its_partner_does_unless_it_says_otherwise(book):
    keys = [("o1", HOSTS), ("o1", COUNTER), ("o3", HOSTS)]
    seoul, counter, york = origins(keys, book, catalog.load(), range(2026, 2028))
    assert (seoul.zone, york.zone) == ("Asia/Seoul", "America/New_York")
    assert (seoul.counter, counter.counter) == (False, True)
    assert {date(2026, 3, 1), date(2027, 8, 15)} <= seoul.holidays
    assert {date(2026, 7, 4), date(2027, 11, 25)} <= york.holidays
    assert not {date(2026, 11, 26), date(2025, 3, 1)} & seoul.holidays

    moved = replace(book.customers["c1"], time_zone="Europe/Paris", country="BE")
    (brussels,) = origins(
        keys[:1], replace(book, customers={**book.customers, "c1": moved}), catalog.load(), range(2026, 2027)
    )
    assert brussels.zone == "Europe/Paris"
    assert date(2026, 7, 21) in brussels.holidays
    assert date(2026, 7, 14) not in brussels.holidays


def test_utc_is_no_country_and_has_no_holidays(book):
    nowhere = replace(book, customers={**book.customers, "c1": replace(book.customers["c1"], time_zone="UTC")})
    (origin,) = origins([("o1", HOSTS)], nowhere, catalog.load(), range(2026, 2027))
    assert (origin.zone, origin.holidays) == ("UTC", frozenset())


def test_every_country_that_a_book_may_name_has_a_calendar():
    """A few keep no holidays at present; none is unknown."""
    assert sum(bool(national_holidays(country, 2026)) for country in countries()) > 0.95 * len(countries())
