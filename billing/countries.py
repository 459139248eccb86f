"""Countries, and in which of them a time zone lies; by the tables of the time zone database."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files


@cache
def countries() -> frozenset[str]:
    """ISO 3166 codes of two letters."""
    return frozenset(code for code, _ in _rows("iso3166.tab"))


def country_of(zone: str) -> str:
    """The country that the zone is named for; empty for none, such as UTC."""
    return _by_zone().get(zone, "")


@cache
def _by_zone() -> dict[str, str]:
    return {zone: code for code, _, zone, *_ in _rows("zone.tab")}


def _rows(table: str) -> Iterator[list[str]]:
    text = (files("tzdata") / "zoneinfo" / table).read_text(encoding="utf-8")
    yield from (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
