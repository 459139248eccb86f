"""Zones and countries: what the tables of the time zone database say."""

from zoneinfo import available_timezones

import pytest

from billing.countries import countries, country_of


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Asia/Seoul", "KR"), ("Europe/Berlin", "DE"), ("America/New_York", "US"), ("UTC", ""), ("Etc/GMT+5", "")],
)
def test_a_zone_lies_in_one_country_or_in_none(zone, country):
    assert country_of(zone) == country


def test_every_zone_lies_in_a_known_country():
    assert {country_of(zone) for zone in available_timezones()} - {""} <= countries()
    assert len(countries()) > 200
